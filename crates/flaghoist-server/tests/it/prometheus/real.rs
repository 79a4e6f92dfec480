//! A real Prometheus. What its samples are is computed here, minute by minute, beside what is read of them.

use super::{ARMS, NAN, Row, ask, assert_rows, error_rate, metric};
use flaghoist_model::metric::MetricKind;
use flaghoist_server::prometheus::{Prometheus, PrometheusError};
use flaghoist_testkit::prometheus::Prometheus as Server;
use std::fmt::Write as _;
use std::ops::Range;

/// Minute since 1970 at which all begins: in June 2025.
const FIRST: i64 = 29_166_667;
/// How many minutes there are samples of.
const LENGTH: i64 = 60;
/// The control's counters begin again at zero as this minute begins.
const RESET: i64 = 5;
/// The treatment is not scraped for ten minutes from here on.
const AWAY: i64 = 40;
/// Prometheus takes a sample for the present one as long as it is less than five minutes old.
const FORGOTTEN: i64 = AWAY + 5;
/// A key that has to be escaped, and how a label of it is written.
const ODD_KEY: [&str; 2] = [r#"a"} or up{x='\"#, r#"a\"} or up{x='\\"#];

/// Errors and requests of a minute, by arm.
fn counted(minute: i64) -> Row {
    let minute = f64::from(i32::try_from(minute).unwrap());
    [(minute % 3.0, 100.0 + minute), (2.0 + minute % 2.0, 50.0)]
}

/// Observations of a minute by arm: at or below 0.1 s, at or below 0.5 s, and all.
fn observed(minute: i64) -> [[f64; 3]; 2] {
    let minute = f64::from(i32::try_from(minute).unwrap());
    [[200.0, 280.0 + minute, 300.0 + minute], [10.0, 15.0, 20.0 + minute]]
}

/// The samples of a counter: two a minute, as the minute begins and when half of `of` the minute is counted.
fn write_counter(
    text: &mut String,
    series: &str,
    reset: Option<i64>,
    away: Option<i64>,
    of: impl Fn(i64) -> f64,
) {
    let mut total = 17.0;
    for minute in 0..=LENGTH {
        let (at_s, before) = ((FIRST + minute) * 60, total);
        if reset == Some(minute) {
            total = 0.0;
        }
        let halfway = total + of(minute) / 2.0;
        if away.is_none_or(|away| !(away..away + 10).contains(&minute)) {
            writeln!(text, "{series} {before} {at_s}\n{series} {halfway} {}", at_s + 20).unwrap();
        }
        total += of(minute);
    }
}

fn samples() -> String {
    let mut text = String::new();
    let reset = |arm| (arm == 0).then_some(RESET);
    for name in ["errors", "requests"] {
        writeln!(text, "# TYPE {name} counter").unwrap();
        for (arm, variant) in ARMS.into_iter().enumerate() {
            let series = format!(r#"{name}_total{{variant="{variant}"}}"#);
            write_counter(&mut text, &series, reset(arm), (arm == 1).then_some(AWAY), |minute| {
                let (errors, requests) = counted(minute)[arm];
                if name == "errors" { errors } else { requests }
            });
        }
        let odd = format!(r#"{name}_total{{variant="{}"}}"#, ODD_KEY[1]);
        write_counter(&mut text, &odd, None, None, |_| 4.0);
    }
    writeln!(text, "# TYPE seconds histogram").unwrap();
    for (arm, variant) in ARMS.into_iter().enumerate() {
        for (bucket, edge) in ["0.1", "0.5", "+Inf"].into_iter().enumerate() {
            let series = format!(r#"seconds_bucket{{variant="{variant}",le="{edge}"}}"#);
            write_counter(&mut text, &series, reset(arm), None, |minute| observed(minute)[arm][bucket]);
        }
    }
    text + "# EOF\n"
}

/// What blocks of these minutes should hold.
fn rows(minutes: Range<i64>, of: impl Fn(i64) -> Row) -> Vec<Row> {
    minutes.map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_of_a_real_prometheus_are_exactly_what_was_counted() {
    let Some(server) = Server::launch(&samples()) else { return };
    let url = server.url();
    Prometheus::new(&url, None).unwrap().check().await.unwrap();

    let measured = ask(&url, &error_rate(), [FIRST, FIRST + 20], None).await.unwrap();
    assert_rows(&measured, FIRST, &rows(0..20, counted));

    // Up to when it was not scraped any more, half of a minute was seen.
    let measured = ask(&url, &error_rate(), [FIRST + AWAY - 1, FIRST + AWAY + 12], None).await.unwrap();
    let expected = rows(AWAY - 1..AWAY + 12, |minute| {
        let [control, (errors, requests)] = counted(minute);
        let treatment = match minute {
            minute if minute == AWAY - 1 => (errors / 2.0, requests / 2.0),
            minute if (AWAY..FORGOTTEN - 1).contains(&minute) => (0.0, 0.0),
            minute if (FORGOTTEN - 1..AWAY + 10).contains(&minute) => (NAN, NAN),
            _ => (errors, requests),
        };
        [control, treatment]
    });
    assert_rows(&measured, FIRST + AWAY - 1, &expected);

    let latency = metric(MetricKind::Quantile, r#"seconds_bucket{variant="$variant"}"#, None);
    let measured = ask(&url, &latency, [FIRST, FIRST + 20], None).await.unwrap();
    // After three minutes the control has 903 observations, 843 of them, more than 90 %, at or below half a second.
    assert_eq!(measured.edge, Some(0.5));
    let expected = rows(0..20, |minute| {
        let beyond = |[_, below, all]: [f64; 3]| (all - below, all);
        if minute < 3 { [(NAN, NAN); 2] } else { observed(minute).map(beyond) }
    });
    assert_rows(&measured, FIRST, &expected);

    // More than one request may ask for; before the first sample there is nothing.
    let early = FIRST - 11_010;
    let measured = ask(&url, &error_rate(), [early, FIRST + 20], None).await.unwrap();
    let expected = rows(-11_010..20, |minute| if minute < 0 { [(NAN, NAN); 2] } else { counted(minute) });
    assert_rows(&measured, early, &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_finds_odd_keys_and_refuses_keys_outside_of_strings() {
    let Some(server) = Server::launch(&samples()) else { return };
    let prometheus = Prometheus::new(&server.url(), None).unwrap();
    let (from_ms, to_ms) = (FIRST * 60_000, (FIRST + 1) * 60_000);
    for query in [r#"errors_total{variant="$variant"}"#, "errors_total{variant='$variant'}"] {
        let errors = metric(MetricKind::Threshold, query, None);
        let measured = prometheus.blocks(&errors, &ODD_KEY[..1], from_ms, to_ms, None).await.unwrap();
        assert_eq!(measured.blocks[0].arms, [(4.0, 1.0)], "{query}");
    }
    let outside = metric(MetricKind::Threshold, "errors_total{variant=$variant}", None);
    let error = prometheus.blocks(&outside, &["\"off\""], from_ms, to_ms, None).await.unwrap_err();
    let PrometheusError::Refused { status: 400, message } = &error else { panic!("{error:?}") };
    assert!(message.starts_with("bad_data: ") && message.contains('$'), "{message}");
}
