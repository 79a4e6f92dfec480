//! The Eppo dialect of a flag, read into the same compiled form.
//!
//! It differs in the place of `totalShards` (the flag), in JSON values (text), and in forgiving conditions: one that
//! cannot be read never holds, but its flag lives on.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::flag::CompiledRules;
use crate::{Condition, Dialect, Flag, FlagFault, VariationType, wire};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EppoFlag {
    key: String,
    enabled: bool,
    variation_type: VariationType,
    variations: BTreeMap<String, wire::Variation>,
    allocations: Vec<EppoAllocation>,
    total_shards: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EppoAllocation {
    key: String,
    #[serde(default)]
    rules: Vec<EppoRule>,
    #[serde(default)]
    start_at: Option<String>,
    #[serde(default)]
    end_at: Option<String>,
    splits: Vec<EppoSplit>,
    #[serde(default = "wire::logged_unless_told_otherwise")]
    do_log: bool,
}

#[derive(Deserialize)]
struct EppoRule {
    conditions: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EppoSplit {
    variation_key: String,
    shards: Vec<EppoShard>,
    #[serde(default)]
    extra_logging: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct EppoShard {
    salt: String,
    ranges: Vec<wire::ShardRange>,
}

pub(crate) fn read_flag(text: &str) -> Result<Flag, FlagFault> {
    let flag: EppoFlag = serde_json::from_str(text).map_err(|error| FlagFault::shape(&error))?;
    let total_shards = flag.total_shards;
    let (allocations, rules) =
        flag.allocations.into_iter().map(|allocation| allocation.part(total_shards)).unzip();
    let flag = wire::Flag {
        key: flag.key,
        enabled: flag.enabled,
        variation_type: flag.variation_type,
        variations: flag.variations,
        allocations,
    };
    Flag::assemble(&flag, rules, Dialect::Eppo)
}

impl EppoAllocation {
    /// Into what both dialects have in common, and the rules.
    fn part(self, total_shards: u32) -> (wire::Allocation, CompiledRules) {
        let conditions = |rule: EppoRule| rule.conditions.into_iter().map(Condition::compile_eppo).collect();
        let rules = self.rules.into_iter().map(conditions).collect();
        let allocation = wire::Allocation {
            key: self.key,
            rules: Vec::new(),
            start_at: self.start_at,
            end_at: self.end_at,
            splits: self.splits.into_iter().map(|split| split.with(total_shards)).collect(),
            do_log: self.do_log,
        };
        (allocation, rules)
    }
}

impl EppoSplit {
    fn with(self, total_shards: u32) -> wire::Split {
        let shard = |EppoShard { salt, ranges }: EppoShard| wire::Shard { salt, total_shards, ranges };
        wire::Split {
            variation_key: self.variation_key,
            shards: self.shards.into_iter().map(shard).collect(),
            serial_id: None,
            extra_logging: self.extra_logging,
        }
    }
}
