//! What the server refuses, and how, from clients that are wrong, greedy, slow or hostile.

use crate::management::{Answer, Management};
use crate::server::{Bootstrap, Launch, Place, Server};
use crate::wire::Wire;
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

/// How long a client may take to send the head of a request here.
const HEADER_TIMEOUT: Duration = Duration::from_secs(3);
/// How exactly.
const GRACE: Duration = Duration::from_secs(2);

fn assert_alive(server: &Server) {
    assert_eq!(Wire::connect(server.url()).ask("GET", "/healthz").status, 200, "{}", server.log());
}

#[test]
fn clients_that_do_not_finish_a_head_are_cut_off_after_the_header_timeout() {
    let place = Place::sqlite();
    let config = place.beside("flaghoist.toml");
    std::fs::write(&config, format!("head_timeout_ms = {}\n", HEADER_TIMEOUT.as_millis())).unwrap();
    let server = Launch::at(&place).arg("--config").arg(&config).start();
    let slow_clients = [
        Slow { says: "", then: "" },
        Slow { says: "P", then: "" },
        Slow { says: "GET /hea", then: "" },
        Slow { says: "GET /healthz HTTP/1.1\r\nhost: f\r\n", then: "" },
        // Each header is complete: it is the head as a whole that takes too long.
        Slow { says: "GET /healthz HTTP/1.1\r\n", then: "x-more: 1\r\n" },
    ];
    let url = server.url();
    let connected = std::thread::scope(|scope| {
        let waiting = slow_clients.map(|slow| (slow, scope.spawn(move || slow.connected_for(url))));
        waiting.map(|(slow, waiting)| (slow, waiting.join().unwrap()))
    });
    println!("{connected:?}");
    let in_time = HEADER_TIMEOUT.saturating_sub(GRACE)..HEADER_TIMEOUT + GRACE;
    for (slow, connected_for) in connected {
        let is_cut_off = connected_for.is_some_and(|time| in_time.contains(&time));
        assert!(is_cut_off, "{slow:?} was connected for {connected_for:?}");
    }
    assert_alive(&server);
}

/// A client that says a little, and then a little more now and then.
#[derive(Clone, Copy, Debug)]
struct Slow {
    says: &'static str,
    then: &'static str,
}

impl Slow {
    /// How long the server bears with it. None when that is too long.
    fn connected_for(self, url: &str) -> Option<Duration> {
        let started = Instant::now();
        let mut wire = Wire::connect(url);
        wire.send(self.says);
        while started.elapsed() < HEADER_TIMEOUT + GRACE {
            if wire.hung_up_after(Duration::from_millis(250)).is_some() {
                return Some(started.elapsed());
            }
            let _ = wire.try_send(self.then);
        }
        None
    }
}

#[test]
fn a_body_that_never_arrives_is_cut_off() {
    let place = Place::sqlite();
    let config = place.beside("flaghoist.toml");
    std::fs::write(&config, "body_timeout_ms = 1500\n").unwrap();
    let server = Launch::at(&place).arg("--config").arg(&config).start();
    let keys = place.bootstrap();
    let sdk_key = &keys.environment("production").server_sdk_key;
    let requests = [
        (
            "/api/v2/feature-flags",
            format!("dd-api-key: {}\r\ndd-application-key: {}", keys.api_key, keys.application_key),
        ),
        ("/ofrep/v1/evaluate/flags", format!("x-api-key: {sdk_key}")),
        ("/ofrep/v1/evaluate/flags/any", format!("x-api-key: {sdk_key}")),
    ];
    for (path, credentials) in requests {
        let mut wire = Wire::connect(server.url());
        wire.send(format!(
            "POST {path} HTTP/1.1\r\nhost: f\r\n{credentials}\r\ncontent-length: 100\r\n\r\n{{"
        ));
        let answer = wire.answer_within(Duration::from_secs(5));
        let answer = answer.unwrap_or_else(|| panic!("{path} waits without an end"));
        assert!((400..600).contains(&answer.status), "{path} {answer:?}");
    }
}

#[test]
fn a_head_that_is_too_large_is_431() {
    let place = Place::sqlite();
    let server = place.start();
    let long = "a".repeat(512 * 1024);
    let many = "x-one-of-many: 1\r\n".repeat(1_000);
    for (head, statuses) in [
        (format!("GET /healthz HTTP/1.1\r\nhost: f\r\nx-long: {long}\r\n\r\n"), &[431][..]),
        (format!("GET /healthz HTTP/1.1\r\nhost: f\r\n{many}\r\n"), &[431]),
        (format!("GET /{long} HTTP/1.1\r\nhost: f\r\n\r\n"), &[414, 431]),
    ] {
        let mut wire = Wire::connect(server.url());
        // The server answers as soon as it has read too much, and may hang up before we are through.
        let _ = wire.try_send(&head);
        let answer = wire.answer();
        assert!(statuses.contains(&answer.status), "{answer:?} for {}…", &head[..40]);
        assert_alive(&server);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_in_the_shape_of_its_dialect() {
    let place = Place::sqlite();
    let server = place.start();
    let keys = place.bootstrap();
    let management = server.management(&keys);
    let reader = server.reader(&keys, "production");
    // JSON of that many bytes.
    let text = |length: usize| format!("{{\"padding\":\"{}\"}}", "a".repeat(length - 14));
    let (management_limit, evaluation_limit) = (4 * 1024 * 1024, 1024 * 1024);

    let request = management.request(Method::POST, "/api/v2/feature-flags").body(text(management_limit + 1));
    let answer = Answer::to(request).await.unwrap().expect(413);
    assert_eq!(answer.body, json!({"errors": ["the request body has more than 4194304 bytes"]}));
    let request = reader.request(Method::POST, "/ofrep/v1/evaluate/flags").body(text(evaluation_limit + 1));
    let answer = Answer::to(request).await.unwrap().expect(413);
    assert_eq!(answer.body["errorCode"], "GENERAL");

    let request = management.request(Method::POST, "/api/v2/feature-flags").body(text(management_limit));
    Answer::to(request).await.unwrap().expect(400);
    let request = reader.request(Method::POST, "/ofrep/v1/evaluate/flags").body(text(evaluation_limit));
    Answer::to(request).await.unwrap().expect(200);
}

#[tokio::test]
async fn whoever_asks_more_often_than_is_configured_is_429() {
    let place = Place::sqlite();
    let config = place.beside("flaghoist.toml");
    let text = r#"
        client_address_header = "X-Real-IP"
        [limits]
        management = { requests = 2, seconds = 600 }
        stranger = { requests = 1, seconds = 600 }
    "#;
    std::fs::write(&config, text).unwrap();
    let server = Launch::at(&place).arg("--config").arg(&config).start();
    let keys = place.bootstrap();
    let management = server.management(&keys);
    for status in [200, 200, 429] {
        let answer = management.environments().await.unwrap().expect(status);
        let retry_after = answer.retry_after.map(|seconds| seconds.parse::<u64>().unwrap());
        // One of two comes back after half of the time.
        assert!(retry_after.is_none_or(|seconds| (290..=300).contains(&seconds)), "{retry_after:?}");
        assert_eq!(retry_after.is_some(), status == 429);
    }

    let stranger = Management::new(server.url(), "guessed", "guessed");
    for (address, status) in [(None, 401), (None, 429), (Some("192.0.2.1"), 401), (Some("192.0.2.1"), 429)] {
        let mut request = stranger.request(Method::GET, "/api/v2/feature-flags");
        if let Some(address) = address {
            request = request.header("x-real-ip", address);
        }
        Answer::to(request).await.unwrap().expect(status);
    }
    server.reader(&keys, "production").evaluate_all(&json!({})).await.expect(200);
}

#[test]
fn a_header_of_addresses_that_is_no_header_is_refused_at_the_start() {
    let place = Place::sqlite();
    let config = place.beside("flaghoist.toml");
    std::fs::write(&config, "client_address_header = \"no header\"\n").unwrap();
    let (status, log) = Launch::at(&place).arg("--config").arg(&config).refused();
    assert!(!status.success());
    assert!(log.contains("client_address_header: \"no header\" names no header"), "{log}");
}

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_methods_405_in_the_shape_of_their_dialect() {
    let place = Place::sqlite();
    let server = place.start();
    let management = server.management(&place.bootstrap());
    for (method, path, status, member) in [
        (Method::GET, "/api/v2/feature-flagz", 404, "errors"),
        (Method::GET, "/nowhere", 404, "code"),
        (Method::GET, "/healthz/", 404, "code"),
        (Method::DELETE, "/api/v2/feature-flags", 405, "errors"),
        (Method::PATCH, "/api/v2/feature-flags/environments", 405, "errors"),
        (Method::POST, "/healthz", 405, "code"),
        (Method::GET, "/ofrep/v1/evaluate/flags", 405, "errorCode"),
        (Method::PUT, "/ofrep/v1/evaluate/flags/any", 405, "errorCode"),
    ] {
        let answer = Answer::to(management.request(method.clone(), path)).await.unwrap();
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.body.get(member).is_some(), "{method} {path} {:#}", answer.body);
    }
}

#[test]
fn paths_with_double_slashes_and_dots_reach_no_handler() {
    let place = Place::sqlite();
    let server = place.start();
    let Bootstrap { api_key, application_key, .. } = place.bootstrap();
    for target in [
        "//api/v2/feature-flags",
        "/api//v2/feature-flags",
        "/api/v2//feature-flags",
        "/api/v2/feature-flags//",
        "/api/v2/feature-flags/",
        "/api/v2/feature-flags/..",
        "/api/v2/feature-flags/../feature-flags",
        "/./api/v2/feature-flags",
        "/x/../api/v2/feature-flags",
        "/api/v2/%2e%2e/v2/feature-flags",
        "/api/v2/feature-flags%2f",
        "/API/v2/feature-flags",
        "//healthz",
        "/healthz/../healthz",
        "/..",
        "//",
    ] {
        let mut wire = Wire::connect(server.url());
        wire.send(format!(
            "GET {target} HTTP/1.1\r\nhost: f\r\ndd-api-key: {api_key}\r\ndd-application-key: {application_key}\r\n\r\n"
        ));
        let answer = wire.answer();
        assert_eq!(answer.status, 404, "{target} {}", answer.body);
    }
}

#[tokio::test]
async fn malformed_http_is_refused_and_harms_nobody_else() {
    let place = Place::sqlite();
    let server = place.start();
    let management: Management = server.management(&place.bootstrap());
    let nonsense: [&[u8]; 9] = [
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nno colon here\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: f\r\nx: a\0b\r\n\r\n",
        b"POST /api/v2/feature-flags HTTP/1.1\r\nhost: f\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/v2/feature-flags HTTP/1.1\r\nhost: f\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12",
        b"POST /api/v2/feature-flags HTTP/1.1\r\nhost: f\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS handshake \r\n\r\n",
    ];
    for bytes in nonsense {
        let mut wire = Wire::connect(server.url());
        wire.send(bytes);
        if let Some(answer) = wire.answer_within(Duration::from_secs(3)) {
            assert!((400..500).contains(&answer.status), "{:?} {answer:?}", String::from_utf8_lossy(bytes));
        }
        management.environments().await.unwrap().expect(200);
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
