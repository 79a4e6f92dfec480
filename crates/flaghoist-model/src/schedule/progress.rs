//! How far a schedule has come, and what is recorded of each move.

use super::{Schedule, Strategy};
use crate::guard::Guard;
use crate::history::Action;
use crate::id::ScheduleId;
use crate::names::names;
use crate::webhook::Event;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

names! {
    /// Where a schedule stands.
    ScheduleStatus {
        /// Waits for somebody to start it; exposes nobody.
        NotStarted = "NOT_STARTED",
        /// Waits for its start time; exposes nobody.
        Scheduled = "SCHEDULED",
        /// At a step, until its interval is over.
        Running = "RUNNING",
        /// At a step, until somebody or something goes on.
        Paused = "PAUSED",
        /// At its last step, for good.
        Completed = "COMPLETED",
        /// Stopped; exposes nobody until somebody starts it again.
        Aborted = "ABORTED",
    }
}

names! {
    /// Why a schedule is paused.
    PauseReason {
        /// Somebody paused it.
        User = "user",
        /// A guardrail metric did.
        Guardrail = "guardrail",
        /// The schedule says so: a pause record, or a step without an interval.
        Gate = "gate",
        /// What watches it is not well.
        Health = "health",
        /// The flag is disabled, overridden or archived.
        Inactive = "inactive",
    }
}

names! {
    /// What a transition did.
    Deed {
        /// A run began with the first step.
        Started = "started",
        /// The next step was entered, or the end reached.
        Advanced = "advanced",
        /// The clock of the step was stopped.
        Paused = "paused",
        /// It went on.
        Resumed = "resumed",
        /// All progress was taken back.
        Stopped = "stopped",
    }
}

names! {
    /// What brought a transition about.
    Cause {
        /// Somebody asked for it; the history says who.
        Request = "request",
        /// Its time had come.
        Timer = "timer",
        /// It starts by itself, and could.
        Autostart = "autostart",
        /// A guardrail metric.
        Guardrail = "guardrail",
        /// The flag was disabled, overridden or archived, or is back.
        Flag = "flag",
    }
}

/// How far a schedule has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Where it stands.
    pub status: ScheduleStatus,
    /// Why it is paused.
    pub pause_reason: Option<PauseReason>,
    /// Which run this is, counting from 1; 0 before the first.
    pub run: i64,
    /// The step it is at.
    pub position: Option<usize>,
    /// When the run began.
    pub started_at: Option<Timestamp>,
    /// When the step was entered: the moment it was due, not that at which somebody got round to it.
    pub step_entered_at: Option<Timestamp>,
    /// What was left of the step's interval when its clock was stopped, in milliseconds.
    pub remaining_ms: Option<i64>,
    /// When it moves by itself.
    pub next_transition_at: Option<Timestamp>,
    /// Whether it starts as soon as it can.
    pub starts_itself: bool,
    /// Whether nothing moves because the flag is disabled, overridden or archived.
    pub is_held: bool,
    /// Whether somebody stopped it and nobody started it since: then it does not start by itself.
    pub was_stopped: bool,
    /// How many transitions it has made. Each transition has a number of its own, so none can be made twice.
    pub sequence: i64,
    /// What watches the run, or watched the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<Box<Guard>>,
}

impl Default for Progress {
    fn default() -> Self {
        Self::at(ScheduleStatus::NotStarted)
    }
}

impl Progress {
    const fn at(status: ScheduleStatus) -> Self {
        Self {
            status,
            pause_reason: None,
            run: 0,
            position: None,
            started_at: None,
            step_entered_at: None,
            remaining_ms: None,
            next_transition_at: None,
            starts_itself: false,
            is_held: false,
            was_stopped: false,
            sequence: 0,
            guard: None,
        }
    }

    /// Where a schedule stands whose content is saved for the first time (decisions 4 and 14). A start time of a
    /// rollout that passed between the asking (`updated_at`) and the saving starts nothing: whoever approved it late is
    /// to start it. A plain gate is open as soon as it is saved.
    pub(super) fn of_new(schedule: &Schedule, now: Timestamp) -> Self {
        let start = schedule.absolute_start_time;
        if start.is_some_and(|start| start > now) {
            return Self { next_transition_at: start, ..Self::at(ScheduleStatus::Scheduled) };
        }
        if schedule.strategy == Strategy::NoRollout {
            let position = Some(schedule.steps.len().saturating_sub(1));
            return Self { position, step_entered_at: Some(now), ..Self::at(ScheduleStatus::Completed) };
        }
        let was_missed = start.is_some_and(|start| start > schedule.updated_at);
        let starts_itself = !was_missed && (schedule.autostart || start.is_some());
        let next_transition_at = starts_itself.then_some(now);
        Self { next_transition_at, starts_itself, ..Self::at(ScheduleStatus::NotStarted) }
    }

    /// The same without a start of its own; a plain gate, which does not start, is left alone.
    pub(super) fn without_start(self) -> Self {
        match self.status {
            ScheduleStatus::NotStarted | ScheduleStatus::Scheduled => Self::at(ScheduleStatus::NotStarted),
            _ => self,
        }
    }
}

/// A move of a schedule, as it is kept. `schedule_id` and `sequence` name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// The schedule.
    pub schedule_id: ScheduleId,
    /// Its number among the transitions of the schedule, counting from 1.
    pub sequence: i64,
    /// What it did.
    pub deed: Deed,
    /// What brought it about.
    pub cause: Cause,
    /// The run it belongs to.
    pub run: i64,
    /// How the schedule stands after it.
    pub status: ScheduleStatus,
    /// Why it is paused after it.
    pub pause_reason: Option<PauseReason>,
    /// The step it is at after it.
    pub position: Option<usize>,
    /// The share that is in after it, 0 to 1.
    pub exposure_ratio: f64,
    /// When it was to happen.
    pub due_at: Timestamp,
    /// When it was made.
    pub at: Timestamp,
}

impl Transition {
    /// What the history calls it.
    pub const fn action(&self) -> Action {
        match self.deed {
            Deed::Started => Action::RolloutStarted,
            Deed::Advanced => Action::RolloutAdvanced,
            Deed::Paused => Action::RolloutPaused,
            Deed::Resumed => Action::RolloutResumed,
            Deed::Stopped => Action::RolloutStopped,
        }
    }

    /// What webhooks are told of it: what it did, and where that led.
    pub fn events(&self) -> Vec<Event> {
        let deed = match self.deed {
            Deed::Started => Event::RolloutStarted,
            // Reaching the end is the event, not the step to it.
            Deed::Advanced if self.status == ScheduleStatus::Completed => {
                return vec![Event::RolloutCompleted];
            }
            Deed::Advanced => Event::RolloutAdvanced,
            Deed::Paused => return vec![Event::RolloutPaused],
            Deed::Resumed => Event::RolloutResumed,
            Deed::Stopped => Event::RolloutAborted,
        };
        let led_to = match self.status {
            ScheduleStatus::Completed => Some(Event::RolloutCompleted),
            ScheduleStatus::Paused => Some(Event::RolloutPaused),
            _ => None,
        };
        std::iter::once(deed).chain(led_to).collect()
    }
}

/// Reads progress as it is stored: whole, or as by earlier versions only its status.
pub(super) fn read<'de, D: Deserializer<'de>>(stored: D) -> Result<Progress, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Status(ScheduleStatus),
        Whole(Progress),
    }
    Ok(match Stored::deserialize(stored)? {
        Stored::Status(status) => Progress::at(status),
        Stored::Whole(progress) => progress,
    })
}
