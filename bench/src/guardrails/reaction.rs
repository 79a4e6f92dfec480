//! How long it takes from the acknowledgement of what decides to what applications get.

use super::rollout::{Management, allocation_of, served};
use crate::load::{Connection, Request};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Rollouts that are stopped, one after another.
const ROLLOUTS: usize = 10;
/// Subjects of each.
const SUBJECTS: usize = 400;
/// How long nothing is reported before what decides: so the look that it causes is no earlier one's.
const QUIET: Duration = Duration::from_secs(3);
/// From one question of the application to the next.
const PACE: Duration = Duration::from_millis(1);

/// Stops rollouts by errors of everybody who is treated, and prints how long each took.
pub(super) async fn print(address: &str, management: &mut Management) {
    let mut connection = Connection::open(address).await;
    let sdk_key = management.sdk_key().to_owned();
    let mut waits = Vec::new();
    for number in 0..ROLLOUTS {
        let flag_key = format!("bench-harmful-{number}");
        let _rollout = management.start_rollout(&flag_key, &["errors".to_owned()]).await;
        let (mut exposures, mut errors, mut treated) = (Vec::new(), Vec::new(), String::new());
        for number in 0..SUBJECTS {
            let subject = format!("{flag_key}-{number}");
            let variant = served(&mut connection, &sdk_key, &flag_key, &subject).await;
            if variant == "on" {
                errors.push(json!({"name": "bench.error", "subject": subject}));
                treated.clone_from(&subject);
            }
            exposures.push(
                json!({"flag": flag_key, "allocation": allocation_of(&flag_key), "variant": variant, "subject": subject}),
            );
        }
        report(&mut connection, &sdk_key, "/sdk/v1/events", json!({ "exposures": exposures })).await;
        tokio::time::sleep(QUIET).await;
        report(&mut connection, &sdk_key, "/sdk/v1/metric-events", json!({ "events": errors })).await;
        let acknowledged = Instant::now();
        while served(&mut connection, &sdk_key, &flag_key, &treated).await == "on" {
            assert!(acknowledged.elapsed() < Duration::from_secs(60), "{flag_key} is still rolled out");
            tokio::time::sleep(PACE).await;
        }
        waits.push(acknowledged.elapsed());
    }
    waits.sort();
    let [fastest, median, slowest] = [0, ROLLOUTS / 2, ROLLOUTS - 1].map(|at| waits[at].as_secs_f64());
    println!(
        "what decides acknowledged until applications get the control: fastest {fastest:.2} s, median {median:.2} s, slowest {slowest:.2} s"
    );
}

async fn report(connection: &mut Connection, sdk_key: &str, path: &str, body: Value) {
    let head = connection.ask(&Request::post(path, &[("x-api-key", sdk_key)], &body.to_string())).await;
    assert!(head.starts_with("HTTP/1.1 202"), "{head}");
}
