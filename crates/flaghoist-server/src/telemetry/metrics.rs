//! Metrics for Prometheus: one struct per application, no globals.

use super::store::{MeteredStore, StoreMetrics};
use crate::events::DropReason;
use crate::publish::{FlagCounter, PublishedEnvironment, Publisher};
use arc_swap::ArcSwap;
use axum::http::{Method, StatusCode};
use flaghoist_ingest::guardrail::Ignored;
use flaghoist_model::webhook::DeliveryState;
use flaghoist_store::Store;
use jiff::SignedDuration;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Flags per environment that have counters of their own; the rest is counted together as `other`. The oldest
/// flags come first, so that a flag keeps its place.
const FLAGS_MAX: usize = 1_000;

/// Upper bounds of the latency histogram, in seconds.
const LATENCY_BUCKETS_SECONDS: [f64; 12] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0];

/// Upper bounds of the histogram of lateness, in seconds.
const LATENESS_BUCKETS_SECONDS: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0, 3_600.0];

/// Picks one of a pair of counts.
type Pick = fn((u64, u64)) -> u64;

/// What is shown of reports: name, description, and which count.
const REPORTED: [(&str, &str, Pick); 2] = [
    ("reported_evaluations", "Evaluations that SDKs reported to this server", |(count, _)| count),
    ("reported_exposures", "Exposures that SDKs reported to this server", |(_, count)| count),
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    name: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DropLabels {
    reason: &'static str,
}

/// What is measured.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latencies: Family<RouteLabels, Histogram, fn() -> Histogram>,
    rate_limited: Family<LimitLabels, Counter>,
    routes: ArcSwap<Vec<&'static str>>,
    deliveries: Family<DeliveryLabels, Counter>,
    events_accepted: Counter,
    events_dropped: Family<DropLabels, Counter>,
    observations_ignored: Family<DropLabels, Counter>,
    rollout_lateness: Histogram,
    store: StoreMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics that have counted nothing yet.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("flaghoist");
        let requests = Family::default();
        registry.register("http_requests", "Requests by route and status", requests.clone());
        let histogram: fn() -> Histogram = || Histogram::new(LATENCY_BUCKETS_SECONDS);
        let latencies = Family::new_with_constructor(histogram);
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's headers to its answer's, by route",
            latencies.clone(),
        );
        let rate_limited = Family::default();
        registry.register("rate_limited", "Requests refused by a limit, by its name", rate_limited.clone());
        let deliveries = Family::default();
        registry.register(
            "webhook_deliveries",
            "Attempts to deliver to webhooks, by outcome",
            deliveries.clone(),
        );
        let events_accepted = Counter::default();
        registry.register(
            "events_accepted",
            "Exposures and evaluations that readers reported and that are counted",
            events_accepted.clone(),
        );
        let events_dropped = Family::default();
        registry.register(
            "events_dropped",
            "Exposures and evaluations that readers reported and that are not counted, by reason",
            events_dropped.clone(),
        );
        let observations_ignored = Family::default();
        registry.register(
            "guardrail_observations_ignored",
            "Exposures and events that concern a guarded rollout and that its guardrails do not use, by reason",
            observations_ignored.clone(),
        );
        let rollout_lateness = Histogram::new(LATENESS_BUCKETS_SECONDS);
        registry.register(
            "rollout_transition_lateness_seconds",
            "Time from when a rollout was to move by itself to when this server moved it",
            rollout_lateness.clone(),
        );
        let store = StoreMetrics::register(&mut registry);
        let routes = ArcSwap::default();
        Self {
            registry,
            requests,
            latencies,
            rate_limited,
            routes,
            deliveries,
            events_accepted,
            events_dropped,
            observations_ignored,
            rollout_lateness,
            store,
        }
    }

    /// Counts a move of a rollout that was made so late.
    pub(crate) fn rollout_moved(&self, late: SignedDuration) {
        self.rollout_lateness.observe(late.as_secs_f64());
    }

    /// `store`, measured from here on.
    pub(crate) fn meter(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(MeteredStore { store, metrics: self.store.clone() })
    }

    /// Counts a request.
    pub(crate) fn request(&self, method: &Method, route: &str, status: StatusCode, elapsed: Duration) {
        let route = self.intern(route);
        let labels = RequestLabels { method: known(method), route, status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.latencies.get_or_create(&RouteLabels { route }).observe(elapsed.as_secs_f64());
    }

    /// Counts a request that a limit refused.
    pub(crate) fn rate_limited(&self, name: &'static str) {
        self.rate_limited.get_or_create(&LimitLabels { name }).inc();
    }

    /// Counts an attempt to deliver, after which the delivery is in that state.
    pub(crate) fn delivery(&self, state: DeliveryState) {
        let outcome = match state {
            DeliveryState::Delivered => "delivered",
            DeliveryState::Pending => "retried",
            DeliveryState::Failed => "failed",
        };
        self.deliveries.get_or_create(&DeliveryLabels { outcome }).inc();
    }

    /// Counts events that are counted.
    pub(crate) fn events_accepted(&self, count: u64) {
        self.events_accepted.inc_by(count);
    }

    /// Counts events that are not.
    pub(crate) fn events_dropped(&self, reason: DropReason, count: u64) {
        self.events_dropped.get_or_create(&DropLabels { reason: reason.as_str() }).inc_by(count);
    }

    /// Counts an observation that guardrails do not use.
    pub(crate) fn observation_ignored(&self, reason: Ignored) {
        self.observations_ignored.get_or_create(&DropLabels { reason: reason.as_str() }).inc();
    }

    /// Counts records that a guardrail's reader left out.
    pub(crate) fn record_dropped(&self, reason: &'static str, count: u64) {
        self.events_dropped.get_or_create(&DropLabels { reason }).inc_by(count);
    }

    /// The same text, living as long as the process. Patterns of routes are few; what clients make up never comes here.
    fn intern(&self, route: &str) -> &'static str {
        let known = self.routes.load();
        if let Some(known) = known.iter().find(|known| **known == route) {
            return known;
        }
        let leaked: &'static str = Box::leak(Box::from(route));
        self.routes.rcu(|known| known.iter().copied().chain([leaked]).collect::<Vec<_>>());
        leaked
    }

    /// All metrics as text, with those of `publisher` and the number of open streams.
    pub(crate) fn render(
        &self,
        publisher: &Arc<Publisher>,
        open_streams: usize,
    ) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let mut published = Registry::with_prefix("flaghoist");
        published.register_collector(Box::new(PublishedCollector(Arc::clone(publisher), open_streams)));
        text::encode_registry(&mut text, &self.registry)?;
        text::encode_registry(&mut text, &published)?;
        text::encode_eof(&mut text)?;
        Ok(text)
    }
}

/// Methods are chosen by the client: others than the usual ones are one label, not one each.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "HEAD" => "HEAD",
        _ => "other",
    }
}

/// Measures what is published when it is asked for.
struct PublishedCollector(Arc<Publisher>, usize);

impl fmt::Debug for PublishedCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublishedCollector")
    }
}

impl Collector for PublishedCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let published = self.0.published();
        let mut environments: Vec<&Arc<PublishedEnvironment>> = published.environments().collect();
        environments.sort_by_key(|environment| environment.id());

        let mut revisions = encoder.encode_descriptor(
            "published_revision",
            "Revision of a project that readers see",
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?;
        for (project_id, revision) in published.revisions() {
            let labels = [("project", project_id.to_string())];
            ConstGauge::new(*revision).encode(revisions.encode_family(&labels)?)?;
        }

        let current = encoder.encode_descriptor(
            "published_current",
            "1 while the last look at the store succeeded, so that readers see what is committed",
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?;
        ConstGauge::new(i64::from(self.0.is_current())).encode(current)?;

        let streams = encoder.encode_descriptor(
            "streams_open",
            "Streams of readers that are open now",
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?;
        ConstGauge::new(i64::try_from(self.1).unwrap_or(i64::MAX)).encode(streams)?;

        let mut flags = encoder.encode_descriptor(
            "published_flags",
            "Flags that readers of an environment see",
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?;
        for environment in &environments {
            let count = i64::try_from(environment.flags().len()).unwrap_or(i64::MAX);
            let project = environment.environment().project_id.to_string();
            let labels =
                [("project", project.as_str()), ("environment", environment.environment().key.as_str())];
            ConstGauge::new(count).encode(flags.encode_family(&labels)?)?;
        }

        let mut evaluations = encoder.encode_descriptor(
            "evaluations",
            "Evaluations by this server, by environment, flag and reason",
            None,
            prometheus_client::metrics::MetricType::Counter,
        )?;
        for environment in &environments {
            let project = environment.environment().project_id.to_string();
            for (flag, counts) in evaluation_counts(environment) {
                for (reason, count) in FlagCounter::REASONS.iter().zip(counts).filter(|(_, count)| *count > 0)
                {
                    let labels = [
                        ("project", project.as_str()),
                        ("environment", environment.environment().key.as_str()),
                        ("flag", flag),
                        ("reason", reason.as_str()),
                    ];
                    ConstCounter::new(count).encode(evaluations.encode_family(&labels)?)?;
                }
            }
        }
        for (name, help, pick) in REPORTED {
            let kind = prometheus_client::metrics::MetricType::Counter;
            let mut reported = encoder.encode_descriptor(name, help, None, kind)?;
            for environment in &environments {
                let project = environment.environment().project_id.to_string();
                for ((flag, variant), counts) in reported_counts(environment) {
                    let count = pick(counts);
                    if count > 0 {
                        let labels = [
                            ("project", project.as_str()),
                            ("environment", environment.environment().key.as_str()),
                            ("flag", &*flag),
                            ("variant", &*variant),
                        ];
                        ConstCounter::new(count).encode(reported.encode_family(&labels)?)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// What SDKs reported of each flag and variant, and of all flags beyond [`FLAGS_MAX`] together.
fn reported_counts(environment: &PublishedEnvironment) -> BTreeMap<(String, String), (u64, u64)> {
    let mut flags: Vec<_> = environment.flags().iter().collect();
    flags.sort_by_key(|flag| flag.id);
    let mut counts: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    for (position, flag) in flags.iter().enumerate() {
        for outcome in flag.counter.outcomes().iter() {
            let (evaluations, exposures) = outcome.reported();
            if (evaluations, exposures) == (0, 0) {
                continue;
            }
            let label = if position < FLAGS_MAX {
                (flag.key.to_string(), outcome.variant.to_string())
            } else {
                ("other".to_owned(), String::new())
            };
            let sum = counts.entry(label).or_default();
            *sum = (sum.0 + evaluations, sum.1 + exposures);
        }
    }
    counts
}

/// The counts of each flag, and of all beyond [`FLAGS_MAX`] together.
fn evaluation_counts(environment: &PublishedEnvironment) -> Vec<(&str, [u64; FlagCounter::REASONS.len()])> {
    let mut flags: Vec<_> = environment.flags().iter().collect();
    flags.sort_by_key(|flag| flag.id);
    let own = flags.iter().take(FLAGS_MAX).map(|flag| (&*flag.key, flag.counter.counts()));
    let mut counts: Vec<_> = own.collect();
    let rest = flags.iter().skip(FLAGS_MAX).map(|flag| flag.counter.counts());
    let other = rest.reduce(|sum, counts| std::array::from_fn(|position| sum[position] + counts[position]));
    counts.extend(other.map(|other| ("other", other)));
    counts
}
