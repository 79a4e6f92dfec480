//! From the management model to the UFC document that readers evaluate: section 6 of `evaluation.md`.

use crate::allocation::{Allocation, VariantWeight};
use crate::condition::{Operator, TargetingRule, Test, join_patterns, parse_comparand};
use crate::environment::Environment;
use crate::flag::{DistributionChannel, Flag};
use crate::flag_environment::FlagEnvironment;
use crate::id::{SavedFilterId, ScheduleId, VariantId};
use crate::saved_filter::SavedFilter;
use flaghoist_eval::wire;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Shards of every split we emit.
pub const TOTAL_SHARDS: u32 = 10_000;

/// A kind of reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Trusted readers: full documents and evaluation with server keys.
    Server,
    /// Browsers and mobile applications.
    Client,
}

impl Channel {
    /// Both channels.
    pub const ALL: [Self; 2] = [Self::Server, Self::Client];

    /// Whether readers of this channel see a flag that is distributed to `distribution`.
    pub fn sees(self, distribution: DistributionChannel) -> bool {
        match distribution {
            DistributionChannel::All => true,
            DistributionChannel::Client => self == Self::Client,
            DistributionChannel::Server => self == Self::Server,
        }
    }
}

/// An empty document of an environment; its flags are those [`compile_flag`] gives.
pub fn document(environment: &Environment, flags: BTreeMap<String, wire::Flag>) -> wire::Document {
    wire::Document {
        created_at: format_instant(environment.content_at),
        format: "SERVER".to_owned(),
        environment: wire::EnvironmentName { name: environment.key.clone() },
        observe_full_evaluation_data: false,
        flags,
    }
}

fn format_instant(at: Timestamp) -> String {
    at.to_string()
}

/// What readers of an environment get of a flag; nothing when it is archived.
pub fn compile_flag(
    flag: &Flag,
    entry: &FlagEnvironment,
    saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
) -> Option<wire::Flag> {
    if flag.archived_at.is_some() {
        return None;
    }
    let variations = flag
        .variants
        .iter()
        .map(|variant| {
            let value = flag.value_type.parse_quietly(&variant.value).unwrap_or_default();
            (variant.key.clone(), wire::Variation { key: variant.key.clone(), value })
        })
        .collect();
    Some(wire::Flag {
        key: flag.key.clone(),
        enabled: entry.enabled || entry.off_variant_id.is_some(),
        variation_type: flag.value_type.variation_type(),
        variations,
        allocations: compile_allocations(flag, entry, saved_filters),
    })
}

/// What readers that always get a value are given when a flag is disabled or nothing lets the subject in: the default
/// variant's value, or the empty value of the type.
pub fn default_value(flag: &Flag, entry: &FlagEnvironment) -> Value {
    let variant = entry.default_variant_id.and_then(|id| flag.variant(id));
    let value = variant.and_then(|variant| flag.value_type.parse_quietly(&variant.value));
    value.unwrap_or_else(|| flag.value_type.empty_value())
}

fn compile_allocations(
    flag: &Flag,
    entry: &FlagEnvironment,
    saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
) -> Vec<wire::Allocation> {
    let serve = |key: String, variant: Option<VariantId>| {
        let variation_key = flag.variant(variant?)?.key.clone();
        Some(wire::Allocation {
            key,
            rules: Vec::new(),
            start_at: None,
            end_at: None,
            splits: vec![split(variation_key, Vec::new())],
            do_log: false,
        })
    };
    if !entry.enabled {
        return serve(entry.off_allocation_key(), entry.off_variant_id).into_iter().collect();
    }
    if entry.override_variant_id.is_some() {
        return serve(entry.override_allocation_key(), entry.override_variant_id).into_iter().collect();
    }
    entry
        .allocations
        .iter()
        .filter_map(|allocation| compile_allocation(flag, entry, allocation, saved_filters))
        .chain(serve(entry.default_allocation_key(), entry.default_variant_id))
        .collect()
}

/// Nothing when the allocation serves nobody: no weights, no exposure, or a filter that can never match.
fn compile_allocation(
    flag: &Flag,
    entry: &FlagEnvironment,
    allocation: &Allocation,
    saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
) -> Option<wire::Allocation> {
    let exposed_end = bucket(allocation.exposure_ratio());
    let guard = allocation.guard();
    let mut splits = match exposed_end {
        0 if guard.is_some() => compile_control(flag, allocation, 0).into_iter().collect(),
        0 if allocation.serves_control() => entry
            .default_variant_id
            .and_then(|id| flag.variant(id))
            .map(|variant| split(variant.key.clone(), Vec::new()))
            .into_iter()
            .collect(),
        0 => return None,
        TOTAL_SHARDS => compile_splits(flag, allocation, None),
        end => {
            let exposed = shard(&allocation.traffic_salt, 0, end);
            let mut splits = compile_splits(flag, allocation, Some(&exposed));
            splits.extend(compile_control(flag, allocation, end));
            splits
        }
    };
    // SDKs report again whom they reported when the split has another number (decision 22).
    if let Some(step) = guard.and_then(|guard| Some((guard, guard.steps.len().checked_sub(1)?)))
        && let Some(schedule) = &allocation.schedule
    {
        for (place, split) in splits.iter_mut().enumerate() {
            split.serial_id = Some(serial_id(schedule.id, step.0.run, step.1, place));
        }
    }
    let frozen = guard.filter(|guard| !guard.saved_filters.is_empty());
    let rules = match frozen {
        None => compile_rules(&allocation.rules, saved_filters),
        Some(guard) => compile_rules(&allocation.rules, &guard.saved_filters),
    };
    let matches_nobody = !allocation.rules.is_empty() && rules.is_empty();
    if splits.is_empty() || matches_nobody {
        return None;
    }
    Some(wire::Allocation {
        key: allocation.key.clone(),
        rules,
        start_at: None,
        end_at: None,
        splits,
        do_log: allocation.do_log || guard.is_some(),
    })
}

/// A number of a split that differs for every run, step and split: 31 bits, so that every SDK can hold it.
fn serial_id(schedule_id: ScheduleId, run: i64, step: usize, place: usize) -> i64 {
    let [a, b, c, d, ..] = md5::compute(format!("{schedule_id}/{run}/{step}/{place}")).0;
    i64::from(u32::from_be_bytes([a, b, c, d]) >> 1)
}

/// What whoever is not exposed is served, where that is the control (decision 18).
fn compile_control(flag: &Flag, allocation: &Allocation, exposed_end: u32) -> Option<wire::Split> {
    let control_id = match allocation.guard() {
        // A weighted control has buckets of its own, and the others pass through.
        Some(guard) => guard.control.shards.is_none().then_some(guard.control.variant_id)?,
        None => allocation.schedule.as_ref().filter(|_| allocation.serves_control())?.control_variant_id?,
    };
    let control = flag.variant(control_id)?;
    let others = shard(&allocation.traffic_salt, exposed_end, TOTAL_SHARDS);
    Some(split(control.key.clone(), vec![others]))
}

fn compile_splits(flag: &Flag, allocation: &Allocation, traffic: Option<&wire::Shard>) -> Vec<wire::Split> {
    let mut splits = Vec::with_capacity(allocation.weights.len());
    let mut start = 0;
    for (weight, end) in cumulative(&allocation.weights) {
        let range = start..end;
        start = end;
        let Some(variant) = flag.variant(weight.variant_id).filter(|_| !range.is_empty()) else { continue };
        let own = (range != (0..TOTAL_SHARDS)).then(|| shard(&allocation.split_salt, range.start, range.end));
        splits.push(split(variant.key.clone(), traffic.cloned().into_iter().chain(own).collect()));
    }
    splits
}

/// Each weight with the end of its range. Rounded on the running sum, so that the last end is exactly
/// [`TOTAL_SHARDS`] and no bucket falls between two ranges.
pub(crate) fn cumulative(weights: &[VariantWeight]) -> impl Iterator<Item = (&VariantWeight, u32)> {
    weights.iter().scan(0.0, |sum, weight| {
        *sum += weight.value;
        Some((weight, bucket(*sum / 100.0)))
    })
}

/// The end of the bucket range that holds `ratio` (0 to 1) of all subjects.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=TOTAL_SHARDS")]
pub(crate) fn bucket(ratio: f64) -> u32 {
    (ratio * f64::from(TOTAL_SHARDS)).round().clamp(0.0, f64::from(TOTAL_SHARDS)) as u32
}

fn shard(salt: &str, start: u32, end: u32) -> wire::Shard {
    wire::Shard {
        salt: salt.to_owned(),
        total_shards: TOTAL_SHARDS,
        ranges: vec![wire::ShardRange { start, end }],
    }
}

fn split(variation_key: String, shards: Vec<wire::Shard>) -> wire::Split {
    wire::Split { variation_key, shards, serial_id: None, extra_logging: BTreeMap::new() }
}

fn compile_rules(
    rules: &[TargetingRule],
    saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
) -> Vec<wire::Rule> {
    let mut compiled = Vec::with_capacity(rules.len());
    for rule in rules {
        compiled.extend(expand_rule(rule, saved_filters));
    }
    compiled
}

/// A rule as the OR of rules without saved filters: its own conditions AND any one rule of each filter, that
/// is the cross product. Saving bounds it by `EXPANDED_RULES_MAX`.
fn expand_rule(
    rule: &TargetingRule,
    saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
) -> Vec<wire::Rule> {
    let mut alternatives = vec![Vec::new()];
    for condition in &rule.conditions {
        match &condition.test {
            Test::Inline { attribute, operator, values } => {
                let condition = compile_condition(attribute, *operator, values);
                for conditions in &mut alternatives {
                    conditions.push(condition.clone());
                }
            }
            Test::SavedFilter { saved_filter_id } => {
                let options = saved_filters.get(saved_filter_id).map_or(&[][..], |filter| &filter.rules);
                alternatives = alternatives
                    .iter()
                    .flat_map(|conditions| options.iter().map(move |option| (conditions, option)))
                    .map(|(conditions, option)| {
                        conditions
                            .iter()
                            .cloned()
                            .chain(option.conditions.iter().filter_map(compile_inline))
                            .collect()
                    })
                    .collect();
            }
        }
    }
    alternatives.into_iter().map(|conditions| wire::Rule { conditions }).collect()
}

fn compile_inline(condition: &crate::condition::Condition) -> Option<wire::Condition> {
    match &condition.test {
        Test::Inline { attribute, operator, values } => Some(compile_condition(attribute, *operator, values)),
        Test::SavedFilter { .. } => None,
    }
}

fn compile_condition(attribute: &str, operator: Operator, values: &[String]) -> wire::Condition {
    let first = values.first().map(String::as_str).unwrap_or_default();
    let number = || parse_comparand(first).map_or(Value::Null, compile_number);
    let text = || Value::from(first);
    let (operator, value) = match operator {
        Operator::Lt => (wire::Operator::Lt, number()),
        Operator::Lte => (wire::Operator::Lte, number()),
        Operator::Gt => (wire::Operator::Gt, number()),
        Operator::Gte => (wire::Operator::Gte, number()),
        Operator::Matches => (wire::Operator::Matches, Value::from(join_patterns(values))),
        Operator::NotMatches => (wire::Operator::NotMatches, Value::from(join_patterns(values))),
        Operator::OneOf | Operator::Equals => (wire::Operator::OneOf, Value::from(values)),
        Operator::NotOneOf => (wire::Operator::NotOneOf, Value::from(values)),
        Operator::IsNull => (wire::Operator::IsNull, Value::Bool(first == "true")),
        Operator::SemverEq => (wire::Operator::SemverEq, text()),
        Operator::SemverNeq => (wire::Operator::SemverNeq, text()),
        Operator::SemverLt => (wire::Operator::SemverLt, text()),
        Operator::SemverLte => (wire::Operator::SemverLte, text()),
        Operator::SemverGt => (wire::Operator::SemverGt, text()),
        Operator::SemverGte => (wire::Operator::SemverGte, text()),
    };
    wire::Condition { attribute: attribute.to_owned(), operator, value }
}

/// Whole numbers are written as such (`90`, not `90.0`): the shortest form every reader takes.
#[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, checked just before")]
fn compile_number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        return Value::from(number as i64);
    }
    Value::from(number)
}
