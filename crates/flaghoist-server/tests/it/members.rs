//! Members and roles: nobody gives more than they have.

use crate::app::{Caller, TestApp};
use flaghoist_model::access::{BuiltInRole, Permission, PermissionSet, RoleRef};
use serde_json::{Value, json};

async fn add(caller: &Caller<'_>, body: Value) -> crate::app::Answer {
    caller.call("POST", "/api/v1/users", Some(body)).await
}

/// Somebody who may do everything but one thing.
async fn all_but(app: &TestApp, permission: Permission) -> Caller<'_> {
    let set = PermissionSet::all().without(PermissionSet::of(&[permission]));
    app.somebody_with(RoleRef::BuiltIn(BuiltInRole::Admin), Some(set)).await
}

#[tokio::test]
async fn a_new_person_gets_a_password_that_is_shown_once() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let added =
        add(&admin, json!({"email": "Ada@example.com", "name": "Ada", "role": "editor"})).await.expect(201);
    let added = added.json();
    assert_eq!((&added["email"], &added["kind"]), (&json!("ada@example.com"), &json!("person")));
    let password = added["initial_password"].as_str().unwrap();
    assert_eq!(password.len(), 64);
    let listed = admin.get("/api/v1/users").await.expect(200);
    assert!(listed.text.contains("ada@example.com") && !listed.text.contains(password));
    let shown =
        admin.get(&format!("/api/v1/users/{}", added["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(shown["has_password"], json!(true));
    add(&admin, json!({"email": "ada@example.com", "role": "viewer"})).await.expect(409);
}

#[tokio::test]
async fn every_fault_of_a_new_member_is_named() {
    let app = TestApp::new().await;
    let wrong =
        json!({"email": "nowhere", "kind": "robot", "role": "boss", "password": "short", "name": " x"});
    let refused = add(&app.admin(), wrong).await.expect(400).json();
    let pointers: Vec<&str> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/kind", "/role", "/name", "/email", "/password"]);
    assert!(!refused.to_string().contains("short"), "a password is never repeated");
    let unknown = json!({"email": "ada@example.com", "role": "0b7c2a34-90ab-7cde-8f01-23456789abcd"});
    assert_eq!(add(&app.admin(), unknown).await.expect(400).json()["errors"][0]["pointer"], "/role");
}

#[tokio::test]
async fn nobody_adds_somebody_who_may_do_more_than_themself() {
    let app = TestApp::new().await;
    let caller = all_but(&app, Permission::WebhooksWrite).await;
    let refused = add(&caller, json!({"email": "ada@example.com", "role": "admin"})).await.expect(403).json();
    assert!(refused["detail"].as_str().unwrap().contains("webhooks_write"));
    add(&caller, json!({"email": "ada@example.com", "role": "editor"})).await.expect(201);
}

#[tokio::test]
async fn who_may_not_override_approvals_cannot_make_an_approver_by_any_way() {
    let app = TestApp::new().await;
    let robot = json!({"name": "Robot", "kind": "service_account", "role": "editor"});
    let robot = add(&app.admin(), robot).await.expect(201).json();
    let editor =
        add(&app.admin(), json!({"email": "ben@example.com", "role": "editor"})).await.expect(201).json();
    let viewer =
        add(&app.admin(), json!({"email": "eve@example.com", "role": "viewer"})).await.expect(201).json();
    let caller = all_but(&app, Permission::FeatureFlagApprovalsOverride).await;
    let user = |user: &Value| format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    let watcher = json!({"name": "Watcher", "permissions": ["users_read"]});
    let watcher = caller.call("POST", "/api/v1/roles", Some(watcher)).await.expect(201).json();
    let watcher = format!("/api/v1/roles/{}", watcher["id"].as_str().unwrap());
    let ways = [
        ("POST", "/api/v1/users".to_owned(), json!({"email": "mine@example.com", "role": "editor"})),
        (
            "POST",
            "/api/v1/roles".to_owned(),
            json!({"name": "Mine", "permissions": ["feature_flag_config_write"]}),
        ),
        ("PATCH", watcher, json!({"permissions": ["feature_flag_config_write"]})),
        ("PATCH", user(&viewer), json!({"role": "editor"})),
        ("PATCH", user(&editor), json!({"password": "known to me, not them"})),
        (
            "POST",
            "/api/v1/keys".to_owned(),
            json!({"kind": "application_key", "user_id": robot["id"], "name": "x"}),
        ),
    ];
    for (method, path, body) in ways {
        let refused = caller.call(method, &path, Some(body)).await;
        assert_eq!(refused.status.as_u16(), 403, "{method} {path}: {}", refused.text);
        assert!(
            refused.text.contains("feature_flag_approvals_override"),
            "{method} {path}: {}",
            refused.text
        );
    }
    let harmless = json!({"kind": "application_key", "user_id": robot["id"], "name": "x",
        "scopes": ["feature_flag_config_read"]});
    caller.call("POST", "/api/v1/keys", Some(harmless)).await.expect(201);
}

#[tokio::test]
async fn nobody_touches_somebody_who_may_do_more() {
    let app = TestApp::new().await;
    let strong =
        add(&app.admin(), json!({"email": "boss@example.com", "role": "admin"})).await.expect(201).json();
    let path = format!("/api/v1/users/{}", strong["id"].as_str().unwrap());
    let caller = all_but(&app, Permission::WebhooksRead).await;
    for body in
        [json!({"role": "viewer"}), json!({"disabled": true}), json!({"password": "known to me, not them"})]
    {
        caller.call("PATCH", &path, Some(body)).await.expect(403);
    }
    caller.call("DELETE", &path, None).await.expect(403);
}

#[tokio::test]
async fn a_project_keeps_an_administrator_and_nobody_changes_their_own_role() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let me = admin.get("/api/v1/me").await.expect(200).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/users/{me}");
    admin.call("PATCH", &path, Some(json!({"role": "viewer"}))).await.expect(403);
    admin.call("PATCH", &path, Some(json!({"disabled": true}))).await.expect(403);
    admin.call("DELETE", &path, None).await.expect(409);
    let second = app.somebody(BuiltInRole::Admin).await;
    admin.call("DELETE", &path, None).await.expect(204);
    admin.get("/api/v1/me").await.expect(401);
    let last = format!("/api/v1/users/{}", second.user_id);
    second.call("DELETE", &last, None).await.expect(409);
}

#[tokio::test]
async fn a_member_who_leaves_takes_keys_and_places_in_teams_along() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let ada = app.somebody(BuiltInRole::Editor).await;
    let team = json!({"handle": "core", "name": "Core", "member_ids": [ada.user_id]});
    let team = admin.call("POST", "/api/v1/teams", Some(team)).await.expect(201).json();
    ada.get("/api/v1/me").await.expect(200);
    admin.call("DELETE", &format!("/api/v1/users/{}", ada.user_id), None).await.expect(204);
    ada.get("/api/v1/me").await.expect(401);
    let keys = admin.get("/api/v1/keys").await.expect(200);
    assert!(!keys.text.contains(&ada.user_id));
    let team = admin.get(&format!("/api/v1/teams/{}", team["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(team["member_ids"], json!([]));
    let again = json!({"email": format!("{}@example.com", ada.user_id), "role": "viewer"});
    add(&admin, again).await.expect(201);
    ada.get("/api/v1/me").await.expect(401);
}

#[tokio::test]
async fn what_counts_everywhere_is_changed_by_who_administers_everything() {
    let app = TestApp::new().await;
    let foreign = app.other_project().await;
    let ada =
        add(&app.admin(), json!({"email": "ada@example.com", "role": "viewer"})).await.expect(201).json();
    add(&foreign, json!({"email": "ada@example.com", "role": "viewer"})).await.expect(201);
    add(&foreign, json!({"email": "eve@example.com", "role": "viewer", "name": "Eve"})).await.expect(201);
    let path = format!("/api/v1/users/{}", ada["id"].as_str().unwrap());
    // An administrator of this project who is none of the installation.
    let local = app.somebody(BuiltInRole::Admin).await;
    local.call("PATCH", &path, Some(json!({"role": "editor"}))).await.expect(200);
    for body in
        [json!({"disabled": true}), json!({"password": "known to me, not them"}), json!({"name": "Eve"})]
    {
        local.call("PATCH", &path, Some(body)).await.expect(403);
    }
    local.call("PATCH", &path, Some(json!({"is_installation_admin": true}))).await.expect(403);
    app.admin().call("PATCH", &path, Some(json!({"disabled": true}))).await.expect(200);
    let known = json!({"email": "eve@example.com", "role": "viewer"});
    add(&local, known.clone()).await.expect(403);
    let mut with_password = known.clone();
    with_password["password"] = json!("mine from now on");
    assert_eq!(
        add(&app.admin(), with_password).await.expect(400).json()["errors"][0]["pointer"],
        "/password"
    );
    add(&app.admin(), known).await.expect(201);
    local.call("POST", "/api/v1/projects", Some(json!({"name": "Mine"}))).await.expect(403);
}

#[tokio::test]
async fn who_administers_the_installation_is_touched_by_their_like_only() {
    let app = TestApp::new().await;
    let me = app.admin().get("/api/v1/me").await.expect(200).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/users/{me}");
    let local = app.somebody(BuiltInRole::Admin).await;
    for body in
        [json!({"role": "viewer"}), json!({"password": "known to me, not them"}), json!({"disabled": true})]
    {
        local.call("PATCH", &path, Some(body)).await.expect(403);
    }
    local.call("DELETE", &path, None).await.expect(403);
    app.admin().call("PATCH", &path, Some(json!({"is_installation_admin": false}))).await.expect(403);
    let robot = json!({"name": "Robot", "kind": "service_account", "role": "admin"});
    let robot = add(&app.admin(), robot).await.expect(201).json();
    let robot = format!("/api/v1/users/{}", robot["id"].as_str().unwrap());
    let raised = app.admin().call("PATCH", &robot, Some(json!({"is_installation_admin": true}))).await;
    assert_eq!(raised.expect(400).json()["errors"][0]["pointer"], "/is_installation_admin");
}

#[tokio::test]
async fn a_custom_role_counts_at_once_and_is_kept_while_somebody_has_it() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let names = json!(["feature_flag_config_read", "feature_flag_environment_config_read"]);
    let role = json!({"name": "Watcher", "permissions": names});
    let role = admin.call("POST", "/api/v1/roles", Some(role)).await.expect(201).json();
    let role_id = role["id"].as_str().unwrap();
    let path = format!("/api/v1/roles/{role_id}");
    let ada = app.somebody_with(RoleRef::Custom(role_id.parse().unwrap()), None).await;
    ada.get("/api/v2/feature-flags").await.expect(200);
    ada.get("/api/v1/users").await.expect(403);
    admin.call("PATCH", &path, Some(json!({"permissions": ["users_read"]}))).await.expect(200);
    ada.get("/api/v2/feature-flags").await.expect(403);
    ada.get("/api/v1/users").await.expect(200);
    admin.call("DELETE", &path, None).await.expect(409);
    let member = format!("/api/v1/users/{}", ada.user_id);
    admin.call("PATCH", &member, Some(json!({"role": "viewer"}))).await.expect(200);
    admin.call("DELETE", &path, None).await.expect(204);
    admin.get(&path).await.expect(404);
    let taken = json!({"name": "Admin", "permissions": ["everything"]});
    let refused = admin.call("POST", "/api/v1/roles", Some(taken)).await.expect(400).json();
    assert_eq!(refused["errors"].as_array().unwrap().len(), 2);
    let roles = admin.get("/api/v1/roles").await.expect(200).json();
    let ids: Vec<&Value> = roles["roles"].as_array().unwrap().iter().map(|role| &role["id"]).collect();
    assert_eq!(ids, ["viewer", "editor", "admin"]);
}
