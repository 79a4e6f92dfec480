//! The guarded runs that are on, prepared to be watched.

use crate::ApiError;
use crate::app::App;
use arc_swap::ArcSwap;
use flaghoist_ingest::Event;
use flaghoist_ingest::guardrail::{GRACE_MS, LATE_MS, Place, Watch};
use flaghoist_model::compile::Channel;
use flaghoist_model::flag::Flag;
use flaghoist_model::id::EnvironmentId;
use flaghoist_store::{GuardedRun, RunKey, SchedulePlace};
use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How old what is known of runs may be: so late a node hears of what another node did.
const AGE_MAX: Duration = Duration::from_secs(1);

/// A run with what is watched in it.
pub(crate) struct WatchedRun {
    /// The run as it is kept.
    pub(crate) run: GuardedRun,
    /// Prepared for observations.
    pub(crate) watch: Watch,
    /// Keys of the variants, the control first and then the treatments.
    pub(crate) variant_keys: Vec<String>,
    /// The flag.
    pub(crate) flag: Arc<Flag>,
}

impl WatchedRun {
    /// Prepares a run.
    pub(crate) fn new(run: GuardedRun, flag: Arc<Flag>) -> Self {
        let keys = flag.variants.iter().map(|variant| (variant.id, variant.key.clone()));
        let place = Place {
            schedule_id: run.schedule_id,
            flag_key: flag.key.clone(),
            allocation_key: run.allocation_key.clone(),
            variant_keys: keys.collect(),
        };
        let arms = std::iter::once(&run.guard.control).chain(&run.guard.treatments);
        let key = |id| flag.variant(id).map_or_else(String::new, |variant| variant.key.clone());
        let variant_keys = arms.map(|arm| key(arm.variant_id)).collect();
        Self { watch: Watch::new(place, &run.guard), variant_keys, flag, run }
    }

    /// What its evidence is kept by.
    pub(crate) fn key(&self) -> RunKey {
        RunKey { schedule_id: self.run.schedule_id, run: self.run.guard.run }
    }

    /// Where it is.
    pub(crate) fn place(&self) -> SchedulePlace {
        SchedulePlace {
            schedule_id: self.run.schedule_id,
            project_id: self.run.project_id,
            flag_id: self.run.flag_id,
            environment_id: self.run.environment_id,
        }
    }

    /// Whether one of its metrics selects an event of a reader of a channel that sees the flag.
    pub(crate) fn hears(&self, channel: Channel, event: &Event) -> bool {
        channel.sees(self.flag.distribution_channel) && self.watch.selects(event)
    }

    /// Whether it is still on.
    pub(crate) fn is_on(&self) -> bool {
        self.run.ended_at.is_none()
    }
}

/// The runs that are known at a moment.
#[derive(Clone, Default)]
pub(crate) struct KnownRuns(Arc<HashMap<EnvironmentId, Vec<Arc<WatchedRun>>>>);

impl KnownRuns {
    /// Whether a rollout of a flag is watched in an environment.
    pub(crate) fn watch_flag(&self, environment_id: EnvironmentId, key: &str) -> bool {
        let runs = self.0.get(&environment_id);
        runs.is_some_and(|runs| runs.iter().any(|run| run.flag.key == key))
    }

    /// Whether a metric that is watched in an environment selects an event.
    ///
    /// Readers of a channel that does not see the flag have nothing to say of it.
    pub(crate) fn watch_event(&self, environment_id: EnvironmentId, channel: Channel, event: &Event) -> bool {
        let runs = self.0.get(&environment_id);
        runs.is_some_and(|runs| runs.iter().any(|run| run.hears(channel, event)))
    }
}

/// The runs, by environment: of each rollout the last one, for as long as late observations may come.
#[derive(Default)]
pub(crate) struct Runs {
    known: ArcSwap<HashMap<EnvironmentId, Vec<Arc<WatchedRun>>>>,
    /// When that was read; one reads at a time.
    read_at: Mutex<Option<Instant>>,
    /// Ended runs whose evidence is complete.
    closed: std::sync::Mutex<HashSet<RunKey>>,
    /// What was published then: another publication may be of another step.
    published: AtomicI64,
}

impl Runs {
    /// Those that are known, of an environment.
    pub(crate) fn of(&self, environment_id: EnvironmentId) -> Vec<Arc<WatchedRun>> {
        self.known.load().get(&environment_id).cloned().unwrap_or_default()
    }

    /// All that are known and on.
    pub(crate) fn on(&self) -> Vec<Arc<WatchedRun>> {
        let known = self.known.load();
        known.values().flatten().filter(|run| run.is_on()).cloned().collect()
    }

    /// Ended runs whose evidence may not be complete, where what comes a little late has come.
    pub(crate) fn to_be_closed(&self, now: Timestamp) -> Vec<Arc<WatchedRun>> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |run: &WatchedRun| {
            let ended_at = run.run.ended_at.map(Timestamp::as_millisecond);
            ended_at.is_some_and(|ended_ms| ended_ms + GRACE_MS <= now.as_millisecond())
        };
        let known = self.known.load();
        let over = known.values().flatten().filter(|run| is_over(run) && !closed.contains(&run.key()));
        over.cloned().collect()
    }

    /// The evidence of a run is complete.
    pub(crate) fn closed(&self, key: RunKey) {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    /// All that are known now.
    pub(crate) fn known(&self) -> KnownRuns {
        KnownRuns(self.known.load_full())
    }

    /// Reads the runs if something was published since, or what is known is old.
    pub(crate) async fn refresh_if_old(&self, app: &App) -> Result<(), ApiError> {
        self.refresh_unless(app, |age| age < AGE_MAX).await
    }

    /// Reads the runs if something was published since: what readers report may be of a run that began with it. What is
    /// known goes on counting while the store is away.
    pub(crate) async fn follow(&self, app: &App) {
        if let Err(error) = self.refresh_unless(app, |_| true).await {
            tracing::warn!(cause = %error, "what is published is not known to the guardrails yet");
        }
    }

    async fn refresh_unless(
        &self,
        app: &App,
        is_young: impl Fn(Duration) -> bool + Send,
    ) -> Result<(), ApiError> {
        // Revisions only grow, so their sum says whether any did.
        let published: i64 = app.publisher.published().revisions().map(|(_, revision)| revision).sum();
        let is_known = || self.published.load(Ordering::Acquire) == published;
        let mut read_at = self.read_at.lock().await;
        if is_known() && read_at.is_some_and(|read_at| is_young(read_at.elapsed())) {
            return Ok(());
        }
        self.read(app).await?;
        *read_at = Some(Instant::now());
        self.published.store(published, Ordering::Release);
        Ok(())
    }

    /// Reads the runs.
    pub(crate) async fn refresh(&self, app: &App) -> Result<(), ApiError> {
        let mut read_at = self.read_at.lock().await;
        self.read(app).await?;
        *read_at = Some(Instant::now());
        Ok(())
    }

    async fn read(&self, app: &App) -> Result<(), ApiError> {
        let since = app.clock.now().checked_sub(SignedDuration::from_millis(LATE_MS)).unwrap_or_default();
        let mut reader = app.store.read().await?;
        let before = self.known.load_full();
        let known = |key: RunKey| before.values().flatten().find(|known| known.key() == key);
        let mut last: HashMap<_, GuardedRun> = HashMap::new();
        for run in reader.guarded_runs(since).await? {
            match last.get(&run.schedule_id) {
                Some(other) if other.guard.run >= run.guard.run => {}
                _ => {
                    last.insert(run.schedule_id, run);
                }
            }
        }
        let mut runs: HashMap<EnvironmentId, Vec<Arc<WatchedRun>>> = HashMap::new();
        for run in last.into_values() {
            let known = known(RunKey { schedule_id: run.schedule_id, run: run.guard.run });
            let watched = match known {
                Some(known) if known.run == run => Arc::clone(known),
                _ => {
                    // Variants of a rollout that is on are neither renamed nor removed.
                    let flag = match known {
                        Some(known) => Some(Arc::clone(&known.flag)),
                        None => reader.find_flag(run.project_id, run.flag_id).await?.map(Arc::new),
                    };
                    let Some(flag) = flag else { continue };
                    Arc::new(WatchedRun::new(run, flag))
                }
            };
            runs.entry(watched.run.environment_id).or_default().push(watched);
        }
        let is_known = |key: &RunKey| runs.values().flatten().any(|run| run.key() == *key);
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).retain(is_known);
        self.known.store(Arc::new(runs));
        Ok(())
    }
}
