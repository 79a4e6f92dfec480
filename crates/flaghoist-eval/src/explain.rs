//! Why a decision came out as it did.
//!
//! There is one evaluator. It tells every step to a [`Visitor`]; `()` ignores them and costs nothing, the recorder
//! behind [`Flag::explain`](crate::Flag::explain) writes them down.

use jiff::Timestamp;
use serde::Serialize;

use crate::wire::{Operator, ShardRange};
use crate::{
    Allocation, AttributeValue, Comparand, Condition, Decision, ErrorCode, FlagFault, Reason, Shard, Split,
};

/// Watches a decision being made. Every method does nothing unless overridden.
///
/// Calls for one allocation stand between [`enter`](Self::enter) and [`leave`](Self::leave). Allocations that are not
/// reached are not reported.
pub trait Visitor<'s> {
    /// An allocation is being tried.
    fn enter(&mut self, allocation: &'s Allocation) {
        let _ = allocation;
    }

    /// Condition `place` of rule `rule`, both counted from 0, was tested. `seen` is the attribute's value, `None` when
    /// absent.
    fn condition(
        &mut self,
        rule: usize,
        place: usize,
        condition: &'s Condition,
        seen: Option<&AttributeValue<'_>>,
        held: bool,
    ) {
        let _ = (rule, place, condition, seen, held);
    }

    /// All conditions of a rule were tested that had to be.
    fn rule(&mut self, rule: usize, matched: bool) {
        let _ = (rule, matched);
    }

    /// The subject fell into `bucket` of a shard, which lies in its ranges or not.
    fn shard(&mut self, split: &'s Split, shard: &'s Shard, bucket: u32, held: bool) {
        let _ = (split, shard, bucket, held);
    }

    /// The allocation is done with.
    fn leave(&mut self, allocation: &'s Allocation, passage: Passage<'s>) {
        let _ = (allocation, passage);
    }
}

impl Visitor<'_> for () {}

/// How a subject passed an allocation.
#[derive(Debug, Clone, Copy)]
pub enum Passage<'s> {
    /// It was let in and gets this split. The decision is made.
    Matched(&'s Split),
    /// It has shards to be chosen by, but no targeting key. The decision is an error.
    TargetingKeyMissing,
    /// Skipped: the start is still to come.
    BeforeStart,
    /// Skipped: the end is past.
    AfterEnd,
    /// Skipped: no rule matched.
    RulesFailed,
    /// Skipped: no split holds the subject.
    TrafficMiss,
}

/// How a decision came about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation<'s> {
    /// Reason of the decision.
    pub reason: Reason,
    /// Error of the decision, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
    /// What is wrong with the flag, when that is the error. Serialised as its message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'s FlagFault>,
    /// Every allocation of the flag in order, also those that were not reached.
    pub allocations: Vec<AllocationExplanation<'s>>,
}

/// What one allocation had to do with a decision.
#[derive(Debug, Serialize)]
pub struct AllocationExplanation<'s> {
    /// Key of the allocation.
    pub key: &'s str,
    /// What became of the subject here.
    #[serde(flatten)]
    pub outcome: Outcome<'s>,
}

/// What became of the subject in an allocation. Serialised with the name of the variant in `outcome`.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Outcome<'s> {
    /// It was let in.
    Matched {
        /// Which rule matched, counted from 0; `None` when the allocation has no rules.
        rule: Option<usize>,
        /// Key of the variation that is served.
        variant: &'s str,
        /// Every bucket that was looked at, in order.
        buckets: Vec<Bucket<'s>>,
    },
    /// No rule matched.
    RulesFailed {
        /// The condition at which each rule failed, in order.
        failed: Vec<FailedCondition<'s>>,
    },
    /// The start was still to come.
    BeforeStart {
        /// When it starts.
        start_at: Option<Timestamp>,
    },
    /// The end was past.
    AfterEnd {
        /// When it ended.
        end_at: Option<Timestamp>,
    },
    /// A rule matched, or there are none, but no split holds the subject.
    TrafficMiss {
        /// Which rule matched, counted from 0; `None` when the allocation has no rules.
        rule: Option<usize>,
        /// Every bucket that was looked at, in order.
        buckets: Vec<Bucket<'s>>,
    },
    /// A rule matched, or there are none, but the subject has no targeting key to be chosen by.
    TargetingKeyMissing {
        /// Which rule matched, counted from 0; `None` when the allocation has no rules.
        rule: Option<usize>,
    },
    /// The decision was made before this allocation.
    NotReached,
}

/// A condition that did not hold.
#[derive(Debug, Serialize)]
pub struct FailedCondition<'s> {
    /// Which rule of the allocation, counted from 0.
    pub rule: usize,
    /// Which condition of the rule, counted from 0.
    pub condition: usize,
    /// The attribute under test; empty when the condition could not be read.
    pub attribute: &'s str,
    /// What was asked of it; `None` when the condition could not be read.
    pub operator: Option<Operator>,
    /// What it was compared with.
    pub expected: Comparand<'s>,
    /// Its value. `None` when absent, and then left out when serialised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<AttributeValue<'static>>,
}

/// Where the subject fell in a shard.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket<'s> {
    /// Key of the variation of the split that the shard belongs to.
    pub variant: &'s str,
    /// Salt of the shard.
    pub salt: &'s str,
    /// Number of buckets.
    pub total_shards: u32,
    /// The bucket of the subject.
    pub bucket: u32,
    /// The buckets that belong to the shard.
    pub ranges: &'s [ShardRange],
    /// Whether the bucket is one of them.
    pub held: bool,
}

impl<'s> Explanation<'s> {
    /// Of a decision that no allocation took part in.
    pub(crate) fn of(decision: &Decision<'s>) -> Explanation<'s> {
        Explanation {
            reason: decision.reason,
            error_code: decision.error_code,
            fault: None,
            allocations: Vec::new(),
        }
    }
}

/// Writes a decision down.
pub(crate) struct Recorder<'s> {
    done: Vec<AllocationExplanation<'s>>,
    /// Of the allocation being tried.
    matched_rule: Option<usize>,
    failed: Vec<FailedCondition<'s>>,
    buckets: Vec<Bucket<'s>>,
}

impl<'s> Recorder<'s> {
    pub(crate) fn new(allocations: usize) -> Recorder<'s> {
        Recorder {
            done: Vec::with_capacity(allocations),
            matched_rule: None,
            failed: Vec::new(),
            buckets: Vec::new(),
        }
    }

    pub(crate) fn finish(
        mut self,
        decision: &Decision<'s>,
        allocations: &'s [Allocation],
    ) -> Explanation<'s> {
        let reached = self.done.len();
        self.done.extend(
            allocations.iter().skip(reached).map(|allocation| AllocationExplanation {
                key: allocation.key(),
                outcome: Outcome::NotReached,
            }),
        );
        Explanation { allocations: self.done, ..Explanation::of(decision) }
    }
}

impl<'s> Visitor<'s> for Recorder<'s> {
    fn enter(&mut self, _: &'s Allocation) {
        self.matched_rule = None;
        // Of rules that failed before one matched. Buckets are always taken by whatever they led to.
        self.failed.clear();
    }

    fn condition(
        &mut self,
        rule: usize,
        place: usize,
        condition: &'s Condition,
        seen: Option<&AttributeValue<'_>>,
        held: bool,
    ) {
        if !held {
            self.failed.push(FailedCondition {
                rule,
                condition: place,
                attribute: condition.attribute(),
                operator: condition.operator(),
                expected: condition.comparand(),
                seen: seen.map(|value| value.clone().into_owned()),
            });
        }
    }

    fn rule(&mut self, rule: usize, matched: bool) {
        if matched {
            self.matched_rule = Some(rule);
        }
    }

    fn shard(&mut self, split: &'s Split, shard: &'s Shard, bucket: u32, held: bool) {
        self.buckets.push(Bucket {
            variant: split.variation_key(),
            salt: shard.salt(),
            total_shards: shard.total_shards(),
            bucket,
            ranges: shard.ranges(),
            held,
        });
    }

    fn leave(&mut self, allocation: &'s Allocation, passage: Passage<'s>) {
        let rule = self.matched_rule;
        let outcome = match passage {
            Passage::Matched(split) => Outcome::Matched {
                rule,
                variant: split.variation_key(),
                buckets: std::mem::take(&mut self.buckets),
            },
            Passage::TargetingKeyMissing => Outcome::TargetingKeyMissing { rule },
            Passage::BeforeStart => Outcome::BeforeStart { start_at: allocation.start_at() },
            Passage::AfterEnd => Outcome::AfterEnd { end_at: allocation.end_at() },
            Passage::RulesFailed => Outcome::RulesFailed { failed: std::mem::take(&mut self.failed) },
            Passage::TrafficMiss => Outcome::TrafficMiss { rule, buckets: std::mem::take(&mut self.buckets) },
        };
        self.done.push(AllocationExplanation { key: allocation.key(), outcome });
    }
}
