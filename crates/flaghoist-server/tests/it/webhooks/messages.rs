//! What receivers are told, and how they know that it is true.

use super::{Hook, SOON, app, disable, enable, events, make_flag};
use crate::app::allocation;
use flaghoist_model::access::BuiltInRole;
use flaghoist_testkit::receiver::{Received, Receiver};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_webhook_is_told_what_it_asked_for_and_nothing_else() {
    let app = app().await;
    let _delivering = app.deliver();
    let admin = app.admin();
    let (some, all) = (Receiver::start().await, Receiver::start().await);
    Hook::create(&admin, &some, json!({"events": ["flag.enabled", "flag.archived"]})).await;
    Hook::create(&admin, &all, json!({})).await;

    let flag = make_flag(&admin, "dark-mode").await;
    enable(&admin, &flag).await;
    admin.replace(&flag, "production", &[allocation("everybody", "on", &json!([]))]).await.expect(200);
    let serving = format!("/api/v1/flags/{flag}/environments/{}/serving", app.environment_id("production"));
    admin.call("PATCH", &serving, Some(json!({"override_variant_key": "on"}))).await.expect(200);
    let attributes = json!({"name": "Darker mode"});
    let rename = json!({"data": {"type": "feature-flags", "attributes": attributes}});
    admin.call("PUT", &format!("/api/v2/feature-flags/{flag}"), Some(rename)).await.expect(200);
    disable(&admin, &flag).await;
    admin.call("POST", &format!("/api/v2/feature-flags/{flag}/archive"), None).await.expect(200);
    admin.call("POST", &format!("/api/v2/feature-flags/{flag}/unarchive"), None).await.expect(200);

    let expected = [
        "flag.created",
        "flag.enabled",
        "rule.changed",
        "rule.changed",
        "flag.updated",
        "flag.disabled",
        "flag.archived",
        "flag.unarchived",
    ];
    let received = all.wait(SOON, |received| received.len() >= expected.len()).await;
    assert_eq!(events(&received), expected);
    let received = some.wait(SOON, |received| received.len() >= 2).await;
    assert_eq!(events(&received), ["flag.enabled", "flag.archived"]);
}

#[tokio::test]
async fn a_message_says_what_happened_and_is_signed() {
    let app = app().await;
    let _delivering = app.deliver();
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let flag = make_flag(&admin, "dark-mode").await;
    let hook = Hook::create(&admin, &receiver, json!({})).await;
    let editor = app.somebody(BuiltInRole::Editor).await;
    enable(&editor, &flag).await;

    let received = receiver.wait(SOON, |received| !received.is_empty()).await.remove(0);
    let delivery = hook.wait_for_log(&admin, |log| log[0]["state"] == "delivered").await.remove(0);
    let message = received.json();
    let user = &editor.user_id;
    assert_eq!(
        message,
        json!({
            "id": delivery["id"],
            "event": "flag.enabled",
            "created_at": delivery["created_at"],
            "project": {"id": app.first.project_id},
            "flag": {"id": flag, "key": "dark-mode", "name": "dark-mode"},
            "environment": {
                "id": app.environment_id("production"), "key": "production", "name": "Production",
            },
            "actor": {
                "user_id": user, "email": format!("{user}@example.com"), "name": format!("Somebody {user}"),
            },
            "action": "flag_enabled",
            "revision": message["revision"],
            "history_id": delivery["history_id"],
            "summary": format!("Somebody {user} enabled the flag “dark-mode” in Production."),
        })
    );
    assert!(message["revision"].as_i64().unwrap() > 1);
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(received.header("x-flaghoist-delivery"), message["id"].as_str().unwrap());
    assert_eq!(received.header("x-flaghoist-event"), "flag.enabled");
    assert!(received.header("user-agent").starts_with("flaghoist/"));
    let sent_at: i64 = received.header("x-flaghoist-timestamp").parse().unwrap();
    assert_eq!(jiff::Timestamp::from_second(sent_at).unwrap().to_string(), "2026-11-20T10:00:00Z");
    assert!(hook.signed(&received));
}

#[tokio::test]
async fn slack_gets_one_line_of_text_without_markup() {
    let app = app().await;
    let _delivering = app.deliver();
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let hook = Hook::create(&admin, &receiver, json!({"format": "slack"})).await;
    make_flag(&admin, "<!channel> Q&A").await;
    let received = receiver.wait(SOON, |received| !received.is_empty()).await.remove(0);
    let text = received.json()["text"].as_str().unwrap().to_owned();
    assert!(text.ends_with(" made the flag “&lt;!channel&gt; Q&amp;A”."), "{text}");
    assert_eq!(received.json().as_object().unwrap().len(), 1);
    assert_eq!(received.header("x-flaghoist-event"), "flag.created");
    assert!(hook.signed(&received));
}

#[tokio::test]
async fn an_environment_that_is_gone_is_still_named_by_the_message_that_says_so() {
    let app = app().await;
    let admin = app.admin();
    let receiver = Receiver::start().await;
    Hook::create(&admin, &receiver, json!({"events": ["environment.changed"]})).await;
    let attributes = json!({"name": "Quality", "queries": ["qa"]});
    let wanted = json!({"data": {"type": "environments", "attributes": attributes}});
    let made =
        admin.call("POST", "/api/v2/feature-flags/environments", Some(wanted)).await.expect(201).json();
    let id = made["data"]["id"].as_str().unwrap();
    let path = format!("/api/v2/feature-flags/environments/{id}");
    admin.call("DELETE", &path, None).await.expect(204);

    let _delivering = app.deliver();
    let received = receiver.wait(SOON, |received| received.len() == 2).await;
    let removed = received
        .iter()
        .map(Received::json)
        .find(|message| message["action"] == "environment_deleted")
        .unwrap();
    assert_eq!(removed["environment"], json!({"id": id, "key": "quality", "name": "Quality"}));
    assert!(removed["summary"].as_str().unwrap().ends_with(" removed the environment Quality."));
    assert_eq!(removed.get("flag"), None);
}

#[tokio::test]
async fn a_new_secret_signs_everything_from_then_on() {
    let app = app().await;
    let _delivering = app.deliver();
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let old = Hook::create(&admin, &receiver, json!({})).await;
    let rotated = admin.call("POST", &old.path("/rotate-secret"), None).await.expect(200).json();
    let new = Hook { id: old.id.clone(), secret: rotated["secret"].as_str().unwrap().to_owned() };
    assert_ne!(old.secret, new.secret);
    make_flag(&admin, "dark-mode").await;
    let received = receiver.wait(SOON, |received| !received.is_empty()).await;
    assert!(new.signed(&received[0]) && !old.signed(&received[0]));
}

#[tokio::test]
async fn a_webhook_is_tried_out_at_once_even_while_it_is_disabled() {
    let app = app().await;
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let hook = Hook::create(&admin, &receiver, json!({"enabled": false})).await;
    let went = admin.call("POST", &hook.path("/ping"), None).await.expect(200).json();
    assert_eq!(went, json!({"delivered": true, "status": 200, "error": null}));
    let received = receiver.received().remove(0);
    assert!(hook.signed(&received));
    assert_eq!((received.header("x-flaghoist-event"), &received.json()["event"]), ("ping", &json!("ping")));
    assert!(received.json()["summary"].as_str().unwrap().ends_with(" tries this webhook out."));
    assert_eq!(received.json().get("revision"), None);

    receiver.answer_next(404, Duration::ZERO);
    let went = admin.call("POST", &hook.path("/ping"), None).await.expect(200).json();
    assert_eq!(went, json!({"delivered": false, "status": 404, "error": "answered 404 Not Found"}));
    drop(receiver);
    assert_eq!(hook.log(&admin).await, Vec::<Value>::new(), "the log is of deliveries");
}
