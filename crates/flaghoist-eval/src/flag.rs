//! A compiled flag and the algorithm that decides what it serves.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::explain::{Explanation, Passage, Recorder, Visitor};
use crate::shard::Buckets;
use crate::{
    AttributeValue, Condition, Decision, ErrorCode, Expected, Reason, Shard, Subject, Value, VariationType,
};

mod compile;

pub(crate) use compile::CompiledRules;

/// A flag, checked and ready to decide.
#[derive(Debug)]
pub struct Flag {
    key: Box<str>,
    enabled: bool,
    variation_type: VariationType,
    allocations: Box<[Allocation]>,
}

/// One step of the waterfall: who is meant, when, and what they get.
#[derive(Debug)]
pub struct Allocation {
    key: Box<str>,
    rules: Box<[Rule]>,
    start_at: Option<Timestamp>,
    end_at: Option<Timestamp>,
    splits: Box<[Split]>,
    do_log: bool,
    /// Reported when this allocation decides; it depends on nothing else.
    reason: Reason,
}

#[derive(Debug)]
pub(crate) struct Rule {
    conditions: Box<[Condition]>,
}

/// A share of the subjects and the variation they get.
#[derive(Debug)]
pub struct Split {
    variation: Arc<Variation>,
    /// Without those that hold everybody.
    shards: Box<[Shard]>,
    /// Whether the document has shards here, also such as hold everybody.
    needs_targeting_key: bool,
    serial_id: Option<i64>,
    extra_logging: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Variation {
    key: Box<str>,
    value: Value,
}

impl Flag {
    /// Unique within a document.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// False serves the coded default to everybody.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Type of everything the flag serves.
    pub fn variation_type(&self) -> VariationType {
        self.variation_type
    }

    /// In the order in which they are tried.
    pub fn allocations(&self) -> &[Allocation] {
        &self.allocations
    }

    /// What the flag serves to `subject` at `now`.
    pub fn decide<'s>(&'s self, expected: Expected, subject: &Subject<'_>, now: Timestamp) -> Decision<'s> {
        self.decide_with(expected, subject, now, &mut ())
    }

    /// What the flag serves to `subject` at `now`, and how every allocation took part in that.
    pub fn explain<'s>(
        &'s self,
        expected: Expected,
        subject: &Subject<'_>,
        now: Timestamp,
    ) -> (Decision<'s>, Explanation<'s>) {
        let mut recorder = Recorder::new(self.allocations.len());
        let decision = self.decide_with(expected, subject, now, &mut recorder);
        (decision, recorder.finish(&decision, &self.allocations))
    }

    /// As [`decide`](Self::decide), telling `visitor` every step.
    pub fn decide_with<'s, V: Visitor<'s>>(
        &'s self,
        expected: Expected,
        subject: &Subject<'_>,
        now: Timestamp,
        visitor: &mut V,
    ) -> Decision<'s> {
        let variation_type = Some(self.variation_type);
        if !self.enabled {
            return Decision::coded_default(Reason::Disabled, variation_type);
        }
        if !expected.accepts(self.variation_type) {
            return Decision::error(ErrorCode::TypeMismatch, variation_type);
        }
        let mut buckets = Buckets::default();
        for allocation in &self.allocations {
            visitor.enter(allocation);
            let passage = allocation.pass(subject, now, &mut buckets, visitor);
            visitor.leave(allocation, passage);
            match passage {
                Passage::Matched(split) => {
                    return Decision {
                        value: Some(&split.variation.value),
                        variant: Some(&split.variation.key),
                        allocation_key: Some(&allocation.key),
                        variation_type,
                        reason: allocation.reason,
                        error_code: None,
                        do_log: allocation.do_log,
                        serial_id: split.serial_id,
                        extra_logging: &split.extra_logging,
                    };
                }
                Passage::TargetingKeyMissing => {
                    return Decision::error(ErrorCode::TargetingKeyMissing, variation_type);
                }
                Passage::BeforeStart | Passage::AfterEnd | Passage::RulesFailed | Passage::TrafficMiss => {}
            }
        }
        Decision::coded_default(Reason::Default, variation_type)
    }
}

impl Allocation {
    /// Unique within the flag.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Skipped before this instant.
    pub fn start_at(&self) -> Option<Timestamp> {
        self.start_at
    }

    /// Skipped after this instant, not at it.
    pub fn end_at(&self) -> Option<Timestamp> {
        self.end_at
    }

    /// In the order in which they are tried.
    pub fn splits(&self) -> &[Split] {
        &self.splits
    }

    fn pass<'s, V: Visitor<'s>>(
        &'s self,
        subject: &Subject<'_>,
        now: Timestamp,
        buckets: &mut Buckets,
        visitor: &mut V,
    ) -> Passage<'s> {
        if self.start_at.is_some_and(|start| now < start) {
            return Passage::BeforeStart;
        }
        if self.end_at.is_some_and(|end| now > end) {
            return Passage::AfterEnd;
        }
        let mut rules = self.rules.iter().enumerate();
        if !self.rules.is_empty() && !rules.any(|(at, rule)| rule.matches(at, subject, visitor)) {
            return Passage::RulesFailed;
        }
        for split in &self.splits {
            if !split.needs_targeting_key {
                return Passage::Matched(split);
            }
            let Some(targeting_key) = subject.targeting_key else {
                return Passage::TargetingKeyMissing;
            };
            if split.matches(targeting_key, buckets, visitor) {
                return Passage::Matched(split);
            }
        }
        Passage::TrafficMiss
    }
}

impl Rule {
    fn matches<'s, V: Visitor<'s>>(&'s self, at: usize, subject: &Subject<'_>, visitor: &mut V) -> bool {
        let matched = self.conditions.iter().enumerate().all(|(place, condition)| {
            let implicit;
            let seen = match subject.attributes.get(condition.attribute()) {
                None if condition.attribute() == "id" => {
                    implicit = subject.targeting_key.map(AttributeValue::from);
                    implicit.as_ref()
                }
                seen => seen,
            };
            let held = condition.holds(seen);
            visitor.condition(at, place, condition, seen, held);
            held
        });
        visitor.rule(at, matched);
        matched
    }
}

impl Split {
    /// Key of the variation that is served.
    pub fn variation_key(&self) -> &str {
        &self.variation.key
    }

    /// All must hold the subject. Those that hold everybody are left out.
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    fn matches<'s, V: Visitor<'s>>(
        &'s self,
        targeting_key: &str,
        buckets: &mut Buckets,
        visitor: &mut V,
    ) -> bool {
        self.shards.iter().all(|shard| {
            let bucket = buckets.bucket(shard, targeting_key);
            let held = shard.holds(bucket);
            visitor.shard(self, shard, bucket, held);
            held
        })
    }
}
