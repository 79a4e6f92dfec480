//! Stopping: what runs is finished, what idles holds nothing up, and who insists is obeyed.

use crate::server::{Bootstrap, Launch, Place, Server};
use crate::wire::Wire;
use serde_json::json;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What stopping takes when nothing has to be waited for; far less than the drain time of 10 s.
const SOON: Duration = Duration::from_secs(3);

/// A request for a new flag whose body is half sent.
struct HalfSent {
    wire: Wire,
    rest: Vec<u8>,
}

impl HalfSent {
    fn of_flag(key: &str, server: &Server, keys: &Bootstrap) -> Self {
        let variants = json!([{"key": "on", "name": "On", "value": "on"}]);
        let attributes = json!({"key": key, "name": key, "value_type": "STRING", "variants": variants});
        let body = json!({"data": {"type": "feature-flags", "attributes": attributes}}).to_string();
        let (half, rest) = body.split_at(body.len() / 2);
        let mut wire = Wire::connect(server.url());
        wire.send(format!(
            "POST /api/v2/feature-flags HTTP/1.1\r\nhost: flaghoist\r\ncontent-type: application/json\r\n\
             dd-api-key: {}\r\ndd-application-key: {}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            keys.api_key,
            keys.application_key,
            body.len(),
        ));
        // The server is to be inside the request when the signal comes: it asks for the body.
        wire.await_continue();
        wire.send(half);
        Self { wire, rest: rest.as_bytes().to_vec() }
    }
}

fn refuses_connections(server: &Server) -> bool {
    TcpStream::connect(server.url().strip_prefix("http://").unwrap()).is_err()
}

fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !done() {
        assert!(Instant::now() < deadline, "not within {limit:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test]
async fn a_request_that_is_being_sent_is_finished_and_kept() {
    for signal in ["TERM", "INT"] {
        let place = Place::sqlite();
        let mut server = place.start();
        let keys = place.bootstrap();
        let mut request = HalfSent::of_flag("last-minute", &server, &keys);
        server.process.signal(signal);
        wait_until(SOON, || refuses_connections(&server));
        for byte in request.rest.chunks(40) {
            std::thread::sleep(Duration::from_millis(50));
            request.wire.send(byte);
        }
        let answer = request.wire.answer();
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(server.process.wait(SOON).code(), Some(0), "{}", server.log());
        assert!(server.log().contains("stopped"), "{}", server.log());

        let next = place.start();
        let flags = next.management(&keys).flags("last-minute").await.unwrap().expect(200);
        assert_eq!(flags.resources().len(), 1);
    }
}

#[test]
fn connections_that_idle_do_not_hold_the_stop_up() {
    let place = Place::sqlite();
    let mut server = place.start();
    let mut kept_alive = Wire::connect(server.url());
    assert_eq!(kept_alive.ask("GET", "/healthz").status, 200);
    let _silent = Wire::connect(server.url());
    std::thread::sleep(Duration::from_millis(100));
    let started = Instant::now();
    server.process.signal("TERM");
    assert_eq!(server.process.wait(SOON).code(), Some(0), "{}", server.log());
    println!("stopped after {:?}", started.elapsed());
    assert!(kept_alive.hung_up_after(SOON).is_some());
}

#[test]
fn a_second_signal_stops_at_once() {
    let place = Place::sqlite();
    let mut server = place.start();
    let _request = HalfSent::of_flag("never", &server, &place.bootstrap());
    server.process.signal("TERM");
    wait_until(SOON, || refuses_connections(&server));
    std::thread::sleep(Duration::from_millis(300));
    assert!(server.process.ended().is_none(), "the request is waited for");
    server.process.signal("TERM");
    assert_eq!(server.process.wait(Duration::from_secs(1)).code(), Some(1));
    assert!(server.log().contains("stopping at once"), "{}", server.log());
}

#[test]
fn a_request_that_never_ends_is_cut_off_after_the_drain_time() {
    let place = Place::sqlite();
    let config = place.beside("flaghoist.toml");
    std::fs::write(&config, "drain_timeout_ms = 700\n").unwrap();
    let mut server = Launch::at(&place).arg("--config").arg(&config).start();
    let mut request = HalfSent::of_flag("never", &server, &place.bootstrap());
    let started = Instant::now();
    server.process.signal("TERM");
    assert_eq!(server.process.wait(SOON).code(), Some(0), "{}", server.log());
    assert!(started.elapsed() >= Duration::from_millis(700), "{:?}", started.elapsed());
    assert!(server.log().contains("cut off"), "{}", server.log());
    assert!(request.wire.hung_up_after(SOON).is_some());
}
