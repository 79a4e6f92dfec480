//! What a flag serves in one environment, taken over into another.

use super::FlagEnvironment;
use crate::allocation::{Allocation, AllocationContext, AllocationDraft, Serving};
use crate::id::RolloutId;
use crate::rollout::Rollout;
use crate::{Faults, Rejection};
use std::collections::BTreeMap;

impl FlagEnvironment {
    /// The same with the allocations and rollouts of `source`, which is the flag in another environment. `key` gives the
    /// key of a copy: allocations that were copied before are continued by it, rollouts by their salt. Schedules of what
    /// is new begin anew.
    pub fn with_allocations_of(
        &self,
        source: &Self,
        key: impl Fn(&str) -> String,
        context: &AllocationContext<'_>,
        faults: Faults,
    ) -> Result<Self, Rejection> {
        // The flag-level rollout comes along with the rollouts.
        let copied: Vec<&Allocation> = source.allocations.iter().filter(|one| !one.is_flag_level()).collect();
        let drafts = copied.iter().map(|allocation| AllocationDraft {
            key: Some(key(&allocation.key)),
            ..AllocationDraft::from(*allocation)
        });
        let mut target = self.with_allocations(drafts.collect(), context, faults)?;
        let mut ids = BTreeMap::new();
        let mut rollouts = Vec::with_capacity(source.rollouts.len());
        let mut present: Vec<&Rollout> = self.rollouts.iter().collect();
        for rollout in &source.rollouts {
            let position = present.iter().position(|known| known.salt == rollout.salt);
            let known = position.map(|position| present.remove(position));
            let copy = rollout.copied(known, context);
            ids.insert(rollout.id, copy.id);
            rollouts.push(copy);
        }
        target.rollouts = rollouts;
        for (allocation, source) in target.allocations.iter_mut().zip(copied) {
            allocation.clauses.clone_from(&source.clauses);
            allocation.order_index = source.order_index;
            allocation.serving = source.serving.and_then(|serving| serving.of_others(&ids));
        }
        Ok(target)
    }
}

impl Serving {
    /// The same where rollouts have other ids.
    fn of_others(self, ids: &BTreeMap<RolloutId, RolloutId>) -> Option<Self> {
        let other = |id: RolloutId| ids.get(&id).copied();
        match self {
            Self::Default => Some(Self::Default),
            Self::Own { beside } => other(beside).map(|beside| Self::Own { beside }),
            Self::Rollout { rollout_id } | Self::FlagLevel { rollout_id } => {
                other(rollout_id).map(|rollout_id| Self::Rollout { rollout_id })
            }
        }
    }
}

impl Rollout {
    /// A copy for another environment, which continues `known` where that is the same.
    fn copied(&self, known: Option<&Self>, context: &AllocationContext<'_>) -> Self {
        let schedule =
            self.schedule.as_ref().map(|schedule| match known.and_then(|known| known.schedule.as_ref()) {
                Some(known) if known.definition_eq(schedule) => known.clone(),
                _ => schedule.of_its_own(context.now, context.ids),
            });
        let (id, created_at) = known.map_or_else(
            || (RolloutId::mint(context.ids), context.now),
            |known| (known.id, known.created_at),
        );
        Self { id, schedule, created_at, updated_at: context.now, ..self.clone() }
    }
}
