//! Streams of changes.

use crate::app::{TestApp, allocation};
use flaghoist_server::streams::Streams;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const ON_OFF: &[(&str, &str)] = &[("on", "true"), ("off", "false")];

/// A flag that has been served in production for a while.
async fn flag(app: &TestApp) -> String {
    let id = app.admin().enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    app.advance(SignedDuration::from_mins(5));
    id
}

async fn change(app: &TestApp, id: &str, environment: &str, variant: &str) {
    let key = format!("{environment}-all");
    app.admin().replace(id, environment, &[allocation(&key, variant, &json!([]))]).await.expect(200);
}

/// The address of the stream that a bulk answer names.
async fn stream_address(app: &TestApp) -> String {
    let answer =
        app.browser("production").evaluate_all(json!({"targetingKey": "alice"})).await.expect(200).json();
    assert_eq!(answer["eventStreams"][0]["type"], "sse");
    answer["eventStreams"][0]["endpoint"]["requestUri"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_is_told_when_to_evaluate_again() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let mut stream = app.listen(&stream_address(&app).await, &[]).await;
    assert!(stream.next().await.is_none(), "nothing has changed");
    change(&app, &id, "staging", "on").await;
    app.admin().call("POST", &app.admin().place(&id, "staging", "enable"), None).await.expect(200);
    assert!(stream.next().await.is_none(), "another environment is none of its business");
    change(&app, &id, "production", "on").await;
    let (first, data) = stream.next().await.unwrap();
    assert_eq!(data["type"], "refetchEvaluation");
    change(&app, &id, "production", "off").await;
    let (second, _) = stream.next().await.unwrap();
    assert_ne!(first, second);
}

#[tokio::test]
async fn what_was_missed_is_told_at_once() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let address = stream_address(&app).await;
    let mut stream = app.listen(&address, &[]).await;
    change(&app, &id, "production", "on").await;
    let (seen, _) = stream.next().await.unwrap();
    drop(stream);
    app.advance(SignedDuration::from_mins(5));
    let mut again = app.listen(&address, &[("last-event-id", &seen)]).await;
    assert!(again.next().await.is_none(), "nothing was missed");
    drop(again);
    change(&app, &id, "production", "off").await;
    app.advance(SignedDuration::from_mins(5));
    let mut again = app.listen(&address, &[("last-event-id", &seen)]).await;
    assert!(again.next().await.is_some());
    assert!(again.next().await.is_none(), "once is enough");
}

#[tokio::test]
async fn who_connects_just_after_a_change_is_told_of_it() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let address = stream_address(&app).await;
    change(&app, &id, "production", "on").await;
    let mut stream = app.listen(&address, &[]).await;
    assert!(stream.next().await.is_some());
}

#[tokio::test]
async fn our_own_followers_learn_which_flags_changed() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let key = app.reader("production").key().to_owned();
    let mut stream = app.listen("/sdk/v1/stream", &[("x-api-key", &key)]).await;
    change(&app, &id, "production", "on").await;
    let (event_id, data) = stream.next().await.unwrap();
    assert_eq!(data["changed"], json!(["dark-mode"]));
    assert_eq!(data["revision"].to_string(), event_id);
    app.admin().call("POST", &format!("/api/v2/feature-flags/{id}/archive"), None).await.expect(200);
    assert_eq!(stream.next().await.unwrap().1["changed"], json!(["dark-mode"]));
    let mut returned = app.listen("/sdk/v1/stream", &[("x-api-key", &key), ("last-event-id", "1")]).await;
    assert_eq!(returned.next().await.unwrap().1["changed"], Value::Null);
}

#[tokio::test]
async fn a_revoked_key_ends_its_streams_and_no_others() {
    let app = TestApp::new().await;
    flag(&app).await;
    let admin = app.admin();
    let production = app.environment_id("production");
    let made = admin
        .call("POST", &format!("/api/v1/environments/{production}/sdk-keys"), Some(json!({"kind": "server"})))
        .await
        .expect(201)
        .json();
    let (key_id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let mut stream = app.listen("/sdk/v1/stream", &[("x-api-key", secret)]).await;
    let other = app.reader("production").key().to_owned();
    let mut other = app.listen("/sdk/v1/stream", &[("x-api-key", &other)]).await;
    admin.call("DELETE", &format!("/api/v1/keys/{key_id}"), None).await.expect(204);
    assert!(stream.has_ended().await);
    assert!(!other.has_ended().await);
}

#[tokio::test]
async fn a_token_ends_with_its_second_day_and_a_forged_one_opens_nothing() {
    let app = TestApp::new().await;
    flag(&app).await;
    let address = stream_address(&app).await;
    app.advance(SignedDuration::from_hours(24));
    app.listen(&address, &[]).await;
    assert_ne!(stream_address(&app).await, address, "another day, another token");
    app.advance(SignedDuration::from_hours(24));
    app.send("GET", &address, &[], None).await.expect(401);
    let fresh = stream_address(&app).await;
    let (start, end) = fresh.split_at(fresh.len() - 2);
    let forged = format!("{start}{}", if end == "AA" { "BB" } else { "AA" });
    app.send("GET", &forged, &[], None).await.expect(401);
    app.send("GET", "/ofrep/v1/stream?token=x", &[], None).await.expect(401);
    app.send("GET", "/ofrep/v1/stream", &[], None).await.expect(401);
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams() {
    let stopping = CancellationToken::new();
    let app = TestApp::with(|app| app.streams = Streams::new(stopping.clone())).await;
    flag(&app).await;
    let mut stream = app.listen(&stream_address(&app).await, &[]).await;
    assert_eq!(app.state.streams.open_count(), 1);
    stopping.cancel();
    assert!(stream.has_ended().await);
    drop(stream);
    assert_eq!(app.state.streams.open_count(), 0);
}

#[tokio::test]
async fn an_answer_keeps_its_tag_while_its_token_is_good() {
    let app = TestApp::new().await;
    flag(&app).await;
    let ask = || async { app.browser("production").evaluate_all(json!({})).await.header("etag").to_owned() };
    assert_eq!(ask().await, ask().await);
}

#[tokio::test]
async fn a_browser_is_not_told_of_what_only_servers_see() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let hide = json!({"data": {"type": "feature-flags", "attributes": {"distribution_channel": "SERVER"}}});
    app.admin().call("PUT", &format!("/api/v2/feature-flags/{id}"), Some(hide)).await.expect(200);
    app.advance(SignedDuration::from_mins(5));
    let mut browser = app.listen(&stream_address(&app).await, &[]).await;
    let key = app.reader("production").key().to_owned();
    let mut server = app.listen("/sdk/v1/stream", &[("x-api-key", &key)]).await;
    change(&app, &id, "production", "on").await;
    let (_, data) = server.next().await.unwrap();
    assert_eq!(data["changed"], json!(["dark-mode"]));
    assert!(browser.next().await.is_none());
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives_whatever_happens_elsewhere() {
    let heartbeat = Duration::from_millis(300);
    let app = TestApp::with(|app| {
        app.streams = Streams::new(CancellationToken::new()).with_heartbeat(heartbeat);
    })
    .await;
    let id = flag(&app).await;
    let key = app.reader("production").key().to_owned();
    let mut stream = app.listen("/sdk/v1/stream", &[("x-api-key", &key)]).await;
    let time = heartbeat * 5;
    let busy = async {
        let started = Instant::now();
        for change_number in 0.. {
            if started.elapsed() >= time {
                return change_number;
            }
            change(&app, &id, "staging", if change_number % 2 == 0 { "on" } else { "off" }).await;
            tokio::time::sleep(heartbeat / 6).await;
        }
        unreachable!("the numbers do not end")
    };
    let (heartbeats, changes) = tokio::join!(stream.heartbeats_within(time), busy);
    assert!(changes > 10, "elsewhere something happens all the time");
    assert!((3..=5).contains(&heartbeats), "{heartbeats}");
}
