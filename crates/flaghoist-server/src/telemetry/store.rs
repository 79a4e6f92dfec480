//! The store as it is measured: how often transactions are opened, how long that waits, and how it ends.

use async_trait::async_trait;
use flaghoist_model::id::ProjectId;
use flaghoist_model::project::Project;
use flaghoist_store::{Bookkeeper, Error, Reader, Result, Store, Writer};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Upper bounds of the waiting time, in seconds.
const WAIT_BUCKETS_SECONDS: [f64; 9] = [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    kind: &'static str,
    outcome: &'static str,
}

/// What is measured of the store.
#[derive(Clone)]
pub(super) struct StoreMetrics {
    opened: Family<OutcomeLabels, Counter>,
    waits: Family<KindLabels, Histogram, fn() -> Histogram>,
}

impl StoreMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(WAIT_BUCKETS_SECONDS);
        let metrics = Self { opened: Family::default(), waits: Family::new_with_constructor(histogram) };
        registry.register(
            "store_transactions",
            "Transactions by kind and outcome of opening",
            metrics.opened.clone(),
        );
        registry.register(
            "store_wait_seconds",
            "Time until a transaction was open: for a connection, and for writers the project's lock",
            metrics.waits.clone(),
        );
        metrics
    }

    fn count<T>(&self, kind: &'static str, since: Instant, result: Result<T>) -> Result<T> {
        let outcome = match &result {
            Ok(_) => "opened",
            Err(Error::Unavailable(_)) => "unavailable",
            Err(_) => "failed",
        };
        self.opened.get_or_create(&OutcomeLabels { kind, outcome }).inc();
        self.waits.get_or_create(&KindLabels { kind }).observe(since.elapsed().as_secs_f64());
        result
    }
}

/// A store that is measured.
pub(super) struct MeteredStore {
    pub(super) store: Arc<dyn Store>,
    pub(super) metrics: StoreMetrics,
}

#[async_trait]
impl Store for MeteredStore {
    async fn read(&self) -> Result<Box<dyn Reader>> {
        let since = Instant::now();
        self.metrics.count("read", since, self.store.read().await)
    }

    async fn begin(&self, project_id: ProjectId) -> Result<Box<dyn Writer>> {
        let since = Instant::now();
        self.metrics.count("write", since, self.store.begin(project_id).await)
    }

    async fn begin_project(&self, project: &Project) -> Result<Box<dyn Writer>> {
        let since = Instant::now();
        self.metrics.count("write", since, self.store.begin_project(project).await)
    }

    async fn bookkeep(&self) -> Result<Box<dyn Bookkeeper>> {
        let since = Instant::now();
        self.metrics.count("books", since, self.store.bookkeep().await)
    }

    async fn changed(&self, timeout: Duration) {
        self.store.changed(timeout).await;
    }

    async fn engine(&self) -> Result<String> {
        self.store.engine().await
    }
}
