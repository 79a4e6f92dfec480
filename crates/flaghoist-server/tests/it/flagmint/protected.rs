//! Segments where flags are protected: what was approved is what is served, whatever was changed meanwhile.

use super::Flagmint;
use crate::app::{Answer, Caller, TestApp};
use flaghoist_model::access::BuiltInRole;
use serde_json::{Value, json};

/// A protected environment, with a flag and a segment of those who pay.
struct World<'a> {
    app: &'a TestApp,
    admin: Flagmint<'a>,
    flag: Value,
    segment: Value,
}

fn pays(plan: &str) -> Value {
    json!([{"attribute": "plan", "operator": "eq", "value": plan}])
}

impl<'a> World<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let admin = Flagmint::admin(app);
        let flag = admin.flag("Checkout", "boolean").await;
        let segment = json!({"name": "Customers", "rules": pays("pro")});
        let segment = admin.data("POST", "/segments", Some(segment), 201).await;
        Self { app, admin, flag, segment }
    }

    async fn protect(&self) {
        let path = format!("/api/v2/feature-flags/environments/{}", self.admin.environment);
        let attributes = json!({"require_feature_flag_approval": true});
        let body = json!({"data": {"type": "environments", "attributes": attributes}});
        self.app.admin().call("PUT", &path, Some(body)).await.expect(200);
    }

    /// A rule that serves `variation` to the segment.
    async fn rule(&self, segment: &Value, variation: &str) -> Value {
        let variation = self.admin.variation(&self.flag, variation).await;
        json!({"kind": "segment", "segment_id": segment["id"], "variation_id": variation})
    }

    fn rules(&self) -> String {
        self.admin.of_flag(&self.flag, "targeting-rules")
    }

    fn segment_path(&self) -> String {
        format!("/segments/{}", self.segment["id"].as_str().unwrap())
    }

    async fn free(&self) -> Value {
        self.admin.evaluate(json!({"kind": "user", "plan": "free"})).await["checkout"].take()
    }

    /// Approves the suggestion that was made last, which applies it.
    async fn approve(&self, approver: &Caller<'_>) -> Answer {
        let open = self.app.admin().get("/api/v2/feature-flags/suggestions").await.expect(200).json();
        let id = open["data"][0]["id"].as_str().unwrap();
        let event = json!({"data": {"type": "flag-suggestion-events", "attributes": {}}});
        let path = format!("/api/v2/feature-flags/suggestions/{id}/approve");
        approver.call("POST", &path, Some(event)).await
    }
}

#[tokio::test]
async fn a_change_of_a_segment_waits_where_a_flag_that_uses_it_is_protected() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let rule = world.rule(&world.segment, "true").await;
    world.admin.data("POST", &world.rules(), Some(rule), 201).await;
    world.protect().await;
    let (editor, approver) =
        (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let by_editor = Flagmint::with_key(&app, &editor.key);
    by_editor.data("PUT", &world.segment_path(), Some(json!({"name": "Our customers"})), 200).await;
    let waits = by_editor.call("PUT", &world.segment_path(), Some(json!({"rules": pays("free")})), 202).await;
    assert!(waits["message"].as_str().unwrap().contains("waits for an approval"), "{waits}");
    assert_eq!(waits["data"]["rules"][0]["value"], "pro");
    assert_eq!(world.free().await, false);
    let open = app.admin().get("/api/v2/feature-flags/suggestions").await.expect(200).json();
    assert_eq!(open["data"][0]["attributes"]["property"], "SAVED_FILTER");
    world.approve(&editor).await.expect(403);
    world.approve(&approver).await.expect(200);
    assert_eq!(world.free().await, true);
}

#[tokio::test]
async fn rules_wait_and_a_flag_that_would_be_active_from_the_start_is_not() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    world.protect().await;
    let editor = app.somebody(BuiltInRole::Editor).await;
    let by_editor = Flagmint::with_key(&app, &editor.key);
    let rule = json!({"kind": "custom", "conditions": [{"attribute": "a", "operator": "exists"}]});
    by_editor.call("POST", &world.rules(), Some(rule), 202).await;
    let made = by_editor.call("POST", "/flags", Some(json!({"name": "Later", "type": "boolean"})), 201).await;
    assert!(made["message"].as_str().unwrap().contains("waits for approvals"), "{made}");
    let environments = made["data"]["environments"].as_array().unwrap();
    let there = environments.iter().find(|one| one["environment_id"] == json!(by_editor.environment));
    assert_eq!(there.unwrap()["is_active"], false);
}

#[tokio::test]
async fn a_rule_is_not_applied_with_another_segment_than_the_one_that_was_seen() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    world.protect().await;
    let (editor, approver) =
        (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let by_editor = Flagmint::with_key(&app, &editor.key);
    by_editor.call("POST", &world.rules(), Some(world.rule(&world.segment, "true").await), 202).await;
    // Nothing uses the segment yet, so that its change waits for nobody.
    by_editor.data("PUT", &world.segment_path(), Some(json!({"force": true})), 200).await;
    let refused = world.approve(&approver).await.expect(409).json();
    assert!(refused.to_string().contains("/saved_filters/customers"), "{refused}");
    assert_eq!(world.free().await, false);

    by_editor.data("PUT", &world.segment_path(), Some(json!({"force": false})), 200).await;
    world.approve(&approver).await.expect(200);
    assert_eq!(world.free().await, false);
    let pro = world.admin.evaluate(json!({"kind": "user", "plan": "pro"})).await;
    assert_eq!(pro["checkout"], true);
}

#[tokio::test]
async fn a_change_of_a_segment_is_not_applied_to_flags_that_serve_something_else_by_then() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let rule = world.rule(&world.segment, "false").await;
    let rule = world.admin.data("POST", &world.rules(), Some(rule), 201).await;
    world.protect().await;
    let (editor, approver) =
        (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let by_editor = Flagmint::with_key(&app, &editor.key);
    by_editor.call("PUT", &world.segment_path(), Some(json!({"force": true})), 202).await;
    // The administrator may do without an approval.
    let path = format!("{}/{}", world.rules(), rule["id"].as_str().unwrap());
    let on = json!({"variation_id": world.admin.variation(&world.flag, "true").await});
    world.admin.data("PUT", &path, Some(on), 200).await;
    let refused = world.approve(&approver).await.expect(409).json();
    assert!(refused.to_string().contains("/used_in/"), "{refused}");
    assert_eq!(world.free().await, false);
}

#[tokio::test]
async fn changes_of_two_segments_of_one_flag_wait_side_by_side_and_keep_what_is_changed_beside_them() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let other = json!({"name": "Trials", "rules": pays("trial")});
    let other = world.admin.data("POST", "/segments", Some(other), 201).await;
    for segment in [&world.segment, &other] {
        let rule = world.rule(segment, "true").await;
        world.admin.data("POST", &world.rules(), Some(rule), 201).await;
    }
    world.protect().await;
    let (editor, approver) =
        (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let by_editor = Flagmint::with_key(&app, &editor.key);
    let path = format!("/segments/{}", other["id"].as_str().unwrap());
    by_editor.call("PUT", &path, Some(json!({"rules": pays("test")})), 202).await;
    by_editor.call("PUT", &world.segment_path(), Some(json!({"rules": pays("free")})), 202).await;
    let names = json!({"name": "Everybody we like", "description": "For a while"});
    by_editor.data("PUT", &world.segment_path(), Some(names), 200).await;
    world.approve(&approver).await.expect(200);
    assert_eq!(world.free().await, true);
    let after = world.admin.data("GET", &world.segment_path(), None, 200).await;
    assert_eq!((&after["name"], &after["rules"][0]["value"]), (&json!("Everybody we like"), &json!("free")));
    assert_eq!(after["description"], "For a while");
}

#[tokio::test]
async fn whoever_approves_a_change_of_a_segment_must_be_let_change_every_flag_that_uses_it() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let secret = world.admin.flag("Secret", "boolean").await;
    for flag in [&world.flag, &secret] {
        let variation = world.admin.variation(flag, "true").await;
        let rule = json!({"kind": "segment", "segment_id": world.segment["id"], "variation_id": variation});
        world.admin.data("POST", &world.admin.of_flag(flag, "targeting-rules"), Some(rule), 201).await;
    }
    world.protect().await;
    let (editor, approver) =
        (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let by_editor = Flagmint::with_key(&app, &editor.key);
    by_editor.call("PUT", &world.segment_path(), Some(json!({"rules": pays("free")})), 202).await;
    for flag in [&world.flag, &secret] {
        let resource = format!("feature-flag:{}", flag["id"].as_str().unwrap());
        let restrict = async |principals: Value| {
            let bindings = json!([{"relation": "editor", "principals": principals}]);
            let body = json!({"data": {"id": resource, "type": "restriction_policy",
                "attributes": {"bindings": bindings}}});
            let path = format!("/api/v2/restriction_policy/{resource}?allow_self_lockout=true");
            app.admin().call("POST", &path, Some(body)).await.expect(200);
        };
        restrict(json!([format!("user:{}", editor.user_id)])).await;
        world.approve(&approver).await.expect(403);
        restrict(json!([format!("user:{}", editor.user_id), format!("user:{}", approver.user_id)])).await;
    }
    world.approve(&approver).await.expect(200);
    assert_eq!(world.free().await, true);
}
