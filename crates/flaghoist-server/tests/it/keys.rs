//! Keys: shown once, narrowed, revoked at once.

use crate::app::TestApp;
use flaghoist_model::access::{BuiltInRole, Permission, PermissionSet, RoleRef};
use serde_json::{Value, json};

#[tokio::test]
async fn a_key_shows_its_secret_once_and_is_revoked_at_once() {
    let app = TestApp::new().await;
    let ada = app.somebody(BuiltInRole::Viewer).await;
    let made = ada.call("POST", "/api/v1/me/keys", Some(json!({"name": "Laptop"}))).await.expect(201).json();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("fhp_") && secret.ends_with(made["secret_end"].as_str().unwrap()));
    let bearer = format!("Bearer {secret}");
    let by_it = async || app.send("GET", "/api/v1/me", &[("authorization", &bearer)], None).await;
    assert_eq!(by_it().await.expect(200).json()["id"], json!(ada.user_id));
    let listed = ada.get("/api/v1/me/keys").await.expect(200);
    assert!(!listed.text.contains(&secret));
    let names: Vec<Value> =
        listed.json()["keys"].as_array().unwrap().iter().map(|key| key["name"].clone()).collect();
    assert_eq!(names, [json!(format!("Key of {}", ada.user_id)), json!("Laptop")]);
    let path = format!("/api/v1/me/keys/{}", made["id"].as_str().unwrap());
    ada.call("DELETE", &path, None).await.expect(204);
    by_it().await.expect(401);
    ada.call("DELETE", &path, None).await.expect(404);
}

#[tokio::test]
async fn keys_of_others_are_neither_seen_nor_revoked_as_ones_own() {
    let app = TestApp::new().await;
    let (ada, ben) = (app.somebody(BuiltInRole::Viewer).await, app.somebody(BuiltInRole::Viewer).await);
    let of_ben = ben.get("/api/v1/me/keys").await.expect(200).json()["keys"][0]["id"].clone();
    let id = of_ben.as_str().unwrap();
    assert!(!ada.get("/api/v1/me/keys").await.expect(200).text.contains(id));
    ada.call("DELETE", &format!("/api/v1/me/keys/{id}"), None).await.expect(404);
    app.admin().call("DELETE", &format!("/api/v1/keys/{id}"), None).await.expect(204);
    ben.get("/api/v1/me").await.expect(401);
}

#[tokio::test]
async fn a_narrowed_key_does_no_more_than_its_scopes_and_makes_no_stronger_one() {
    let app = TestApp::new().await;
    let scopes = [
        Permission::FeatureFlagConfigRead,
        Permission::FeatureFlagEnvironmentConfigRead,
        Permission::UserAppKeys,
    ];
    let admin = RoleRef::BuiltIn(BuiltInRole::Admin);
    let narrow = app.somebody_with(admin, Some(PermissionSet::of(&scopes))).await;
    narrow.get("/api/v2/feature-flags").await.expect(200);
    narrow.call("POST", "/api/v2/feature-flags", Some(json!({}))).await.expect(403);
    let wide = json!({"name": "Wider", "scopes": ["feature_flag_config_write"]});
    narrow.call("POST", "/api/v1/me/keys", Some(wide)).await.expect(403);
    let same = narrow.call("POST", "/api/v1/me/keys", Some(json!({"name": "Same"}))).await.expect(201).json();
    assert_eq!(
        same["scopes"],
        json!(["feature_flag_config_read", "feature_flag_environment_config_read", "user_app_keys"])
    );
    let narrower = json!({"name": "Narrower", "scopes": []});
    let narrower = narrow.call("POST", "/api/v1/me/keys", Some(narrower)).await.expect(201).json();
    let bearer = format!("Bearer {}", narrower["secret"].as_str().unwrap());
    app.send("GET", "/api/v1/me", &[("authorization", &bearer)], None).await.expect(200);
    app.send("GET", "/api/v2/feature-flags", &[("authorization", &bearer)], None).await.expect(403);
}

#[tokio::test]
async fn a_scope_gives_nothing_that_the_role_lacks() {
    let app = TestApp::new().await;
    let viewer = app.somebody(BuiltInRole::Viewer).await;
    let wish = json!({"name": "Wish", "scopes": ["feature_flag_config_write", "feature_flag_environment_config_read"]});
    let key = viewer.call("POST", "/api/v1/me/keys", Some(wish)).await.expect(201).json();
    let bearer = format!("Bearer {}", key["secret"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    app.send("POST", "/api/v2/feature-flags", &headers, Some(b"{}".to_vec())).await.expect(403);
}

#[tokio::test]
async fn keys_are_made_for_what_is_there_and_for_service_accounts() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let foreign = app.other_project().await;
    let stranger = foreign.get("/api/v1/me").await.expect(200).json()["id"].clone();
    let ada = app.somebody(BuiltInRole::Viewer).await;
    for (body, status, pointer) in [
        (json!({"kind": "master_key", "name": "x"}), 400, "/kind"),
        (json!({"kind": "api_key"}), 400, "/name"),
        (json!({"kind": "api_key", "name": "x", "scopes": []}), 400, "/scopes"),
        (json!({"kind": "application_key", "name": "x"}), 400, "/user_id"),
        (json!({"kind": "application_key", "name": "x", "user_id": ada.user_id}), 400, "/user_id"),
        (json!({"kind": "server_sdk_key", "name": "x"}), 400, "/environment_id"),
        (json!({"kind": "api_key", "name": "x", "expires_at": "tomorrow"}), 400, "/expires_at"),
        (json!({"kind": "api_key", "name": "x", "expires_at": "2020-01-01T00:00:00Z"}), 400, "/expires_at"),
    ] {
        let refused = admin.call("POST", "/api/v1/keys", Some(body.clone())).await.expect(status).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
    }
    // The administrator of the other project is a member here too: they made it.
    let of_me = json!({"kind": "application_key", "name": "x", "user_id": stranger});
    admin.call("POST", "/api/v1/keys", Some(of_me)).await.expect(201);
    let robot = json!({"name": "Elsewhere", "kind": "service_account", "role": "viewer"});
    let robot = foreign.call("POST", "/api/v1/users", Some(robot)).await.expect(201).json();
    let elsewhere = json!({"kind": "application_key", "name": "x", "user_id": robot["id"]});
    admin.call("POST", "/api/v1/keys", Some(elsewhere)).await.expect(400);
    let environment = foreign.get("/api/v2/feature-flags/environments").await.expect(200).json();
    let elsewhere =
        json!({"kind": "server_sdk_key", "name": "x", "environment_id": environment["data"][0]["id"]});
    admin.call("POST", "/api/v1/keys", Some(elsewhere)).await.expect(404);
}

#[tokio::test]
async fn a_revoked_sdk_key_reads_nothing_more() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let body =
        json!({"kind": "client_sdk_key", "name": "Shop", "environment_id": app.environment_id("production")});
    let key = admin.call("POST", "/api/v1/keys", Some(body)).await.expect(201).json();
    let secret = key["secret"].as_str().unwrap();
    assert!(secret.starts_with("ffc_"));
    let read = async || app.send("POST", "/ofrep/v1/evaluate/flags", &[("x-api-key", secret)], None).await;
    read().await.expect(200);
    admin.call("DELETE", &format!("/api/v1/keys/{}", key["id"].as_str().unwrap()), None).await.expect(204);
    read().await.expect(401);
}

#[tokio::test]
async fn the_history_tells_of_keys_without_their_secrets() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let key = admin.call("POST", "/api/v1/me/keys", Some(json!({"name": "Laptop"}))).await.expect(201).json();
    admin.call("DELETE", &format!("/api/v1/me/keys/{}", key["id"].as_str().unwrap()), None).await.expect(204);
    let history = admin.get("/api/v1/history?aggregate=credential&whole=true").await.expect(200);
    let actions: Vec<Value> =
        history.json()["data"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["credential_revoked", "credentials_created"]);
    assert!(history.text.contains("Laptop") && !history.text.contains(key["secret"].as_str().unwrap()));
    let viewer = app.somebody(BuiltInRole::Viewer).await;
    let seen = viewer.get("/api/v1/history?aggregate=credential").await.expect(200).json();
    assert_eq!(seen["data"], json!([]), "who may not see keys does not see changes of them");
}

#[tokio::test]
async fn a_key_that_ends_makes_none_that_outlives_it() {
    let app = TestApp::new().await;
    let ending = json!({"name": "Short", "expires_at": "2026-12-01T00:00:00Z"});
    let ending = app.admin().call("POST", "/api/v1/me/keys", Some(ending)).await.expect(201).json();
    let bearer = format!("Bearer {}", ending["secret"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let make = async |body: Value| {
        app.send("POST", "/api/v1/me/keys", &headers, Some(body.to_string().into_bytes())).await
    };
    make(json!({"name": "Longer", "expires_at": "2026-12-02T00:00:00Z"})).await.expect(403);
    let same = make(json!({"name": "Same"})).await.expect(201).json();
    assert_eq!(same["expires_at"], "2026-12-01T00:00:00Z");
}

#[tokio::test]
async fn who_cannot_read_flags_makes_no_key_that_does() {
    let app = TestApp::new().await;
    let admin = RoleRef::BuiltIn(BuiltInRole::Admin);
    let caller = app.somebody_with(admin, Some(PermissionSet::of(&[Permission::KeysWrite]))).await;
    let body =
        json!({"kind": "server_sdk_key", "name": "Mine", "environment_id": app.environment_id("production")});
    caller.call("POST", "/api/v1/keys", Some(body)).await.expect(403);
    let of_admin = app.admin().get("/api/v1/me/keys").await.expect(200).json()["keys"][0]["id"].clone();
    let path = format!("/api/v1/keys/{}", of_admin.as_str().unwrap());
    caller.call("DELETE", &path, None).await.expect(403);
    app.somebody(BuiltInRole::Admin).await.call("DELETE", &path, None).await.expect(403);
}

#[tokio::test]
async fn a_user_has_a_hundred_keys_at_most() {
    let app = TestApp::new().await;
    let ada = app.somebody(BuiltInRole::Viewer).await;
    for number in 1..100 {
        let body = json!({"name": format!("Key {number}")});
        ada.call("POST", "/api/v1/me/keys", Some(body)).await.expect(201);
    }
    ada.call("POST", "/api/v1/me/keys", Some(json!({"name": "One more"}))).await.expect(409);
}

#[tokio::test]
async fn a_key_that_is_revoked_while_its_request_runs_changes_nothing() {
    let app = TestApp::new().await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    let own = ada.get("/api/v1/me/keys").await.expect(200).json()["keys"][0]["id"].clone();
    let path = format!("/api/v1/keys/{}", own.as_str().unwrap());
    let slow = app.send_slowly("POST", "/api/v1/me/keys", ada.headers(), async {
        app.admin().call("DELETE", &path, None).await.expect(204);
        json!({"name": "Survivor"}).to_string()
    });
    slow.await.expect(401);
    assert!(!app.admin().get("/api/v1/keys").await.expect(200).text.contains("Survivor"));
}

#[tokio::test]
async fn a_role_that_is_taken_away_while_a_request_runs_counts() {
    let app = TestApp::new().await;
    let ada = app.somebody(BuiltInRole::Admin).await;
    let path = format!("/api/v1/users/{}", ada.user_id);
    let slow = app.send_slowly("POST", "/api/v1/users", ada.headers(), async {
        app.admin().call("PATCH", &path, Some(json!({"role": "viewer"}))).await.expect(200);
        json!({"email": "sock@example.com", "role": "editor"}).to_string()
    });
    slow.await.expect(403);
}
