use crate::app::{Answer, TestApp};
use jiff::SignedDuration;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// Adds a person with that role, and gives their id.
async fn person(app: &TestApp, email: &str, role: &str) -> String {
    let body = json!({"email": email, "role": role, "password": PASSWORD});
    let made = app.admin().call("POST", "/api/v1/users", Some(body)).await.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

async fn log_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    send(app, "POST", "/api/v1/session", &[], Some(body)).await
}

async fn token(app: &TestApp, email: &str) -> String {
    let answer = log_in(app, email, PASSWORD).await.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()["token"].as_str().unwrap().to_owned()
}

async fn send(
    app: &TestApp,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Answer {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    app.send(method, path, &all, body.map(|body| body.to_string().into_bytes())).await
}

async fn by_token(app: &TestApp, method: &str, path: &str, token: &str, body: Option<Value>) -> Answer {
    send(app, method, path, &[("authorization", &format!("Bearer {token}"))], body).await
}

#[tokio::test]
async fn a_person_logs_in_acts_and_logs_out() {
    let app = TestApp::new().await;
    let id = person(&app, "Ada@Example.com", "viewer").await;
    let token = token(&app, "ada@example.com").await;
    let me = by_token(&app, "GET", "/api/v1/me", &token, None).await.expect(200).json();
    assert_eq!(
        (&me["id"], &me["email"], &me["role"]),
        (&json!(id), &json!("ada@example.com"), &json!("viewer"))
    );
    assert_eq!(me["project_id"], json!(app.first.project_id));
    by_token(&app, "GET", "/api/v2/feature-flags", &token, None).await.expect(200);
    by_token(&app, "POST", "/api/v2/feature-flags", &token, Some(json!({}))).await.expect(403);
    by_token(&app, "DELETE", "/api/v1/session", &token, None).await.expect(204);
    by_token(&app, "GET", "/api/v1/me", &token, None).await.expect(401);
}

#[tokio::test]
async fn a_wrong_password_a_stranger_a_robot_and_somebody_shut_out_get_the_same_answer() {
    let app = TestApp::new().await;
    person(&app, "ada@example.com", "viewer").await;
    let ben = person(&app, "ben@example.com", "viewer").await;
    let shut_out = json!({"disabled": true});
    app.admin().call("PATCH", &format!("/api/v1/users/{ben}"), Some(shut_out)).await.expect(200);
    let robot =
        json!({"name": "Robot", "email": "robot@example.com", "kind": "service_account", "role": "viewer"});
    app.admin().call("POST", "/api/v1/users", Some(robot)).await.expect(201);
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.com", "wrong horse battery"),
        ("ada@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("ben@example.com", PASSWORD),
        ("robot@example.com", PASSWORD),
        ("no e-mail at all", PASSWORD),
    ] {
        answers.push(log_in(&app, email, password).await.expect(401).text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn a_log_in_is_over_after_twelve_hours() {
    let app = TestApp::new().await;
    person(&app, "ada@example.com", "viewer").await;
    let token = token(&app, "ada@example.com").await;
    app.clock().pass(SignedDuration::from_mins(12 * 60 - 1));
    by_token(&app, "GET", "/api/v1/me", &token, None).await.expect(200);
    app.clock().pass(SignedDuration::from_mins(1));
    by_token(&app, "GET", "/api/v1/me", &token, None).await.expect(401);
}

#[tokio::test]
async fn shutting_out_and_a_new_password_end_log_ins_and_keys_at_once() {
    let app = TestApp::new().await;
    let id = person(&app, "ada@example.com", "viewer").await;
    let path = format!("/api/v1/users/{id}");
    let first = token(&app, "ada@example.com").await;
    let key =
        by_token(&app, "POST", "/api/v1/me/keys", &first, Some(json!({"name": "Laptop"}))).await.expect(201);
    let key = key.json()["secret"].as_str().unwrap().to_owned();
    let new = json!({"password": "another horse battery"});
    app.admin().call("PATCH", &path, Some(new)).await.expect(200);
    by_token(&app, "GET", "/api/v1/me", &first, None).await.expect(401);
    log_in(&app, "ada@example.com", PASSWORD).await.expect(401);
    log_in(&app, "ada@example.com", "another horse battery").await.expect(201);
    by_token(&app, "GET", "/api/v1/me", &key, None).await.expect(200);
    app.admin().call("PATCH", &path, Some(json!({"disabled": true}))).await.expect(200);
    by_token(&app, "GET", "/api/v1/me", &key, None).await.expect(401);
    app.admin().call("PATCH", &path, Some(json!({"disabled": false}))).await.expect(200);
    by_token(&app, "GET", "/api/v1/me", &key, None).await.expect(200);
}

#[tokio::test]
async fn people_change_their_own_password_who_know_it() {
    let app = TestApp::new().await;
    person(&app, "ada@example.com", "viewer").await;
    let session = token(&app, "ada@example.com").await;
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let path = "/api/v1/me/password";
    let wrong = by_token(&app, "PUT", path, &session, Some(change("guess", "another horse battery"))).await;
    assert_eq!(wrong.expect(400).json()["errors"][0]["pointer"], "/current_password");
    let short = by_token(&app, "PUT", path, &session, Some(change(PASSWORD, "short"))).await;
    assert_eq!(short.expect(400).json()["errors"][0]["pointer"], "/new_password");
    by_token(&app, "PUT", path, &session, Some(change(PASSWORD, "another horse battery"))).await.expect(204);
    by_token(&app, "GET", "/api/v1/me", &session, None).await.expect(401);
    log_in(&app, "ada@example.com", "another horse battery").await.expect(201);
    let history = app.admin().get("/api/v1/history?aggregate=access&whole=true").await.expect(200);
    assert!(history.text.contains("has_new_password") && !history.text.contains("horse"));
}

#[tokio::test]
async fn a_browser_keeps_the_secret_in_a_cookie_that_needs_a_header_to_change_anything() {
    let app = TestApp::new().await;
    person(&app, "ada@example.com", "admin").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "cookie": true});
    let log_in = async |headers: &[(&str, &str)]| {
        send(&app, "POST", "/api/v1/session", headers, Some(body.clone())).await
    };
    log_in(&[("host", "localhost:3000")]).await.expect(403);
    log_in(&[("host", "flags.example.com"), ("x-flaghoist-csrf", "1")]).await.expect(403);
    let plain = log_in(&[("host", "localhost:3000"), ("x-flaghoist-csrf", "1")]).await.expect(201);
    assert!(plain.json().get("token").is_none());
    let cookie = plain.header("set-cookie");
    assert!(
        cookie.starts_with("flaghoist=fhs_")
            && cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Strict")
    );
    let secure = log_in(&[("x-forwarded-proto", "https"), ("x-flaghoist-csrf", "1")]).await.expect(201);
    let cookie = secure.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with("__Host-flaghoist=fhs_")
            && cookie.contains("; Secure")
            && cookie.contains("Path=/;")
    );
    let pair = cookie.split(';').next().unwrap();
    let role = json!({"name": "Watcher", "permissions": []});
    send(&app, "GET", "/api/v1/roles", &[("cookie", pair)], None).await.expect(200);
    send(&app, "POST", "/api/v1/roles", &[("cookie", pair)], Some(role.clone())).await.expect(403);
    let with_header = [("cookie", pair), ("x-flaghoist-csrf", "1")];
    send(&app, "POST", "/api/v1/roles", &with_header, Some(role)).await.expect(201);
    let out = send(&app, "DELETE", "/api/v1/session", &with_header, None).await.expect(204);
    assert_eq!(out.headers.get_all("set-cookie").iter().count(), 2);
    send(&app, "GET", "/api/v1/roles", &[("cookie", pair)], None).await.expect(401);
}

#[tokio::test]
async fn a_cookie_that_somebody_planted_counts_for_nothing() {
    let app = TestApp::new().await;
    let ada = person(&app, "ada@example.com", "viewer").await;
    person(&app, "eve@example.com", "viewer").await;
    let (of_ada, of_eve) = (token(&app, "ada@example.com").await, token(&app, "eve@example.com").await);
    let cookies = format!("flaghoist={of_eve}; __Host-flaghoist={of_ada}");
    for host in ["flags.example.com", "localhost:3000"] {
        let headers = [("host", host), ("cookie", cookies.as_str())];
        assert_eq!(
            send(&app, "GET", "/api/v1/me", &headers, None).await.expect(200).json()["id"],
            json!(ada)
        );
    }
    let planted = format!("flaghoist={of_eve}");
    let me = async |headers: &[(&str, &str)]| send(&app, "GET", "/api/v1/me", headers, None).await;
    me(&[("host", "flags.example.com"), ("cookie", &planted)]).await.expect(401);
    me(&[("host", "localhost"), ("x-forwarded-proto", "https"), ("cookie", &planted)]).await.expect(401);
    me(&[("host", "localhost"), ("cookie", &planted)]).await.expect(200);
}

#[tokio::test]
async fn a_log_in_works_where_strangers_have_used_up_their_tokens() {
    use flaghoist_server::limits::{Limits, LimitsConfiguration, Quota};
    let few = Quota { requests: 3, seconds: std::num::NonZeroU32::new(3_600).unwrap() };
    let limits = LimitsConfiguration { stranger: few, ..LimitsConfiguration::default() };
    let clock = std::sync::Arc::new(flaghoist_server::clock::Stopwatch::default());
    let app = TestApp::with(|app| app.limits = Limits::new(&limits, clock)).await;
    person(&app, "ada@example.com", "viewer").await;
    for _ in 0..3 {
        by_token(&app, "GET", "/api/v1/me", "fhs_guess", None).await.expect(401);
    }
    by_token(&app, "GET", "/api/v1/me", "fhs_guess", None).await.expect(429);
    let token = token(&app, "ada@example.com").await;
    by_token(&app, "GET", "/api/v1/me", &token, None).await.expect(200);
    let bearer = format!("Bearer {token}");
    for _ in 0..5 {
        let headers = [("authorization", bearer.as_str()), ("x-flaghoist-project", "mistyped")];
        send(&app, "GET", "/api/v1/me", &headers, None).await.expect(403);
    }
    by_token(&app, "GET", "/api/v1/me", &token, None).await.expect(200);
}

#[tokio::test]
async fn an_old_password_that_was_right_a_moment_ago_opens_nothing() {
    let app = TestApp::new().await;
    let id = person(&app, "ada@example.com", "viewer").await;
    let session = flaghoist_model::user::Session {
        id: flaghoist_model::id::SessionId(uuid::Uuid::from_u128(1)),
        user_id: id.parse().unwrap(),
        secret_hash: flaghoist_server::secret::hash("fhs_late"),
        created_at: "2026-11-20T10:00:00Z".parse().unwrap(),
        expires_at: "2026-11-20T22:00:00Z".parse().unwrap(),
    };
    let before = app.store().read().await.unwrap().find_user(session.user_id).await.unwrap().unwrap();
    let new = json!({"password": "another horse battery"});
    app.admin().call("PATCH", &format!("/api/v1/users/{id}"), Some(new)).await.expect(200);
    let mut books = app.store().bookkeep().await.unwrap();
    assert!(!books.insert_session(&session, &before.password_hash.unwrap()).await.unwrap());
}

#[tokio::test]
async fn what_is_no_email_at_all_is_nobodys() {
    let app = TestApp::new().await;
    for email in ["a\0b@example.com", "", "\u{202e}", &"x".repeat(100_000)] {
        log_in(&app, email, PASSWORD).await.expect(401);
    }
}

#[tokio::test]
async fn a_log_in_chooses_among_the_projects_of_its_user() {
    let app = TestApp::new().await;
    person(&app, "ada@example.com", "viewer").await;
    let foreign = app.other_project().await;
    let token = token(&app, "ada@example.com").await;
    let bearer = format!("Bearer {token}");
    let me = async |project: &str| {
        let headers = [("authorization", bearer.as_str()), ("x-flaghoist-project", project)];
        send(&app, "GET", "/api/v1/me", &headers, None).await
    };
    me("default").await.expect(200);
    me("somebody-else-s").await.expect(403);
    me("nowhere").await.expect(403);
    me("").await.expect(403);
    me("d\u{e9}fault").await.expect(403);
    me("default").await.expect(200);
    let joined = json!({"email": "ada@example.com", "role": "editor"});
    foreign.call("POST", "/api/v1/users", Some(joined)).await.expect(201);
    let there = me("somebody-else-s").await.expect(200).json();
    assert_eq!((&there["role"], there["projects"].as_array().unwrap().len()), (&json!("editor"), 2));
    assert_eq!(me("default").await.expect(200).json()["role"], "viewer");
}

#[tokio::test]
async fn who_administers_the_installation_acts_in_every_project() {
    let app = TestApp::new().await;
    app.other_project().await;
    let admin = app.first.admin.clone();
    let body = json!({"email": admin.email, "password": admin.password});
    let logged_in = send(&app, "POST", "/api/v1/session", &[], Some(body)).await.expect(201).json();
    let bearer = format!("Bearer {}", logged_in["token"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str()), ("x-flaghoist-project", "somebody-else-s")];
    let key = json!({"kind": "api_key", "name": "Minted from outside"});
    send(&app, "POST", "/api/v1/keys", &headers, Some(key)).await.expect(201);
}
