//! CPU time per request of a running Flaghoist, beside a bare axum server under the same load in the same run.
//!
//! Wall-clock latency on a small shared machine says little; the CPU time that a server process uses for a fixed
//! number of requests says what it costs. Both servers run as processes of their own, get the same number of
//! requests over the same number of keep-alive connections, and are measured by `/proc/<pid>/stat` (utime and
//! stime, in ticks of 10 ms). Rounds alternate between the servers; the median round counts.
//!
//! `bench/run` builds everything, prepares a server with 350 flags and runs this.

mod events;
mod flood;
mod guardrails;
mod load;
mod measure;
mod streams;

use flood::Flood;
use load::Request;
use measure::{Subject, compare};
use serde_json::Value;
use std::time::Duration;

/// Requests of one round of cheap requests.
const ROUND_REQUESTS: usize = 40_000;
/// Requests of one round of requests over all flags.
const BULK_ROUND_REQUESTS: usize = 4_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("floor") => floor(),
        Some("against") => against(&arguments[2], &arguments[3], arguments[4].parse().expect("a process id")),
        Some("flood") => flood(&arguments[2]),
        Some("streams") => streams(&arguments[2], arguments[3].parse().expect("a process id")),
        Some("events") => events(&arguments[2]),
        Some("guardrails") => guardrails(&arguments[2], arguments[3].parse().expect("a process id")),
        _ => {
            eprintln!(
                "usage: flaghoist-bench floor | flood BOOTSTRAP_JSON | streams BOOTSTRAP_JSON SERVER_PID | events BOOTSTRAP_JSON | guardrails BOOTSTRAP_JSON SERVER_PID | against BOOTSTRAP_JSON FLOOR_ADDRESS SERVER_PID FLOOR_PID"
            );
            std::process::exit(2);
        }
    }
}

/// A server that answers every POST with a constant of the size of one evaluation.
#[tokio::main]
async fn floor() {
    use axum::body::Bytes;
    use axum::routing::post;
    const ANSWER: &str = "{\"key\":\"flag-000\",\"value\":true,\"variant\":\"on\",\"reason\":\"TARGETING_MATCH\",\"metadata\":{\"allocationKey\":\"flag-000-beta\",\"variationType\":\"BOOLEAN\",\"doLog\":true}}";
    let handler = |_: Bytes| async { ([("content-type", "application/json")], ANSWER) };
    let router = axum::Router::new().route("/ofrep/v1/evaluate/flags/{*key}", post(handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("{}", listener.local_addr().expect("an address"));
    axum::serve(listener, router).await.expect("serves until it is killed");
}

/// The first start of a server, and where it listens.
fn read_bootstrap(path: &str) -> (Value, String) {
    let text = std::fs::read_to_string(path).expect("bootstrap.json");
    let bootstrap: Value = serde_json::from_str(&text).expect("JSON");
    let address = bootstrap["url"].as_str().expect("a url").trim_start_matches("http://").to_owned();
    (bootstrap, address)
}

/// Keys and ids of flags, by key.
fn flag_ids(bootstrap: &Value, address: &str) -> Vec<(String, String)> {
    let headers = management(bootstrap);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, key)| (*name, key.as_str())).collect();
    let list = Request::get("/api/v2/feature-flags?limit=1000", &headers);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer: Value = runtime.block_on(async {
        let mut connection = load::Connection::open(address).await;
        connection.ask(&list).await;
        serde_json::from_slice(connection.body()).expect("JSON")
    });
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let flags = answer["data"].as_array().expect("flags").iter();
    let mut ids: Vec<_> = flags.map(|flag| (text(&flag["attributes"]["key"]), text(&flag["id"]))).collect();
    ids.sort();
    ids
}

fn management(bootstrap: &Value) -> [(&'static str, String); 2] {
    let text = |name: &str| bootstrap[name].as_str().expect("a key").to_owned();
    [("dd-api-key", text("api_key")), ("dd-application-key", text("application_key"))]
}

/// Streams of production, while the default of a flag goes to and fro.
fn streams(bootstrap: &str, server_pid: u32) {
    let (bootstrap, address) = read_bootstrap(bootstrap);
    let production = &bootstrap["environments"][2];
    let key = production["server_sdk_key"].as_str().expect("a key");
    let stream = Request::get("/sdk/v1/stream", &[("x-api-key", key)]);
    let (_, flag) = &flag_ids(&bootstrap, &address)[0];
    let environment = production["id"].as_str().expect("an id");
    let headers = management(&bootstrap);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, key)| (*name, key.as_str())).collect();
    let path = format!("/api/v1/flags/{flag}/environments/{environment}/serving");
    let change =
        |variant: &str| Request::patch(&path, &headers, &format!(r#"{{"override_variant_key":{variant}}}"#));
    streams::print_memory(&Subject { address: address.clone(), pid: server_pid }, &stream);
    streams::print_latency(&address, &stream, [change("\"on\""), change("null")]);
}

/// Exposures of the flags.
fn events(bootstrap: &str) {
    let (bootstrap, address) = read_bootstrap(bootstrap);
    let key = bootstrap["environments"][2]["server_sdk_key"].as_str().expect("a key");
    let headers = management(&bootstrap);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, key)| (*name, key.as_str())).collect();
    let counted = |id: &str| Request::get(&format!("/api/v1/flags/{id}/evaluations"), &headers);
    events::print(&address, key, counted, &flag_ids(&bootstrap, &address));
}

/// Exposures and metric events of a guarded rollout.
fn guardrails(bootstrap: &str, server_pid: u32) {
    let (bootstrap, address) = read_bootstrap(bootstrap);
    guardrails::print(&bootstrap, &Subject { address, pid: server_pid });
}

/// What an application asks.
const CONTEXT: &str = r#"{"context":{"targetingKey":"user-1234","plan":"beta","age":42,"country":"DE"}}"#;

/// The server has no limits, so that nothing but its structure protects readers.
fn flood(bootstrap: &str) {
    let (bootstrap, address) = read_bootstrap(bootstrap);
    let key = bootstrap["environments"][2]["server_sdk_key"].as_str().expect("a key");
    let reader = Request::post("/ofrep/v1/evaluate/flags/flag-000", &[("x-api-key", key)], CONTEXT);
    let log_in = |email: &str, password: &str| {
        let body = format!(r#"{{"email":"{email}","password":"{password}"}}"#);
        Request::post("/api/v1/session", &[], &body)
    };
    let list = |api_key: &str, application_key: &str| {
        let headers = [("dd-api-key", api_key), ("dd-application-key", application_key)];
        Request::get("/api/v2/feature-flags/environments", &headers)
    };
    let text = |name: &str| bootstrap[name].as_str().expect("a key");
    let admin = &bootstrap["admin"];
    let (email, password) =
        (admin["email"].as_str().expect("an e-mail"), admin["password"].as_str().expect("one"));
    let at_once = |name, request| Flood { name, request, patience: Duration::ZERO };
    let patient =
        |name, request| Flood { name, request: Some(request), patience: Duration::from_millis(100) };
    let wrong = log_in(email, "a guess of somebody");
    let floods = vec![
        at_once("nothing", None),
        patient("log-ins with a wrong password, 0.1 s after a 429", wrong.clone()),
        patient("log-ins with the right password, 0.1 s after a 429", log_in(email, password)),
        at_once("log-ins with a wrong password, as fast as they go", Some(wrong)),
        at_once("management with wrong keys", Some(list("fha_0", "fhp_0"))),
        at_once("management with right keys", Some(list(text("api_key"), text("application_key")))),
        at_once("nothing again", None),
    ];
    flood::print(&address, &reader, floods);
}

fn against(bootstrap: &str, floor_address: &str, server_pid: u32) {
    let floor_pid: u32 = std::env::args().nth(5).and_then(|pid| pid.parse().ok()).expect("a process id");
    let (bootstrap, server_address) = read_bootstrap(bootstrap);
    let key = bootstrap["environments"][2]["server_sdk_key"].as_str().expect("a key").to_owned();
    let server = Subject { address: server_address, pid: server_pid };
    let floor = Subject { address: floor_address.to_owned(), pid: floor_pid };
    let one = |headers: &[(&str, &str)]| Request::post("/ofrep/v1/evaluate/flags/flag-000", headers, CONTEXT);
    let all = |headers: &[(&str, &str)]| Request::post("/ofrep/v1/evaluate/flags", headers, CONTEXT);
    let authorised = [("x-api-key", key.as_str())];

    let bare = (&floor, one(&authorised), ROUND_REQUESTS);
    let etag = load::header_of(&server.address, &all(&authorised), "etag");
    let held = [("x-api-key", key.as_str()), ("if-none-match", etag.as_str())];
    let document = |headers: &[(&str, &str)]| Request::get("/sdk/v1/config", headers);
    let document_etag = load::header_of(&server.address, &document(&authorised), "etag");
    let document_held = [("x-api-key", key.as_str()), ("if-none-match", document_etag.as_str())];
    let rows = [
        ("bare axum handler", bare),
        ("OFREP, one flag", (&server, one(&authorised), ROUND_REQUESTS)),
        ("OFREP, all flags, 200", (&server, all(&authorised), BULK_ROUND_REQUESTS)),
        ("OFREP, all flags, 304", (&server, all(&held), BULK_ROUND_REQUESTS)),
        ("configuration, 200", (&server, document(&authorised), ROUND_REQUESTS / 4)),
        ("configuration, 304", (&server, document(&document_held), ROUND_REQUESTS)),
    ];
    let medians = compare(&rows);
    let floor_us = medians[0];
    println!("| Request | CPU per request | ratio to the floor |");
    println!("| --- | --- | --- |");
    for ((name, _), median_us) in rows.iter().zip(&medians) {
        println!("| {name} | {median_us:.1} µs | {:.2} |", median_us / floor_us);
    }
}
