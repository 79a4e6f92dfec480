//! How many exposures a second are counted durably, and that none of them is lost.

use crate::load::{Connection, Request};
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Applications that report at the same time.
const CONNECTIONS: usize = 8;
/// Exposures of one report, as SDKs send at most.
const EXPOSURES: usize = 1_000;
/// Of how many flags.
const FLAGS: usize = 100;
/// How long reports are sent.
const DURATION: Duration = Duration::from_secs(20);

/// Reports exposures as fast as they are acknowledged, and compares what was acknowledged with what is counted. `counted`
/// asks for the counts of a flag.
pub(crate) fn print(
    address: &str,
    sdk_key: &str,
    counted: impl Fn(&str) -> Request,
    flag_ids: &[(String, String)],
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let before = total(address, &counted, flag_ids).await;
        let report = Request::post("/api/v2/exposures", &[("x-api-key", sdk_key)], &body(flag_ids));
        let started = Instant::now();
        let mut reporting = Vec::new();
        for _ in 0..CONNECTIONS {
            let (address, report) = (address.to_owned(), report.clone());
            reporting.push(tokio::spawn(async move {
                let mut connection = Connection::open(&address).await;
                let mut waits = Vec::new();
                while started.elapsed() < DURATION {
                    let at = Instant::now();
                    let head = connection.ask(&report).await;
                    assert!(head.starts_with("HTTP/1.1 202"), "{head}");
                    waits.push(at.elapsed());
                }
                waits
            }));
        }
        let mut waits = Vec::new();
        for connection in reporting {
            waits.extend(connection.await.expect("a connection failed"));
        }
        let seconds = started.elapsed().as_secs_f64();
        waits.sort();
        let acknowledged = (waits.len() * EXPOSURES) as i64;
        let counted = total(address, &counted, flag_ids).await - before;
        println!("exposures acknowledged: {acknowledged}, counted: {counted}, lost: {}", acknowledged - counted);
        println!("a second: {:.0}", acknowledged as f64 / seconds);
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
        println!("acknowledgement of {EXPOSURES}: median {:.1} ms, 99 % {:.1} ms", at(0.5), at(0.99));
    });
}

/// Exposures of some flags to different subjects.
fn body(flag_ids: &[(String, String)]) -> String {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let exposures: Vec<String> = (0..EXPOSURES)
        .map(|number| {
            let (key, _) = &flag_ids[number % flag_ids.len().min(FLAGS)];
            format!(
                r#"{{"timestamp":{now_ms},"allocation":{{"key":"{key}-beta"}},"flag":{{"key":"{key}"}},"variant":{{"key":"on"}},"subject":{{"id":"user-{number}","attributes":{{"country":"DE","plan":"beta"}}}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"context":{{"service":"bench","env":"prod","version":"1"}},"exposures":[{}]}}"#,
        exposures.join(",")
    )
}

async fn total(address: &str, counted: &impl Fn(&str) -> Request, flag_ids: &[(String, String)]) -> i64 {
    let mut connection = Connection::open(address).await;
    let mut sum = 0;
    for (_, id) in flag_ids.iter().take(FLAGS) {
        connection.ask(&counted(id)).await;
        let answer: Value = serde_json::from_slice(connection.body()).expect("JSON");
        let environments = answer["environments"].as_array().expect("environments");
        let totals = environments.iter().flat_map(|environment| environment["totals"].as_array().into_iter().flatten());
        sum += totals.filter_map(|total| total["exposures"].as_i64()).sum::<i64>();
    }
    sum
}
