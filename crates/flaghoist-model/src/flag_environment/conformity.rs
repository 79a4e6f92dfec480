//! What in an entry follows something else in it: every change ends with [`FlagEnvironment::conformed`].

use super::FlagEnvironment;
use crate::Rejection;
use crate::allocation::{Allocation, AllocationKind, Serving, VariantWeight};
use crate::id::{AllocationId, RolloutId, VariantId, WeightId};
use crate::rollout::Rollout;

impl FlagEnvironment {
    /// The same where the flag-level rollout stands in the list exactly while nothing else does (decision 32), and
    /// whatever serves something by reference has its weights, schedule and salts.
    #[must_use]
    pub(super) fn conformed(mut self) -> Self {
        self.place_flag_level();
        let (rollouts, default) = (&self.rollouts, self.default_variant_id);
        for allocation in &mut self.allocations {
            match allocation.serving {
                Some(Serving::Own { beside }) if !rollouts.iter().any(|rollout| rollout.id == beside) => {
                    allocation.serving = None;
                }
                None | Some(Serving::Own { .. }) => {}
                Some(Serving::Default) => allocation.serve_default(default),
                Some(Serving::Rollout { rollout_id } | Serving::FlagLevel { rollout_id }) => {
                    match rollouts.iter().find(|rollout| rollout.id == rollout_id) {
                        Some(rollout) => allocation.serve(rollout, default),
                        None => allocation.serve_default(default),
                    }
                }
            }
        }
        self
    }

    fn place_flag_level(&mut self) {
        let first = self.rollouts.first().map(|rollout| rollout.id);
        let is_alone = self.allocations.iter().all(Allocation::is_flag_level);
        let stays = |allocation: &Allocation| match allocation.serving {
            Some(Serving::FlagLevel { rollout_id }) => is_alone && Some(rollout_id) == first,
            _ => true,
        };
        self.allocations.retain(stays);
        if let Some(rollout) = self.rollouts.first().filter(|_| self.allocations.is_empty()) {
            let key = format!("allocation-rollout-{}", self.key_suffix());
            self.allocations.push(Allocation::of_flag_level(rollout, key));
        }
    }

    /// After somebody wrote the list: the flag-level rollout that was given anything of its own, or stands beside others
    /// in a list that was replaced as a whole, is a rule from now on.
    pub(super) fn take_flag_level_as_meant(&mut self, is_whole_list: bool) {
        let is_beside_others = is_whole_list && self.allocations.len() > 1;
        for allocation in &mut self.allocations {
            if let Some(Serving::FlagLevel { rollout_id }) = allocation.serving
                && (is_beside_others || !allocation.is_for_everybody_as_made())
            {
                allocation.serving = Some(Serving::Rollout { rollout_id });
            }
        }
    }

    /// The same without rollouts that `before` showed in its list and this one shows no more: whoever replaces the
    /// list gives them up. Otherwise removing what serves a rollout could bring it back for everybody.
    #[must_use]
    pub(super) fn without_rollouts_given_up(mut self, before: &Self) -> Self {
        let is_followed = |entry: &[Allocation], id: RolloutId| entry.iter().any(|one| one.follows(id));
        let allocations = std::mem::take(&mut self.allocations);
        self.rollouts.retain(|rollout| {
            !is_followed(&before.allocations, rollout.id) || is_followed(&allocations, rollout.id)
        });
        self.allocations = allocations;
        self
    }
}

impl Allocation {
    /// Whether it is the flag-level rollout.
    pub fn is_flag_level(&self) -> bool {
        matches!(self.serving, Some(Serving::FlagLevel { .. }))
    }

    /// Whether it is for everybody and has nothing that a flag-level rollout is not made with; a name does not count.
    fn is_for_everybody_as_made(&self) -> bool {
        self.rules.is_empty()
            && self.guardrails.is_empty()
            && self.experiment_id.is_none()
            && self.kind == AllocationKind::FeatureGate
    }

    /// Whether it serves that rollout.
    pub fn follows(&self, id: RolloutId) -> bool {
        self.serving.and_then(Serving::rollout_id) == Some(id)
    }

    fn of_flag_level(rollout: &Rollout, key: String) -> Self {
        Self {
            id: AllocationId(rollout.id.0),
            key,
            name: "Rollout to everybody".to_owned(),
            kind: AllocationKind::FeatureGate,
            experiment_id: None,
            rules: Vec::new(),
            clauses: None,
            order_index: None,
            serving: Some(Serving::FlagLevel { rollout_id: rollout.id }),
            weights: Vec::new(),
            schedule: None,
            reached_exposure_ratio: None,
            guardrails: Vec::new(),
            traffic_salt: rollout.salt.clone(),
            split_salt: rollout.salt.clone(),
            do_log: true,
            created_at: rollout.created_at,
            updated_at: rollout.updated_at,
        }
    }

    fn serve(&mut self, rollout: &Rollout, default: Option<VariantId>) {
        if rollout.weights.is_empty() {
            return self.serve_default(default);
        }
        self.weights.clone_from(&rollout.weights);
        self.schedule.clone_from(&rollout.schedule);
        self.reached_exposure_ratio = None;
        let salt = rollout.bucketing_salt().to_owned();
        (self.traffic_salt, self.split_salt) = (salt.clone(), salt);
    }

    fn serve_default(&mut self, default: Option<VariantId>) {
        let known = self.weights.first().map(|weight| (weight.created_at, weight.updated_at));
        let (created_at, updated_at) = known.unwrap_or((self.created_at, self.updated_at));
        // One weight per allocation, so the allocation's id does for it.
        let weight = |variant_id| VariantWeight {
            id: WeightId(self.id.0),
            variant_id,
            value: 100.0,
            created_at,
            updated_at,
        };
        self.weights = default.map(weight).into_iter().collect();
        self.schedule = None;
        self.reached_exposure_ratio = None;
    }
}

impl Rollout {
    /// Whether its steps are running.
    pub(super) fn is_on(&self) -> bool {
        self.schedule.as_ref().is_some_and(crate::schedule::Schedule::is_on)
    }

    /// Refuses another one in its place while its steps are running, and other steps once they are through (decision 16);
    /// what is through at nothing has shown nobody anything.
    pub(super) fn check_locked(&self, after: Option<&Self>) -> Result<(), Rejection> {
        let Some(schedule) = &self.schedule else { return Ok(()) };
        let next = after.and_then(|after| after.schedule.as_ref());
        let is_same = next.is_some_and(|next| next.id == schedule.id && next.definition_eq(schedule));
        let keeps_subjects = after.is_some_and(|after| after.bucketing_salt() == self.bucketing_salt());
        let what = if schedule.is_on() && !(is_same && keeps_subjects) {
            "is on, so its steps and subjects stay as they are; stop it first, with the strategy off"
        } else if schedule.is_through() && schedule.exposure_ratio() > 0.0 && next.is_some() && !is_same {
            "was rolled out to its end, so its steps are locked; give it another strategy, or make another rollout"
        } else {
            return Ok(());
        };
        Err(Rejection::conflict("", format!("rollout {} {what}", self.id)))
    }
}
