//! Who sees rollouts, and what webhooks and streams say of them.

use super::{Rollout, ramp, schedule};
use crate::app::TestApp;
use flaghoist_model::access::BuiltInRole;
use serde_json::{Value, json};

async fn list(rollout: &Rollout, query: &str) -> Vec<Value> {
    let answer = rollout.app.admin().get(&format!("/api/v1/rollouts?{query}")).await.expect(200).json();
    answer["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_list_says_where_each_stands_and_how_it_came_there() {
    let rollout = Rollout::of(schedule(&[0.1, 0.5, 1.0])).await;
    rollout.do_it("start").await;
    rollout.pass(60).await;
    let [shown] = &list(&rollout, "status=RUNNING").await[..] else { panic!("one runs") };
    assert_eq!(shown["id"], rollout.id.as_str());
    assert_eq!(
        (&shown["flag"]["key"], &shown["environment"]["key"], &shown["allocation"]["key"]),
        (&json!("dark-mode"), &json!("production"), &json!("ramp"))
    );
    assert_eq!((&shown["current_exposure_ratio"], &shown["next_exposure_ratio"]), (&json!(0.5), &json!(1.0)));
    let last = &shown["last_transition"];
    assert_eq!(
        (&last["deed"], &last["cause"], &last["user_id"]),
        (&json!("advanced"), &json!("timer"), &Value::Null)
    );
    assert!(list(&rollout, "status=PAUSED").await.is_empty());
    let environment = rollout.app.environment_id("staging");
    assert!(list(&rollout, &format!("environment_id={environment}")).await.is_empty());
    rollout.app.admin().get("/api/v1/rollouts?status=WALKING").await.expect(400);
    let stranger = rollout.app.other_project().await;
    let theirs = stranger.get("/api/v1/rollouts").await.expect(200).json();
    assert_eq!(theirs["data"], json!([]));
    stranger.get(&format!("/api/v1/rollouts/{}", rollout.id)).await.expect(404);
}

#[tokio::test]
async fn a_transition_names_who_asked_for_it_and_its_history_entry() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    let ada = rollout.app.somebody(BuiltInRole::Editor).await;
    rollout.command(&ada, "start").await.expect(200);
    let last = rollout.shown().await["last_transition"].clone();
    assert_eq!((&last["user_id"], &last["cause"]), (&json!(ada.user_id), &json!("request")));
    let path = format!("/api/v1/history/{}", last["history_id"].as_str().unwrap());
    let entry = rollout.app.admin().get(&path).await.expect(200).json();
    assert_eq!((&entry["action"], &entry["revision"]), (&json!("rollout_started"), &last["revision"]));
}

#[tokio::test]
async fn a_preview_tells_step_time_and_share_and_saves_nothing() {
    let app = TestApp::new().await;
    let preview = async |body: Value| app.admin().call("POST", "/api/v1/rollouts/preview", Some(body)).await;
    let mut wanted = schedule(&[0.05, 0.25, 1.0]);
    let body = json!({"exposure_schedule": wanted, "start": "2026-12-01T09:00:00Z"});
    let answer = preview(body).await.expect(200).json();
    let told: Vec<(&str, f64)> = answer["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["at"].as_str().unwrap(), entry["exposure_ratio"].as_f64().unwrap()))
        .collect();
    let expected =
        [("2026-12-01T09:00:00Z", 0.05), ("2026-12-01T09:01:00Z", 0.25), ("2026-12-01T09:02:00Z", 1.0)];
    assert_eq!(told, expected);
    assert_eq!(
        (&answer["runs_by_itself"], &answer["ends_at"]),
        (&json!(true), &json!("2026-12-01T09:02:00Z"))
    );
    let mut saved = wanted.clone();
    for step in saved["rollout_steps"].as_array_mut().unwrap() {
        step["id"] = json!("0b7c2a34-90ab-7cde-8f01-23456789abcd");
    }
    saved["id"] = json!("0b7c2a34-90ab-7cde-8f01-23456789abcd");
    let body = json!({"exposure_schedule": saved, "start": "2026-12-01T09:00:00Z"});
    let again = preview(body).await.expect(200).json();
    assert_eq!(
        again["timeline"], answer["timeline"],
        "a schedule that is there already is previewed as it is read"
    );
    wanted["rollout_steps"][1]["exposure_ratio"] = json!(0.01);
    let answer = preview(json!({"exposure_schedule": wanted})).await.expect(400).json();
    assert_eq!(answer["errors"][0]["pointer"], "/exposure_schedule/rollout_steps/1/exposure_ratio");
    preview(json!({})).await.expect(400);
    assert_eq!(app.admin().get("/api/v1/rollouts").await.json()["data"], json!([]));
}

#[tokio::test]
async fn the_stream_tells_every_transition_and_what_was_missed() {
    let rollout = Rollout::of(schedule(&[0.1, 0.5, 1.0])).await;
    let admin = rollout.app.admin();
    let headers = [("dd-api-key", admin.api_key.as_str()), ("dd-application-key", admin.key.as_str())];
    let mut stream = rollout.app.listen("/api/v1/rollouts/stream", &headers).await;
    assert!(stream.next().await.is_none());
    rollout.do_it("start").await;
    let (started, told) = stream.next().await.unwrap();
    assert_eq!((&told["rollout_id"], &told["deed"]), (&json!(rollout.id), &json!("started")));
    drop(stream);
    rollout.pass(60).await;
    rollout.do_it("pause").await;
    let mut headers = headers.to_vec();
    headers.push(("last-event-id", &started));
    let mut again = rollout.app.listen("/api/v1/rollouts/stream", &headers).await;
    let mut deeds = Vec::new();
    while let Some((_, told)) = again.next().await {
        deeds.push(told["deed"].as_str().unwrap().to_owned());
    }
    assert_eq!(deeds, ["advanced", "paused"]);
}

#[tokio::test]
async fn the_stream_ends_with_the_key() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    let admin = rollout.app.admin();
    let made = json!({"kind": "application_key", "name": "Watcher"});
    let key = admin.call("POST", "/api/v1/me/keys", Some(made)).await.expect(201).json();
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let secret = text("secret");
    let headers = [("dd-api-key", admin.api_key.as_str()), ("dd-application-key", secret.as_str())];
    let mut stream = rollout.app.listen("/api/v1/rollouts/stream", &headers).await;
    admin.call("DELETE", &format!("/api/v1/me/keys/{}", text("id")), None).await.expect(204);
    assert!(stream.has_ended().await);
}

#[tokio::test]
async fn what_a_flag_served_while_it_rolled_out_can_be_asked() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    rollout.do_it("start").await;
    let first = rollout.exposed().await;
    let then = rollout.shown().await["last_transition"]["revision"].as_i64().unwrap();
    rollout.pass(60).await;
    let admin = rollout.app.admin();
    for (number, is_in) in first.iter().enumerate().take(50) {
        let body = json!({"contexts": [{"targetingKey": format!("subject-{number}")}], "flag_key": "dark-mode",
            "at": then.to_string()});
        let answer = admin.call("POST", "/api/v1/environments/production/explain", Some(body)).await;
        let answer = answer.expect(200).json();
        assert_eq!(answer["contexts"][0]["flags"][0]["value"] == "ON", *is_in);
    }
}

#[tokio::test]
async fn webhooks_are_told_of_each_move() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    let admin = rollout.app.admin();
    let events =
        ["rollout.started", "rollout.paused", "rollout.resumed", "rollout.completed", "rollout.aborted"];
    let body = json!({"name": "Chat", "url": "https://example.com/hook", "events": events});
    let webhook = admin.call("POST", "/api/v1/webhooks", Some(body)).await.expect(201).json();
    let path = format!("/api/v1/webhooks/{}/deliveries", webhook["id"].as_str().unwrap());
    for command in ["start", "pause", "resume", "stop", "start"] {
        rollout.do_it(command).await;
    }
    rollout.set_enabled(false).await;
    rollout.set_enabled(true).await;
    rollout.pass(61).await;
    let deliveries = admin.get(&path).await.expect(200).json();
    let list = deliveries["data"].as_array().or_else(|| deliveries["deliveries"].as_array()).unwrap();
    let told: Vec<&str> = list.iter().rev().map(|delivery| delivery["event"].as_str().unwrap()).collect();
    let expected = [
        "rollout.started",
        "rollout.paused",
        "rollout.resumed",
        "rollout.aborted",
        "rollout.started",
        "rollout.paused",
        "rollout.resumed",
        "rollout.completed",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_rollout_that_was_removed_is_not_listed_and_its_history_stays() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    rollout.do_it("start").await;
    rollout.do_it("stop").await;
    rollout.app.admin().replace(&rollout.flag_id, "production", &[]).await.expect(200);
    assert!(list(&rollout, "").await.is_empty());
    let kept: Vec<String> = rollout.history().await;
    assert!(kept.contains(&"rollout_stopped".to_owned()));
    rollout.app.admin().replace(&rollout.flag_id, "production", &[ramp(schedule(&[1.0]))]).await.expect(200);
}
