//! Targeting rules and rollouts as the Flagmint interface changes them: one by one.
//!
//! A targeting rule is an allocation. The flag-level rollout is one too, and no targeting rule.

use super::{ALLOCATIONS_MAX, FlagEnvironment};
use crate::allocation::{
    Allocation, AllocationContext, AllocationDraft, AllocationKind, Serving, WeightDraft, parse_allocation,
};
use crate::clause::{ClauseDraft, Clauses, Combinator, parse_clauses};
use crate::condition::{ConditionDraft, PATTERNS_MAX, RuleDraft as ConditionsDraft, TargetingRule, Test};
use crate::flag::Flag;
use crate::id::{AllocationId, RolloutId, SavedFilterId, VariantId};
use crate::rollout::{ROLLOUTS_MAX, Rollout, RolloutDraft, parse_rollout};
use crate::{Faults, MintId, Patch, Rejection};
use jiff::Timestamp;

/// What a targeting rule is called when nobody says.
const UNNAMED: &str = "Targeting rule";

/// How a targeting rule finds its subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// By a saved filter.
    Segment,
    /// By clauses of its own.
    Custom,
}

/// What somebody asks a targeting rule to be. What is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct RuleDraft {
    /// Name.
    pub name: Option<String>,
    /// How it finds its subjects.
    pub kind: Option<RuleKind>,
    /// The clauses of a custom one.
    pub clauses: Option<Vec<ClauseDraft>>,
    /// The saved filter of the other kind.
    pub segment_id: Patch<SavedFilterId>,
    /// The variant it serves; it wins over a rollout.
    pub variation_id: Patch<VariantId>,
    /// The rollout it serves.
    pub rollout_id: Patch<RolloutId>,
    /// Where it stands among the others.
    pub order_index: Option<f64>,
}

impl Allocation {
    /// The saved filter whose subjects it serves, if it serves just those.
    pub fn segment_id(&self) -> Option<SavedFilterId> {
        let [rule] = self.rules.as_slice() else { return None };
        match rule.conditions.as_slice() {
            [condition] => match condition.test {
                Test::SavedFilter { saved_filter_id } => Some(saved_filter_id),
                Test::Inline { .. } => None,
            },
            _ => None,
        }
    }

    /// The one variant that it serves to all its subjects, if it serves no rollout.
    pub fn variation_id(&self) -> Option<VariantId> {
        match self.weights.as_slice() {
            [weight]
                if self.serves_its_own()
                    && self.schedule.is_none()
                    && self.reached_exposure_ratio.is_none() =>
            {
                Some(weight.variant_id)
            }
            _ => None,
        }
    }

    /// Whether its weights follow nothing.
    fn serves_its_own(&self) -> bool {
        matches!(self.serving, None | Some(Serving::Own { .. }))
    }

    /// The rollout that it serves, or names beside a variant. Weights and a schedule of its own are shown as one with the allocation's id.
    pub fn rollout_id(&self) -> Option<RolloutId> {
        match self.serving {
            Some(Serving::Own { beside }) => Some(beside),
            Some(serving) => serving.rollout_id(),
            None if self.variation_id().is_none() && !self.weights.is_empty() => Some(RolloutId(self.id.0)),
            None => None,
        }
    }
}

impl FlagEnvironment {
    /// Its targeting rules with where each stands, in the order of evaluation.
    pub fn targeting_rules(&self) -> impl Iterator<Item = (f64, &Allocation)> {
        let rules = self.allocations.iter().filter(|allocation| !allocation.is_flag_level());
        rules.scan(None, |last: &mut Option<f64>, rule| {
            let next = last.map_or(0.0, |last| last + 1.0);
            let least = last.unwrap_or(f64::NEG_INFINITY);
            let index = rule.order_index.unwrap_or(next).max(least);
            *last = Some(index);
            Some((index, rule))
        })
    }

    /// The targeting rule with where it stands.
    pub fn targeting_rule(&self, id: AllocationId) -> Option<(f64, &Allocation)> {
        self.targeting_rules().find(|(_, rule)| rule.id == id)
    }

    /// The rollout.
    pub fn rollout(&self, id: RolloutId) -> Option<&Rollout> {
        self.rollouts.iter().find(|rollout| rollout.id == id)
    }

    /// The same with a targeting rule made (`id` is none) or changed, and its id.
    pub fn with_targeting_rule(
        &self,
        id: Option<AllocationId>,
        draft: RuleDraft,
        context: &AllocationContext<'_>,
        mut faults: Faults,
    ) -> Result<(Self, AllocationId), Rejection> {
        let previous = match id {
            Some(id) => {
                let unknown = || Rejection::NotFound("Targeting rule not found".to_owned());
                Some(self.targeting_rule(id).ok_or_else(unknown)?)
            }
            None => None,
        };
        if previous.is_none() && self.allocations.len() >= ALLOCATIONS_MAX {
            faults.push(format!("the flag has {ALLOCATIONS_MAX} rules in this environment, the most it may"));
        }
        let old = previous.map(|(_, rule)| rule);
        let order_index = draft.order_index;
        let served = self.served(&draft, old, context.flag, &mut faults);
        let (rules, clauses) = subjects(&draft, old, &mut faults);
        faults.check()?;
        let mut wanted = old.map(AllocationDraft::from).unwrap_or_default();
        wanted.key.get_or_insert_with(|| format!("rule-{}", context.ids.mint()));
        wanted.kind.get_or_insert(AllocationKind::FeatureGate);
        wanted.name = draft.name.or(wanted.name).or_else(|| Some(UNNAMED.to_owned()));
        if let Some(rules) = rules {
            wanted.rules = rules;
        }
        match served {
            Served::Variant(variant_id, _) => {
                wanted.schedule = None;
                wanted.weights =
                    vec![WeightDraft { variant_id: Some(variant_id), variant_key: None, value: Some(100.0) }];
            }
            Served::AsBefore | Served::ByReference(_) => {
                wanted.schedule = None;
                wanted.weights.clear();
            }
        }
        // Too many patterns are not even compiled.
        self.check_room_for_patterns(old, &wanted, &mut faults);
        faults.check()?;
        let mut found = Faults::new();
        let made = parse_allocation(wanted, old, context, &mut found);
        for fault in found.into_vec() {
            let member = if fault.pointer == "/name" { "name" } else { "conditions" };
            faults.push_at(member, fault.message);
        }
        faults.check()?;
        let Some(mut rule) = made else {
            return Err(Rejection::invalid("/kind", "is required; give segment or custom"));
        };
        rule.clauses = clauses.or_else(|| old.and_then(|old| old.clauses.clone()));
        if rule.segment_id().is_some() {
            rule.clauses = None;
        }
        rule.serve_as(served, old);
        rule.order_index = order_index.or(previous.map(|(index, _)| index)).or(Some(0.0));
        let id = rule.id;
        let mut changed = Self { updated_at: context.now, ..self.clone() };
        let is_placed = order_index
            .is_some_and(|index| previous.is_none_or(|(shown, _)| index.to_bits() != shown.to_bits()));
        changed.put_rule(rule, is_placed || previous.is_none());
        Ok((changed, id))
    }

    /// The same without a targeting rule.
    pub fn without_targeting_rule(&self, id: AllocationId, now: Timestamp) -> Result<Self, Rejection> {
        if self.targeting_rule(id).is_none() {
            return Err(Rejection::NotFound("Targeting rule not found".to_owned()));
        }
        let mut changed = Self { updated_at: now, ..self.clone() };
        changed.allocations.retain(|allocation| allocation.id != id);
        Ok(changed)
    }

    /// What a rule is to serve; what it names and is not there is recorded.
    fn served(
        &self,
        draft: &RuleDraft,
        old: Option<&Allocation>,
        flag: &Flag,
        faults: &mut Faults,
    ) -> Served {
        if let Patch::Set(id) = draft.variation_id
            && flag.variant(id).is_none()
        {
            faults.push_at("variation_id", format!("{id} is no variation of this flag"));
        }
        let is_own = |id: RolloutId| old.and_then(Allocation::rollout_id) == Some(id);
        if let Patch::Set(id) = draft.rollout_id
            && self.rollout(id).is_none()
            && !is_own(id)
        {
            faults.push_at("rollout_id", format!("{id} is no rollout of this flag in this environment"));
        }
        let variation_id = draft.variation_id.clone().apply(old.and_then(Allocation::variation_id));
        let rollout_id = draft.rollout_id.clone().apply(old.and_then(Allocation::rollout_id));
        let known = old.map(|old| (old.variation_id(), old.rollout_id()));
        match (variation_id, rollout_id) {
            now if Some(now) == known => Served::AsBefore,
            (Some(variant_id), beside) => {
                let beside = beside.filter(|id| self.rollout(*id).is_some());
                Served::Variant(variant_id, beside.map(|beside| Serving::Own { beside }))
            }
            (None, Some(rollout_id)) if self.rollout(rollout_id).is_some() => {
                Served::ByReference(Serving::Rollout { rollout_id })
            }
            (None, Some(_)) => Served::AsBefore,
            (None, None) => Served::ByReference(Serving::Default),
        }
    }

    /// Patterns of one rule beside those of all others.
    fn check_room_for_patterns(
        &self,
        old: Option<&Allocation>,
        wanted: &AllocationDraft,
        faults: &mut Faults,
    ) {
        let others = self.allocations.iter().filter(|other| old.is_none_or(|old| old.id != other.id));
        let theirs: usize = others.flat_map(|other| &other.rules).map(TargetingRule::pattern_count).sum();
        let count = theirs + wanted.rules.iter().map(ConditionsDraft::pattern_count).sum::<usize>();
        if count > PATTERNS_MAX {
            faults.push_at(
                "conditions",
                format!("need {count} patterns with the other rules; a flag has at most {PATTERNS_MAX} in an environment"),
            );
        }
    }

    /// Puts a rule where its order index says: before those with a greater one, after those that are older.
    fn put_rule(&mut self, rule: Allocation, is_placed: bool) {
        let known = self.allocations.iter().position(|allocation| allocation.id == rule.id);
        if let Some(position) = known.filter(|_| !is_placed) {
            self.allocations[position] = rule;
            return;
        }
        self.allocations.retain(|allocation| allocation.id != rule.id);
        let index = rule.order_index.unwrap_or_default();
        let is_after = |(other_index, other): &(f64, &Allocation)| {
            let by_age = (other.created_at, other.id).cmp(&(rule.created_at, rule.id));
            other_index.total_cmp(&index).then(by_age).is_gt()
        };
        let next = self.targeting_rules().find(is_after).map(|(_, other)| other.id);
        let position = self.allocations.iter().position(|allocation| Some(allocation.id) == next);
        self.allocations.insert(position.unwrap_or(self.allocations.len()), rule);
    }

    /// The same with a rollout made (`id` is none) or changed, and its id.
    pub fn with_rollout(
        &self,
        id: Option<RolloutId>,
        draft: RolloutDraft,
        flag: &Flag,
        now: Timestamp,
        ids: &dyn MintId,
        mut faults: Faults,
    ) -> Result<(Self, RolloutId), Rejection> {
        let mut changed = Self { updated_at: now, ..self.clone() };
        let previous = match id {
            Some(id) => Some(self.rollout(id).ok_or_else(unknown_rollout)?),
            None => None,
        };
        if previous.is_none() && self.rollouts.len() >= ROLLOUTS_MAX {
            faults.push(format!("the flag has {ROLLOUTS_MAX} rollouts in this environment, the most it may"));
        }
        let rollout = parse_rollout(draft, previous, flag, now, ids, &mut faults);
        faults.check()?;
        let Some(rollout) = rollout else {
            return Err(Rejection::invalid(
                "/strategy",
                "is required; give off, percentage, variant or gradual",
            ));
        };
        let id = rollout.id;
        match changed.rollouts.iter_mut().find(|place| place.id == id) {
            Some(place) => *place = rollout,
            None => changed.rollouts.push(rollout),
        }
        // To switch a rollout off is to stop it.
        Ok((changed.with_stops(self, now), id))
    }

    /// The same without a rollout that no rule serves. One that is on is stopped.
    pub fn without_rollout(&self, id: RolloutId, now: Timestamp) -> Result<Self, Rejection> {
        self.rollout(id).ok_or_else(unknown_rollout)?;
        let mut rules = self.targeting_rules().map(|(_, rule)| rule);
        if let Some(rule) = rules.find(|rule| rule.rollout_id() == Some(id)) {
            let message = format!(
                "targeting rule {} ({:?}) serves the rollout; change the rule first",
                rule.id, rule.name
            );
            return Err(Rejection::conflict("", message));
        }
        let mut changed = Self { updated_at: now, ..self.clone() };
        changed.rollouts.retain(|rollout| rollout.id != id);
        Ok(changed.with_stops(self, now))
    }
}

fn unknown_rollout() -> Rejection {
    Rejection::NotFound("Rollout not found".to_owned())
}

/// What a rule is to serve.
#[derive(Clone, Copy)]
enum Served {
    AsBefore,
    Variant(VariantId, Option<Serving>),
    ByReference(Serving),
}

impl Allocation {
    fn serve_as(&mut self, served: Served, old: Option<&Self>) {
        match (served, old) {
            (Served::AsBefore, Some(old)) => {
                self.serving = old.serving;
                self.weights.clone_from(&old.weights);
                self.schedule.clone_from(&old.schedule);
                self.reached_exposure_ratio = old.reached_exposure_ratio;
            }
            (Served::AsBefore, None) => self.serving = Some(Serving::Default),
            (Served::Variant(_, beside), _) => (self.serving, self.reached_exposure_ratio) = (beside, None),
            (Served::ByReference(serving), _) => {
                (self.serving, self.reached_exposure_ratio) = (Some(serving), None);
            }
        }
    }
}

/// The rules that find a rule's subjects, where they change, and the clauses they are compiled from.
fn subjects(
    draft: &RuleDraft,
    old: Option<&Allocation>,
    faults: &mut Faults,
) -> (Option<Vec<ConditionsDraft>>, Option<Clauses>) {
    let old_segment = old.and_then(Allocation::segment_id);
    let old_kind = old.map(|_| if old_segment.is_some() { RuleKind::Segment } else { RuleKind::Custom });
    let Some(kind) = draft.kind.or(old_kind) else { return (None, None) };
    match kind {
        RuleKind::Segment => match draft.segment_id.clone().apply(old_segment) {
            Some(id) if Some(id) == old_segment => (None, None),
            Some(id) => {
                let condition = ConditionDraft { saved_filter_id: Some(id), ..ConditionDraft::default() };
                (Some(vec![ConditionsDraft { conditions: vec![condition] }]), None)
            }
            None => {
                faults.push_at(
                    "segment_id",
                    "is required for a rule of kind segment; give the id of a segment",
                );
                (None, None)
            }
        },
        RuleKind::Custom => {
            let names_segment = matches!(draft.segment_id, Patch::Set(_));
            match &draft.clauses {
                Some(clauses) if !clauses.is_empty() => {
                    if names_segment {
                        faults.push_at("segment_id", "does not go with conditions; give one or the other");
                    }
                    let clauses = faults.at("conditions", |faults| parse_clauses(clauses.clone(), faults));
                    let clauses = Clauses { combinator: Combinator::of(&clauses), clauses, force: false };
                    let rules = faults.at("conditions", |faults| clauses.compile(faults));
                    (Some(rules.into_iter().map(conditions).collect()), Some(clauses))
                }
                None if old_kind == Some(RuleKind::Custom) && !names_segment => (None, None),
                _ => {
                    faults.push_at("conditions", "is required for a rule of kind custom; give at least one");
                    (None, None)
                }
            }
        }
    }
}

/// The draft of a rule with these tests.
pub(crate) fn conditions(tests: Vec<Test>) -> ConditionsDraft {
    let draft = |test: Test| match test {
        Test::Inline { attribute, operator, values } => ConditionDraft {
            attribute: Some(attribute),
            operator: Some(operator),
            values: Some(values),
            saved_filter_id: None,
        },
        Test::SavedFilter { saved_filter_id } => {
            ConditionDraft { saved_filter_id: Some(saved_filter_id), ..ConditionDraft::default() }
        }
    };
    ConditionsDraft { conditions: tests.into_iter().map(draft).collect() }
}
