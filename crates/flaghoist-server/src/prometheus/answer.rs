//! Answers of Prometheus's HTTP API.

use super::PrometheusError;
use super::minutes::Minutes;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What every answer looks like, good or bad.
#[derive(Deserialize)]
struct Answer<T> {
    status: String,
    data: Option<T>,
    #[serde(default, rename = "errorType")]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
}

/// What a range query gives.
#[derive(Deserialize)]
pub(super) struct Matrix<'a> {
    #[serde(rename = "resultType")]
    result_type: &'a str,
    #[serde(borrow)]
    result: Vec<MatrixSeries<'a>>,
}

#[derive(Deserialize)]
struct MatrixSeries<'a> {
    metric: BTreeMap<String, String>,
    /// Seconds since 1970 and a number as text. Native histograms have something else in its place.
    #[serde(borrow)]
    values: Option<Vec<(f64, &'a str)>>,
}

/// One series, on a grid of minutes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    pub(super) labels: BTreeMap<String, String>,
    /// Point of the grid and number there, in ascending order. Only finite numbers: NaN, which is also what a division by
    /// zero gives, and infinity are as good as missing.
    pub(super) samples: Vec<(usize, f64)>,
}

/// Reads an answer of status 200: what it gives, and the warnings beside it.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<(T, Vec<String>), PrometheusError> {
    let answer: Answer<T> = serde_json::from_slice(body)
        .map_err(|error| unreadable(format!("it is not as expected: {error}")))?;
    if answer.status != "success" {
        let message = format!("{}: {}", answer.error_type, answer.error);
        return Err(PrometheusError::Refused { status: 200, message });
    }
    let data = answer.data.ok_or_else(|| unreadable("it is a success without data".to_owned()))?;
    Ok((data, answer.warnings))
}

/// What an answer of another status says, if it is Prometheus's.
pub(super) fn read_error(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Failure {
        #[serde(rename = "errorType")]
        error_type: String,
        error: String,
    }
    let failure: Failure = serde_json::from_slice(body).ok()?;
    Some(format!("{}: {}", failure.error_type, failure.error))
}

impl Matrix<'_> {
    /// The series on the grid that was asked for.
    pub(super) fn on(self, minutes: Minutes) -> Result<Vec<Series>, PrometheusError> {
        if self.result_type != "matrix" {
            let found = self.result_type;
            return Err(unreadable(format!("its resultType is {found:?}; a range query gives \"matrix\"")));
        }
        self.result.into_iter().map(|series| series.on(minutes)).collect()
    }
}

impl MatrixSeries<'_> {
    fn on(self, minutes: Minutes) -> Result<Series, PrometheusError> {
        let values = self.values.ok_or_else(|| {
            let labels = &self.metric;
            unreadable(format!(
                "the series {labels:?} has no values, as native histograms; give counters or _bucket series"
            ))
        })?;
        let mut samples = Vec::with_capacity(values.len());
        let mut last = None;
        for (timestamp_s, text) in values {
            let point = minutes.point(timestamp_s)?;
            if last.is_some_and(|last| point <= last) {
                return Err(unreadable(format!(
                    "the sample at {timestamp_s} s does not follow the one before"
                )));
            }
            last = Some(point);
            let number: f64 =
                text.parse().map_err(|_| unreadable(format!("the value {text:?} is no number")))?;
            if number.is_finite() {
                samples.push((point, number));
            }
        }
        Ok(Series { labels: self.metric, samples })
    }
}

fn unreadable(reason: String) -> PrometheusError {
    PrometheusError::Unreadable { reason }
}
