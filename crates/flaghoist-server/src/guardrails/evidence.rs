//! Evidence on its way between the store and the engine.

use super::runs::WatchedRun;
use crate::ApiError;
use crate::app::App;
use flaghoist_ingest::guardrail::{CellKey, Evaluation, RunState, Subject, close_due, evaluate};
use flaghoist_store::{EvidenceWriter, RunKey, StoredCell, StoredSubject};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};

/// Subjects that are looked at together because their time has come.
const DUE_AT_ONCE: i64 = 500;
/// So many times in one look; what is left is due in the next.
const DUE_ROUNDS_MAX: usize = 20;
/// The name of the key of hashes in the store.
const SUBJECT_KEY: &str = "guardrail_subjects";

/// What was last read or written of runs, with its version: who writes a run that has that version still needs not to
/// read it again.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(super) states: Mutex<HashMap<RunKey, (i64, RunState)>>,
    subject_key: OnceCell<Vec<u8>>,
}

impl Ledger {
    /// Forgets what is known of other runs; what comes late of them is read again.
    pub(super) async fn keep_only(&self, runs: &[Arc<WatchedRun>]) {
        self.states.lock().await.retain(|key, _| runs.iter().any(|run| run.key() == *key));
    }

    /// What hashes subjects: a secret of the installation, made when it is first needed.
    pub(super) async fn hasher(&self, app: &App) -> Result<SubjectHasher, ApiError> {
        let key = self.subject_key.get_or_try_init(|| async {
            let fresh = crate::secret::random_key().map_err(ApiError::internal)?;
            let mut books = app.store.bookkeep().await?;
            let key = books.secret(SUBJECT_KEY, &fresh).await?;
            books.commit().await?;
            Ok::<_, ApiError>(key)
        });
        let mac = Hmac::<Sha256>::new_from_slice(key.await?).map_err(ApiError::internal)?;
        Ok(SubjectHasher(mac))
    }
}

/// Hashes targeting keys, so that what is kept of a subject names nobody.
pub(super) struct SubjectHasher(Hmac<Sha256>);

impl SubjectHasher {
    /// 64 bits of HMAC-SHA-256 of the targeting key as it is.
    pub(super) fn hash(&self, subject: &str) -> i64 {
        let mut mac = self.0.clone();
        mac.update(subject.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        i64::from_be_bytes(bytes)
    }
}

/// The state of a run that `writer` holds at `version`: what is known of that version, or what is stored.
/// [`ApiError::Internal`] when that cannot be read.
pub(super) async fn state_of(
    states: &mut HashMap<RunKey, (i64, RunState)>,
    writer: &mut dyn EvidenceWriter,
    key: RunKey,
    version: i64,
) -> Result<RunState, ApiError> {
    // Taken out: what is half changed when something fails is read again.
    match states.remove(&key) {
        Some((known, state)) if known == version => Ok(state),
        _ => decode(&writer.cells(key).await?),
    }
}

pub(super) fn decode(cells: &[StoredCell]) -> Result<RunState, ApiError> {
    let cells =
        cells.iter().map(|cell| (CellKey { metric: cell.metric, step: cell.step }, cell.state.as_slice()));
    RunState::decode(cells).map_err(ApiError::internal)
}

/// What of the state has to be written.
pub(super) fn changes(state: &RunState) -> Vec<StoredCell> {
    let cell = |(key, state): (CellKey, Vec<u8>)| StoredCell { metric: key.metric, step: key.step, state };
    state.changes().into_iter().map(cell).collect()
}

/// A subject as it is stored; one that cannot be read is said so, and begins anew.
pub(super) fn subject_of(stored: &StoredSubject) -> Subject {
    Subject::decode(&stored.state).unwrap_or_else(|error| {
        tracing::error!(cause = %error, "a subject of a rollout cannot be read and is taken for a new one");
        Subject::default()
    })
}

/// The subject as it is to be stored.
pub(super) fn stored(run: &WatchedRun, hash: i64, subject: &Subject) -> StoredSubject {
    let due_at = subject.due_at_ms(&run.watch).and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok());
    StoredSubject { subject: hash, state: subject.encode(), due_at }
}

/// Looks at a run: closes what is due, and evaluates it as of now.
pub(crate) async fn look(app: &App, run: &Arc<WatchedRun>) -> Result<Evaluation, ApiError> {
    let now = app.clock.now();
    let key = run.key();
    let mut states = app.guardrails.ledger.states.lock().await;
    let mut writer = app.events.begin_evidence().await?;
    let version = writer.hold(&[key], now).await?.first().copied().unwrap_or(0);
    let mut state = state_of(&mut states, writer.as_mut(), key, version).await?;
    let has_closed = close_all_due(run, writer.as_mut(), &mut state, now).await?;
    let cells = changes(&state);
    let is_changed = has_closed || !cells.is_empty();
    if is_changed {
        writer.save_cells(key, &cells, now).await?;
        writer.commit().await?;
        state.kept();
    }
    let evaluation = evaluate(&run.watch, &run.run.guard, &state, now.as_millisecond());
    states.insert(key, (version + i64::from(is_changed), state));
    Ok(evaluation)
}

/// Changes what is known of a run in a transaction of its own.
pub(super) async fn amend(
    app: &App,
    run: &WatchedRun,
    change: impl FnOnce(&mut RunState) + Send,
) -> Result<(), ApiError> {
    let now = app.clock.now();
    let key = run.key();
    let mut states = app.guardrails.ledger.states.lock().await;
    let mut writer = app.events.begin_evidence().await?;
    let version = writer.hold(&[key], now).await?.first().copied().unwrap_or(0);
    let mut state = state_of(&mut states, writer.as_mut(), key, version).await?;
    change(&mut state);
    let cells = changes(&state);
    let is_changed = !cells.is_empty();
    if is_changed {
        writer.save_cells(key, &cells, now).await?;
        writer.commit().await?;
        state.kept();
    }
    states.insert(key, (version + i64::from(is_changed), state));
    Ok(())
}

/// Whether any subject was due.
async fn close_all_due(
    run: &WatchedRun,
    writer: &mut dyn EvidenceWriter,
    state: &mut RunState,
    now: Timestamp,
) -> Result<bool, ApiError> {
    let mut has_closed = false;
    // What a run that ended has open is due, whenever it was to be.
    let until = if run.is_on() { now } else { Timestamp::MAX };
    for _ in 0..DUE_ROUNDS_MAX {
        let due = writer.due_subjects(run.run.schedule_id, until, DUE_AT_ONCE).await?;
        let mut written = Vec::with_capacity(due.len());
        for row in &due {
            let mut subject = subject_of(row);
            close_due(&run.watch, state, &mut subject, now.as_millisecond());
            let row = stored(run, row.subject, &subject);
            // Nothing comes of what waits for an exposure any more.
            written.push(StoredSubject { due_at: row.due_at.filter(|_| run.is_on()), ..row });
        }
        writer.save_subjects(run.run.schedule_id, &written).await?;
        has_closed |= !due.is_empty();
        if i64::try_from(due.len()).is_ok_and(|count| count < DUE_AT_ONCE) {
            break;
        }
    }
    Ok(has_closed)
}

/// The evidence of a run as it is stored and what it says, without changing anything: for people.
pub(crate) async fn evaluation_of(app: &App, run: &WatchedRun) -> Result<(RunState, Evaluation), ApiError> {
    let (_, cells) = app.events.evidence_cells(run.key()).await?;
    let state = decode(&cells)?;
    let until = run.run.ended_at.unwrap_or_else(|| app.clock.now());
    let evaluation = evaluate(&run.watch, &run.run.guard, &state, until.as_millisecond());
    Ok((state, evaluation))
}
