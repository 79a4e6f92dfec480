//! Changes that need somebody else's approval, told from the outside.

use crate::app::{Answer, Caller, TestApp, allocation};
use flaghoist_model::access::BuiltInRole;
use serde_json::{Value, json};

/// A flag that is enabled in production and serves `off`, and production requires approvals from now on.
async fn protected(app: &TestApp) -> String {
    let admin = app.admin();
    let id = admin.enabled_flag("dark-mode", "STRING", &[("off", "OFF"), ("on", "ON")], "production").await;
    protect(app, "production").await;
    id
}

async fn protect(app: &TestApp, environment: &str) {
    let path = format!("/api/v2/feature-flags/environments/{}", app.environment_id(environment));
    let attributes = json!({"require_feature_flag_approval": true});
    let body = json!({"data": {"type": "environments", "attributes": attributes}});
    app.admin().call("PUT", &path, Some(body)).await.expect(200);
}

async fn served(app: &TestApp) -> Value {
    app.reader("production").evaluate("dark-mode", json!({"targetingKey": "alice"})).await.json()["value"]
        .take()
}

/// The id of the suggestion that waits in production.
async fn pending(caller: &Caller<'_>, flag_id: &str) -> Value {
    let flag = caller.get(&format!("/api/v2/feature-flags/{flag_id}")).await.expect(200).json();
    let entries = flag["data"]["attributes"]["feature_flag_environments"].as_array().unwrap().clone();
    let production = entries.iter().find(|entry| entry["environment_name"] == "Production").unwrap();
    production["pending_suggestion_id"].clone()
}

async fn decide(caller: &Caller<'_>, id: &str, what: &str, attributes: Value) -> Answer {
    let path = format!("/api/v2/feature-flags/suggestions/{id}/{what}");
    let body = json!({"data": {"type": "flag-suggestion-events", "attributes": attributes}});
    caller.call("POST", &path, Some(body)).await
}

/// Suggests to serve `on` to everybody in production, and gives the suggestion's id.
async fn suggest_on(ada: &Caller<'_>, flag_id: &str) -> String {
    ada.replace(flag_id, "production", &[allocation("everybody", "on", &json!([]))]).await.expect(202);
    pending(ada, flag_id).await.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_protected_change_waits_until_somebody_else_approves_it() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let answer =
        ada.replace(&flag_id, "production", &[allocation("everybody", "on", &json!([]))]).await.expect(202);
    let proposed_id = answer.json()["data"][0]["id"].clone();
    assert_eq!(answer.json()["data"][0]["attributes"]["key"], "everybody");
    assert_eq!(served(&app).await, "OFF", "nothing has changed for readers");
    let id = pending(&ada, &flag_id).await.as_str().unwrap().to_owned();
    let shown = ben.get(&format!("/api/v2/feature-flags/suggestions/{id}")).await.expect(200).json();
    let attributes = &shown["data"]["attributes"];
    assert_eq!(attributes["summary"], json!(["Adds \"everybody\": everybody → \"on\" (\"ON\") 100 %."]));
    assert_eq!(
        (
            &attributes["current_status"],
            &attributes["property"],
            &attributes["created_by"],
            &attributes["drift"]
        ),
        (&json!("pending"), &json!("ALLOCATIONS"), &json!(ada.user_id), &json!([]))
    );
    decide(&ada, &id, "approve", json!({})).await.expect(403);
    assert_eq!(served(&app).await, "OFF");
    let approved = decide(&ben, &id, "approve", json!({"comment": "Looks good"})).await.expect(200).json();
    assert_eq!(approved["data"]["attributes"]["current_status"], "approved");
    assert_eq!(approved["data"]["attributes"]["state"], "applied");
    assert_eq!(served(&app).await, "ON");
    assert_eq!(pending(&ada, &flag_id).await, Value::Null);
    let flag = ada.get(&format!("/api/v2/feature-flags/{flag_id}")).await.json();
    let entries = flag["data"]["attributes"]["feature_flag_environments"].as_array().unwrap().clone();
    let production = entries.iter().find(|entry| entry["environment_name"] == "Production").unwrap();
    assert_eq!(production["allocations"]["everybody"]["id"], proposed_id, "ids of the 202 answer survive");
}

#[tokio::test]
async fn everything_that_changes_what_readers_get_waits() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    let flag = ada.get(&format!("/api/v2/feature-flags/{flag_id}")).await.json();
    let off = flag["data"]["attributes"]["variants"][0]["id"].as_str().unwrap().to_owned();
    let on = flag["data"]["attributes"]["variants"][1]["id"].as_str().unwrap().to_owned();
    let base = format!("/api/v2/feature-flags/{flag_id}");
    let body = json!({"data": {"type": "allocations", "attributes": allocation("one", "on", &json!([]))}});
    ada.call("POST", &ada.place(&flag_id, "production", "allocations"), Some(body)).await.expect(202);
    ada.call("POST", &ada.place(&flag_id, "production", "disable"), None).await.expect(202);
    let serving = |body: Value| {
        let path =
            format!("/api/v1/flags/{flag_id}/environments/{}/serving", app.environment_id("production"));
        let ada = &ada;
        async move { ada.call("PATCH", &path, Some(body)).await }
    };
    for member in ["default_variant_key", "override_variant_key", "off_variant_key"] {
        let answer = serving(json!({member: "on"})).await.expect(202);
        assert!(answer.json()["suggestion_id"].is_string());
    }
    let variant =
        ada.call("PUT", &format!("{base}/variants/{off}"), Some(json!({"value": "never"}))).await.expect(201);
    assert_eq!(variant.json()["value"], "OFF", "the flat answer is the variant as it is");
    assert_eq!(variant.json()["data"]["type"], "flag-suggestions");
    assert_eq!(variant.json()["data"]["attributes"]["suggestion_metadata"]["variant_id"], json!(off));
    ada.call("DELETE", &format!("{base}/variants/{on}"), None).await.expect(409);
    let archived = ada.call("POST", &format!("{base}/archive"), None).await.expect(202);
    assert_eq!(archived.json()["data"]["attributes"]["archived_at"], Value::Null);
    assert!(archived.json()["data"]["attributes"]["pending_suggestion_id"].is_string());
    let channel =
        json!({"data": {"type": "feature-flags", "attributes": {"distribution_channel": "CLIENT"}}});
    ada.call("PUT", &base, Some(channel)).await.expect(202);
    assert_eq!(served(&app).await, "OFF");
    let open = ada.get("/api/v2/feature-flags/suggestions?is_open=true").await.expect(200).json();
    assert_eq!(open["data"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn what_readers_cannot_notice_does_not_wait() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    let base = format!("/api/v2/feature-flags/{flag_id}");
    let renamed =
        json!({"data": {"type": "feature-flags", "attributes": {"name": "Night mode", "tags": ["ui"]}}});
    ada.call("PUT", &base, Some(renamed)).await.expect(200);
    let more = json!({"key": "auto", "name": "Auto", "value": "AUTO"});
    ada.call("POST", &format!("{base}/variants"), Some(more)).await.expect(201);
    ada.call("POST", &ada.place(&flag_id, "production", "enable"), None).await.expect(200);
    ada.replace(&flag_id, "production", &[]).await.expect(200);
    ada.replace(&flag_id, "development", &[allocation("dev", "on", &json!([]))]).await.expect(200);
    assert_eq!(pending(&ada, &flag_id).await, Value::Null);
}

#[tokio::test]
async fn a_flag_that_asks_for_approvals_gets_them_in_production_only() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let variants = json!([{"key": "on", "name": "On", "value": "true"}, {"key": "off", "name": "Off", "value": "false"}]);
    let attributes = json!({"key": "pay", "name": "Pay", "value_type": "BOOLEAN", "variants": variants, "require_approval": true});
    let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
    let flag = admin.call("POST", "/api/v2/feature-flags", Some(body)).await.expect(201).json();
    let id = flag["data"]["id"].as_str().unwrap();
    let ada = app.somebody(BuiltInRole::Editor).await;
    ada.call("POST", &ada.place(id, "staging", "enable"), None).await.expect(200);
    ada.call("POST", &ada.place(id, "production", "enable"), None).await.expect(202);
    let lifted = json!({"data": {"type": "feature-flags", "attributes": {"require_approval": false}}});
    let path = format!("/api/v2/feature-flags/{id}");
    let refused = ada.call("PUT", &path, Some(lifted.clone())).await.expect(403);
    assert!(refused.text.contains("feature_flag_approvals_override"));
    admin.call("PUT", &path, Some(lifted)).await.expect(200);
    ada.call("POST", &ada.place(id, "production", "disable"), None).await.expect(200);
}

#[tokio::test]
async fn whoever_may_override_changes_at_once_and_the_history_says_so() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    let admin = app.admin();
    admin.replace(&flag_id, "production", &[allocation("everybody", "on", &json!([]))]).await.expect(200);
    assert_eq!(served(&app).await, "ON");
    let history = admin.get(&format!("/api/v1/flags/{flag_id}/history?limit=1")).await.expect(200).json();
    assert_eq!(history["data"][0]["authority"], json!({"kind": "overridden", "suggestion_id": null}));
    assert_eq!(history["data"][0]["action"], "allocations_replaced");
}

#[tokio::test]
async fn approval_without_application_waits_for_somebody_to_apply_it() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let id = suggest_on(&ada, &flag_id).await;
    let apply = format!("/api/v1/suggestions/{id}/apply");
    ada.call("POST", &apply, None).await.expect(409);
    let approved = decide(&ben, &id, "approve", json!({"apply": false})).await.expect(200).json();
    assert_eq!(approved["data"]["attributes"]["state"], "approved");
    assert_eq!(served(&app).await, "OFF");
    assert_eq!(pending(&ada, &flag_id).await, json!(id), "it is open until it is applied");
    let deleted = ada.call("DELETE", &format!("/api/v2/feature-flags/suggestions/{id}"), None).await;
    deleted.expect(409);
    ada.call("POST", &apply, None).await.expect(200);
    assert_eq!(served(&app).await, "ON");
    ada.call("POST", &apply, None).await.expect(409);
    let history = ada.get(&format!("/api/v1/flags/{flag_id}/history?limit=1")).await.json();
    assert_eq!(history["data"][0]["authority"]["approved_by"], json!([ben.user_id]));
    assert_eq!(history["data"][0]["authority"]["authors"], json!([ada.user_id]));
}

#[tokio::test]
async fn a_suggestion_whose_ground_has_moved_is_a_conflict_that_says_how() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let id = suggest_on(&ada, &flag_id).await;
    app.admin().call("POST", &ada.place(&flag_id, "production", "disable"), None).await.expect(200);
    let refused = decide(&ben, &id, "approve", json!({})).await.expect(409);
    assert!(refused.text.contains("/enabled was true and is false"), "{}", refused.text);
    let shown = ben.get(&format!("/api/v2/feature-flags/suggestions/{id}")).await.json();
    assert_eq!(shown["data"]["attributes"]["drift"][0]["path"], "/enabled");
    assert_eq!(shown["data"]["attributes"]["state"], "pending", "the refused approval left nothing behind");
}

#[tokio::test]
async fn an_edited_suggestion_loses_its_approvals_and_its_editor_cannot_give_one() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let cleo = app.somebody(BuiltInRole::Editor).await;
    let id = suggest_on(&ada, &flag_id).await;
    decide(&ben, &id, "approve", json!({"apply": false})).await.expect(200);
    let text = json!([allocation(
        "some",
        "on",
        &json!([{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["beta"]}]}])
    )]);
    let body = json!({"data": {"type": "flag-suggestions", "attributes": {"suggestion": text.to_string()}}});
    let path = format!("/api/v2/feature-flags/suggestions/{id}");
    let edited = ben.call("PATCH", &path, Some(body)).await.expect(200).json();
    assert_eq!(edited["data"]["attributes"]["state"], "pending");
    assert_eq!(edited["data"]["attributes"]["approved_by"], json!([]));
    ada.call("POST", &format!("/api/v1/suggestions/{id}/apply"), None).await.expect(409);
    decide(&ben, &id, "approve", json!({})).await.expect(403);
    decide(&cleo, &id, "approve", json!({})).await.expect(200);
    assert_eq!(served(&app).await, "OFF", "alice has no beta plan");
}

#[tokio::test]
async fn suggestions_in_different_environments_do_not_block_each_other() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    protect(&app, "staging").await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let in_production = suggest_on(&ada, &flag_id).await;
    ada.replace(&flag_id, "staging", &[allocation("staging", "on", &json!([]))]).await.expect(202);
    let open = ben
        .get(&format!("/api/v2/feature-flags/suggestions?feature_flag_id={flag_id}&is_open=true"))
        .await
        .json();
    let ids: Vec<&str> =
        open["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    for id in ids {
        decide(&ben, id, "approve", json!({})).await.expect(200);
    }
    assert!(decide(&ben, &in_production, "approve", json!({})).await.status.is_client_error());
    assert_eq!(served(&app).await, "ON");
}

#[tokio::test]
async fn one_property_has_one_open_suggestion_and_asking_twice_is_fine() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let id = suggest_on(&ada, &flag_id).await;
    assert_eq!(suggest_on(&ada, &flag_id).await, id, "asked again it is the same one");
    ada.call("POST", &ada.place(&flag_id, "production", "disable"), None).await.expect(202);
    ada.call("POST", &ada.place(&flag_id, "production", "disable"), None).await.expect(202);
    let refused =
        ben.replace(&flag_id, "production", &[allocation("other", "on", &json!([]))]).await.expect(409);
    assert!(refused.text.contains("a pending suggestion already exists"), "{}", refused.text);
    ada.call("DELETE", &format!("/api/v2/feature-flags/suggestions/{id}"), None).await.expect(204);
    ben.replace(&flag_id, "production", &[allocation("other", "on", &json!([]))]).await.expect(202);
}

#[tokio::test]
async fn a_key_that_another_flag_has_is_refused_when_it_is_suggested() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    let admin = app.admin();
    let other = admin.create_flag("other", "STRING", &[("on", "x")]).await;
    let other = other["id"].as_str().unwrap();
    admin.replace(other, "development", &[allocation("everybody", "on", &json!([]))]).await.expect(200);
    let ada = app.somebody(BuiltInRole::Editor).await;
    ada.replace(&flag_id, "production", &[allocation("everybody", "on", &json!([]))]).await.expect(409);
}

#[tokio::test]
async fn a_rejected_suggestion_is_done_with_and_its_comments_stay() {
    let app = TestApp::new().await;
    let flag_id = protected(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let id = suggest_on(&ada, &flag_id).await;
    let comments = format!("/api/v1/suggestions/{id}/comments");
    ben.call("POST", &comments, Some(json!({"text": "Why now?"}))).await.expect(201);
    ben.call("POST", &comments, Some(json!({"text": " "}))).await.expect(400);
    let rejected =
        decide(&ben, &id, "reject", json!({"comment": "After the freeze"})).await.expect(200).json();
    let attributes = &rejected["data"]["attributes"];
    assert_eq!(attributes["current_status"], "rejected");
    let texts: Vec<&str> =
        attributes["comments"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Why now?", "After the freeze"]);
    decide(&ben, &id, "approve", json!({})).await.expect(409);
    assert_eq!(pending(&ada, &flag_id).await, Value::Null);
}

#[tokio::test]
async fn changes_can_be_suggested_outright_and_are_read_from_their_texts() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag_id =
        admin.enabled_flag("dark-mode", "STRING", &[("off", "OFF"), ("on", "ON")], "production").await;
    let flag = admin.get(&format!("/api/v2/feature-flags/{flag_id}")).await.json();
    let on = flag["data"]["attributes"]["variants"][1]["id"].as_str().unwrap().to_owned();
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let production = app.environment_id("production").to_owned();
    let suggest = |attributes: Value| {
        let mut attributes = attributes;
        attributes["notification_rule_targets"] = json!(["@slack-flags"]);
        let body = json!({"data": {"type": "flag-suggestions", "attributes": attributes}});
        let (ada, path) = (&ada, format!("/api/v2/feature-flags/{flag_id}/suggestions"));
        async move { ada.call("POST", &path, Some(body)).await }
    };
    let by_id = json!({"action": "updated", "property": "OVERRIDE_VARIANT", "environment_id": production, "suggestion": on});
    let made = suggest(by_id).await.expect(201).json();
    assert_eq!(made["data"]["attributes"]["suggestion"], json!(on));
    assert_eq!(made["data"]["attributes"]["notification_rule_targets"], json!(["@slack-flags"]));
    assert_eq!(served(&app).await, "OFF", "it waits although no approval is required here");
    decide(&ben, made["data"]["id"].as_str().unwrap(), "approve", json!({})).await.expect(200);
    assert_eq!(served(&app).await, "ON");
    for (attributes, expected) in [
        (json!({"action": "updated", "property": "FLAG_NAME", "suggestion": "Night mode"}), "Night mode"),
        (json!({"action": "archived", "property": "FLAG"}), "ARCHIVED"),
        (
            json!({"action": "updated", "property": "VARIANT_VALUE", "suggestion": "1", "suggestion_metadata": {"variant_id": on}}),
            "1",
        ),
        (
            json!({"action": "updated", "property": "ENVIRONMENT_STATUS", "suggestion": "DISABLED", "environment_id": production}),
            "DISABLED",
        ),
    ] {
        let made = suggest(attributes).await.expect(201).json();
        assert_eq!(made["data"]["attributes"]["suggestion"], expected);
    }
    for (attributes, pointer) in [
        (json!({"action": "updated", "property": "NOTHING"}), "/data/attributes/property"),
        (json!({"action": "archived", "property": "ROLLOUT"}), "/data/attributes/action"),
        (
            json!({"action": "started", "property": "ROLLOUT", "environment_id": production,
                "suggestion": "00000000-0000-0000-0000-000000000001"}),
            "/data/attributes/suggestion",
        ),
        (
            json!({"action": "updated", "property": "ENVIRONMENT_STATUS", "suggestion": "ENABLED"}),
            "/data/attributes/environment_id",
        ),
        (
            json!({"action": "updated", "property": "ALLOCATIONS", "suggestion": "{}", "environment_id": production}),
            "/data/attributes/suggestion",
        ),
        (
            json!({"action": "updated", "property": "VARIANT_NAME", "suggestion": "x"}),
            "/data/attributes/suggestion_metadata/variant_id",
        ),
    ] {
        let refused = suggest(attributes).await.expect(400);
        assert!(refused.text.contains(pointer), "{pointer} in {}", refused.text);
    }
}

#[tokio::test]
async fn protection_is_only_weakened_by_those_who_may_override_it() {
    let app = TestApp::new().await;
    protected(&app).await;
    let admin = app.admin();
    let scopes =
        flaghoist_model::access::PermissionSet::all().without(flaghoist_model::access::PermissionSet::of(&[
            flaghoist_model::access::Permission::FeatureFlagApprovalsOverride,
        ]));
    let role = flaghoist_model::access::RoleRef::BuiltIn(BuiltInRole::Admin);
    let keeper = app.somebody_with(role, Some(scopes)).await;
    let path = format!("/api/v2/feature-flags/environments/{}", app.environment_id("production"));
    for attributes in [
        json!({"require_feature_flag_approval": false}),
        json!({"is_production": false}),
        json!({"queries": ["production"]}),
    ] {
        let body = json!({"data": {"type": "environments", "attributes": attributes}});
        keeper.call("PUT", &path, Some(body)).await.expect(403);
    }
    keeper.call("DELETE", &path, None).await.expect(403);
    let body =
        json!({"data": {"type": "environments", "attributes": {"queries": ["prod", "production", "live"]}}});
    keeper.call("PUT", &path, Some(body)).await.expect(200);
    admin.call("DELETE", &path, None).await.expect(204);
}
