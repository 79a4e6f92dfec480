//! What an approval is bound to: exactly what was looked at, by somebody who may still approve, and nothing that two
//! approvals make only together.

use crate::app::{Answer, Caller, TestApp, allocation};
use flaghoist_model::access::BuiltInRole;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// A flag that is enabled in production and serves `off`, with variants `on` and `spare` that nothing serves.
async fn flag(app: &TestApp) -> String {
    let variants = [("off", "OFF"), ("on", "ON"), ("spare", "SPARE")];
    app.admin().enabled_flag("dark-mode", "STRING", &variants, "production").await
}

async fn protect(app: &TestApp) {
    let path = format!("/api/v2/feature-flags/environments/{}", app.environment_id("production"));
    let attributes = json!({"require_feature_flag_approval": true});
    let body = json!({"data": {"type": "environments", "attributes": attributes}});
    app.admin().call("PUT", &path, Some(body)).await.expect(200);
}

async fn served(app: &TestApp) -> Value {
    app.reader("production").evaluate("dark-mode", json!({"targetingKey": "alice"})).await.json()["value"]
        .take()
}

async fn decide(caller: &Caller<'_>, id: &str, what: &str, attributes: Value) -> Answer {
    let path = format!("/api/v2/feature-flags/suggestions/{id}/{what}");
    let body = json!({"data": {"type": "flag-suggestion-events", "attributes": attributes}});
    caller.call("POST", &path, Some(body)).await
}

async fn suggestion(caller: &Caller<'_>, id: &str) -> Value {
    let path = format!("/api/v2/feature-flags/suggestions/{id}");
    caller.get(&path).await.expect(200).json()["data"]["attributes"].take()
}

/// The id of the newest open suggestion.
async fn newest(caller: &Caller<'_>) -> String {
    let page = caller.get("/api/v2/feature-flags/suggestions?is_open=true").await.expect(200).json();
    page["data"][0]["id"].as_str().unwrap().to_owned()
}

/// An allocation that serves `on` to everybody from a moment on.
fn starts_at(moment: &str) -> Value {
    let mut gate = allocation("gate", "on", &json!([]));
    gate["exposure_schedule"] = json!({
        "rollout_options": {"strategy": "NO_ROLLOUT", "autostart": false},
        "rollout_steps": [{"exposure_ratio": 1.0, "is_pause_record": false, "grouped_step_index": 0}],
        "absolute_start_time": moment,
    });
    gate
}

#[tokio::test]
async fn saying_the_same_again_starts_no_schedule() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    let start = (app.clock().now_text(3_600), app.clock().now_text(10_800));
    app.admin().replace(&flag_id, "production", &[starts_at(&start.0)]).await.expect(200);
    protect(&app).await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    app.advance(SignedDuration::from_hours(2));
    let answer = ada.replace(&flag_id, "production", &[starts_at(&start.0)]).await;
    assert!(matches!(answer.status.as_u16(), 200 | 202), "{}", answer.text);
    assert_eq!(served(&app).await, "OFF", "an identical replace must not put it live");
    ada.replace(&flag_id, "production", &[starts_at(&start.1)]).await.expect(202);
    assert_eq!(served(&app).await, "OFF");
}

#[tokio::test]
async fn a_start_time_that_passes_while_the_suggestion_waits_is_a_past_one_when_it_is_applied() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    protect(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let start = app.clock().now_text(3_600);
    ada.replace(&flag_id, "production", &[starts_at(&start)]).await.expect(202);
    let id = newest(&ada).await;
    app.advance(SignedDuration::from_hours(2));
    decide(&ben, &id, "approve", json!({})).await.expect(200);
    assert_eq!(served(&app).await, "ON");
}

#[tokio::test]
async fn an_approval_names_what_was_looked_at() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    protect(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    ada.replace(&flag_id, "production", &[allocation("all", "off", &json!([]))]).await.expect(202);
    let id = newest(&ada).await;
    let seen = suggestion(&ben, &id).await["content_hash"].clone();
    let text = json!([allocation("all", "on", &json!([]))]).to_string();
    let body = json!({"data": {"type": "flag-suggestions", "attributes": {"suggestion": text}}});
    ada.call("PATCH", &format!("/api/v2/feature-flags/suggestions/{id}"), Some(body)).await.expect(200);
    let refused = decide(&ben, &id, "approve", json!({"content_hash": seen})).await.expect(409);
    assert!(refused.text.contains("was edited"), "{}", refused.text);
    assert_eq!(served(&app).await, "OFF");
    let now = suggestion(&ben, &id).await["content_hash"].clone();
    decide(&ben, &id, "approve", json!({"content_hash": now})).await.expect(200);
    assert_eq!(served(&app).await, "ON");
}

#[tokio::test]
async fn two_approved_changes_are_no_third_one_that_nobody_looked_at() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    protect(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let shown = ada.get(&format!("/api/v2/feature-flags/{flag_id}")).await.json();
    let spare = shown["data"]["attributes"]["variants"][2]["id"].as_str().unwrap().to_owned();
    let value = format!("/api/v2/feature-flags/{flag_id}/variants/{spare}");
    ada.call("PUT", &value, Some(json!({"value": "EVIL"}))).await.expect(201);
    let of_value = newest(&ada).await;
    ada.replace(&flag_id, "production", &[allocation("all", "spare", &json!([]))]).await.expect(202);
    let of_entry = newest(&ada).await;
    decide(&ben, &of_value, "approve", json!({"apply": false})).await.expect(200);
    let summary = suggestion(&ben, &of_entry).await["summary"].to_string();
    assert!(summary.contains("SPARE"), "{summary}");
    decide(&ben, &of_entry, "approve", json!({"apply": true})).await.expect(200);
    assert_eq!(served(&app).await, "SPARE");
    let refused = ada.call("POST", &format!("/api/v1/suggestions/{of_value}/apply"), None).await.expect(409);
    assert!(refused.text.contains("serves the variant"), "{}", refused.text);
    assert_eq!(served(&app).await, "SPARE");
}

#[tokio::test]
async fn the_approval_of_somebody_who_lost_the_right_counts_no_more() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    protect(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    ada.replace(&flag_id, "production", &[allocation("all", "on", &json!([]))]).await.expect(202);
    let id = newest(&ada).await;
    decide(&ben, &id, "approve", json!({"apply": false})).await.expect(200);
    app.admin().call("DELETE", &format!("/api/v1/users/{}", ben.user_id), None).await.expect(204);
    let apply = format!("/api/v1/suggestions/{id}/apply");
    ada.call("POST", &apply, None).await.expect(409);
    assert_eq!(served(&app).await, "OFF");
    let cleo = app.somebody(BuiltInRole::Editor).await;
    decide(&cleo, &id, "approve", json!({})).await.expect(200);
    assert_eq!(served(&app).await, "ON");
}

#[tokio::test]
async fn a_suggestion_that_does_more_than_its_property_says_shows_all_of_it() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    protect(&app).await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    let attributes = json!({"tags": ["sly"], "distribution_channel": "CLIENT"});
    let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
    ada.call("PUT", &format!("/api/v2/feature-flags/{flag_id}"), Some(body)).await;
    let shown = suggestion(&ada, &newest(&ada).await).await;
    assert_eq!(shown["property"], "CONFIGURATION");
    let proposed: Value = serde_json::from_str(shown["suggestion"].as_str().unwrap()).unwrap();
    assert_eq!(proposed, json!({"tags": ["sly"], "distribution_channel": "CLIENT"}));
}

#[tokio::test]
async fn names_are_not_overwritten_unseen_and_a_taken_one_is_a_conflict() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    let admin = app.admin();
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let suggest = |name: &str| {
        let attributes = json!({"action": "updated", "property": "FLAG_NAME", "suggestion": name,
            "notification_rule_targets": []});
        json!({"data": {"type": "flag-suggestions", "attributes": attributes}})
    };
    let suggestions = format!("/api/v2/feature-flags/{flag_id}/suggestions");
    ada.call("POST", &suggestions, Some(suggest("Taken"))).await.expect(201);
    let id = newest(&ada).await;
    admin.create_flag("Taken", "STRING", &[("a", "A")]).await;
    decide(&ben, &id, "approve", json!({})).await.expect(409);
    let body = json!({"data": {"type": "feature-flags", "attributes": {"name": "Meanwhile"}}});
    admin.call("PUT", &format!("/api/v2/feature-flags/{flag_id}"), Some(body)).await.expect(200);
    let refused = decide(&ben, &id, "approve", json!({})).await.expect(409);
    assert!(refused.text.contains("/name was"), "{}", refused.text);
}

#[tokio::test]
async fn comments_do_not_swell_the_history() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    protect(&app).await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    ada.replace(&flag_id, "production", &[allocation("all", "on", &json!([]))]).await.expect(202);
    let comments = format!("/api/v1/suggestions/{}/comments", newest(&ada).await);
    for number in 0..3 {
        let body = json!({"text": format!("comment {number}")});
        ada.call("POST", &comments, Some(body)).await.expect(201);
    }
    let page = ada.get(&format!("/api/v1/flags/{flag_id}/history?limit=1")).await.expect(200).json();
    let said = page["data"][0].to_string();
    assert!(said.contains("comment 2") && !said.contains("comment 1"), "{said}");
}

#[tokio::test]
async fn reverting_an_environment_discards_later_changes_only_when_told_to() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let path = format!("/api/v2/feature-flags/environments/{}", app.environment_id("staging"));
    for name in ["First", "Second"] {
        let body = json!({"data": {"type": "environments", "attributes": {"name": name}}});
        admin.call("PUT", &path, Some(body)).await.expect(200);
    }
    let page = admin.get("/api/v1/history?limit=2").await.expect(200).json();
    let first = page["data"][1]["id"].as_str().unwrap().to_owned();
    let revert = format!("/api/v1/history/{first}/revert");
    let refused = admin.call("POST", &revert, Some(json!({}))).await.expect(409);
    assert!(refused.text.contains("discard_later_changes"), "{}", refused.text);
    admin.call("POST", &revert, Some(json!({"discard_later_changes": true}))).await.expect(200);
}
