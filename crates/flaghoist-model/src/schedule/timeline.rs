//! What a schedule would do, before anybody starts it.

use super::{Command, PauseReason, Schedule, ScheduleStatus};
use jiff::Timestamp;

/// One step of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineEntry {
    /// The step.
    pub position: usize,
    /// When it is entered. After a gate without an interval: if somebody resumes it in the moment it is reached.
    pub at: Timestamp,
    /// The share that is in from then on, 0 to 1.
    pub exposure_ratio: f64,
    /// How the schedule stands from then on.
    pub status: ScheduleStatus,
    /// Whether it waits here until somebody resumes it.
    pub waits_for_resume: bool,
}

/// The steps of a schedule in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// In the order they are entered.
    pub entries: Vec<TimelineEntry>,
}

impl Timeline {
    /// Whether it ends when it says without anybody doing anything.
    pub fn runs_by_itself(&self) -> bool {
        self.entries.iter().all(|entry| !entry.waits_for_resume)
    }
}

impl Schedule {
    /// What it would do if it were started at `start` (or has done and will do, from the step it is at, when a run
    /// is on), with everybody resuming pauses at once and the flag enabled all the while. It is the state machine
    /// itself that is run, in simulated time.
    pub fn timeline(&self, start: Timestamp) -> Timeline {
        let mut schedule = self.clone();
        schedule.progress.is_held = false;
        if !self.is_on() {
            schedule.progress.status = ScheduleStatus::NotStarted;
            schedule.begin_run(None, start);
        }
        let mut entries = Vec::new();
        let mut reached = None;
        loop {
            let (position, status) = (schedule.progress.position, schedule.progress.status);
            if position != reached || status == ScheduleStatus::Completed {
                entries.extend(schedule.entry(start));
                reached = position;
            }
            let now = schedule.progress.step_entered_at.map_or(start, |entered_at| entered_at.max(start));
            // A guarded run moves when it is looked at, so it is looked at when it is due, and no sooner than now.
            let next = schedule.due_at().and_then(|due_at| schedule.advanced(due_at.max(start)));
            match next.or_else(|| schedule.commanded(Command::Resume, now).ok()) {
                Some((next, _)) => schedule = next,
                None => return Timeline { entries },
            }
        }
    }

    fn entry(&self, start: Timestamp) -> Option<TimelineEntry> {
        let waits = self.progress.pause_reason == Some(PauseReason::Gate) && self.due_at().is_none();
        Some(TimelineEntry {
            position: self.progress.position?,
            at: self.progress.step_entered_at.unwrap_or(start),
            exposure_ratio: self.exposure_ratio(),
            status: self.progress.status,
            waits_for_resume: waits,
        })
    }
}
