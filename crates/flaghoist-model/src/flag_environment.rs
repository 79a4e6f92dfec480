//! What a flag serves in one environment.

mod conformity;
mod copies;
mod rollouts;
mod rules;

pub(crate) use rules::conditions;
pub use rules::{RuleDraft as ClauseRuleDraft, RuleKind};

use crate::allocation::{Allocation, AllocationContext, AllocationDraft, parse_allocation};
use crate::condition::{
    EXPANDED_PATTERNS_MAX, EXPANDED_RULES_MAX, EXPANDED_VALUES_MAX, Expansion, PATTERNS_MAX, RuleDraft,
    TargetingRule,
};
use crate::flag::Flag;
use crate::guard::Guarding;
use crate::id::{AllocationId, EnvironmentId, FlagId, SavedFilterId, SuggestionId, VariantId};
use crate::rollout::Rollout;
use crate::saved_filter::SavedFilter;
use crate::schedule::Transition;
use crate::{Faults, Patch, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Most allocations of a flag in an environment.
pub const ALLOCATIONS_MAX: usize = 500;

/// A flag in an environment. Exists for every flag and every environment: where nothing was changed yet it is
/// [`FlagEnvironment::initial`], and the store keeps no row for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlagEnvironment {
    /// The flag.
    pub flag_id: FlagId,
    /// The environment.
    pub environment_id: EnvironmentId,
    /// Whether it is evaluated at all; otherwise readers get their coded default or the off variant.
    pub enabled: bool,
    /// Served when no allocation matches.
    pub default_variant_id: Option<VariantId>,
    /// Served to everybody when set.
    pub override_variant_id: Option<VariantId>,
    /// Served when disabled; without one readers get their coded default.
    pub off_variant_id: Option<VariantId>,
    /// In the order of evaluation.
    pub allocations: Vec<Allocation>,
    /// What rules serve by reference, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<Rollout>,
    /// The oldest change that waits for approval. Not stored with the rest: suggestions have rows of their own.
    #[serde(skip)]
    pub pending_suggestion_id: Option<SuggestionId>,
    /// How its schedules moved since it was read: saved with it.
    #[serde(skip)]
    pub transitions: Vec<Transition>,
    /// What runs that begin are watched by, which is the project's. Read with it, and no part of it.
    #[serde(skip)]
    pub guarding: Arc<Guarding>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Project revision of its last change; 0 when there was none.
    pub revision: i64,
}

/// Which of a flag's variants an environment is asked to serve apart from its allocations.
#[derive(Clone, Debug, Default)]
pub struct ServingPatch {
    /// Default variant.
    pub default_variant_id: Patch<VariantId>,
    /// Override variant.
    pub override_variant_id: Patch<VariantId>,
    /// Off variant.
    pub off_variant_id: Patch<VariantId>,
}

impl FlagEnvironment {
    /// What a flag serves in an environment where nothing was changed yet: disabled, no allocations.
    pub fn initial(flag: &Flag, environment_id: EnvironmentId) -> Self {
        Self {
            flag_id: flag.id,
            environment_id,
            enabled: false,
            default_variant_id: Some(flag.initial_default_variant_id),
            override_variant_id: None,
            off_variant_id: None,
            allocations: Vec::new(),
            rollouts: Vec::new(),
            pending_suggestion_id: None,
            transitions: Vec::new(),
            guarding: Arc::default(),
            updated_at: flag.created_at,
            revision: 0,
        }
    }

    /// Key of the allocation that serves the default variant in documents.
    pub fn default_allocation_key(&self) -> String {
        format!("allocation-default-{}", self.key_suffix())
    }

    /// Key of the allocation that serves the override variant in documents.
    pub fn override_allocation_key(&self) -> String {
        format!("allocation-override-{}", self.key_suffix())
    }

    /// Key of the allocation that serves the off variant in documents.
    pub fn off_allocation_key(&self) -> String {
        format!("allocation-off-{}", self.key_suffix())
    }

    /// 12 hexadecimal digits that differ per flag and environment and never change: they come from both ids.
    fn key_suffix(&self) -> String {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(self.flag_id.0.as_bytes());
        bytes[16..].copy_from_slice(self.environment_id.0.as_bytes());
        format!("{:x}", md5::compute(bytes)).chars().take(12).collect()
    }

    /// Whether anything here serves or compares with the variant.
    pub fn refers_to(&self, variant_id: VariantId) -> bool {
        [self.default_variant_id, self.override_variant_id, self.off_variant_id].contains(&Some(variant_id))
            || self.allocations.iter().any(|allocation| allocation.refers_to(variant_id))
            || self.rollouts.iter().any(|rollout| rollout.refers_to(variant_id))
    }

    /// The saved filters that its rules name, each as often as it is named.
    pub fn saved_filter_ids(&self) -> impl Iterator<Item = SavedFilterId> {
        self.allocations.iter().flat_map(Allocation::saved_filter_ids)
    }

    /// Refuses rules that become too many with these saved filters in place: each costs memory wherever it is
    /// evaluated.
    pub fn check_expanded(
        &self,
        saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
    ) -> Result<(), Rejection> {
        let mut all = Expansion::default();
        for allocation in &self.allocations {
            let of_rule = |rule: &TargetingRule| {
                Expansion::of(rule.conditions.iter().map(|condition| &condition.test), saved_filters)
            };
            let expanded = allocation.rules.iter().map(of_rule).fold(Expansion::default(), Expansion::plus);
            all = all.plus(expanded);
            if expanded.rules > EXPANDED_RULES_MAX
                || all.patterns > EXPANDED_PATTERNS_MAX
                || all.values > EXPANDED_VALUES_MAX
            {
                let message = format!(
                    "allocation {:?} becomes {} rules with its saved filters in place, and the flag has {} patterns \
                     and {} values with them; at most {EXPANDED_RULES_MAX}, {EXPANDED_PATTERNS_MAX} and \
                     {EXPANDED_VALUES_MAX}",
                    allocation.key, expanded.rules, all.patterns, all.values
                );
                return Err(Rejection::conflict("", message));
            }
        }
        Ok(())
    }

    /// The same, enabled or disabled.
    #[must_use]
    pub fn with_enabled(&self, enabled: bool, now: Timestamp) -> Self {
        Self { enabled, updated_at: now, ..self.clone() }
    }

    /// The same, serving other variants by default, to everybody, or when disabled.
    pub fn with_serving(
        &self,
        patch: ServingPatch,
        flag: &Flag,
        now: Timestamp,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let mut check = |member: &str, patch: Patch<VariantId>, current: Option<VariantId>| {
            if let Patch::Set(id) = patch
                && flag.variant(id).is_none()
            {
                faults.push_at(member, format!("{id} is no variant of this flag"));
            }
            patch.apply(current)
        };
        let changed = Self {
            default_variant_id: check(
                "default_variant_id",
                patch.default_variant_id,
                self.default_variant_id,
            ),
            override_variant_id: check(
                "override_variant_id",
                patch.override_variant_id,
                self.override_variant_id,
            ),
            off_variant_id: check("off_variant_id", patch.off_variant_id, self.off_variant_id),
            updated_at: now,
            ..self.clone()
        };
        faults.check()?;
        Ok(changed)
    }

    /// The same with one more allocation at the end, and its id. A draft that names an allocation of
    /// this environment by id changes that one in place instead; one that only repeats its key is refused.
    pub fn with_allocation(
        &self,
        draft: AllocationDraft,
        context: &AllocationContext<'_>,
        mut faults: Faults,
    ) -> Result<(Self, AllocationId), Rejection> {
        let named = match draft.id {
            Some(id) => Some(self.position_of(&draft).ok_or_else(|| unknown_allocation(&faults, id))?),
            None => None,
        };
        let key_taken = self
            .allocations
            .iter()
            .enumerate()
            .any(|(position, other)| Some(position) != named && draft.key.as_ref() == Some(&other.key));
        if key_taken {
            return Err(key_conflict(&format!("{}/key", faults.pointer())));
        }
        if named.is_none() && self.allocations.len() >= ALLOCATIONS_MAX {
            faults.push(format!(
                "the flag has {ALLOCATIONS_MAX} allocations in this environment, the most it may"
            ));
        }
        let others = self.allocations.iter().enumerate().filter(|(position, _)| Some(*position) != named);
        let theirs = others.flat_map(|(_, other)| &other.rules).map(TargetingRule::pattern_count);
        let patterns = theirs.chain(draft.rules.iter().map(RuleDraft::pattern_count));
        // Too many patterns are not even compiled.
        if check_patterns(patterns, &mut faults) > PATTERNS_MAX {
            faults.check()?;
        }
        let previous = named.map(|position| &self.allocations[position]);
        let allocation = parse_allocation(draft, previous, context, &mut faults);
        let base = faults.pointer().to_owned();
        faults.check()?;
        let allocation =
            allocation.ok_or_else(|| Rejection::invalid(base, "key, name and type are required"))?;
        let id = allocation.id;
        let mut changed = Self { updated_at: context.now, ..self.clone() };
        match named.and_then(|position| changed.allocations.get_mut(position)) {
            Some(place) => *place = allocation,
            None => changed.allocations.push(allocation),
        }
        changed.take_flag_level_as_meant(false);
        Ok((changed, id))
    }

    /// The same with the whole ordered list of allocations replaced. A draft that names an allocation of this
    /// environment, by id or else by key, continues it; allocations that no draft names are removed.
    ///
    /// `pointers` is the place of the list in the request; each draft stands at its index below it, and its
    /// members below `attributes`.
    pub fn with_allocations(
        &self,
        drafts: Vec<AllocationDraft>,
        context: &AllocationContext<'_>,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        if drafts.len() > ALLOCATIONS_MAX {
            faults.push(format!(
                "has {} entries; a flag has at most {ALLOCATIONS_MAX} allocations",
                drafts.len()
            ));
        }
        let patterns = check_patterns(
            drafts.iter().flat_map(|draft| &draft.rules).map(RuleDraft::pattern_count),
            &mut faults,
        );
        let is_too_much = drafts.len() > ALLOCATIONS_MAX || patterns > PATTERNS_MAX;
        if is_too_much {
            faults.check()?;
        }
        let mut keys = HashSet::new();
        let mut continued = HashSet::new();
        let mut allocations = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts.into_iter().enumerate() {
            let allocation = faults.at(index, |faults| {
                faults.at("attributes", |faults| {
                    if let Some(key) = draft.key.as_ref().filter(|key| !keys.insert((*key).clone())) {
                        faults
                            .push_at("key", format!("{key:?} is the key of an earlier element; keys differ"));
                    }
                    let position = self.position_of(&draft);
                    if let Some(id) = draft.id.filter(|_| position.is_none()) {
                        faults
                            .push_at("id", format!("{id} is no allocation of this flag in this environment"));
                    }
                    if position.is_some_and(|position| !continued.insert(position)) {
                        faults.push("names the same allocation as an earlier element");
                    }
                    let previous = position.map(|position| &self.allocations[position]);
                    parse_allocation(draft, previous, context, faults)
                })
            });
            allocations.extend(allocation);
        }
        faults.check()?;
        let mut changed = Self { allocations, updated_at: context.now, ..self.clone() };
        changed.take_flag_level_as_meant(true);
        Ok(changed.without_rollouts_given_up(self))
    }

    fn position_of(&self, draft: &AllocationDraft) -> Option<usize> {
        self.allocations.iter().position(|allocation| match draft.id {
            Some(id) => allocation.id == id,
            None => draft.key.as_ref() == Some(&allocation.key),
        })
    }
}

/// How many patterns a flag would have in an environment; more than it may are recorded.
fn check_patterns(counts: impl Iterator<Item = usize>, faults: &mut Faults) -> usize {
    let count: usize = counts.sum();
    if count > PATTERNS_MAX {
        faults.push(format!(
            "the allocations have {count} patterns together; a flag has at most {PATTERNS_MAX} in an environment"
        ));
    }
    count
}

fn unknown_allocation(faults: &Faults, id: AllocationId) -> Rejection {
    Rejection::invalid(
        format!("{}/id", faults.pointer()),
        format!("{id} is no allocation of this flag in this environment; leave the id out for a new one"),
    )
}

/// The allocation key at `pointer` is taken.
pub fn key_conflict(pointer: &str) -> Rejection {
    Rejection::conflict(pointer, "allocation with this key already exists")
}
