//! The state machine: how a schedule moves, by time, by people, and with its flag.
//!
//! Every move returns the schedule after it and the [`Transition`] to be kept of it; the two are saved together.

use super::{Cause, Deed, PauseReason, Progress, Schedule, ScheduleStatus, Strategy, Transition};
use crate::Rejection;
use crate::allocation::TriggerAction;
use crate::compile::{TOTAL_SHARDS, bucket};
use crate::guard::Guard;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What people do with a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Begins a run with the first step.
    Start,
    /// Stops the clock of the step.
    Pause,
    /// Lets it go on; leaves a gate.
    Resume,
    /// Takes all progress back.
    Stop,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Start, Self::Pause, Self::Resume, Self::Stop];

    /// The name in paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
        }
    }

    /// Whether readers may get more than they do: only that can need an approval (decision 11).
    pub const fn may_expose(self) -> bool {
        matches!(self, Self::Start | Self::Resume)
    }
}

impl Schedule {
    /// When it moves by itself; never while its flag is held back.
    pub fn due_at(&self) -> Option<Timestamp> {
        let progress = &self.progress;
        if progress.is_held {
            return None;
        }
        // Earlier versions kept no moment beside the start time.
        let is_scheduled = progress.status == ScheduleStatus::Scheduled;
        progress.next_transition_at.or(self.absolute_start_time.filter(|_| is_scheduled))
    }

    /// The one next move that is due at `now`, made for the moment at which it was due: intervals do not drift,
    /// however late somebody looks. Call it again for the move after it.
    ///
    /// A guarded run moves at `now` instead: each step waits for evidence, and then lasts its whole interval
    /// (section 4 of `rollouts.md`).
    pub fn advanced(&self, now: Timestamp) -> Option<(Self, Transition)> {
        self.advanced_since(None, None, now)
    }

    /// The same, where a run that begins is watched by `guard`, and a start could not be before `free_since`: until then
    /// something was being decided.
    pub fn advanced_since(
        &self,
        guard: Option<Guard>,
        free_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<(Self, Transition)> {
        use ScheduleStatus::{NotStarted, Paused, Running, Scheduled};
        let mut due_at = self.due_at().filter(|due_at| *due_at <= now)?;
        if matches!(self.progress.status, NotStarted | Scheduled) {
            // Earlier versions started nothing, so what they left is not caught up with.
            let free_since = if self.progress.next_transition_at.is_none() { Some(now) } else { free_since };
            due_at = free_since.map_or(due_at, |free_since| due_at.max(free_since.min(now)));
        }
        let mut after = self.clone();
        let (deed, cause) = match self.progress.status {
            NotStarted => (Deed::Started, Cause::Autostart),
            Scheduled => (Deed::Started, Cause::Timer),
            Running | Paused => (Deed::Advanced, Cause::Timer),
            ScheduleStatus::Completed | ScheduleStatus::Aborted => return None,
        };
        match deed {
            Deed::Started if guard.is_some() => after.begin_run(guard, self.not_before(now)),
            Deed::Started => after.begin_run(None, due_at),
            _ if self.progress.guard.is_some() => after.go_on(self.not_before(now)),
            _ => after.go_on(due_at),
        }
        Some(after.moved(deed, cause, due_at, now))
    }

    /// Does what somebody asks, or says why that cannot be now. `now` is when they ask.
    pub fn commanded(&self, command: Command, now: Timestamp) -> Result<(Self, Transition), Rejection> {
        self.commanded_with(None, command, now)
    }

    /// The same, where a run that begins is watched by `guard`.
    pub fn commanded_with(
        &self,
        guard: Option<Guard>,
        command: Command,
        now: Timestamp,
    ) -> Result<(Self, Transition), Rejection> {
        use ScheduleStatus::{Aborted, NotStarted, Paused, Running, Scheduled};
        let status = self.progress.status;
        let may = match command {
            Command::Start => matches!(status, NotStarted | Scheduled | Aborted),
            Command::Pause => status == Running,
            Command::Resume => status == Paused,
            Command::Stop => matches!(status, Scheduled | Running | Paused),
        };
        if !may {
            return Err(self.refusal(command));
        }
        if self.progress.is_held && command.may_expose() {
            let name = command.as_str();
            let message =
                format!("the flag is disabled, overridden or archived here; change that, then {name}");
            return Err(Rejection::invalid("", message));
        }
        // A clock that went back does not take a step to before it was entered.
        let at = self.not_before(now);
        let mut after = self.clone();
        let deed = match command {
            Command::Start => {
                after.begin_run(guard, at);
                Deed::Started
            }
            Command::Pause => {
                after.stop_clock(PauseReason::User, at);
                Deed::Paused
            }
            Command::Resume => {
                after.resume(at);
                Deed::Resumed
            }
            Command::Stop => {
                after.abort();
                Deed::Stopped
            }
        };
        Ok(after.moved(deed, Cause::Request, at, now))
    }

    /// What becomes of it when a guardrail (`reason`: or a check of health) fires; nothing when there is nothing left to
    /// pause or stop.
    pub fn tripped(
        &self,
        action: TriggerAction,
        reason: PauseReason,
        now: Timestamp,
    ) -> Option<(Self, Transition)> {
        let at = self.not_before(now);
        let mut after = self.clone();
        let deed = match (action, self.progress.status) {
            (TriggerAction::Pause, ScheduleStatus::Running) => {
                after.stop_clock(reason, at);
                Deed::Paused
            }
            // What goes on by itself, at its time or with its flag, waits for somebody now.
            (TriggerAction::Pause, ScheduleStatus::Paused) if self.goes_on_by_itself() => {
                after.stop_clock(reason, at);
                Deed::Paused
            }
            (TriggerAction::Abort, ScheduleStatus::Running | ScheduleStatus::Paused) => {
                after.abort();
                Deed::Stopped
            }
            _ => return None,
        };
        Some(after.moved(deed, Cause::Guardrail, at, now))
    }

    /// What becomes of it when its flag serves its allocations (`is_active`) or does not (decision 13). A running
    /// step keeps what is left of its interval; so does a gate with an interval, which is no transition as it stays
    /// paused. Starts wait. Nothing changes when it already stands so.
    #[must_use]
    pub fn settled(&self, is_active: bool, now: Timestamp) -> (Self, Option<Transition>) {
        let mut after = self.clone();
        if self.progress.is_held != is_active {
            return (after, None);
        }
        let at = self.not_before(now);
        after.progress.is_held = !is_active;
        // What is paused anyway makes no transition, but nobody is exposed meanwhile.
        let is_inactive = self.progress.pause_reason == Some(PauseReason::Inactive);
        if self.progress.status == ScheduleStatus::Paused && !is_inactive {
            after.watch(is_active, at);
        }
        let deed = match (is_active, self.progress.status) {
            (false, ScheduleStatus::Running) => {
                after.stop_clock(PauseReason::Inactive, at);
                Deed::Paused
            }
            (true, ScheduleStatus::Paused) if self.progress.pause_reason == Some(PauseReason::Inactive) => {
                after.resume(at);
                Deed::Resumed
            }
            (false, ScheduleStatus::Paused) => {
                after.progress.remaining_ms = self.remaining_ms(at).or(self.progress.remaining_ms);
                after.progress.next_transition_at = None;
                return (after, None);
            }
            (true, ScheduleStatus::Paused) if self.progress.pause_reason == Some(PauseReason::Gate) => {
                let remaining_ms = after.progress.remaining_ms.take();
                after.progress.next_transition_at = remaining_ms.map(|remaining_ms| later(at, remaining_ms));
                return (after, None);
            }
            // What could not start while the flag was away starts now, not back then.
            (true, ScheduleStatus::Scheduled) => {
                after.progress.next_transition_at = self.absolute_start_time.map(|start| start.max(at));
                return (after, None);
            }
            (true, ScheduleStatus::NotStarted) => {
                after.progress.next_transition_at = self.progress.starts_itself.then_some(at);
                return (after, None);
            }
            _ => return (after, None),
        };
        let (after, transition) = after.moved(deed, Cause::Flag, at, now);
        (after, Some(transition))
    }

    fn refusal(&self, command: Command) -> Rejection {
        use ScheduleStatus::{Aborted, Completed, NotStarted, Paused, Running, Scheduled};
        let way_out = match (command, self.progress.status) {
            (_, Completed) => "it is at its last step for good; remove the schedule to change its exposure",
            (Command::Start, Running) => "it runs already",
            (Command::Start, Paused) => "resume it, or stop it first to start again",
            (Command::Pause, Paused) if self.progress.is_held => {
                "it is paused while its flag is off, and goes on with it; stop it if it must not"
            }
            (Command::Pause, Paused) if self.progress.next_transition_at.is_some() => {
                "it is at a gate that opens by itself; stop it if it must not go on"
            }
            (Command::Pause, Paused) => "it is paused already",
            (Command::Resume, Running) => "it runs; there is nothing to resume",
            (Command::Stop, Aborted) => "it is stopped already",
            (_, NotStarted | Scheduled | Aborted) => "start it first",
            _ => "look at it again",
        };
        let (name, status) = (command.as_str(), self.progress.status.as_str());
        Rejection::conflict("", format!("cannot {name} a schedule that is {status}: {way_out}"))
    }

    fn not_before(&self, now: Timestamp) -> Timestamp {
        self.progress.step_entered_at.map_or(now, |entered_at| now.max(entered_at))
    }

    pub(super) fn begin_run(&mut self, guard: Option<Guard>, at: Timestamp) {
        let run = self.progress.run + 1;
        self.progress = Progress {
            run,
            guard: guard.map(|guard| Box::new(Guard { run, ..guard })),
            started_at: Some(at),
            starts_itself: false,
            was_stopped: false,
            ..self.progress.clone()
        };
        match self.strategy {
            Strategy::UniformIntervals => self.enter(0, at),
            Strategy::NoRollout => self.complete(self.steps.len().saturating_sub(1), at),
        }
    }

    /// Leaves the step it is at for the one after it.
    fn go_on(&mut self, at: Timestamp) {
        match self.progress.position.map(|position| position + 1) {
            Some(next) if next < self.steps.len() => self.enter(next, at),
            // A pause record that is the last step is left for no other.
            _ => self.finish(self.steps.len().saturating_sub(1), at),
        }
    }

    fn enter(&mut self, position: usize, at: Timestamp) {
        let Some(step) = self.steps.get(position) else { return };
        let is_last = position + 1 == self.steps.len();
        if is_last && !step.is_pause_record {
            return self.finish(position, at);
        }
        let is_gate = step.is_pause_record || step.interval_ms.is_none();
        let next_transition_at = step.interval_ms.map(|interval_ms| later(at, interval_ms));
        self.progress.status = if is_gate { ScheduleStatus::Paused } else { ScheduleStatus::Running };
        self.progress.pause_reason = is_gate.then_some(PauseReason::Gate);
        self.progress.position = Some(position);
        self.progress.step_entered_at = Some(at);
        self.progress.remaining_ms = None;
        self.progress.next_transition_at = next_transition_at;
    }

    /// Enters the last step for good; a watched one that leaves some subjects out goes on being watched (decision 15).
    fn finish(&mut self, position: usize, at: Timestamp) {
        self.complete(position, at);
        if self.is_watched_to_the_end(position) {
            self.progress.status = ScheduleStatus::Running;
        }
    }

    fn is_watched_to_the_end(&self, position: usize) -> bool {
        let is_last = position + 1 == self.steps.len();
        self.progress.guard.is_some() && is_last && bucket(self.ratio_at(position)) < TOTAL_SHARDS
    }

    fn complete(&mut self, position: usize, at: Timestamp) {
        self.progress.status = ScheduleStatus::Completed;
        self.progress.pause_reason = None;
        self.progress.position = Some(position);
        self.progress.step_entered_at = Some(at);
        self.progress.remaining_ms = None;
        self.progress.next_transition_at = None;
    }

    /// Whether it is paused and nobody has to resume it.
    fn goes_on_by_itself(&self) -> bool {
        match self.progress.pause_reason {
            Some(PauseReason::Inactive) => true,
            Some(PauseReason::Gate) => {
                self.progress.next_transition_at.is_some() || self.progress.remaining_ms.is_some()
            }
            _ => false,
        }
    }

    fn stop_clock(&mut self, reason: PauseReason, at: Timestamp) {
        self.progress.remaining_ms = self.remaining_ms(at).or(self.progress.remaining_ms);
        self.progress.next_transition_at = None;
        self.progress.status = ScheduleStatus::Paused;
        self.progress.pause_reason = Some(reason);
    }

    /// What is left of the step, between nothing and its whole interval, whatever the clock did.
    fn remaining_ms(&self, at: Timestamp) -> Option<i64> {
        let interval_ms = self.progress.position.and_then(|position| self.steps.get(position)?.interval_ms);
        let left = self.progress.next_transition_at?.duration_since(at).as_millis();
        let left = i64::try_from(left).unwrap_or(i64::MAX);
        Some(left.clamp(0, interval_ms.unwrap_or(i64::MAX)))
    }

    fn resume(&mut self, at: Timestamp) {
        match self.progress.remaining_ms.take() {
            Some(remaining_ms) if self.progress.pause_reason != Some(PauseReason::Gate) => {
                self.progress.status = ScheduleStatus::Running;
                self.progress.pause_reason = None;
                self.progress.next_transition_at = Some(later(at, remaining_ms));
            }
            _ if self.progress.position.is_some_and(|position| self.is_watched_to_the_end(position)) => {
                self.progress.status = ScheduleStatus::Running;
                self.progress.pause_reason = None;
            }
            _ => self.go_on(at),
        }
    }

    fn abort(&mut self) {
        self.progress = Progress {
            status: ScheduleStatus::Aborted,
            run: self.progress.run,
            is_held: self.progress.is_held,
            was_stopped: true,
            sequence: self.progress.sequence,
            guard: self.progress.guard.take(),
            ..Progress::default()
        };
    }

    /// Writes down in the guard whether anybody is exposed from now on, and how many.
    fn watch(&mut self, is_exposing: bool, at: Timestamp) {
        let (ratio, position) = (self.exposure_ratio(), self.progress.position);
        let Some(guard) = &mut self.progress.guard else { return };
        match position.filter(|_| is_exposing) {
            Some(position) => guard.open(position, ratio, at),
            None => guard.close(at),
        }
    }

    /// The same for a transition. A step whose clock was stopped stays in force.
    fn watch_move(&mut self, deed: Deed, cause: Cause, at: Timestamp) {
        let is_inactive = self.progress.pause_reason == Some(PauseReason::Inactive);
        match deed {
            Deed::Paused if !is_inactive => {}
            _ => self.watch(self.is_on() && !is_inactive, at),
        }
        if deed == Deed::Resumed
            && cause == Cause::Request
            && let Some(guard) = &mut self.progress.guard
        {
            guard.restart();
        }
    }

    fn moved(mut self, deed: Deed, cause: Cause, due_at: Timestamp, at: Timestamp) -> (Self, Transition) {
        self.progress.sequence += 1;
        self.watch_move(deed, cause, at);
        let Progress { sequence, run, status, pause_reason, position, .. } = self.progress;
        let transition = Transition {
            schedule_id: self.id,
            sequence,
            deed,
            cause,
            run,
            status,
            pause_reason,
            position,
            exposure_ratio: self.exposure_ratio(),
            due_at,
            at,
        };
        (self, transition)
    }
}

/// `at` and so many milliseconds; the end of time when that is beyond it.
fn later(at: Timestamp, milliseconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(milliseconds)).unwrap_or(Timestamp::MAX)
}
