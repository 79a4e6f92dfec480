//! How deliveries fare: tried again, given up, held back, forgotten.

use super::{Hook, SOON, app, disable, enable, make_flag};
use flaghoist_testkit::receiver::Receiver;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// When a delivery is tried next, less when it happened, in whole seconds.
fn pause(delivery: &Value) -> i64 {
    let at = |name: &str| delivery[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    at("next_attempt_at").duration_since(at("created_at")).as_secs()
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_when_it_is_due() {
    let app = app().await;
    let _delivering = app.deliver();
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let hook = Hook::create(&admin, &receiver, json!({})).await;
    receiver.answer_next(500, Duration::ZERO);
    make_flag(&admin, "dark-mode").await;

    let first = hook.wait_for_log(&admin, |log| log[0]["last_status"] == 500).await.remove(0);
    assert_eq!((&first["state"], &first["attempts"]), (&json!("pending"), &json!(1)));
    assert_eq!(first["last_error"], "answered 500 Internal Server Error");
    assert_eq!((pause(&first), &first["finished_at"]), (5, &Value::Null));
    app.advance(SignedDuration::from_secs(3));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(receiver.received().len(), 1, "it was not due yet");

    app.advance(SignedDuration::from_secs(3));
    let second = hook.wait_for_log(&admin, |log| log[0]["state"] == "delivered").await.remove(0);
    assert_eq!((&second["attempts"], &second["last_status"]), (&json!(2), &json!(200)));
    assert_eq!((&second["last_error"], &second["next_attempt_at"]), (&Value::Null, &Value::Null));
    assert_ne!(second["finished_at"], Value::Null);
    let received = receiver.received();
    assert_eq!(received[0].json(), received[1].json(), "a repetition says the same under the same id");
    assert!(received.iter().all(|request| hook.signed(request)));
    assert_ne!(
        received[0].header("x-flaghoist-timestamp"),
        received[1].header("x-flaghoist-timestamp"),
        "but it is signed anew"
    );
}

#[tokio::test]
async fn what_is_never_taken_is_given_up_within_a_day() {
    let app = app().await;
    let _delivering = app.deliver();
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let hook = Hook::create(&admin, &receiver, json!({})).await;
    for _ in 0..9 {
        receiver.answer_next(503, Duration::ZERO);
    }
    make_flag(&admin, "dark-mode").await;
    for attempts in 1..9 {
        // On a busy machine a pause may be over before the attempt of the one before is written down.
        let is_made = |log: &[Value]| log[0]["attempts"].as_u64() >= u64::try_from(attempts).ok();
        hook.wait_for_log(&admin, |log| is_made(log) && log[0]["last_status"] == 503).await;
        let pause = SignedDuration::from_hours(12);
        tokio::time::timeout(SOON, async {
            while receiver.received().len() <= attempts {
                app.advance(pause);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .unwrap();
    }
    let given_up = hook.wait_for_log(&admin, |log| log[0]["state"] == "failed").await.remove(0);
    assert_eq!(given_up["attempts"], 9);
    assert_eq!(given_up["last_error"], "answered 503 Service Unavailable");
    assert_ne!(given_up["finished_at"], Value::Null);
    app.advance(SignedDuration::from_hours(24));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(receiver.received().len(), 9);
    let metrics = app.send("GET", "/metrics", &[], None).await.text;
    for line in [
        "flaghoist_webhook_deliveries_total{outcome=\"retried\"} 8",
        "flaghoist_webhook_deliveries_total{outcome=\"failed\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn a_disabled_webhook_is_told_nothing_then_or_later() {
    let app = app().await;
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let hook = Hook::create(&admin, &receiver, json!({})).await;
    let flag = make_flag(&admin, "dark-mode").await;
    hook.change(&admin, json!({"enabled": false})).await.expect(200);
    enable(&admin, &flag).await;

    let _delivering = app.deliver();
    let log = hook.wait_for_log(&admin, |log| log[0]["state"] == "failed").await;
    assert_eq!(log.len(), 1, "what happened while it was disabled is not kept for it");
    assert_eq!((&log[0]["event"], &log[0]["last_status"]), (&json!("flag.created"), &Value::Null));
    assert_eq!(log[0]["last_error"], "the webhook is disabled");

    hook.change(&admin, json!({"enabled": true})).await.expect(200);
    disable(&admin, &flag).await;
    let received = receiver.wait(SOON, |received| !received.is_empty()).await;
    assert_eq!(super::events(&received), ["flag.disabled"]);
}

#[tokio::test]
async fn with_a_webhook_go_its_deliveries() {
    let app = app().await;
    let admin = app.admin();
    let (gone, other) = (Receiver::start().await, Receiver::start().await);
    let hook = Hook::create(&admin, &gone, json!({})).await;
    Hook::create(&admin, &other, json!({})).await;
    make_flag(&admin, "dark-mode").await;
    admin.call("DELETE", &hook.path(""), None).await.expect(204);
    for path in [hook.path(""), hook.path("/deliveries")] {
        admin.get(&path).await.expect(404);
    }
    let _delivering = app.deliver();
    other.wait(SOON, |received| received.len() == 1).await;
    assert!(gone.received().is_empty());
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_left_alone_for_a_moment() {
    let app = app().await;
    let _delivering = app.deliver();
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let hook = Hook::create(&admin, &receiver, json!({})).await;
    drop(receiver);
    let flag = make_flag(&admin, "dark-mode").await;
    let log = hook.wait_for_log(&admin, |log| log[0]["last_error"] != Value::Null).await;
    let error = log[0]["last_error"].as_str().unwrap();
    assert!(error.starts_with("no connection: "), "{error}");

    enable(&admin, &flag).await;
    let log = hook.wait_for_log(&admin, |log| log.len() == 2 && log[0]["last_error"] != Value::Null).await;
    assert_eq!(log[0]["last_error"], "not sent: the receiver gave no answer a moment ago");
    app.advance(SignedDuration::from_secs(6));
    let log = hook.wait_for_log(&admin, |log| log.iter().any(|delivery| delivery["attempts"] == 2)).await;
    assert!(log.iter().all(|delivery| delivery["state"] == "pending"));
}

#[tokio::test]
async fn where_webhooks_may_lead_is_decided_at_every_attempt() {
    let app = app().await;
    let receiver = Receiver::start().await;
    let hook = Hook::create(&app.admin(), &receiver, json!({})).await;
    let app = app.restart().await;
    let _delivering = app.deliver();
    let admin = app.admin();
    make_flag(&admin, "dark-mode").await;
    let log = hook.wait_for_log(&admin, |log| log[0]["last_error"] != Value::Null).await;
    let error = log[0]["last_error"].as_str().unwrap();
    assert!(
        error.starts_with("not sent: the URL \"127.0.0.1\" is no host of the public internet"),
        "{error}"
    );
    let went = admin.call("POST", &hook.path("/ping"), None).await.expect(200).json();
    assert_eq!((&went["delivered"], &went["error"]), (&json!(false), &json!(error)));
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn the_log_forgets_what_was_finished_a_month_ago() {
    let app = app().await;
    let _delivering = app.deliver();
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let hook = Hook::create(&admin, &receiver, json!({})).await;
    let flag = make_flag(&admin, "dark-mode").await;
    hook.wait_for_log(&admin, |log| log.len() == 1 && log[0]["state"] == "delivered").await;
    app.advance(SignedDuration::from_hours(29 * 24));
    enable(&admin, &flag).await;
    hook.wait_for_log(&admin, |log| log.len() == 2 && log[0]["state"] == "delivered").await;
    app.advance(SignedDuration::from_hours(2 * 24));
    let log = hook.wait_for_log(&admin, |log| log.len() == 1).await;
    assert_eq!(log[0]["event"], "flag.enabled");
}

#[tokio::test]
async fn a_log_is_as_long_as_is_asked_for() {
    let app = app().await;
    let admin = app.admin();
    let receiver = Receiver::start().await;
    let hook = Hook::create(&admin, &receiver, json!({})).await;
    let flag = make_flag(&admin, "dark-mode").await;
    enable(&admin, &flag).await;
    let newest = admin.get(&hook.path("/deliveries?limit=1")).await.expect(200).json();
    assert_eq!(newest["deliveries"].as_array().unwrap().len(), 1);
    assert_eq!(newest["deliveries"][0]["event"], "flag.enabled");
    for limit in ["0", "501", "many", "-1", ""] {
        let refused = admin.get(&hook.path(&format!("/deliveries?limit={limit}"))).await.expect(400).json();
        assert_eq!(refused["errors"][0]["pointer"], "/query/limit");
    }
    let refused = admin.get(&hook.path("/deliveries?limit=1&limit=2")).await.expect(400).json();
    assert_eq!(refused["code"], "request_invalid");
}
