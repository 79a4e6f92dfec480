//! The rollouts of a flag in an environment: how its schedules move, and what must not change under them.

use super::FlagEnvironment;
use crate::allocation::{Allocation, TriggerAction};
use crate::flag::Flag;
use crate::guard::{Guard, Trip};
use crate::id::ScheduleId;
use crate::rollout::{Rollout, RolloutPlan};
use crate::schedule::{Cause, Command, Deed, PauseReason, Schedule, ScheduleStatus, Strategy, Transition};
use crate::{MintId, Rejection};
use jiff::Timestamp;
use std::collections::BTreeSet;

impl FlagEnvironment {
    /// Whether the flag serves its allocations here at all.
    pub fn is_active(&self, flag: &Flag) -> bool {
        self.enabled && self.override_variant_id.is_none() && flag.archived_at.is_none()
    }

    /// The schedule with its allocation.
    pub fn schedule(&self, id: ScheduleId) -> Option<(&Allocation, &Schedule)> {
        self.schedules().find(|(_, schedule)| schedule.id == id)
    }

    /// All schedules with their allocations; with the first of them when several serve one rollout.
    pub fn schedules(&self) -> impl Iterator<Item = (&Allocation, &Schedule)> {
        let mut seen = BTreeSet::new();
        let with_schedule = self
            .allocations
            .iter()
            .filter_map(|allocation| Some((allocation, allocation.schedule.as_ref()?)));
        with_schedule.filter(move |(_, schedule)| seen.insert(schedule.id))
    }

    /// All of them, also copies, to be changed alike.
    fn schedules_mut(&mut self) -> impl Iterator<Item = &mut Schedule> {
        let own = self.allocations.iter_mut().filter_map(|allocation| allocation.schedule.as_mut());
        own.chain(self.rollouts.iter_mut().filter_map(|rollout| rollout.schedule.as_mut()))
    }

    /// The same after somebody's command. `reshuffle` starts with other subjects than the run before, which is only
    /// offered for what was stopped: harm still felt from that run would show as harm of this one.
    pub fn commanded(
        &self,
        id: ScheduleId,
        command: Command,
        reshuffle: bool,
        flag: &Flag,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        let unknown = || Rejection::NotFound(format!("there is no exposure schedule {id}"));
        // Entries that earlier versions saved do not know yet whether their flag is active.
        let entry = self.clone().held_or_let_go(flag, now);
        let (allocation, schedule) = entry.schedule(id).ok_or_else(unknown)?;
        let was_stopped = schedule.progress.was_stopped;
        let mut guard = entry.guard_of(allocation);
        if reshuffle && let Some(guard) = &mut guard {
            let shuffled = Allocation::reshuffled_salts(flag, id, schedule.progress.run + 1);
            (guard.traffic_salt, guard.split_salt) = shuffled;
        }
        let (after, transition) = schedule.commanded_with(guard, command, now)?;
        if reshuffle && !was_stopped {
            let message = "is for a rollout that was stopped; others keep their subjects";
            return Err(Rejection::invalid("/query/reshuffle", message));
        }
        let run = transition.run;
        let mut changed = Self { updated_at: now, ..entry };
        changed.put_schedule(&after, Some(transition));
        if reshuffle {
            for rollout in &mut changed.rollouts {
                if rollout.schedule.as_ref().is_some_and(|schedule| schedule.id == id) {
                    rollout.reshuffled_salt = Some(format!("rollout-{}-{run}", rollout.id));
                }
            }
            for allocation in &mut changed.allocations {
                if allocation.schedule.as_ref().is_some_and(|schedule| schedule.id == id) {
                    (allocation.traffic_salt, allocation.split_salt) =
                        Allocation::reshuffled_salts(flag, id, run);
                }
            }
        }
        Ok(changed)
    }

    /// The same after the next move of the schedule that is due; nothing when none is. It does not start before
    /// `free_since`.
    pub fn advanced(&self, id: ScheduleId, free_since: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        let (allocation, schedule) = self.schedule(id)?;
        let (after, transition) = schedule.advanced_since(self.guard_of(allocation), free_since, now)?;
        let mut changed = Self { updated_at: now, ..self.clone() };
        changed.put_schedule(&after, Some(transition));
        Some(changed)
    }

    /// What would watch a run of the allocation that began now.
    fn guard_of(&self, allocation: &Allocation) -> Option<Guard> {
        Guard::of(allocation, self.default_variant_id, &self.guarding)
    }

    /// Guardrail metrics of the schedule's allocation that have no definition: they hold nothing.
    pub fn undefined_metrics(&self, id: ScheduleId) -> Vec<String> {
        let guardrails = self.schedule(id).into_iter().flat_map(|(allocation, _)| &allocation.guardrails);
        let undefined = guardrails.filter(|one| self.guarding.metric(&one.metric_id).is_none());
        undefined.map(|guardrail| guardrail.metric_id.clone()).collect()
    }

    /// What about the allocation at `position` does not do what one might think, for people (decisions 17 and 18).
    pub fn warnings(&self, position: usize) -> Vec<String> {
        let Some(allocation) = self.allocations.get(position) else { return Vec::new() };
        let undefined =
            allocation.guardrails.iter().filter(|one| self.guarding.metric(&one.metric_id).is_none());
        let undefined = undefined.map(|guardrail| {
            format!(
                "guardrail metric {:?} has no metric definition, so it holds nothing",
                guardrail.metric_id
            )
        });
        let mut warnings: Vec<String> = undefined.collect();
        let guard = allocation.guard().cloned().or_else(|| self.guard_of(allocation));
        let is_meant = allocation.guardrails.iter().any(|one| self.guarding.metric(&one.metric_id).is_some());
        let is_rollout = allocation
            .schedule
            .as_ref()
            .is_some_and(|schedule| schedule.strategy == Strategy::UniformIntervals);
        if is_meant && (guard.is_none() || !is_rollout) {
            warnings.push(
                "its guardrail metrics watch nothing: only a rollout by steps of its own, with a control beside the \
                 weighted variants, is watched"
                    .to_owned(),
            );
        }
        let serves_the_rest = guard.is_some_and(|guard| guard.control.shards.is_none());
        if serves_the_rest && position + 1 < self.allocations.len() {
            warnings.push(
                "whoever a guarded rollout does not expose is served its control, so the allocations after this one \
                 are not reached by whom it targets while it runs"
                    .to_owned(),
            );
        }
        warnings
    }

    /// The same after guardrails of the schedule fired, which was found by its guard as it was `evaluated`: what is new is
    /// written down, and the strongest action of it is taken where it can be. Nothing when nothing is new, the run is
    /// over, or somebody resumed it since.
    pub fn tripped(
        &self,
        id: ScheduleId,
        evaluated: &Guard,
        trips: &[Trip],
        ids: &dyn MintId,
        now: Timestamp,
    ) -> Option<Self> {
        let (_, schedule) = self.schedule(id)?;
        let mut watched = schedule.clone();
        let guard = watched.progress.guard.as_deref_mut().filter(|guard| guard.is_watched_as(evaluated))?;
        let known = guard.triggers.len();
        let is_new = schedule.is_on() && guard.record(trips, now, ids);
        if !is_new {
            return None;
        }
        let fresh = guard.triggers.get(known..).unwrap_or_default();
        let action = fresh.iter().map(|trigger| trigger.trip.action()).reduce(TriggerAction::stronger)?;
        let is_by_metric = fresh.iter().any(|trigger| matches!(trigger.trip, Trip::Metric { .. }));
        let reason = if is_by_metric { PauseReason::Guardrail } else { PauseReason::Health };
        let mut changed = Self { updated_at: now, ..self.clone() };
        match watched.tripped(action, reason, now) {
            Some((after, transition)) => changed.put_schedule(&after, Some(transition)),
            None => changed.put_schedule(&watched, None),
        }
        Some(changed)
    }

    /// The same with its schedules held back or let go as the flag serves its allocations or not; and what then is to
    /// start by itself has started, where approvals are needed only if it was approved. Every change of it ends with
    /// this.
    #[must_use]
    pub fn settled(self, flag: &Flag, needs_approval: bool, now: Timestamp) -> Self {
        let mut settled = self.held_or_let_go(flag, now);
        let ids: Vec<ScheduleId> = settled
            .schedules()
            .filter(|(_, schedule)| schedule.progress.status == ScheduleStatus::NotStarted)
            .filter(|(_, schedule)| schedule.is_approved || !needs_approval)
            .map(|(_, schedule)| schedule.id)
            .collect();
        for id in ids {
            settled = settled.advanced(id, None, now).unwrap_or(settled);
        }
        settled
    }

    /// The same with its schedules held back or let go as the flag serves its allocations or not. What is to start by
    /// itself is due then. Changes of the flag itself end with this: the history of what it serves is not theirs.
    #[must_use]
    pub fn held_or_let_go(self, flag: &Flag, now: Timestamp) -> Self {
        let mut entry = self.conformed();
        let is_active = entry.is_active(flag);
        let served: Vec<Schedule> = entry.schedules().map(|(_, schedule)| schedule.clone()).collect();
        let is_served = |schedule: &Schedule| served.iter().any(|one| one.id == schedule.id);
        // What nobody is served is held like that of a flag that is off.
        let by_reference = entry.rollouts.iter().filter_map(|rollout| rollout.schedule.clone());
        let unserved: Vec<Schedule> = by_reference.filter(|schedule| !is_served(schedule)).collect();
        let is_let_go = served.into_iter().map(|schedule| (schedule, is_active));
        for (schedule, is_let_go) in is_let_go.chain(unserved.into_iter().map(|schedule| (schedule, false))) {
            let (after, transition) = schedule.settled(is_let_go, now);
            if after != schedule {
                entry.put_schedule(&after, transition);
            }
        }
        entry
    }

    /// The same where every schedule that differs from `before`, or was asked to move, counts as approved.
    #[must_use]
    pub fn with_approved_schedules(mut self, before: &Self) -> Self {
        let asked: Vec<ScheduleId> = self
            .transitions
            .iter()
            .filter(|transition| transition.cause == Cause::Request)
            .map(|transition| transition.schedule_id)
            .collect();
        for schedule in self.schedules_mut() {
            let known = before.schedule(schedule.id).map(|(_, known)| known);
            let is_same = known.is_some_and(|known| known.definition_eq(schedule));
            schedule.is_approved |= !is_same || asked.contains(&schedule.id);
        }
        self
    }

    /// The same where schedules that `present` does not have, because they were removed, come back after what they had
    /// come through in `former`.
    #[must_use]
    pub fn with_former_progress(mut self, former: &Self, present: &Self) -> Self {
        for schedule in self.schedules_mut() {
            if present.schedule(schedule.id).is_some() {
                continue;
            }
            if let Some((_, former)) = former.schedule(schedule.id) {
                *schedule = schedule.come_back(&former.progress);
            }
        }
        self
    }

    /// Whether `after` may replace this one: what a rollout that is on shows people stays as it is, and so do the
    /// steps of one that is through (section 7 of `rollouts.md`, decision 16). Where a rollout stands does not count.
    pub fn check_locked(&self, after: &Self) -> Result<(), Rejection> {
        for (allocation, schedule) in self.own_schedules() {
            let next = after.allocations.iter().find(|next| next.id == allocation.id);
            if let Some(member) = locked_member(allocation, schedule, next) {
                let key = &allocation.key;
                let (what, way_out) = if schedule.is_on() {
                    ("is being rolled out", "stop the rollout first")
                } else {
                    ("was rolled out to its end", "remove the schedule instead")
                };
                let message = format!("allocation {key:?} {what}, so its {member}; {way_out}");
                return Err(Rejection::conflict("", message));
            }
        }
        let is_stopped = |rollout: &Rollout| {
            let mut stops = after.transitions.iter().filter(|made| made.deed == Deed::Stopped);
            stops
                .any(|made| rollout.schedule.as_ref().is_some_and(|schedule| schedule.id == made.schedule_id))
        };
        for rollout in self.rollouts.iter().filter(|rollout| !is_stopped(rollout)) {
            rollout.check_locked(after.rollouts.iter().find(|next| next.id == rollout.id))?;
            let followers = self.allocations.iter().filter(|follower| follower.follows(rollout.id));
            for follower in followers.filter(|_| rollout.is_on()) {
                let next = after.allocations.iter().find(|next| next.id == follower.id);
                if next.is_some_and(|next| !next.follows(rollout.id)) {
                    let message = format!(
                        "allocation {:?} serves rollout {}, which is on, so its weights and exposure_schedule are \
                         locked; stop the rollout first",
                        follower.key, rollout.id
                    );
                    return Err(Rejection::conflict("", message));
                }
            }
        }
        Ok(())
    }

    /// Schedules that no rollout shares.
    fn own_schedules(&self) -> impl Iterator<Item = (&Allocation, &Schedule)> {
        let is_own =
            |allocation: &Allocation| allocation.serving.is_none_or(|one| one.rollout_id().is_none());
        self.schedules().filter(move |(allocation, _)| is_own(allocation))
    }

    /// The same, where what removes a rollout that is on, or switches it off, has stopped it.
    #[must_use]
    pub(crate) fn with_stops(mut self, before: &Self, now: Timestamp) -> Self {
        for rollout in before.rollouts.iter().filter(|rollout| rollout.is_on()) {
            let after = self.rollout(rollout.id);
            if after.is_none_or(|after| after.plan == RolloutPlan::Off)
                && let Some(schedule) = &rollout.schedule
                && let Ok((_, stopped)) = schedule.commanded(Command::Stop, now)
            {
                self.transitions.push(stopped);
            }
        }
        self
    }

    fn put_schedule(&mut self, after: &Schedule, transition: Option<Transition>) {
        let id = after.id;
        for place in self.schedules_mut().filter(|schedule| schedule.id == id) {
            *place = after.clone();
        }
        self.transitions.extend(transition);
    }
}

/// What of an allocation a change would touch though its rollout forbids it, with the verb.
fn locked_member(
    allocation: &Allocation,
    schedule: &Schedule,
    next: Option<&Allocation>,
) -> Option<&'static str> {
    let next_schedule = next.and_then(|next| next.schedule.as_ref());
    let is_same = next_schedule.is_some_and(|next| next.id == schedule.id && next.definition_eq(schedule));
    if schedule.is_through() {
        let is_changed = next_schedule.is_some() && !is_same;
        return is_changed.then_some("exposure_schedule is locked");
    }
    if !schedule.is_on() {
        return None;
    }
    let Some(next) = next else { return Some("place in the list cannot be given up") };
    if (&allocation.traffic_salt, &allocation.split_salt) != (&next.traffic_salt, &next.split_salt) {
        return Some("subjects stay who they are");
    }
    let weights = |allocation: &Allocation| -> Vec<_> {
        allocation.weights.iter().map(|weight| (weight.variant_id, weight.value.to_bits())).collect()
    };
    let rules = |allocation: &Allocation| -> Vec<Vec<_>> {
        let of_rule = |rule: &crate::condition::TargetingRule| {
            rule.conditions.iter().map(|condition| condition.test.clone()).collect()
        };
        allocation.rules.iter().map(of_rule).collect()
    };
    if !is_same {
        return Some("exposure_schedule is locked");
    }
    if weights(allocation) != weights(next) {
        return Some("variant_weights are locked");
    }
    if rules(allocation) != rules(next) {
        return Some("targeting_rules are locked");
    }
    (allocation.guardrails != next.guardrails).then_some("guardrail_metrics are locked")
}
