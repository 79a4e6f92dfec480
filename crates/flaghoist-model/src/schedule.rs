//! Exposure schedules: how much of the traffic an allocation gets, over time.
//!
//! A schedule is what somebody asked for (its definition) and how far it has come (its [`Progress`]). A
//! `NO_ROLLOUT` schedule is how a plain gate carries its traffic exposure: it is live as soon as it is saved. All
//! others expose nobody until they are started, and then move through their steps: [`Schedule::advanced`] is what
//! time does, [`Schedule::commanded`] what people do, [`Schedule::settled`] what becomes of a schedule whose flag is
//! switched off and on, [`Schedule::tripped`] what guardrails do. A run that begins with a [`Guard`] is watched: each
//! of these also writes down in it what was in force when. The rules are those of `rollouts.md`, sections 2 to 4 and 7.

mod advance;
mod draft;
mod progress;
mod timeline;

pub use advance::Command;
pub(crate) use draft::parse_schedule;
pub use draft::{ScheduleDraft, StepDraft};
pub use progress::{Cause, Deed, PauseReason, Progress, ScheduleStatus, Transition};
pub use timeline::{Timeline, TimelineEntry};

use crate::guard::Guard;
use crate::id::{ScheduleId, StepId, VariantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Shortest interval of a step, in milliseconds.
pub const INTERVAL_MIN_MS: i64 = 1_000;
/// Longest interval of a step, in milliseconds: ten years.
pub const INTERVAL_MAX_MS: i64 = 10 * 366 * 24 * 3_600 * 1_000;
/// Most steps of a schedule.
pub const STEPS_MAX: usize = 1_000;

/// How steps follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Strategy {
    /// Each step after its interval.
    UniformIntervals,
    /// The last step at once.
    NoRollout,
}

impl Strategy {
    /// The strategy of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "UNIFORM_INTERVALS" => Some(Self::UniformIntervals),
            "NO_ROLLOUT" => Some(Self::NoRollout),
            _ => None,
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UniformIntervals => "UNIFORM_INTERVALS",
            Self::NoRollout => "NO_ROLLOUT",
        }
    }
}

/// One step: from when it is entered, `exposure_ratio` of the traffic is in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Identifier.
    pub id: StepId,
    /// Share of the traffic, 0 to 1.
    pub exposure_ratio: f64,
    /// How long it lasts, in milliseconds; none means until somebody goes on, or for good when it is the last.
    pub interval_ms: Option<i64>,
    /// Whether it is a planned pause at the ratio before it.
    pub is_pause_record: bool,
    /// Ties the pieces of one logical step together.
    pub grouped_step_index: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The exposure schedule of an allocation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Identifier, unique in the installation.
    pub id: ScheduleId,
    /// How steps follow one another.
    pub strategy: Strategy,
    /// Whether it starts by itself.
    pub autostart: bool,
    /// Interval of steps that name none, in milliseconds; 0 means unset.
    pub selection_interval_ms: i64,
    /// At least one.
    pub steps: Vec<Step>,
    /// When it starts, if it waits for a time.
    pub absolute_start_time: Option<Timestamp>,
    /// Whom the exposed are compared with.
    pub control_variant_id: Option<VariantId>,
    /// Whether this content was approved (or somebody who may did without): then starting it asks nobody again.
    #[serde(default)]
    pub is_approved: bool,
    /// How far it has come. Schedules of earlier versions have only the status, by the name of `status`.
    #[serde(alias = "status", deserialize_with = "progress::read")]
    pub progress: Progress,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Schedule {
    /// The share of the traffic that is in now, 0 to 1: that of the last step so far that is no pause.
    pub fn exposure_ratio(&self) -> f64 {
        let last = self.steps.len().saturating_sub(1);
        match self.progress.status {
            ScheduleStatus::NotStarted | ScheduleStatus::Scheduled | ScheduleStatus::Aborted => 0.0,
            ScheduleStatus::Running | ScheduleStatus::Paused | ScheduleStatus::Completed => {
                self.ratio_at(self.progress.position.unwrap_or(last).min(last))
            }
        }
    }

    /// The share that is in once the step is entered: that of the last step so far that is no pause.
    fn ratio_at(&self, position: usize) -> f64 {
        let so_far = self.steps.iter().take(position + 1).rev();
        so_far.filter(|step| !step.is_pause_record).map(|step| step.exposure_ratio).next().unwrap_or(0.0)
    }

    /// What watches it, while a guarded run is on.
    pub fn guard(&self) -> Option<&Guard> {
        self.progress.guard.as_deref().filter(|_| self.is_on())
    }

    /// Whether a run is on: then what it shows people must not change under it.
    pub fn is_on(&self) -> bool {
        matches!(self.progress.status, ScheduleStatus::Running | ScheduleStatus::Paused)
    }

    /// Whether its steps are locked for good: a rollout that is through. A plain gate is never through.
    pub fn is_through(&self) -> bool {
        self.strategy == Strategy::UniformIntervals && self.progress.status == ScheduleStatus::Completed
    }

    /// This schedule where `present` is what is there now. The same schedule with the same content is what is
    /// there, however it stood when this was written down. Another one stands where a new one would, but for what
    /// must not be forgotten: how many runs and transitions there were, and that somebody stopped it.
    #[must_use]
    pub(crate) fn standing(&self, present: Option<&Self>, now: Timestamp) -> Self {
        let present = present.filter(|present| present.id == self.id);
        if let Some(same) = present.filter(|present| present.definition_eq(self)) {
            return same.clone();
        }
        let fresh = Progress::of_new(self, now);
        let progress = match present.map(|present| &present.progress) {
            None => fresh,
            Some(before) => {
                let was_stopped = before.status == ScheduleStatus::Aborted || before.was_stopped;
                Progress {
                    run: before.run.max(fresh.run),
                    sequence: before.sequence,
                    was_stopped,
                    ..if was_stopped { fresh.without_start() } else { fresh }
                }
            }
        };
        Self { progress, is_approved: false, ..self.clone() }
    }

    /// The same schedule, which was removed and comes back, after what it had come through (`former`): it is where it
    /// was if that was for good, and otherwise waits for somebody. Nothing that was stopped starts by itself.
    #[must_use]
    pub(crate) fn come_back(&self, former: &Progress) -> Self {
        let is_for_good = matches!(former.status, ScheduleStatus::Completed | ScheduleStatus::Aborted);
        let progress = if is_for_good {
            former.clone()
        } else {
            Progress {
                run: former.run,
                sequence: former.sequence,
                was_stopped: former.was_stopped,
                ..self.progress.clone().without_start()
            }
        };
        Self { progress, ..self.clone() }
    }

    /// Whether both ask for the same, whatever their ids, times and progress.
    pub(crate) fn definition_eq(&self, other: &Self) -> bool {
        let step = |step: &Step| {
            (step.exposure_ratio.to_bits(), step.interval_ms, step.is_pause_record, step.grouped_step_index)
        };
        self.strategy == other.strategy
            && self.autostart == other.autostart
            && self.selection_interval_ms == other.selection_interval_ms
            && self.absolute_start_time == other.absolute_start_time
            && self.control_variant_id == other.control_variant_id
            && self.steps.iter().map(step).eq(other.steps.iter().map(step))
    }
}
