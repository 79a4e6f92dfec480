//! How many exposures and metric events a second guardrails take durably, what they cost, and that none is counted twice
//! or lost; and how long it takes from an observation that decides to what applications get.
//!
//! One rollout of half of the traffic is watched by five metrics. Of what is reported a fifth is reported twice and a tenth
//! is of two hours ago, before the rollout: that is acknowledged and counts for nothing.

mod reaction;
mod rollout;
mod traffic;

use crate::load::{Connection, Request};
use crate::measure::Subject as Server;
use rollout::{Management, Rollout};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use traffic::{CONNECTIONS, Expected, Reporter, SUBJECTS, SUBJECTS_OF_ONE};

/// Records of a report.
const RECORDS: u64 = 1_000;
/// How long each kind of record is reported.
const DURATION: Duration = Duration::from_secs(20);

/// What is watched: two metrics of the first event of each subject, one of a value of each, a ratio and a quantile.
fn metrics() -> [Value; 5] {
    let source = |event: &str| json!({"type": "events", "event": event});
    let relative = json!({"relative": 0.5});
    [
        json!({"id": "errors", "source": source("bench.error"), "margin": relative}),
        json!({"id": "orders", "source": source("bench.order"), "direction": "decrease_is_bad", "margin": relative}),
        json!({"id": "latency", "kind": "mean", "source": source("bench.latency"), "margin": relative}),
        json!({"id": "retries", "kind": "ratio", "direction": "increase_is_bad", "margin": relative,
            "source": source("bench.retry"), "denominator": source("bench.request")}),
        json!({"id": "slow-latency", "kind": "quantile", "quantile": 0.95, "source": source("bench.latency"), "margin": relative}),
    ]
}

/// Reports, and prints what that gave. `bootstrap` is what the server wrote at its first start; it is to be a fresh one.
pub(crate) fn print(bootstrap: &Value, server: &Server) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut management = Management::open(bootstrap, &server.address).await;
        for metric in metrics() {
            management.call(|headers| Request::post("/api/v1/metrics", headers, &metric.to_string())).await;
        }
        let ids: Vec<String> =
            metrics().iter().map(|metric| metric["id"].as_str().expect("an id").to_owned()).collect();
        let guarded = management.start_rollout("bench-guarded", &ids).await;
        let reporters = reporters(&server.address, management.sdk_key(), &guarded).await;
        println!("resident memory before: {} kB", server.resident_kb());
        let reporters = run(
            server,
            "first exposures",
            reporters,
            |reporter, _| reporter.has_exposed_all(),
            Reporter::first_exposures,
        )
        .await;
        let is_over = |_: &Reporter, since: Instant| since.elapsed() >= DURATION;
        let reporters = run(server, "exposures", reporters, is_over, Reporter::exposures).await;
        let reporters = run(server, "metric events", reporters, is_over, Reporter::events).await;
        println!("resident memory after: {} kB", server.resident_kb());
        let mut expected = Expected::default();
        for reporter in reporters {
            expected.add(reporter.into_expected());
        }
        expected.compare(&management.evidence(&guarded).await, management.exposures(&guarded).await);
        reaction::print(&server.address, &mut management).await;
    });
}

/// One reporter per connection, which knows what its subjects get.
async fn reporters(address: &str, sdk_key: &str, guarded: &Rollout) -> Vec<Reporter> {
    let mut asking = tokio::task::JoinSet::new();
    for place in 0..CONNECTIONS {
        let (address, sdk_key, flag) = (address.to_owned(), sdk_key.to_owned(), guarded.flag_key.clone());
        asking.spawn(async move {
            let mut connection = Connection::open(&address).await;
            let mut is_treated = Vec::new();
            for own in 0..SUBJECTS_OF_ONE {
                let subject = traffic::subject(place, own);
                is_treated.push(rollout::served(&mut connection, &sdk_key, &flag, &subject).await == "on");
            }
            Reporter::new(connection, sdk_key, flag, place, is_treated)
        });
    }
    let reporters = asking.join_all().await;
    println!("{SUBJECTS} subjects, {CONNECTIONS} connections, {RECORDS} records a body");
    reporters
}

/// Lets every reporter send what `body` makes until it `is_over`, and prints how that went.
async fn run(
    server: &Server,
    name: &str,
    reporters: Vec<Reporter>,
    is_over: impl Fn(&Reporter, Instant) -> bool + Copy + Send + 'static,
    request: impl Fn(&mut Reporter) -> Request + Copy + Send + 'static,
) -> Vec<Reporter> {
    let before_us = server.cpu_us();
    let since = Instant::now();
    let mut reporting = tokio::task::JoinSet::new();
    for mut reporter in reporters {
        reporting.spawn(async move {
            let mut waits = Vec::new();
            while !is_over(&reporter, since) {
                let request = request(&mut reporter);
                let at = Instant::now();
                reporter.send(&request).await;
                waits.push(at.elapsed());
            }
            (reporter, waits)
        });
    }
    let (reporters, waits): (Vec<_>, Vec<_>) = reporting.join_all().await.into_iter().unzip();
    let seconds = since.elapsed().as_secs_f64();
    let mut waits: Vec<Duration> = waits.into_iter().flatten().collect();
    waits.sort();
    let records = waits.len() as f64 * RECORDS as f64;
    let cpu_us = server.cpu_us() - before_us;
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!(
        "{name}: {records} acknowledged, {:.0} a second; server {:.1} µs of CPU each, so {:.0} a second and core; acknowledgement: median {:.1} ms, 99 % {:.1} ms",
        records / seconds,
        cpu_us / records,
        records * 1e6 / cpu_us,
        at(0.5),
        at(0.99)
    );
    reporters
}
