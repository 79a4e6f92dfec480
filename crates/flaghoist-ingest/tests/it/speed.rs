//! How fast bodies are read: told with `FLAGHOIST_LONG=1`, and of use in release builds only.

use crate::reading::NOW_MS;
use flaghoist_ingest::read_metric_events;
use std::time::{Duration, Instant};

#[test]
fn a_body_of_a_thousand_events_is_read_whole() {
    let events: Vec<String> = (0..1000)
        .map(|number| {
            format!(
                r#"{{"event_id": "0198f3aa-{number:012}", "name": "checkout.paid", "subject": "user-{number}",
                    "timestamp": "2026-11-21T10:00:00.{:03}Z", "value": {number}.5,
                    "properties": {{"plan": "pro", "country": "DE", "retries": {number}}}}}"#,
                number % 1000
            )
        })
        .collect();
    let body = format!(r#"{{"events": [{}]}}"#, events.join(","));
    let mut observed = 0_u32;
    let mut read =
        || read_metric_events(body.as_bytes(), NOW_MS, &mut |record| observed += u32::from(record.is_ok()));
    read().unwrap();
    if std::env::var_os("FLAGHOIST_LONG").is_some() {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            read().unwrap();
        }
        let elapsed_s = begun.elapsed().as_secs_f64();
        eprintln!(
            "{:.0} observations per second, of {} bytes each",
            f64::from(observed) / elapsed_s,
            body.len() / 1000
        );
    }
    assert!(observed >= 1000 && observed.is_multiple_of(1000));
}
