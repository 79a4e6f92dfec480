//! What happened, and how to go back.

use crate::app::{TestApp, allocation};
use flaghoist_model::access::BuiltInRole;
use serde_json::{Value, json};

async fn served(app: &TestApp) -> Value {
    app.reader("production").evaluate("dark-mode", json!({"targetingKey": "alice"})).await.json()["value"]
        .take()
}

async fn flag(app: &TestApp) -> String {
    app.admin().enabled_flag("dark-mode", "STRING", &[("off", "OFF"), ("on", "ON")], "production").await
}

fn actions(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_change_is_in_the_history_with_who_did_it_and_what_differs() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    ada.replace(&id, "production", &[allocation("everybody", "on", &json!([]))]).await.expect(200);
    let page = ada.get(&format!("/api/v1/flags/{id}/history")).await.expect(200).json();
    assert_eq!(actions(&page), ["allocations_replaced", "flag_enabled", "flag_created"]);
    let last = &page["data"][0];
    assert_eq!((&last["actor"]["user_id"], &last["dialect"]), (&json!(ada.user_id), &json!("datadog")));
    assert_eq!((&last["flag_key"], &last["environment_key"]), (&json!("dark-mode"), &json!("production")));
    assert_eq!(last["differences"][0]["path"], "/allocations/everybody");
    assert_eq!(last["before"], Value::Null, "lists show what differs");
    let whole =
        ada.get(&format!("/api/v1/history/{}", last["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(whole["before"]["allocations"], json!([]));
    assert_eq!(whole["after"]["allocations"][0]["key"], "everybody");
}

#[tokio::test]
async fn the_history_is_filtered_and_paged() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    for _ in 0..3 {
        ada.call("POST", &ada.place(&id, "staging", "enable"), None).await.expect(200);
    }
    let get = |query: String| {
        let ada = &ada;
        async move { ada.get(&format!("/api/v1/history?{query}")).await.expect(200).json() }
    };
    assert_eq!(actions(&get(format!("user_id={}", ada.user_id)).await).len(), 3);
    assert_eq!(actions(&get("aggregate=flag".to_owned()).await), ["flag_created"]);
    let staging = app.environment_id("staging").to_owned();
    assert_eq!(actions(&get(format!("environment_id={staging}")).await).len(), 3);
    let by_environment = ada.get(&format!("/api/v1/environments/{staging}/history")).await.expect(200).json();
    assert_eq!(actions(&by_environment).len(), 3);
    let mut cursor = String::new();
    let mut seen = Vec::new();
    loop {
        let page = get(format!("limit=2{cursor}")).await;
        seen.extend(page["data"].as_array().unwrap().iter().map(|entry| entry["revision"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let newest = seen[0];
    assert_eq!(seen, (1..=newest).rev().collect::<Vec<_>>(), "every revision once, newest first");
    ada.get("/api/v1/history?aggregate=nothing").await.expect(400);
    ada.get("/api/v1/history?since=yesterday").await.expect(400);
    let early = get("until=2026-11-20T10:00:00Z".to_owned()).await;
    assert_eq!(actions(&early), Vec::<&str>::new());
}

#[tokio::test]
async fn a_revert_makes_it_what_it_was_before_and_is_itself_in_the_history() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let admin = app.admin();
    admin.replace(&id, "production", &[allocation("everybody", "on", &json!([]))]).await.expect(200);
    assert_eq!(served(&app).await, "ON");
    let page = admin.get(&format!("/api/v1/flags/{id}/history?limit=1")).await.json();
    let entry = page["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/history/{entry}/revert");
    let done = admin.call("POST", &path, Some(json!({"reason": "too early"}))).await.expect(200).json();
    assert_eq!(done, json!({"is_applied": true, "suggestion_id": null}));
    assert_eq!(served(&app).await, "OFF");
    let page = admin.get(&format!("/api/v1/flags/{id}/history?limit=1")).await.json();
    assert_eq!(
        (&page["data"][0]["action"], &page["data"][0]["reverts"], &page["data"][0]["reason"]),
        (&json!("configuration_reverted"), &json!(entry), &json!("too early"))
    );
}

#[tokio::test]
async fn a_revert_does_not_discard_later_changes_unless_told_to() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let admin = app.admin();
    admin.replace(&id, "production", &[allocation("everybody", "on", &json!([]))]).await.expect(200);
    let page = admin.get(&format!("/api/v1/flags/{id}/history?limit=1")).await.json();
    let entry = page["data"][0]["id"].as_str().unwrap().to_owned();
    admin.call("POST", &admin.place(&id, "production", "disable"), None).await.expect(200);
    let path = format!("/api/v1/history/{entry}/revert");
    let refused = admin.call("POST", &path, Some(json!({}))).await.expect(409);
    assert!(refused.text.contains("discard_later_changes"), "{}", refused.text);
    admin.call("POST", &path, Some(json!({"discard_later_changes": true}))).await.expect(200);
    assert_eq!(served(&app).await, "OFF", "enabled again, and without the allocation");
}

#[tokio::test]
async fn a_revert_of_a_flag_brings_back_its_values_and_not_itself() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let admin = app.admin();
    let shown = admin.get(&format!("/api/v2/feature-flags/{id}")).await.json();
    let off = shown["data"]["attributes"]["variants"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v2/feature-flags/{id}/variants/{off}");
    admin.call("PUT", &path, Some(json!({"value": "NEVER"}))).await.expect(200);
    assert_eq!(served(&app).await, "NEVER");
    let page = admin.get(&format!("/api/v1/history?aggregate=flag&flag_id={id}")).await.json();
    let [changed, made] = page["data"].as_array().unwrap().as_slice() else { panic!("two entries: {page}") };
    let revert = |entry: &Value| format!("/api/v1/history/{}/revert", entry["id"].as_str().unwrap());
    admin.call("POST", &revert(changed), Some(json!({}))).await.expect(200);
    assert_eq!(served(&app).await, "OFF");
    let body = Some(json!({"discard_later_changes": true}));
    admin.call("POST", &revert(made), body).await.expect(409);
}

#[tokio::test]
async fn a_revert_of_something_protected_waits_for_approval() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let admin = app.admin();
    admin.replace(&id, "production", &[allocation("everybody", "on", &json!([]))]).await.expect(200);
    let path = format!("/api/v2/feature-flags/environments/{}", app.environment_id("production"));
    let body =
        json!({"data": {"type": "environments", "attributes": {"require_feature_flag_approval": true}}});
    admin.call("PUT", &path, Some(body)).await.expect(200);
    let ada = app.somebody(BuiltInRole::Editor).await;
    let page = ada.get(&format!("/api/v1/flags/{id}/history?limit=1")).await.json();
    let path = format!("/api/v1/history/{}/revert", page["data"][0]["id"].as_str().unwrap());
    let waiting = ada.call("POST", &path, Some(json!({}))).await.expect(202).json();
    assert_eq!(served(&app).await, "ON");
    let id = waiting["suggestion_id"].as_str().unwrap();
    let ben = app.somebody(BuiltInRole::Editor).await;
    ben.call("POST", &format!("/api/v2/feature-flags/suggestions/{id}/approve"), None).await.expect(200);
    assert_eq!(served(&app).await, "OFF");
}

#[tokio::test]
async fn what_a_flag_served_in_the_past_can_be_asked() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = flag(&app).await;
    let revision = |page: &Value| page["data"][0]["revision"].as_i64().unwrap();
    let enabled = admin.get("/api/v1/history?limit=1").await.json();
    admin.replace(&id, "production", &[allocation("everybody", "on", &json!([]))]).await.expect(200);
    let replaced = admin.get("/api/v1/history?limit=1").await.json();
    admin.call("POST", &format!("/api/v2/feature-flags/{id}/archive"), None).await.expect(200);
    let explain = |at: Option<String>| {
        let admin = &admin;
        let body = json!({"flag_key": "dark-mode", "context": {"targetingKey": "alice"}, "at": at});
        async move { admin.call("POST", "/api/v1/environments/production/explain", Some(body)).await }
    };
    let value = |answer: &Value| answer["contexts"][0]["flags"][0]["value"].clone();
    explain(None).await.expect(400);
    let then = explain(Some(revision(&replaced).to_string())).await.expect(200).json();
    assert_eq!((value(&then), then["revision"].as_i64()), (json!("ON"), Some(revision(&replaced))));
    assert_eq!(then["contexts"][0]["flags"][0]["allocation_key"], "everybody");
    let before = explain(Some(revision(&enabled).to_string())).await.expect(200).json();
    assert_eq!(value(&before), "OFF");
    let at = enabled["data"][0]["at"].as_str().unwrap().to_owned();
    assert_eq!(value(&explain(Some(at)).await.expect(200).json()), "OFF");
    explain(Some("1".to_owned())).await.expect(400);
    explain(Some("9999".to_owned())).await.expect(400);
    explain(Some("yesterday".to_owned())).await.expect(400);
    let path = format!("/api/v1/environments/production/document?at={}", revision(&replaced));
    let document = admin.get(&path).await.expect(200).json();
    assert_eq!(document["flags"]["dark-mode"]["allocations"][0]["key"], "everybody");
}

#[tokio::test]
async fn first_allocations_of_a_flag_are_part_of_its_past() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let production = app.environment_id("production");
    let variants = json!([{"key": "a", "name": "A", "value": "A"}]);
    let first = json!([{"environment_id": production, "name": "First", "key": "first", "type": "FEATURE_GATE", "variant_weights": [{"variant_key": "a", "value": 100}]}]);
    let attributes = json!({"key": "early", "name": "Early", "value_type": "STRING", "variants": variants, "allocations": first});
    let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
    let made = admin.call("POST", "/api/v2/feature-flags", Some(body)).await.expect(201).json();
    let id = made["data"]["id"].as_str().unwrap();
    admin.call("POST", &admin.place(id, "production", "enable"), None).await.expect(200);
    let renamed = json!({"data": {"type": "feature-flags", "attributes": {"name": "Renamed"}}});
    admin.call("PUT", &format!("/api/v2/feature-flags/{id}"), Some(renamed)).await.expect(200);
    let body = json!({"flag_key": "early", "at": admin.get("/api/v1/history?limit=1").await.json()["data"][0]["revision"].to_string()});
    let past =
        admin.call("POST", "/api/v1/environments/production/explain", Some(body)).await.expect(200).json();
    let allocations = &past["contexts"][0]["flags"][0]["explanation"]["allocations"];
    assert!(allocations.to_string().contains("\"first\""), "{past}");
    let now = json!({"flag_key": "early"});
    let now =
        admin.call("POST", "/api/v1/environments/production/explain", Some(now)).await.expect(200).json();
    assert_eq!(now["contexts"][0]["flags"][0]["allocation_key"], "first");
}

#[tokio::test]
async fn a_configuration_is_copied_with_a_look_at_it_first() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = flag(&app).await;
    let rules = json!([{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["beta"]}]}]);
    admin.replace(&id, "staging", &[allocation("beta-staging", "on", &rules)]).await.expect(200);
    let path = format!("/api/v1/flags/{id}/environments/{}/copy", app.environment_id("production"));
    let body = |dry_run: bool| {
        Some(json!({"from_environment_id": app.environment_id("staging"), "dry_run": dry_run}))
    };
    let preview = admin.call("POST", &path, body(true)).await.expect(200).json();
    assert_eq!(preview["is_applied"], false);
    assert_eq!(preview["differences"][0]["path"], "/allocations/beta-production");
    let value = |answer: crate::app::Answer| answer.json()["value"].clone();
    let reader = app.reader("production");
    let context = json!({"targetingKey": "alice", "plan": "beta"});
    assert_eq!(value(reader.evaluate("dark-mode", context.clone()).await), "OFF");
    let done = admin.call("POST", &path, body(false)).await.expect(200).json();
    assert_eq!(done["is_applied"], true);
    assert_eq!(value(reader.evaluate("dark-mode", context).await), "ON");
    let again = admin.call("POST", &path, body(false)).await.expect(200).json();
    assert_eq!(again["differences"], json!([]), "the copy continues what was copied before");
    let itself = json!({"from_environment_id": app.environment_id("production")});
    admin.call("POST", &path, Some(itself)).await.expect(400);
}
