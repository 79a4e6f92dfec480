//! What readers report, counted: how often flags were evaluated, what they served, and what guardrails make of it.
//!
//! Counts come all the time, so they have a store of their own: on SQLite a file of its own, on PostgreSQL tables that
//! nothing refers to. They are added up where they are kept, so that any number of servers may add.

use crate::{EvidencePoint, EvidenceWriter, Result, RunKey, StoredCell};
use async_trait::async_trait;
use flaghoist_model::id::{EnvironmentId, FlagId};
use jiff::Timestamp;

/// The statement that adds rows of counts, which are given as `VALUES` or a `SELECT`, to those that are there.
macro_rules! add_counts_of {
    ($rows:literal) => {
        concat!(
            "INSERT INTO evaluation_counts
                (environment_id, flag_id, start_minute, length_minutes, allocation, variant, evaluations, exposures,
                defaults, errors)",
            $rows,
            "ON CONFLICT (environment_id, flag_id, start_minute, length_minutes, allocation, variant) DO UPDATE SET
                evaluations = evaluation_counts.evaluations + excluded.evaluations,
                exposures = evaluation_counts.exposures + excluded.exposures,
                defaults = evaluation_counts.defaults + excluded.defaults,
                errors = evaluation_counts.errors + excluded.errors"
        )
    };
}
pub(crate) use add_counts_of;

/// The same for totals.
macro_rules! add_totals_of {
    ($rows:literal) => {
        concat!(
            "INSERT INTO evaluation_totals
                (environment_id, flag_id, allocation, variant, evaluations, exposures, defaults, errors, first_at,
                last_at)",
            $rows,
            "ON CONFLICT (environment_id, flag_id, allocation, variant) DO UPDATE SET
                evaluations = evaluation_totals.evaluations + excluded.evaluations,
                exposures = evaluation_totals.exposures + excluded.exposures,
                defaults = evaluation_totals.defaults + excluded.defaults,
                errors = evaluation_totals.errors + excluded.errors,
                first_at = CASE WHEN excluded.first_at < evaluation_totals.first_at
                    THEN excluded.first_at ELSE evaluation_totals.first_at END,
                last_at = CASE WHEN excluded.last_at > evaluation_totals.last_at
                    THEN excluded.last_at ELSE evaluation_totals.last_at END"
        )
    };
}
pub(crate) use add_totals_of;

/// What is counted together: what a flag served in an environment, and by which allocation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvaluationSeries {
    /// The environment.
    pub environment_id: EnvironmentId,
    /// The flag.
    pub flag_id: FlagId,
    /// Key of the allocation; empty for none.
    pub allocation: String,
    /// Key of the variant; empty for none, which is the default of the code.
    pub variant: String,
}

/// How often things happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvaluationCounts {
    /// Evaluations, whatever they gave.
    pub evaluations: i64,
    /// Exposures: subjects who got the variant, as SDKs report them.
    pub exposures: i64,
    /// Evaluations that served the default of the code.
    pub defaults: i64,
    /// Evaluations that failed.
    pub errors: i64,
}

impl EvaluationCounts {
    /// Adds another count.
    pub fn add(&mut self, other: Self) {
        self.evaluations = self.evaluations.saturating_add(other.evaluations);
        self.exposures = self.exposures.saturating_add(other.exposures);
        self.defaults = self.defaults.saturating_add(other.defaults);
        self.errors = self.errors.saturating_add(other.errors);
    }
}

/// What happened in one minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedEvaluations {
    /// Of what.
    pub series: EvaluationSeries,
    /// The minute, since 1970.
    pub minute: i64,
    /// How often.
    pub counts: EvaluationCounts,
    /// The first and the last moment of it.
    pub first_at: Timestamp,
    /// See `first_at`.
    pub last_at: Timestamp,
}

/// What happened in a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationBucket {
    /// Of what.
    pub series: EvaluationSeries,
    /// When it starts, in minutes since 1970.
    pub start_minute: i64,
    /// How long it is: 1, or 60 once it is old.
    pub length_minutes: i64,
    /// How often.
    pub counts: EvaluationCounts,
}

/// What happened since the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationTotal {
    /// Of what.
    pub series: EvaluationSeries,
    /// How often.
    pub counts: EvaluationCounts,
    /// First seen.
    pub first_at: Timestamp,
    /// Last seen.
    pub last_at: Timestamp,
}

/// A store of counts. Cheap to share behind an `Arc`.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Adds counts: all of them durably, or none. Adding is not repeatable: twice is double.
    async fn add_evaluations(&self, counted: &[CountedEvaluations]) -> Result<()>;

    /// What a flag served in an environment since the beginning.
    async fn evaluation_totals(
        &self,
        environment_id: EnvironmentId,
        flag_id: FlagId,
    ) -> Result<Vec<EvaluationTotal>>;

    /// When each flag of an environment was last seen to be evaluated or exposed.
    async fn last_evaluations(&self, environment_id: EnvironmentId) -> Result<Vec<(FlagId, Timestamp)>>;

    /// What a flag served in an environment in the minutes from `since` to before `until`, oldest first, at most
    /// the last `limit` buckets.
    async fn evaluation_buckets(
        &self,
        environment_id: EnvironmentId,
        flag_id: FlagId,
        minutes: std::ops::Range<i64>,
        limit: i64,
    ) -> Result<Vec<EvaluationBucket>>;

    /// Adds the minutes of before `fold_before` up to hours, and removes hours of before `delete_before`: both minutes
    /// since 1970, and the first one the start of an hour.
    async fn compact_evaluations(&self, fold_before: i64, delete_before: i64) -> Result<()>;

    /// Opens a transaction on what guardrails know.
    async fn begin_evidence(&self) -> Result<Box<dyn EvidenceWriter>>;

    /// The version of a run (0 when nothing was written yet) and its cells.
    async fn evidence_cells(&self, run: RunKey) -> Result<(i64, Vec<StoredCell>)>;

    /// Writes down how the evidence of a run stood; what was written of the same moment is replaced.
    async fn save_evidence_points(&self, run: RunKey, points: &[EvidencePoint]) -> Result<()>;

    /// How the evidence of a run stood, by metric, variant and time, at most `limit`.
    async fn evidence_points(&self, run: RunKey, limit: i64) -> Result<Vec<EvidencePoint>>;

    /// Removes keys that were taken before `keys_before`, and subjects of schedules of which nothing was written since
    /// `runs_before`.
    async fn prune_evidence(&self, keys_before: Timestamp, runs_before: Timestamp) -> Result<()>;
}
