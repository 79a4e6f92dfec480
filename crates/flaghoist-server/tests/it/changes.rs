//! The stream of what is committed.

use crate::app::{Caller, Listening, TestApp, allocation};
use flaghoist_model::access::BuiltInRole;
use flaghoist_server::streams::Streams;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const PATH: &str = "/api/v1/changes/stream";

async fn follow(app: &TestApp, caller: &Caller<'_>, last_seen: Option<&str>) -> Listening {
    let mut headers = vec![("dd-api-key", caller.api_key.as_str()), ("dd-application-key", &caller.key)];
    headers.extend(last_seen.map(|id| ("last-event-id", id)));
    app.listen(PATH, &headers).await
}

async fn actions(stream: &mut Listening) -> Vec<String> {
    let mut actions = Vec::new();
    while let Some((_, told)) = stream.next().await {
        actions.push(told["action"].as_str().unwrap().to_owned());
    }
    actions
}

#[tokio::test]
async fn every_change_is_told_as_it_is_committed() {
    let app = TestApp::new().await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    let flag = ada.create_flag("dark-mode", "BOOLEAN", &[("on", "true"), ("off", "false")]).await;
    let id = flag["id"].as_str().unwrap();
    let mut stream = follow(&app, &app.admin(), None).await;
    assert!(stream.next().await.is_none(), "nothing has changed since");
    ada.replace(id, "production", &[allocation("all", "on", &json!([]))]).await.expect(200);
    let committed = Instant::now();
    let (event_id, told) = stream.next().await.unwrap();
    assert!(committed.elapsed() < Duration::from_millis(250), "{:?}", committed.elapsed());
    let page = app.admin().get("/api/v1/history?limit=1").await.expect(200).json();
    let entry = &page["data"][0];
    assert_eq!(event_id, entry["revision"].to_string());
    let expected = json!({
        "revision": entry["revision"], "history_id": entry["id"], "at": entry["at"],
        "action": "allocations_replaced", "aggregate": "flag_environment", "flag_id": id,
        "environment_id": app.environment_id("production"), "user_id": ada.user_id,
    });
    assert_eq!(told, expected);
    ada.call("PUT", &format!("/api/v2/feature-flags/{id}"), Some(renamed("Night"))).await.expect(200);
    let (_, told) = stream.next().await.unwrap();
    assert_eq!((&told["action"], &told["environment_id"]), (&json!("flag_updated"), &Value::Null));
}

fn renamed(name: &str) -> Value {
    json!({"data": {"type": "feature-flags", "attributes": {"name": name}}})
}

#[tokio::test]
async fn who_comes_again_is_told_what_was_missed_in_order() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let mut stream = follow(&app, &admin, None).await;
    let id =
        admin.enabled_flag("dark-mode", "BOOLEAN", &[("on", "true"), ("off", "false")], "production").await;
    let (seen, told) = stream.next().await.unwrap();
    assert_eq!(told["action"], "flag_created");
    drop(stream);
    admin.replace(&id, "production", &[allocation("all", "on", &json!([]))]).await.expect(200);
    let mut again = follow(&app, &admin, Some(&seen)).await;
    assert_eq!(actions(&mut again).await, ["flag_enabled", "allocations_replaced"]);
    let mut from_the_future = follow(&app, &admin, Some("1000000")).await;
    assert!(from_the_future.next().await.is_none());
    let mut nonsense = follow(&app, &admin, Some("yesterday")).await;
    assert!(nonsense.next().await.is_none(), "is as good as none");
}

#[tokio::test]
async fn what_the_history_does_not_show_somebody_is_not_told_to_them() {
    let app = TestApp::new().await;
    let (admin, viewer) = (app.admin(), app.somebody(BuiltInRole::Viewer).await);
    let mut all = follow(&app, &admin, None).await;
    let mut some = follow(&app, &viewer, None).await;
    let key = json!({"kind": "application_key", "name": "Mine"});
    admin.call("POST", "/api/v1/me/keys", Some(key)).await.expect(201);
    let hook = json!({"name": "Chat", "url": "https://example.com/hook"});
    admin.call("POST", "/api/v1/webhooks", Some(hook)).await.expect(201);
    admin.create_flag("dark-mode", "BOOLEAN", &[("on", "true"), ("off", "false")]).await;
    assert_eq!(actions(&mut all).await, ["credentials_created", "webhook_created", "flag_created"]);
    assert_eq!(actions(&mut some).await, ["flag_created"]);
}

#[tokio::test]
async fn another_projects_changes_are_none_of_ones_business() {
    let app = TestApp::new().await;
    let stranger = app.other_project().await;
    let mut stream = follow(&app, &stranger, Some("0")).await;
    let (_, made) = stream.next().await.unwrap();
    assert_eq!(made["action"], "project_created");
    actions(&mut stream).await;
    app.admin().create_flag("dark-mode", "BOOLEAN", &[("on", "true"), ("off", "false")]).await;
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn the_stream_ends_with_the_key_and_shows_meanwhile_that_it_lives() {
    let heartbeat = Duration::from_millis(100);
    let app = TestApp::with(|app| {
        app.streams = Streams::new(CancellationToken::new()).with_heartbeat(heartbeat);
    })
    .await;
    let admin = app.admin();
    let made = json!({"kind": "application_key", "name": "Watcher"});
    let key = admin.call("POST", "/api/v1/me/keys", Some(made)).await.expect(201).json();
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let secret = text("secret");
    let headers = [("dd-api-key", admin.api_key.as_str()), ("dd-application-key", secret.as_str())];
    let mut stream = app.listen(PATH, &headers).await;
    assert!(stream.heartbeats_within(heartbeat * 10).await >= 3);
    admin.call("DELETE", &format!("/api/v1/me/keys/{}", text("id")), None).await.expect(204);
    assert!(stream.has_ended().await);
}

#[tokio::test]
async fn nobody_takes_all_the_places() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let mut open = Vec::new();
    for _ in 0..100 {
        open.push(follow(&app, &admin, None).await);
    }
    admin.get(PATH).await.expect(429);
    drop(open.pop());
    follow(&app, &admin, None).await;
}
