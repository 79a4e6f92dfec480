//! The way of observations into the store: whoever waits is written together, and told once it is durable.

use super::evidence::{SubjectHasher, changes, state_of, stored, subject_of};
use super::runs::WatchedRun;
use crate::ApiError;
use crate::app::App;
use flaghoist_ingest::guardrail::{Buckets, Outcome, RunState, Subject, apply};
use flaghoist_ingest::{Event, Observation};
use flaghoist_model::compile::Channel;
use flaghoist_model::id::EnvironmentId;
use flaghoist_model::metric::Lane;
use flaghoist_store::{EvidenceWriter, RunKey, StoredSubject};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How much may wait: so many observations of ordinary size.
const WAITING_MAX: usize = 200_000;
/// Reports are written together until they have so many observations; each may have more.
const WRITTEN_MAX: usize = 5_000;
/// How long a stop waits for the last ones.
const LAST_WRITE_LIMIT: Duration = Duration::from_secs(2);

/// What a reader reports that guardrails may want to know.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// Where it was observed.
    pub(crate) environment_id: EnvironmentId,
    /// Which flags the reader sees.
    pub(crate) channel: Channel,
    /// In the order it was reported.
    pub(crate) observations: Vec<Observation>,
    /// With which the reader sends the same report again.
    pub(crate) idempotency_key: Option<String>,
}

/// Why a report was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// Too many wait already.
    QueueFull,
    /// The store did not take it.
    StoreUnavailable,
}

impl From<NotTaken> for ApiError {
    fn from(reason: NotTaken) -> Self {
        match reason {
            NotTaken::QueueFull => {
                Self::RateLimited { name: "events", retry_after_seconds: 1, standing: None }
            }
            NotTaken::StoreUnavailable => Self::Unavailable,
        }
    }
}

struct Waiting {
    report: Report,
    written: oneshot::Sender<bool>,
    room: OwnedSemaphorePermit,
}

/// Where observations wait to be written.
pub(crate) struct Recorder {
    room: Arc<Semaphore>,
    sender: mpsc::UnboundedSender<Waiting>,
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Waiting>>>,
}

impl Default for Recorder {
    fn default() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self { room: Arc::new(Semaphore::new(WAITING_MAX)), sender, receiver: Mutex::new(Some(receiver)) }
    }
}

impl Recorder {
    /// Records what was observed. Returns once it is durable.
    pub(crate) async fn put(&self, report: Report) -> Result<(), NotTaken> {
        if report.observations.is_empty() {
            return Ok(());
        }
        let weight = report.observations.iter().map(weight).fold(0, u32::saturating_add);
        // One that takes all the room is taken when nobody else waits.
        let weight = weight.min(u32::try_from(WAITING_MAX).unwrap_or(u32::MAX));
        let room = Arc::clone(&self.room).try_acquire_many_owned(weight).map_err(|_| NotTaken::QueueFull)?;
        let (written, outcome) = oneshot::channel();
        self.sender.send(Waiting { report, written, room }).map_err(|_| NotTaken::StoreUnavailable)?;
        match outcome.await {
            Ok(true) => Ok(()),
            _ => Err(NotTaken::StoreUnavailable),
        }
    }
}

/// How much room an observation takes: one for each 256 bytes of its texts that were begun.
fn weight(observation: &Observation) -> u32 {
    let bytes = match observation {
        Observation::Exposure(exposure) => exposure.subject.len() + exposure.flag.len(),
        Observation::Event(event) => {
            let properties = event.properties.iter().map(|(name, text)| name.len() + text.len());
            event.subject.len() + event.name.len() + properties.sum::<usize>()
        }
    };
    u32::try_from(bytes / 256 + 1).unwrap_or(u32::MAX)
}

/// Records what waits until `stop` is done and nobody waits any more.
pub async fn record(app: Arc<App>, stop: CancellationToken) {
    let recorder = &app.guardrails.recorder;
    let Some(mut receiver) = recorder.receiver.lock().unwrap_or_else(PoisonError::into_inner).take() else {
        return;
    };
    loop {
        let first = tokio::select! {
            () = stop.cancelled() => break,
            first = receiver.recv() => first,
        };
        let Some(first) = first else { return };
        write(&app, fill(first, &mut receiver)).await;
    }
    let last = async {
        while let Ok(first) = receiver.try_recv() {
            write(&app, fill(first, &mut receiver)).await;
        }
    };
    if tokio::time::timeout(LAST_WRITE_LIMIT, last).await.is_err() {
        tracing::warn!("the last observations were not recorded: the database takes too long");
    }
}

/// What waits beside the first, as far as it is written at once.
fn fill(first: Waiting, receiver: &mut mpsc::UnboundedReceiver<Waiting>) -> Vec<Waiting> {
    let mut count = first.report.observations.len();
    let mut taken = vec![first];
    while count < WRITTEN_MAX
        && let Ok(waiting) = receiver.try_recv()
    {
        count += waiting.report.observations.len();
        taken.push(waiting);
    }
    taken
}

/// Writes reports and tells those who wait. When they cannot be written together, each alone: what is wrong with one is no
/// matter of the others.
async fn write(app: &App, taken: Vec<Waiting>) {
    let reports: Vec<&Report> = taken.iter().map(|waiting| &waiting.report).collect();
    let written = write_together(app, &reports).await;
    if let Err(error) = &written {
        tracing::warn!(cause = %error, reports = reports.len(), "could not record what readers reported");
    }
    let is_alone = taken.len() == 1;
    for waiting in taken {
        let is_written = match written {
            Ok(()) => true,
            Err(ApiError::Unavailable | ApiError::TimedOut) => false,
            Err(_) if is_alone => false,
            Err(_) => write_together(app, &[&waiting.report]).await.is_ok(),
        };
        // Whoever does not wait any more has gone away.
        let _ = waiting.written.send(is_written);
        drop(waiting.room);
    }
}

/// An observation that concerns a run.
struct Concern<'r> {
    report: usize,
    observation: &'r Observation,
    /// The key of an event that has to be counted once, where counting it twice would be wrong.
    once: Option<Vec<u8>>,
}

async fn write_together(app: &App, reports: &[&Report]) -> Result<(), ApiError> {
    app.guardrails.runs.refresh_if_old(app).await?;
    let now = app.clock.now();
    let concerns = concerns(app, reports);
    if concerns.is_empty() {
        return Ok(());
    }
    let hasher = app.guardrails.ledger.hasher(app).await?;
    let mut states = app.guardrails.ledger.states.lock().await;
    let mut writer = app.events.begin_evidence().await?;
    let keys: Vec<RunKey> = concerns.iter().map(|(run, _)| run.key()).collect();
    let versions = writer.hold(&keys, now).await?;
    let repeated = Repeated::find(writer.as_mut(), reports, &concerns, now).await?;
    let mut changed = Vec::with_capacity(concerns.len());
    for ((run, concerns), version) in concerns.iter().zip(versions) {
        let mut state = match state_of(&mut states, writer.as_mut(), run.key(), version).await {
            Ok(state) => state,
            // What is known of this run is damaged, which holds its steps; reports of others are no worse for it.
            Err(ApiError::Internal) => continue,
            Err(error) => return Err(error),
        };
        let fresh = concerns.iter().filter(|concern| !repeated.hold(concern));
        let subjects = apply_all(app, run, &mut state, writer.as_mut(), fresh, &hasher, now).await?;
        let cells = changes(&state);
        let is_changed = !cells.is_empty() || !subjects.is_empty();
        if is_changed {
            writer.save_cells(run.key(), &cells, now).await?;
            writer.save_subjects(run.run.schedule_id, &subjects).await?;
        }
        changed.push((run.key(), version + i64::from(is_changed), state));
    }
    writer.commit().await?;
    for (key, version, mut state) in changed {
        state.kept();
        states.insert(key, (version, state));
    }
    drop(states);
    app.guardrails.observed.notify_one();
    Ok(())
}

/// What concerns which run.
fn concerns<'r>(app: &App, reports: &[&'r Report]) -> Vec<(Arc<WatchedRun>, Vec<Concern<'r>>)> {
    let mut found: BTreeMap<RunKey, (Arc<WatchedRun>, Vec<Concern<'r>>)> = BTreeMap::new();
    for (place, report) in reports.iter().enumerate() {
        for run in app.guardrails.runs.of(report.environment_id) {
            let keys = EventKeys::of(run.key());
            for observation in &report.observations {
                let once = match observation {
                    Observation::Exposure(exposure) if run.watch.concerns(exposure) => None,
                    Observation::Event(event) if run.hears(report.channel, event) => keys.key_of(&run, event),
                    _ => continue,
                };
                let (_, concerns) = found.entry(run.key()).or_insert_with(|| (Arc::clone(&run), Vec::new()));
                concerns.push(Concern { report: place, observation, once });
            }
        }
    }
    found.into_values().collect()
}

/// Keys of a run's events that are counted once.
struct EventKeys(Digest);

impl EventKeys {
    fn of(RunKey { schedule_id, run }: RunKey) -> Self {
        let digest = Digest::default().with("event").with(&schedule_id.to_string());
        Self(digest.with(&run.to_string()))
    }

    /// The key of an event that names itself, if one of the metrics that select it adds up: first events and exposures
    /// are counted once by themselves.
    fn key_of(&self, run: &WatchedRun, event: &Event) -> Option<Vec<u8>> {
        let id = event.event_id.as_deref()?;
        let adds_up = run.watch.metrics_of(event).iter().any(|selected| {
            let metric = run.run.guard.metrics.get(usize::from(selected.metric));
            metric.is_some_and(|metric| metric.definition.lane() != Lane::Events)
        });
        adds_up.then(|| self.0.clone().with(event.origin.as_str()).with(id).finish())
    }
}

/// 128 bits of SHA-256 of texts, which cannot run into one another.
#[derive(Clone, Default)]
struct Digest(Sha256);

impl Digest {
    fn with(mut self, text: &str) -> Self {
        self.0.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(text.as_bytes());
        self
    }

    fn finish(self) -> Vec<u8> {
        self.0.finalize()[..16].to_vec()
    }
}

/// What was counted before.
struct Repeated {
    reports: HashSet<usize>,
    events: HashSet<Vec<u8>>,
}

impl Repeated {
    /// Takes the keys of what is about to be counted.
    async fn find(
        writer: &mut dyn EvidenceWriter,
        reports: &[&Report],
        concerns: &[(Arc<WatchedRun>, Vec<Concern<'_>>)],
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let mut found = Self { reports: HashSet::new(), events: HashSet::new() };
        // Reports first: a report that comes again does not take the keys of its events again.
        let concerned: HashSet<usize> =
            concerns.iter().flat_map(|(_, concerns)| concerns).map(|concern| concern.report).collect();
        let mut of_reports: BTreeMap<EnvironmentId, Vec<(usize, Vec<u8>)>> = BTreeMap::new();
        for (place, report) in reports.iter().enumerate().filter(|(place, _)| concerned.contains(place)) {
            if let Some(key) = &report.idempotency_key {
                let keys = of_reports.entry(report.environment_id).or_default();
                keys.push((place, Digest::default().with("report").with(key).finish()));
            }
        }
        for (environment_id, keyed) in of_reports {
            let (places, keys): (Vec<usize>, Vec<Vec<u8>>) = keyed.into_iter().unzip();
            let are_new = writer.take_keys(environment_id, &keys, now).await?;
            let old = places.into_iter().zip(are_new).filter(|(_, is_new)| !is_new);
            found.reports.extend(old.map(|(place, _)| place));
        }
        for (run, concerns) in concerns {
            let fresh = concerns.iter().filter(|concern| !found.reports.contains(&concern.report));
            let keys: Vec<Vec<u8>> = fresh.filter_map(|concern| concern.once.clone()).collect();
            // One that stands twice in here is counted at its first place: the second is found by `counted`.
            let are_new = writer.take_keys(run.run.environment_id, &keys, now).await?;
            let mut is_new_by_key: HashMap<Vec<u8>, bool> = HashMap::new();
            for (key, is_new) in keys.into_iter().zip(are_new) {
                *is_new_by_key.entry(key).or_insert(false) |= is_new;
            }
            found.events.extend(is_new_by_key.into_iter().filter(|(_, is_new)| !is_new).map(|(key, _)| key));
        }
        Ok(found)
    }

    fn hold(&self, concern: &Concern<'_>) -> bool {
        self.reports.contains(&concern.report)
            || concern.once.as_ref().is_some_and(|key| self.events.contains(key))
    }
}

/// Applies what concerns a run, in order, and gives the subjects that changed.
async fn apply_all<'c, 'r: 'c>(
    app: &App,
    run: &WatchedRun,
    state: &mut RunState,
    writer: &mut dyn EvidenceWriter,
    concerns: impl Iterator<Item = &'c Concern<'r>>,
    hasher: &SubjectHasher,
    now: Timestamp,
) -> Result<Vec<StoredSubject>, ApiError> {
    let mut counted = HashSet::new();
    let mut hashes: HashMap<&str, (i64, Buckets)> = HashMap::new();
    let mut concerned = Vec::new();
    for concern in concerns {
        if concern.once.as_ref().is_some_and(|key| !counted.insert(key)) {
            continue;
        }
        let subject = match concern.observation {
            Observation::Exposure(exposure) => exposure.subject.as_str(),
            Observation::Event(event) => event.subject.as_str(),
        };
        let known = hashes.entry(subject);
        let (hash, buckets) = *known.or_insert_with(|| (hasher.hash(subject), run.watch.buckets(subject)));
        concerned.push((hash, buckets, concern.observation));
    }
    let wanted: Vec<i64> =
        concerned.iter().map(|(hash, ..)| *hash).collect::<HashSet<_>>().into_iter().collect();
    let known = writer.subjects(run.run.schedule_id, &wanted).await?;
    let mut subjects: HashMap<i64, (Subject, bool)> =
        known.iter().map(|row| (row.subject, (subject_of(row), false))).collect();
    for (hash, buckets, observation) in concerned {
        let (subject, is_changed) = subjects.entry(hash).or_default();
        match apply(&run.watch, state, subject, buckets, observation, now.as_millisecond()) {
            Outcome::Taken => *is_changed = true,
            Outcome::Ignored(reason) => app.metrics.observation_ignored(reason),
        }
    }
    let changed = subjects.iter().filter(|(_, (_, is_changed))| *is_changed);
    Ok(changed.map(|(hash, (subject, _))| stored(run, *hash, subject)).collect())
}
