//! Aggregates from a Prometheus: a fake one that answers as told, and a real one with samples of the past.

mod counters;
pub(crate) mod fake;
mod faults;
mod quantiles;
mod real;

use flaghoist_model::metric::{Direction, MetricDefinition, MetricKind, MetricSource};
use flaghoist_server::prometheus::{Measured, Prometheus, PrometheusError};

/// The control and the treatment.
const ARMS: [&str; 2] = ["off", "on"];

/// What a block holds: numerator and denominator of the control, and of the treatment.
type Row = [(f64, f64); 2];

const NAN: f64 = f64::NAN;

/// A metric of this kind with Prometheus queries.
fn metric(kind: MetricKind, query: &str, denominator: Option<&str>) -> MetricDefinition {
    let source = |query: &str| MetricSource::Prometheus { query: query.to_owned() };
    MetricDefinition {
        id: "errors".to_owned(),
        name: "Errors".to_owned(),
        description: None,
        kind,
        direction: Direction::IncreaseIsBad,
        source: source(query),
        denominator: denominator.map(source),
        margin: 0.1,
        window_ms: None,
        winsor_quantile: 1.0,
        quantile: (kind == MetricKind::Quantile).then_some(0.9),
        threshold: None,
        require_noninferior: false,
        min_subjects: 100,
        allow_abort: false,
        trust_logged_variant: false,
    }
}

/// Errors by requests, both counters.
fn error_rate() -> MetricDefinition {
    let errors = r#"errors_total{variant="$variant"}"#;
    metric(MetricKind::Ratio, errors, Some(r#"requests_total{variant="$variant"}"#))
}

/// Asks for minutes, by their number since 1970: from the first to before the last.
async fn ask(
    url: &str,
    metric: &MetricDefinition,
    minutes: [i64; 2],
    edge: Option<f64>,
) -> Result<Measured, PrometheusError> {
    let [from_ms, to_ms] = minutes.map(|minute| minute * 60_000);
    Prometheus::new(url, None).unwrap().blocks(metric, &ARMS, from_ms, to_ms, edge).await
}

/// Compares blocks with what they should hold, where NaN is NaN, and says from which minute on they are.
#[track_caller]
fn assert_rows(measured: &Measured, first_minute: i64, rows: &[Row]) {
    let starts: Vec<i64> = measured.blocks.iter().map(|block| block.start_ms).collect();
    let expected: Vec<i64> = (first_minute..).map(|minute| minute * 60_000).take(rows.len()).collect();
    assert_eq!(starts, expected);
    for (block, row) in measured.blocks.iter().zip(rows) {
        assert_eq!(format!("{:?}", block.arms), format!("{row:?}"), "at {} ms", block.start_ms);
    }
}
