//! Restriction policies and the teams they name.

use crate::app::{Answer, Caller, TestApp, allocation};
use flaghoist_model::access::{BuiltInRole, Permission, PermissionSet, RoleRef};
use serde_json::{Value, json};

async fn flag(app: &TestApp) -> String {
    app.admin().enabled_flag("dark-mode", "STRING", &[("off", "OFF"), ("on", "ON")], "production").await
}

async fn save(caller: &Caller<'_>, flag_id: &str, bindings: Value, query: &str) -> Answer {
    let resource = format!("feature-flag:{flag_id}");
    let body =
        json!({"data": {"id": resource, "type": "restriction_policy", "attributes": {"bindings": bindings}}});
    caller.call("POST", &format!("/api/v2/restriction_policy/{resource}{query}"), Some(body)).await
}

async fn rename(caller: &Caller<'_>, flag_id: &str) -> Answer {
    let body = json!({"data": {"type": "feature-flags", "attributes": {"name": "Renamed"}}});
    caller.call("PUT", &format!("/api/v2/feature-flags/{flag_id}"), Some(body)).await
}

async fn retarget(caller: &Caller<'_>, flag_id: &str) -> Answer {
    caller.replace(flag_id, "production", &[allocation("all", "on", &json!([]))]).await
}

#[tokio::test]
async fn a_policy_lets_contributors_retarget_and_editors_do_everything() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    let (ada, ben, eve) = (
        app.somebody(BuiltInRole::Editor).await,
        app.somebody(BuiltInRole::Editor).await,
        app.somebody(BuiltInRole::Editor).await,
    );
    let path = format!("/api/v2/restriction_policy/feature-flag:{flag_id}");
    ada.get(&path).await.expect(404);
    let team = json!({"data": {"type": "team", "attributes": {"handle": "core", "name": "Core"}}});
    let team =
        app.admin().call("POST", "/api/v2/team", Some(team)).await.expect(201).json()["data"]["id"].clone();
    let bindings = json!([
        {"relation": "editor", "principals": [format!("user:{}", ada.user_id)]},
        {"relation": "contributor", "principals": [format!("team:{}", team.as_str().unwrap())]},
        {"relation": "viewer", "principals": [format!("org:{}", app.first.project_id)]},
    ]);
    let saved = save(&ada, &flag_id, bindings.clone(), "").await.expect(200).json();
    assert_eq!(saved["data"]["attributes"]["bindings"], bindings);
    assert_eq!(ada.get(&path).await.expect(200).json(), saved);
    let refused = retarget(&ben, &flag_id).await.expect(403).json();
    let expected =
        format!("feature-flag permission for contributing to feature flag {flag_id}: permission denied");
    assert_eq!(refused["errors"], json!([expected]));
    let memberships = format!("/api/v2/team/{}/memberships", team.as_str().unwrap());
    let joins = json!({"data": {"type": "team_memberships",
        "relationships": {"user": {"data": {"type": "users", "id": ben.user_id}}}}});
    app.admin().call("POST", &memberships, Some(joins.clone())).await.expect(200);
    app.admin().call("POST", &memberships, Some(joins)).await.expect(409);
    retarget(&ben, &flag_id).await.expect(200);
    let refused = rename(&ben, &flag_id).await.expect(403).json();
    let expected = format!("feature-flag permission for modifying feature flag {flag_id}: permission denied");
    assert_eq!(refused["errors"], json!([expected]));
    retarget(&eve, &flag_id).await.expect(403);
    eve.get(&format!("/api/v2/feature-flags/{flag_id}")).await.expect(200);
    rename(&ada, &flag_id).await.expect(200);
    save(&ben, &flag_id, bindings, "").await.expect(403);
    app.admin().call("DELETE", &format!("/api/v2/team/{}", team.as_str().unwrap()), None).await.expect(409);
    app.admin().call("DELETE", &format!("{memberships}/{}", ben.user_id), None).await.expect(204);
    retarget(&ben, &flag_id).await.expect(403);
    ada.call("DELETE", &path, None).await.expect(204);
    retarget(&eve, &flag_id).await.expect(200);
}

#[tokio::test]
async fn a_policy_is_no_way_to_lock_oneself_out_unless_one_says_so() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    let (ada, ben) = (app.somebody(BuiltInRole::Editor).await, app.somebody(BuiltInRole::Editor).await);
    let for_ben = json!([{"relation": "editor", "principals": [format!("user:{}", ben.user_id)]}]);
    let refused = save(&ada, &flag_id, for_ben.clone(), "").await.expect(400).json();
    assert!(refused["errors"][0].as_str().unwrap().starts_with("/data/attributes/bindings: "));
    save(&ada, &flag_id, for_ben.clone(), "?allow_self_lockout=False").await.expect(400);
    save(&ada, &flag_id, for_ben, "?allow_self_lockout=true").await.expect(200);
    rename(&ada, &flag_id).await.expect(403);
    app.admin().call("DELETE", &format!("/api/v1/users/{}", ben.user_id), None).await.expect(204);
    rename(&app.admin(), &flag_id).await.expect(403);
    let for_roles = json!([{"relation": "editor", "principals": ["role:editor", "role:admin"]}]);
    save(&ada, &flag_id, for_roles.clone(), "").await.expect(403);
    save(&app.admin(), &flag_id, for_roles, "").await.expect(200);
    rename(&ada, &flag_id).await.expect(200);
}

#[tokio::test]
async fn every_fault_of_a_policy_is_named() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    let stranger = app.other_project().await.get("/api/v1/me").await.json()["project_id"].clone();
    let bindings = json!([
        {"relation": "owner", "principals": ["role:admin"]},
        {"relation": "editor", "principals": ["admin", format!("org:{}", stranger.as_str().unwrap())]},
        {"relation": "viewer", "principals": ["role:admin"]},
        {"principals": "role:admin"},
    ]);
    let refused = save(&app.admin(), &flag_id, bindings, "").await.expect(400).json();
    let places: Vec<&str> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error.as_str().unwrap().split_once(": ").unwrap().0)
        .collect();
    let place = |rest: &str| format!("/data/attributes/bindings/{rest}");
    assert_eq!(
        places,
        [
            place("3/relation"),
            place("3/principals"),
            place("0/relation"),
            place("1/principals/0"),
            place("1/principals/1"),
            place("2/principals/0")
        ]
    );
    app.admin().get("/api/v2/restriction_policy/dashboard:abc").await.expect(404);
}

#[tokio::test]
async fn who_approves_must_be_let_change_the_flag() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    let path = format!("/api/v2/feature-flags/environments/{}", app.environment_id("production"));
    let protected =
        json!({"data": {"type": "environments", "attributes": {"require_feature_flag_approval": true}}});
    app.admin().call("PUT", &path, Some(protected)).await.expect(200);
    let (ada, ben, eve) = (
        app.somebody(BuiltInRole::Editor).await,
        app.somebody(BuiltInRole::Editor).await,
        app.somebody(BuiltInRole::Editor).await,
    );
    let users = [format!("user:{}", ada.user_id), format!("user:{}", ben.user_id)];
    save(&ada, &flag_id, json!([{"relation": "editor", "principals": users}]), "").await.expect(200);
    retarget(&ada, &flag_id).await.expect(202);
    let open = ada.get("/api/v2/feature-flags/suggestions?is_open=true").await.expect(200).json();
    let approve =
        format!("/api/v2/feature-flags/suggestions/{}/approve", open["data"][0]["id"].as_str().unwrap());
    eve.call("POST", &approve, None).await.expect(403);
    app.somebody(BuiltInRole::Admin).await.call("POST", &approve, None).await.expect(403);
    ben.call("POST", &approve, None).await.expect(200);
}

#[tokio::test]
async fn the_current_user_belongs_to_an_organisation_that_policies_can_name() {
    let app = TestApp::new().await;
    let flag_id = flag(&app).await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    let me = ada.get("/api/v2/current_user").await.expect(200).json();
    assert_eq!((&me["data"]["id"], &me["data"]["type"]), (&json!(ada.user_id), &json!("users")));
    let org = me["data"]["relationships"]["org"]["data"]["id"].as_str().unwrap();
    save(&ada, &flag_id, json!([{"relation": "editor", "principals": [format!("org:{org}")]}]), "")
        .await
        .expect(200);
    rename(&app.somebody(BuiltInRole::Editor).await, &flag_id).await.expect(200);
}

#[tokio::test]
async fn teams_are_listed_by_pages_and_found_by_their_names() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for number in 0..12 {
        let body = json!({"handle": format!("team-{number:02}"), "name": format!("Team {number}")});
        admin.call("POST", "/api/v1/teams", Some(body)).await.expect(201);
    }
    let handles = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap().iter();
        data.map(|team| team["attributes"]["handle"].as_str().unwrap().to_owned()).collect()
    };
    let first = admin.get("/api/v2/team").await.expect(200).json();
    assert_eq!((handles(&first).len(), &first["meta"]["pagination"]["total"]), (10, &json!(12)));
    let second = admin.get("/api/v2/team?page[size]=5&page[number]=2").await.expect(200).json();
    assert_eq!(handles(&second), ["team-10", "team-11"]);
    let found = admin.get("/api/v2/team?filter[keyword]=TEAM%2011").await.expect(200).json();
    assert_eq!(handles(&found), ["team-11"]);
    admin.get("/api/v2/team?page[size]=0").await.expect(400);
    let taken = json!({"handle": "team-01", "name": "Again"});
    let taken = admin.call("POST", "/api/v1/teams", Some(taken)).await.expect(409).json();
    assert_eq!(taken["errors"][0]["pointer"], "/handle");
    let without = app
        .somebody_with(
            RoleRef::BuiltIn(BuiltInRole::Admin),
            Some(PermissionSet::all().without(PermissionSet::of(&[Permission::TeamsRead]))),
        )
        .await;
    without.get("/api/v2/team").await.expect(403);
}
