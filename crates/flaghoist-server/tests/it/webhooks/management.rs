//! Making, showing, changing and removing webhooks.

use super::{Hook, app};
use crate::app::TestApp;
use flaghoist_testkit::receiver::Receiver;
use serde_json::{Value, json};

/// A webhook that nothing is ever sent to.
fn wanted() -> Value {
    json!({"name": "Slack", "url": "https://hooks.slack.com/services/T0/B0/very-secret", "format": "slack"})
}

#[tokio::test]
async fn a_webhook_is_shown_without_what_is_secret_of_it() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let made = admin.call("POST", "/api/v1/webhooks", Some(wanted())).await.expect(201).json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("fhw_") && secret.len() == 68);
    let id = made["id"].as_str().unwrap();
    let shown = json!({
        "id": id, "name": "Slack", "url": "https://hooks.slack.com/…", "events": [], "format": "slack",
        "enabled": true, "created_at": made["created_at"], "updated_at": made["created_at"],
    });
    let path = format!("/api/v1/webhooks/{id}");
    assert_eq!(admin.get(&path).await.expect(200).json(), shown);
    assert_eq!(admin.get("/api/v1/webhooks").await.expect(200).json(), json!({"webhooks": [shown]}));

    let change = json!({"name": "Mattermost", "events": ["rule.changed", "rule.changed"], "format": "json"});
    let changed = admin.call("PATCH", &path, Some(change)).await.expect(200).json();
    assert_eq!(
        (&changed["name"], &changed["url"], &changed["events"], &changed["format"]),
        (&json!("Mattermost"), &shown["url"], &json!(["rule.changed"]), &json!("json"))
    );
    assert!(changed["updated_at"].as_str() > changed["created_at"].as_str());
    let rotated = admin.call("POST", &format!("{path}/rotate-secret"), None).await.expect(200).json();
    assert_ne!(rotated["secret"], made["secret"]);
    let elsewhere = json!({"url": "https://hooks.slack.com/services/T0/B0/even-more-secret"});
    admin.call("PATCH", &path, Some(elsewhere)).await.expect(200);
    admin.call("DELETE", &path, None).await.expect(204);
    admin.call("DELETE", &path, None).await.expect(404);
    assert_eq!(admin.get("/api/v1/webhooks").await.json(), json!({"webhooks": []}));

    let mut reader = app.store().read().await.unwrap();
    let history = reader.history(app.first.project_id.parse().unwrap(), 1, i64::MAX).await.unwrap();
    let actions: Vec<&str> = history
        .iter()
        .map(|entry| match serde_json::to_value(entry.change.action).unwrap().as_str().unwrap() {
            "webhook_created" => "created",
            "webhook_updated" => "updated",
            "webhook_deleted" => "deleted",
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(actions, ["created", "updated", "updated", "updated", "deleted"]);
    let text = format!("{history:?}");
    assert!(text.contains("https://hooks.slack.com/…"));
    assert!(!text.contains("secret\": String") && !text.contains("more-secret") && !text.contains("fhw_"));
    let member =
        |position: usize, name: &str| history[position].change.after.as_ref().unwrap().get(name).cloned();
    assert_eq!(member(1, "has_new_secret"), None);
    assert_eq!(member(2, "has_new_secret"), Some(json!(true)));
    assert_eq!(member(3, "has_new_url"), Some(json!(true)));
}

#[tokio::test]
async fn every_fault_of_a_webhook_is_named() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let long = format!("https://example.com/{}", "x".repeat(2_000));
    for (body, pointers) in [
        (json!({}), vec!["/name", "/url"]),
        (json!({"name": null, "url": null}), vec!["/name", "/url"]),
        (json!({"name": " ", "url": "ftp://example.com/"}), vec!["/name", "/url"]),
        (
            json!({"name": "x", "url": 7, "events": "all", "enabled": "yes"}),
            vec!["/url", "/events", "/enabled"],
        ),
        (json!({"name": "x", "url": "https://[::1/"}), vec!["/url"]),
        (json!({"name": "x", "url": "https://"}), vec!["/url"]),
        (json!({"name": "x", "url": long}), vec!["/url"]),
        (json!({"name": "x", "url": "https://example.com/", "format": "xml"}), vec!["/format"]),
        (
            json!({"name": "x", "url": "https://example.com/", "events": ["flag.enabled", "flag.eaten"]}),
            vec!["/events/1"],
        ),
    ] {
        let refused = admin.call("POST", "/api/v1/webhooks", Some(body.clone())).await.expect(400).json();
        let found: Vec<&str> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| fault["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(found, pointers, "{body}");
    }
    assert_eq!(admin.get("/api/v1/webhooks").await.json(), json!({"webhooks": []}));
}

#[tokio::test]
async fn a_private_target_is_refused_when_it_is_saved_unless_it_is_allowed() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let made = admin.call("POST", "/api/v1/webhooks", Some(wanted())).await.expect(201).json();
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    for url in
        ["http://127.0.0.1:8080/", "https://localhost/hook", "http://[fd00::1]/", "http://169.254.169.254/"]
    {
        let mut body = wanted();
        body["url"] = json!(url);
        for answer in [
            admin.call("POST", "/api/v1/webhooks", Some(body.clone())).await,
            admin.call("PATCH", &path, Some(json!({"url": url}))).await,
        ] {
            let refused = answer.expect(400).json();
            assert_eq!(refused["errors"][0]["pointer"], "/url");
            let message = refused["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains("webhook_allow_private_targets"), "{message}");
        }
    }
    let app = app.with_private_webhooks().await;
    let mut body = wanted();
    body["url"] = json!("http://127.0.0.1:8080/");
    app.admin().call("POST", "/api/v1/webhooks", Some(body)).await.expect(201);
}

#[tokio::test]
async fn a_project_has_so_many_webhooks_and_no_more() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for _ in 0..50 {
        admin.call("POST", "/api/v1/webhooks", Some(wanted())).await.expect(201);
    }
    let refused = admin.call("POST", "/api/v1/webhooks", Some(wanted())).await.expect(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("50 webhooks"), "{refused}");
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let app = app().await;
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let hook = Hook::create(&admin, &receiver, json!({})).await;
    let before = admin.get(&hook.path("")).await.expect(200).json();
    hook.change(&admin, json!({"name": "Other", "format": "xml"})).await.expect(400);
    hook.change(&admin, json!([1])).await.expect(400);
    assert_eq!(admin.get(&hook.path("")).await.expect(200).json(), before);
    admin.call("POST", "/api/v1/webhooks/unknown/ping", None).await.expect(404);
    admin.call("POST", &hook.path("x/rotate-secret"), None).await.expect(404);
}
