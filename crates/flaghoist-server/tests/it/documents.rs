//! What readers hold: it changes when, and only when, what they get changes.

use crate::app::{TestApp, allocation};
use flaghoist_eval::{Attributes, Dialect, Expected, Snapshot, Subject};
use jiff::Timestamp;
use serde_json::{Value, json};

const ON_OFF: &[(&str, &str)] = &[("on", "true"), ("off", "false")];

async fn etags(app: &TestApp) -> Vec<String> {
    let mut etags = Vec::new();
    for environment in ["development", "staging", "production"] {
        let document = app.reader(environment).document().await.expect(200);
        etags.push(document.header("etag").to_owned());
    }
    etags
}

#[tokio::test]
async fn a_change_publishes_only_the_environments_it_concerns() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    let before = etags(&app).await;
    admin.replace(&flag, "production", &[allocation("all", "off", &json!([]))]).await.expect(200);
    let after = etags(&app).await;
    assert_eq!((&before[..2], before[2] == after[2]), (&after[..2], false));
}

#[tokio::test]
async fn what_readers_do_not_see_publishes_nothing() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    let before = etags(&app).await;
    let rename = json!({"data": {"type": "feature-flags", "attributes": {"name": "New", "tags": ["a"]}}});
    admin.call("PUT", &format!("/api/v2/feature-flags/{flag}"), Some(rename)).await.expect(200);
    admin.call("POST", &admin.place(&flag, "production", "enable"), None).await.expect(200);
    admin.replace(&flag, "staging", &[allocation("hidden", "on", &json!([]))]).await.expect(200);
    let environment =
        json!({"data": {"type": "environments", "attributes": {"name": "QA", "queries": ["qa"]}}});
    admin.call("POST", "/api/v2/feature-flags/environments", Some(environment)).await.expect(201);
    assert_eq!(etags(&app).await, before);
}

#[tokio::test]
async fn a_restart_changes_no_document() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    admin.replace(&flag, "production", &[allocation("all", "off", &json!([]))]).await.expect(200);
    let before = etags(&app).await;
    let app = app.restart().await;
    assert_eq!(etags(&app).await, before);
}

#[tokio::test]
async fn archiving_takes_a_flag_away_and_unarchiving_brings_it_back() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    admin.call("POST", &format!("/api/v2/feature-flags/{flag}/archive"), None).await.expect(200);
    app.reader("production").evaluate("dark-mode", json!({})).await.expect(404);
    assert_eq!(app.reader("production").document().await.json()["flags"], json!({}));
    admin.call("POST", &format!("/api/v2/feature-flags/{flag}/unarchive"), None).await.expect(200);
    app.reader("production").evaluate("dark-mode", json!({})).await.expect(200);
}

#[tokio::test]
async fn the_document_decides_as_the_server_does() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin
        .enabled_flag("colour", "STRING", &[("r", "red"), ("g", "green"), ("b", "blue")], "production")
        .await;
    let split = json!({"key": "thirds", "name": "thirds", "type": "FEATURE_GATE",
        "targeting_rules": [{"conditions": [{"attribute": "age", "operator": "GTE", "value": ["18"]}]}],
        "variant_weights": [{"variant_key": "g", "value": 40}, {"variant_key": "b", "value": 60}],
        "exposure_schedule": {"rollout_options": {"strategy": "NO_ROLLOUT"},
            "rollout_steps": [{"exposure_ratio": 0.5, "grouped_step_index": 0, "is_pause_record": false}]}});
    admin.replace(&flag, "production", &[split]).await.expect(200);
    let document = app.reader("production").document().await.expect(200);
    assert_eq!(document.json()["format"], json!("SERVER"));
    assert_eq!(document.json()["environment"], json!({"name": "production"}));
    let snapshot = Snapshot::from_json(document.text.as_bytes(), Dialect::Datadog).unwrap();
    let now: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..300 {
        let (key, age) = (format!("user-{number}"), number % 40);
        let mut attributes = Attributes::new();
        attributes.insert("age", i64::from(age));
        let subject = Subject { targeting_key: Some(&key), attributes: &attributes };
        let expected = snapshot.decide("colour", Expected::Any, &subject, now);
        let context = json!({"targetingKey": key, "age": age});
        let answer: Value = app.reader("production").evaluate("colour", context).await.expect(200).json();
        assert_eq!(answer["variant"].as_str(), expected.variant, "{key} {age}");
        assert_eq!(answer["reason"].as_str(), Some(expected.reason.as_str()));
        seen.insert(expected.variant.unwrap().to_owned());
    }
    assert_eq!(seen.len(), 3, "all variants were served to somebody");
}

#[tokio::test]
async fn a_deleted_environment_has_no_readers_any_more() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let path = format!("/api/v2/feature-flags/environments/{}", app.environment_id("staging"));
    let deleted = admin.call("DELETE", &path, None).await.expect(204);
    assert_eq!((deleted.text.as_str(), deleted.header("content-type")), ("", ""));
    app.reader("staging").evaluate_all(json!({})).await.expect(401);
    app.reader("production").evaluate_all(json!({})).await.expect(200);
}
