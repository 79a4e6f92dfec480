//! What guardrails know of the subjects of a run: opaque states, which the engine of `flaghoist-ingest` reads and writes.
//!
//! A run has cells, which are what its tests rest on, and a version that counts how often they were written; a schedule
//! has subjects, which say what of each was counted already. Whoever writes holds the run until the transaction ends, so
//! what was read is current, and what was acknowledged was counted once.

use crate::Result;
use async_trait::async_trait;
use flaghoist_model::id::{EnvironmentId, ScheduleId, VariantId};
use jiff::Timestamp;
use serde_json::Value;

/// A run of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// The rollout.
    pub schedule_id: ScheduleId,
    /// Which of its runs, counting from 1.
    pub run: i64,
}

/// A part of what the tests of a run rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCell {
    /// The metric, by its place among those of the run; the engine uses negative numbers for what belongs to none.
    pub metric: i64,
    /// The step, by its place among those of the run; the engine uses negative numbers for what belongs to none.
    pub step: i64,
    /// The engine's.
    pub state: Vec<u8>,
}

/// What is known of a subject of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSubject {
    /// A keyed hash of the targeting key.
    pub subject: i64,
    /// The engine's.
    pub state: Vec<u8>,
    /// When it is to be looked at again, whatever comes.
    pub due_at: Option<Timestamp>,
}

/// How the evidence about a variant and a metric stood at a moment, for charts.
#[derive(Clone, Debug, PartialEq)]
pub struct EvidencePoint {
    /// The metric.
    pub metric_id: String,
    /// The variant.
    pub variant_id: VariantId,
    /// When.
    pub at: Timestamp,
    /// What was found.
    pub document: Value,
}

/// A transaction on evidence. Dropping it undoes everything.
#[async_trait]
pub trait EvidenceWriter: Send {
    /// Takes runs until the transaction ends, and gives the version of each in the same order: 0 when nothing was written
    /// yet. Call it once, with each run once, before anything else.
    async fn hold(&mut self, runs: &[RunKey], now: Timestamp) -> Result<Vec<i64>>;

    /// All cells of a run.
    async fn cells(&mut self, run: RunKey) -> Result<Vec<StoredCell>>;

    /// Those of the subjects that are known.
    async fn subjects(&mut self, schedule_id: ScheduleId, subjects: &[i64]) -> Result<Vec<StoredSubject>>;

    /// Subjects that are due at `now`, the longest due first, at most `limit`.
    async fn due_subjects(
        &mut self,
        schedule_id: ScheduleId,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<StoredSubject>>;

    /// Takes keys of what is to be counted once in an environment: whether each is new. One that is given twice is new
    /// once.
    async fn take_keys(
        &mut self,
        environment_id: EnvironmentId,
        keys: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<Vec<bool>>;

    /// Writes cells of a run that is held, which makes its next version.
    async fn save_cells(&mut self, run: RunKey, cells: &[StoredCell], now: Timestamp) -> Result<()>;

    /// Writes subjects of a schedule of which a run is held, each once.
    async fn save_subjects(&mut self, schedule_id: ScheduleId, subjects: &[StoredSubject]) -> Result<()>;

    /// Makes everything durable.
    async fn commit(self: Box<Self>) -> Result<()>;
}
