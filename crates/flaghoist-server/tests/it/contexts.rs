//! What applications were evaluated with lately, as people who write rules see it.

use crate::app::TestApp;
use flaghoist_model::access::BuiltInRole;
use flaghoist_server::contexts::ContextSamples;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;

async fn get(app: &TestApp, what: &str) -> Value {
    let ada = app.somebody(BuiltInRole::Editor).await;
    ada.get(&format!("/api/v1/environments/production/{what}")).await.expect(200).json()
}

/// The contexts that were seen in production, the oldest first.
async fn seen(app: &TestApp) -> Vec<Value> {
    let page = get(app, "contexts").await;
    let data = page["data"].as_array().unwrap();
    data.iter().rev().map(|one| one["context"].clone()).collect()
}

#[tokio::test]
async fn contexts_of_every_protocol_are_seen() {
    let app = TestApp::new().await;
    let reader = app.reader("production");
    reader.evaluate("dark-mode", json!({"targetingKey": "single", "plan": "pro", "nested": {"a": 1}})).await;
    reader.evaluate_all(json!({"targetingKey": "bulk", "age": 42})).await.expect(200);
    let subject = json!({"targeting_key": "datadog", "targeting_attributes": {"vip": true}});
    let body =
        json!({"data": {"type": "precompute-assignments-request", "attributes": {"subject": subject}}});
    reader.post("/precompute-assignments", &[], &body.to_string()).await.expect(200);
    let attributes = json!({"numericAttributes": {"age": 7}, "categoricalAttributes": {"plan": "free"}});
    let body = json!({"subject_key": "eppo", "subject_attributes": attributes});
    reader.post("/api/assignments", &[], &body.to_string()).await.expect(200);
    let body = json!({"context": {"kind": "user", "key": "flagmint", "plan": "pro"}});
    reader.post("/evaluator/evaluate", &[], &body.to_string()).await.expect(200);
    assert_eq!(
        seen(&app).await,
        [
            json!({"targetingKey": "single", "plan": "pro"}),
            json!({"targetingKey": "bulk", "age": 42}),
            json!({"targetingKey": "datadog", "vip": true}),
            json!({"targetingKey": "eppo", "age": 7, "plan": "free"}),
            json!({"targetingKey": "flagmint", "user.key": "flagmint", "user.plan": "pro"}),
        ]
    );
    let elsewhere = app.admin().get("/api/v1/environments/staging/contexts").await.expect(200).json();
    assert_eq!(elsewhere, json!({"data": [], "is_sampling": true}));
}

#[tokio::test]
async fn subjects_of_reported_exposures_are_seen_when_they_are_described() {
    let app = TestApp::new().await;
    let variants = [("on", "true"), ("off", "false")];
    app.admin().enabled_flag("dark-mode", "BOOLEAN", &variants, "production").await;
    let now = app.clock().now_text(0);
    let exposure = |subject: Value, beside: Value| {
        json!({"flag": {"key": "dark-mode"}, "variant": {"key": "off"}, "subject": subject,
            "subjectAttributes": beside, "timestamp": now})
    };
    let report = json!({"exposures": [
        exposure(json!({"id": "datadog", "attributes": {"plan": "pro"}}), Value::Null),
        exposure(json!("eppo"), json!({"plan": "free"})),
        exposure(json!("nobody knows"), Value::Null),
    ]});
    let answer = app.reader("production").post("/sdk/v1/events", &[], &report.to_string()).await.expect(202);
    assert_eq!(answer.json()["accepted"], 3, "{}", answer.text);
    assert_eq!(
        seen(&app).await,
        [json!({"targetingKey": "datadog", "plan": "pro"}), json!({"targetingKey": "eppo", "plan": "free"})]
    );
}

#[tokio::test]
async fn attributes_are_those_that_were_seen_and_those_that_were_declared() {
    let app = TestApp::new().await;
    for (key, plan) in [("a", "pro"), ("b", "free"), ("c", "pro")] {
        app.reader("production").evaluate_all(json!({"targetingKey": key, "plan": plan})).await.expect(200);
    }
    let declared = json!({"key": "custom.region"});
    app.admin().call("POST", "/api/attributes", Some(declared)).await.expect(201);
    let attributes = get(&app, "attributes").await;
    let find = |name: &str| {
        let mut known = attributes["data"].as_array().unwrap().iter();
        known.find(|attribute| attribute["name"] == name).cloned().unwrap_or_default()
    };
    let values = json!([{"value": "pro", "count": 2}, {"value": "free", "count": 1}]);
    assert_eq!(
        find("plan"),
        json!({"name": "plan", "types": ["string"], "values": values, "seen_count": 3, "is_declared": false})
    );
    assert_eq!(
        find("custom.region"),
        json!({"name": "custom.region", "types": [], "values": [], "seen_count": 0, "is_declared": true})
    );
    assert_eq!(find("targetingKey"), Value::Null);
}

#[tokio::test]
async fn who_may_not_change_flags_sees_no_contexts_and_other_projects_have_none() {
    let app = TestApp::new().await;
    app.reader("production").evaluate_all(json!({"targetingKey": "alice"})).await.expect(200);
    let viewer = app.somebody(BuiltInRole::Viewer).await;
    let production = app.environment_id("production");
    let stranger = app.other_project().await;
    for what in ["contexts", "attributes"] {
        viewer.get(&format!("/api/v1/environments/production/{what}")).await.expect(403);
        let path = format!("/api/v1/environments/{production}/{what}");
        stranger.get(&path).await.expect(404);
        let answer = app.admin().get(&path).await.expect(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        app.admin().get(&format!("/api/v1/environments/nowhere/{what}")).await.expect(404);
    }
    let one = app.admin().get("/api/v1/environments/production/contexts?limit=1").await.expect(200).json();
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
    app.admin().get("/api/v1/environments/production/contexts?limit=501").await.expect(400);
}

#[tokio::test]
async fn contexts_and_their_attributes_are_forgotten_after_a_day() {
    for what in ["contexts", "attributes"] {
        let app = TestApp::new().await;
        app.reader("production")
            .evaluate_all(json!({"targetingKey": "alice", "plan": "pro"}))
            .await
            .expect(200);
        app.advance(SignedDuration::from_hours(23));
        assert_eq!(get(&app, what).await["data"].as_array().unwrap().len(), 1);
        app.advance(SignedDuration::from_hours(2));
        assert_eq!(get(&app, what).await["data"], json!([]), "{what}");
    }
}

#[tokio::test]
async fn reports_without_attributes_do_not_crowd_out_those_that_have_some() {
    let app = TestApp::new().await;
    app.admin().enabled_flag("dark-mode", "BOOLEAN", &[("on", "true"), ("off", "false")], "production").await;
    let now = app.clock().now_text(0);
    let exposure = |subject: Value| json!({"flag": {"key": "dark-mode"}, "variant": {"key": "off"}, "subject": subject, "timestamp": now});
    let mut exposures: Vec<Value> =
        (0..30).map(|number| exposure(json!({"id": number.to_string()}))).collect();
    exposures.push(exposure(json!({"id": "described", "attributes": {"plan": "pro"}})));
    let report = json!({"exposures": exposures}).to_string();
    app.reader("production").post("/sdk/v1/events", &[], &report).await.expect(202);
    assert_eq!(seen(&app).await, [json!({"targetingKey": "described", "plan": "pro"})]);
}

#[tokio::test]
async fn nothing_is_kept_where_it_is_switched_off_or_after_a_restart() {
    let app = TestApp::with(|app| app.contexts = Arc::new(ContextSamples::new(false))).await;
    app.reader("production").evaluate_all(json!({"targetingKey": "alice"})).await.expect(200);
    assert_eq!(get(&app, "contexts").await, json!({"data": [], "is_sampling": false}));
    let app = app.restart().await;
    app.reader("production").evaluate_all(json!({"targetingKey": "alice"})).await.expect(200);
    assert_eq!(seen(&app).await.len(), 1);
    let app = app.restart().await;
    assert_eq!(get(&app, "contexts").await, json!({"data": [], "is_sampling": true}));
}
