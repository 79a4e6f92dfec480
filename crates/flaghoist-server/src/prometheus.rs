//! Aggregates for guardrail metrics, from whatever answers Prometheus's HTTP API: Prometheus itself, Thanos, Mimir,
//! VictoriaMetrics.
//!
//! [`Prometheus::blocks`] asks for raw counters on a fixed grid of minutes and makes differences of them here, because
//! PromQL's `increase()` extrapolates to the ends of its window and so invents parts of events (`guardrails.md`, sections
//! 6.2 and 6.4). What of a query it looks at is in `query`, the arithmetic in `measure` and `histogram`; both are pure.
//!
//! Deliberately absent: a cache, retries (the caller asks again a minute later for what it has not got), and native
//! histograms.

mod answer;
mod connection;
mod error;
mod histogram;
mod measure;
mod minutes;
mod query;

pub use error::{InvalidPrometheus, PrometheusError};

use answer::{Matrix, Series};
use connection::Connection;
use flaghoist_ingest::guardrail::Block;
use flaghoist_model::metric::{MetricDefinition, MetricKind, MetricSource};
use minutes::Minutes;
use serde::de::IgnoredAny;

/// Most minutes of one request: Prometheus refuses more steps than that.
const REQUEST_MINUTES_MAX: usize = 11_000;

/// A Prometheus that is asked for what guardrails watch.
pub struct Prometheus {
    connection: Connection,
}

/// What was measured of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// A block for each minute that was asked for, in the order of time. What is missing is NaN.
    pub blocks: Vec<Block>,
    /// The bucket edge that observations are compared with, of a quantile whose edge is chosen; none of other metrics.
    /// Whoever takes the blocks keeps it with them and gives it back with the next question, or later minutes are compared
    /// with something else.
    pub edge: Option<f64>,
}

impl Prometheus {
    /// The Prometheus at `url`, before whose path `api/v1/…` the URL's own path goes; nothing is sent yet.
    ///
    /// Credentials are either `user:password@` in the URL or `bearer_token`; neither is ever shown or logged.
    pub fn new(url: &str, bearer_token: Option<&str>) -> Result<Self, InvalidPrometheus> {
        Ok(Self { connection: Connection::new(url, bearer_token)? })
    }

    /// Where it is, without credentials, path and query.
    pub fn origin(&self) -> String {
        self.connection.origin()
    }

    /// Whether it answers queries: asks for the number 1.
    pub async fn check(&self) -> Result<(), PrometheusError> {
        let body = self.connection.post("api/v1/query", &[("query", "1")]).await?;
        answer::read::<IgnoredAny>(&body).map(|_| ())
    }

    /// Measures a metric by minute and variant: one block for each whole minute of `from_ms` to before `to_ms`, in
    /// milliseconds since 1970, on the grid of multiples of 60 000 ms. `variant_keys` are the arms, the control first.
    ///
    /// In every string literal of a query `$variant` becomes the variant's key, escaped so that it cannot end the string:
    /// the query writes `{variant="$variant"}`. Elsewhere it stays as it stands, which no Prometheus accepts. In a regular
    /// expression (`=~`) the key is one.
    ///
    /// A query that is a bare selector, a name with or without matchers and nothing around it, is of **counters**: a minute
    /// is the increase of each series between the samples at its two ends, summed. A sample below the one before it is a
    /// counter that began again at zero. A series that appears counts from its first sample, and one without a sample at
    /// either end (or with NaN) is left out of the sum for that minute. Any other query is of **values**: a minute is the
    /// sum of the samples at its end. An aggregation of counters, such as `sum by (instance) (errors_total{…})`, cannot be
    /// told from a gauge by its text and is taken as values: write the selector alone.
    ///
    /// The numerator is the source and the denominator the metric's, or 1 where it has none. A minute for which no series
    /// has a number is NaN: no data, never zero.
    ///
    /// A **quantile** queries the `_bucket` series of a classic histogram. Its denominator is the observations of a minute,
    /// its numerator those above an `edge`: the smallest bucket edge that at least the quantile's share of the control's
    /// observations lies at or below, over the first minutes with 800 of them; the largest finite edge if there is no such.
    /// With `edge: None` the range decides it, so `from_ms` is the start of the run; until there are enough observations
    /// there are no blocks and no edge. The minutes that decided are NaN: they say nothing new. Histograms without that
    /// edge are left out.
    ///
    /// `to_ms` should lie a scrape interval or more in the past: a minute that was read too early is not read again.
    /// A metric with another source than Prometheus has no blocks.
    ///
    /// No request is made for more than 11 000 minutes, and an answer beyond the limit of bytes is asked for again in
    /// halves. At most four requests are under way at once, over all metrics.
    pub async fn blocks(
        &self,
        metric: &MetricDefinition,
        variant_keys: &[&str],
        from_ms: i64,
        to_ms: i64,
        edge: Option<f64>,
    ) -> Result<Measured, PrometheusError> {
        let minutes = Minutes::within(from_ms, to_ms);
        let MetricSource::Prometheus { query } = &metric.source else {
            return Ok(Measured { blocks: Vec::new(), edge: None });
        };
        if let (MetricKind::Quantile, Some(quantile)) = (metric.kind, metric.quantile) {
            return self.exceedances(query, quantile, variant_keys, minutes, edge).await;
        }
        let denominator = match &metric.denominator {
            Some(MetricSource::Prometheus { query }) => Some(query.as_str()),
            _ => None,
        };
        let mut arms = Vec::with_capacity(variant_keys.len());
        for key in variant_keys {
            let den = async {
                match denominator {
                    Some(query) => self.numbers(query, key, minutes).await,
                    None => Ok(vec![1.0; minutes.len()]),
                }
            };
            let (num, den) = tokio::try_join!(self.numbers(query, key, minutes), den)?;
            arms.push(num.into_iter().zip(den).collect());
        }
        Ok(Measured { blocks: blocks(minutes, &arms), edge: None })
    }

    async fn exceedances(
        &self,
        query: &str,
        quantile: f64,
        variant_keys: &[&str],
        minutes: Minutes,
        edge: Option<f64>,
    ) -> Result<Measured, PrometheusError> {
        let is_counter = query::is_selector(query);
        let (edge, deciding_minutes) = match (edge, variant_keys.first()) {
            (Some(edge), _) => (edge, 0),
            (None, None) => return Ok(Measured { blocks: Vec::new(), edge: None }),
            (None, Some(control)) => {
                let query = query::for_variant(query, control);
                let of_control = self
                    .fetch(&query, minutes, |series, count| histogram::buckets(series, count, is_counter))
                    .await?;
                match histogram::choose_edge(&of_control, quantile) {
                    Some(chosen) => chosen,
                    None => return Ok(Measured { blocks: Vec::new(), edge: None }),
                }
            }
        };
        let mut arms = Vec::with_capacity(variant_keys.len());
        for key in variant_keys {
            let query = query::for_variant(query, key);
            let mut arm = self
                .fetch(&query, minutes, |series, count| {
                    histogram::exceedances(series, count, is_counter, edge)
                })
                .await?;
            arm[..deciding_minutes].fill((f64::NAN, f64::NAN));
            arms.push(arm);
        }
        Ok(Measured { blocks: blocks(minutes, &arms), edge: Some(edge) })
    }

    /// What a query counts or says of a variant, by minute.
    async fn numbers(&self, query: &str, key: &str, minutes: Minutes) -> Result<Vec<f64>, PrometheusError> {
        let measure = if query::is_selector(query) { measure::increases } else { measure::values };
        self.fetch(&query::for_variant(query, key), minutes, |series, count| Ok(measure(series, count))).await
    }

    /// What `measure` makes of the answers to a query, by minute. It gets the series of some minutes and how many those
    /// are, and gives something for each.
    async fn fetch<T>(
        &self,
        query: &str,
        minutes: Minutes,
        measure: impl Fn(&[Series], usize) -> Result<Vec<T>, PrometheusError>,
    ) -> Result<Vec<T>, PrometheusError> {
        let mut measured = Vec::with_capacity(minutes.len());
        let mut rest = minutes;
        let mut at_once = REQUEST_MINUTES_MAX;
        while rest.len() > 0 {
            let (part, later) = rest.split_at(at_once);
            match self.series(query, part).await {
                Err(PrometheusError::TooLarge { .. }) if part.len() > 1 => at_once = part.len() / 2,
                answer => {
                    measured.extend(measure(&answer?, part.len())?);
                    rest = later;
                }
            }
        }
        Ok(measured)
    }

    async fn series(&self, query: &str, minutes: Minutes) -> Result<Vec<Series>, PrometheusError> {
        let (start, end) = (minutes.start_s().to_string(), minutes.end_s().to_string());
        let form = [("query", query), ("start", &start), ("end", &end), ("step", "60")];
        let body = self.connection.post("api/v1/query_range", &form).await?;
        let (matrix, warnings) = answer::read::<Matrix>(&body)?;
        self.connection.warn_once(&warnings);
        matrix.on(minutes)
    }
}

/// Blocks of pairs by arm and minute.
fn blocks(minutes: Minutes, arms: &[Vec<(f64, f64)>]) -> Vec<Block> {
    let of_minute = |index: usize| arms.iter().map(|arm| arm[index]).collect();
    minutes
        .starts_ms()
        .enumerate()
        .map(|(index, start_ms)| Block { start_ms, arms: of_minute(index) })
        .collect()
}
