use crate::app::TestApp;
use flaghoist_model::access::{Actor, Dialect};
use flaghoist_model::credential::{Credential, CredentialKind};
use flaghoist_model::history::{Action, Change};
use flaghoist_model::id::{CredentialId, HistoryId};
use flaghoist_server::access::write_down_uses;
use flaghoist_server::clock::Clock;
use flaghoist_server::secret;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// An SDK key of production that expires in an hour.
async fn short_lived_key(app: &TestApp) -> String {
    let project_id = app.first.project_id.parse().unwrap();
    let environment_id = app.environment_id("production").parse().unwrap();
    let key = secret::generate(secret::SERVER_SDK_KEY_PREFIX).unwrap();
    let now = app.clock().now();
    let ids = &app.state.ids;
    let credential = Credential {
        id: CredentialId::mint(ids.as_ref()),
        project_id,
        kind: CredentialKind::ServerSdkKey { environment_id },
        name: "For an hour".to_owned(),
        secret_hash: secret::hash(&key),
        secret_end: secret::end(&key),
        created_at: now,
        created_by: None,
        expires_at: Some(now + SignedDuration::from_hours(1)),
        last_used_at: None,
    };
    let mut writer = app.store().begin(project_id).await.unwrap();
    writer.insert_credential(&credential).await.unwrap();
    let change = Change {
        id: HistoryId(ids.mint()),
        actor: Actor::System,
        dialect: Dialect::Internal,
        action: Action::CredentialsCreated,
        flag_id: None,
        environment_id: None,
        before: None,
        after: None,
        reason: None,
        authority: None,
        reverts: None,
        at: now,
    };
    writer.commit(change).await.unwrap();
    app.state.publisher.refresh().await.unwrap();
    key
}

async fn last_use(app: &TestApp, key: &str) -> Option<Timestamp> {
    let mut reader = app.store().read().await.unwrap();
    reader.find_credential(&secret::hash(key)).await.unwrap().unwrap().last_used_at
}

#[tokio::test]
async fn an_sdk_key_is_taken_until_it_expires() {
    let app = TestApp::new().await;
    let key = short_lived_key(&app).await;
    let evaluate = async || app.send("POST", "/ofrep/v1/evaluate/flags", &[("x-api-key", &key)], None).await;
    evaluate().await.expect(200);
    app.clock().pass(SignedDuration::from_mins(59));
    evaluate().await.expect(200);
    app.clock().pass(SignedDuration::from_mins(1));
    let refused = evaluate().await.expect(401).json();
    assert_eq!(refused["errorDetails"], json!("the key is no SDK key of ours, or no longer taken"));
    app.send("GET", "/sdk/v1/config", &[("x-api-key", &key)], None).await.expect(401);
    app.reader("production").document().await.expect(200);
}

#[tokio::test]
async fn uses_of_keys_are_written_down_at_the_latest_when_the_server_stops() {
    let app = TestApp::new().await;
    let first = app.first.clone();
    let used = [
        first.api_key.as_str(),
        first.application_key.as_str(),
        first.environments[0].server_sdk_key.as_str(),
        first.environments[1].client_sdk_key.as_str(),
    ];
    let unused = first.environments[0].client_sdk_key.as_str();
    let before = app.clock().now();
    let use_all = async || {
        app.admin().get("/api/v2/feature-flags").await.expect(200);
        for key in &used[2..] {
            app.send("POST", "/ofrep/v1/evaluate/flags", &[("x-api-key", key)], None).await.expect(200);
        }
    };
    use_all().await;
    for key in used {
        assert_eq!(last_use(&app, key).await, None, "a request waits for no mark");
    }
    let stop = CancellationToken::new();
    stop.cancel();
    write_down_uses(Arc::clone(&app.state), stop).await;
    for key in used {
        assert!(last_use(&app, key).await.is_some_and(|at| at > before));
    }
    assert_eq!(last_use(&app, unused).await, None);

    // A change publishes anew; the marks go on from where they were.
    let written = last_use(&app, used[2]).await;
    app.admin().enabled_flag("dark-mode", "BOOLEAN", &[("on", "true"), ("off", "false")], "production").await;
    app.state.key_uses.write_down(&app.state).await;
    assert_eq!(last_use(&app, used[2]).await, written);
    app.clock().pass(SignedDuration::from_secs(5));
    use_all().await;
    app.admin().create_flag("light-mode", "BOOLEAN", &[("on", "true"), ("off", "false")]).await;
    app.state.key_uses.write_down(&app.state).await;
    assert!(last_use(&app, used[2]).await > written, "a use before a publication is not lost by it");
}
