use crate::app::{Answer, TestApp};
use axum::http::HeaderName;
use flaghoist_model::access::BuiltInRole;
use flaghoist_server::ApiError;
use flaghoist_server::clock::SteadyClock;
use flaghoist_server::limits::{ClientAddress, Limits, LimitsConfiguration, Quota};
use serde_json::json;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

const FLAGS: &str = "/api/v2/feature-flags";
const KEYS: &str = "/api/v1/environments/00000000-0000-0000-0000-000000000000/sdk-keys";
const ALL_FLAGS: &str = "/ofrep/v1/evaluate/flags";

/// A clock that stands still until its hands are turned.
#[derive(Default)]
struct Hands(AtomicU64);

impl Hands {
    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl SteadyClock for Hands {
    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

fn per_minute(requests: u32) -> Quota {
    Quota { requests, seconds: NonZeroU32::new(60).unwrap() }
}

static GENEROUS: LazyLock<LimitsConfiguration> = LazyLock::new(LimitsConfiguration::default);

/// An application with these limits, behind a proxy that names its clients.
async fn limited(configuration: LimitsConfiguration) -> (TestApp, Arc<Hands>) {
    let hands = Arc::new(Hands::default());
    let limits = Limits::new(&configuration, Arc::clone(&hands) as _);
    let app = TestApp::with(|app| {
        app.limits = limits;
        app.client_address_header = Some(HeaderName::from_static("x-forwarded-for"));
    });
    (app.await, hands)
}

/// What an answer says about the limit: all of it, how much is left, when it is back, for how long it is, its name.
fn standing(answer: &Answer) -> [&str; 5] {
    ["limit", "remaining", "reset", "period", "name"]
        .map(|part| answer.header(&format!("x-ratelimit-{part}")))
}

#[tokio::test]
async fn every_answer_says_where_the_caller_stands() {
    let (app, hands) = limited(LimitsConfiguration { management: per_minute(3), ..*GENEROUS }).await;
    let admin = app.admin();
    let first = admin.get(FLAGS).await.expect(200);
    assert_eq!(standing(&first), ["3", "2", "20", "60", "management"]);
    let refused_for_another_reason = admin.get(&format!("{FLAGS}/nothing")).await.expect(404);
    assert_eq!(standing(&refused_for_another_reason), ["3", "1", "40", "60", "management"]);
    let last = admin.get(FLAGS).await.expect(200);
    assert_eq!(standing(&last), ["3", "0", "20", "60", "management"]);
    hands.pass(5);
    let none_left = admin.get(FLAGS).await.expect(429);
    assert_eq!(standing(&none_left), ["3", "0", "15", "60", "management"]);
    assert_eq!(none_left.header("retry-after"), "15");
}

#[tokio::test]
async fn a_refusal_has_the_shape_of_its_dialect() {
    let sdk = Quota { requests: 1, seconds: NonZeroU32::MIN };
    let (app, _) = limited(LimitsConfiguration { management: per_minute(1), sdk, ..*GENEROUS }).await;
    let admin = app.admin();
    admin.get(FLAGS).await.expect(200);
    let datadog = admin.get(FLAGS).await.expect(429);
    assert_eq!(datadog.json(), json!({"errors": ["too many requests; try again in 60 s"]}));
    assert_eq!(datadog.header("content-type"), "application/vnd.api+json");

    let bearer = format!("Bearer {}", app.first.application_key);
    let json_api = [("authorization", bearer.as_str()), ("accept", "application/vnd.api+json")];
    let json_api = app.send("GET", FLAGS, &json_api, None).await.expect(429);
    assert_eq!(
        json_api.json(),
        json!({"errors": [{"status": "429", "title": "Too Many Requests", "detail": "too many requests; try again in 60 s"}]})
    );

    let native = admin.call("POST", KEYS, Some(json!({}))).await.expect(429);
    assert_eq!(native.header("content-type"), "application/problem+json");
    assert_eq!((&native.json()["code"], &native.json()["status"]), (&json!("rate_limited"), &json!(429)));

    let reader = app.reader("production");
    reader.evaluate_all(json!({})).await.expect(200);
    for ofrep in [reader.evaluate_all(json!({})).await, reader.evaluate("dark-mode", json!({})).await] {
        let ofrep = ofrep.expect(429);
        assert_eq!(
            ofrep.json(),
            json!({"errorCode": "GENERAL", "errorDetails": "too many requests; try again in 1 s"})
        );
        assert_eq!(ofrep.header("retry-after"), "1");
        assert_eq!(standing(&ofrep), ["1", "0", "1", "1", "sdk"]);
    }
    let document = reader.document().await.expect(429);
    assert_eq!(document.json()["code"], json!("rate_limited"));
    app.browser("production").evaluate_all(json!({})).await.expect(200);
}

#[tokio::test]
async fn a_bucket_refills_evenly_and_never_beyond_its_size() {
    let (app, hands) = limited(LimitsConfiguration { management: per_minute(3), ..*GENEROUS }).await;
    let admin = app.admin();
    let taken = async || {
        let mut taken = 0;
        while admin.get(FLAGS).await.status == 200 {
            taken += 1;
        }
        taken
    };
    for (seconds, expected) in [(0, 3), (19, 0), (1, 1), (40, 2), (3_600, 3)] {
        hands.pass(seconds);
        assert_eq!(taken().await, expected, "after {seconds} more seconds");
    }
}

#[tokio::test]
async fn one_key_does_not_use_up_what_is_for_another() {
    let (app, _) = limited(LimitsConfiguration { management: per_minute(2), ..*GENEROUS }).await;
    let (admin, editor) = (app.admin(), app.somebody(BuiltInRole::Editor).await);
    for status in [200, 200, 429, 429] {
        admin.get(FLAGS).await.expect(status);
    }
    editor.get(FLAGS).await.expect(200);
}

#[tokio::test]
async fn zero_requests_are_no_limit() {
    let (app, _) = limited(LimitsConfiguration { management: per_minute(0), ..*GENEROUS }).await;
    let answer = app.admin().get(FLAGS).await.expect(200);
    assert_eq!(standing(&answer), [""; 5]);
}

#[tokio::test]
async fn strangers_are_limited_by_address_and_known_keys_of_the_same_address_go_on() {
    let (app, hands) = limited(LimitsConfiguration { stranger: per_minute(3), ..*GENEROUS }).await;
    let (bearer, sdk_key) =
        (format!("Bearer {}", app.first.application_key), app.first.environments[0].server_sdk_key.clone());
    let manage = async |address: &str| {
        app.send("GET", FLAGS, &[("authorization", &bearer), ("x-forwarded-for", address)], None).await
    };
    let guess = async |method: &str, path: &str, address: &str| {
        let headers = [("authorization", "Bearer guessed"), ("x-forwarded-for", address)];
        app.send(method, path, &headers, Some(b"{}".to_vec())).await
    };
    manage("192.0.2.1").await.expect(200);

    // Wherever they knock, and whatever they claim before the proxy says what is so.
    guess("GET", FLAGS, "192.0.2.1").await.expect(401);
    guess("POST", KEYS, "10.0.0.1, 192.0.2.1").await.expect(401);
    guess("POST", ALL_FLAGS, "192.0.2.1").await.expect(401);
    for (method, path) in [("GET", FLAGS), ("POST", KEYS), ("POST", ALL_FLAGS), ("GET", "/sdk/v1/config")] {
        let refused = guess(method, path, "192.0.2.1").await.expect(429);
        assert_eq!(standing(&refused), ["3", "0", "20", "60", "stranger"]);
        assert_eq!(refused.header("retry-after"), "20");
    }

    manage("192.0.2.1").await.expect(200);
    let headers = [("x-api-key", sdk_key.as_str()), ("x-forwarded-for", "192.0.2.1")];
    app.send("POST", ALL_FLAGS, &headers, None).await.expect(200);
    guess("GET", FLAGS, "192.0.2.2").await.expect(401);
    hands.pass(20);
    guess("GET", FLAGS, "192.0.2.1").await.expect(401);
    guess("GET", FLAGS, "192.0.2.1").await.expect(429);
}

#[tokio::test]
async fn a_valid_key_that_was_not_seen_lately_waits_like_a_stranger_at_a_busy_address() {
    let (app, hands) = limited(LimitsConfiguration { stranger: per_minute(1), ..*GENEROUS }).await;
    app.send("GET", FLAGS, &[], None).await.expect(401);
    app.admin().get(FLAGS).await.expect(429);
    hands.pass(60);
    app.admin().get(FLAGS).await.expect(200);
    app.send("GET", FLAGS, &[], None).await.expect(401);
    app.admin().get(FLAGS).await.expect(200);
}

#[tokio::test]
async fn refusals_do_not_ask_the_database() {
    let (app, _) =
        limited(LimitsConfiguration { stranger: per_minute(1), management: per_minute(1), ..*GENEROUS })
            .await;
    let guess = [("authorization", "Bearer guessed")];
    app.admin().get(FLAGS).await.expect(200);
    app.send("GET", FLAGS, &guess, None).await.expect(401);
    app.lose_database().await;
    app.admin().get(FLAGS).await.expect(429);
    app.send("GET", FLAGS, &guess, None).await.expect(429);
    let elsewhere = [guess[0], ("x-forwarded-for", "192.0.2.1")];
    app.send("GET", FLAGS, &elsewhere, None).await.expect(503);
}

#[tokio::test]
async fn attempts_to_log_in_are_limited_by_address_and_by_account() {
    let (app, hands) = limited(LimitsConfiguration {
        log_in_address: per_minute(3),
        log_in_account: per_minute(2),
        ..*GENEROUS
    })
    .await;
    let log_in = |address: &str, account: &str| {
        let attempt = app.state.limits.log_in(ClientAddress(address.parse().unwrap()), account);
        match attempt {
            Ok(()) => "",
            Err(ApiError::RateLimited { name, .. }) => name,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(log_in("192.0.2.1", "admin@example.com"), "");
    assert_eq!(log_in("192.0.2.2", " Admin@Example.com"), "");
    assert_eq!(log_in("192.0.2.3", "ADMIN@example.com"), "log_in_account", "a guess from anywhere");
    assert_eq!(log_in("192.0.2.1", "one@example.com"), "");
    assert_eq!(log_in("192.0.2.1", "two@example.com"), "");
    assert_eq!(log_in("192.0.2.1", "three@example.com"), "log_in_address");
    hands.pass(60);
    assert_eq!(log_in("192.0.2.1", "admin@example.com"), "");
}

#[tokio::test]
async fn refusals_are_counted_by_the_name_of_the_limit() {
    let (app, _) =
        limited(LimitsConfiguration { stranger: per_minute(1), management: per_minute(1), ..*GENEROUS })
            .await;
    for _ in 0..3 {
        app.admin().get(FLAGS).await;
        app.send("POST", ALL_FLAGS, &[], None).await;
    }
    let metrics = app.send("GET", "/metrics", &[], None).await.expect(200).text;
    for name in ["management", "stranger"] {
        let line = format!("flaghoist_rate_limited_total{{name=\"{name}\"}} 2");
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }
}
