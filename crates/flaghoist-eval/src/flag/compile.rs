//! From the wire form to the compiled one. Everything that can be wrong with a flag is found here.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Allocation, Flag, Rule, Split, Variation};
use crate::fault::shown;
use crate::shard::Salts;
use crate::{Condition, Dialect, FlagFault, Reason, Shard, Value, VariationType, wire};

/// The compiled rules of one allocation.
pub(crate) struct CompiledRules(Box<[Rule]>);

impl FromIterator<Box<[Condition]>> for CompiledRules {
    fn from_iter<I: IntoIterator<Item = Box<[Condition]>>>(rules: I) -> Self {
        CompiledRules(rules.into_iter().map(|conditions| Rule { conditions }).collect())
    }
}

impl Flag {
    /// Checks and compiles a flag of the Datadog dialect.
    ///
    /// The result does not depend on the document around it, so that documents may share it.
    pub fn compile(flag: &wire::Flag) -> Result<Flag, FlagFault> {
        let rules = |allocation: &wire::Allocation| {
            let compiled = |rule: &wire::Rule| {
                rule.conditions
                    .iter()
                    .map(|condition| Condition::compile(condition, &allocation.key))
                    .collect()
            };
            allocation.rules.iter().map(compiled).collect::<Result<CompiledRules, FlagFault>>()
        };
        let rules = flag.allocations.iter().map(rules).collect::<Result<Vec<_>, FlagFault>>()?;
        Flag::assemble(flag, rules, Dialect::Datadog)
    }

    /// Compiles everything but the rules, in which the dialects differ most: `rules` has those of each allocation
    /// in order.
    pub(crate) fn assemble(
        flag: &wire::Flag,
        rules: Vec<CompiledRules>,
        dialect: Dialect,
    ) -> Result<Flag, FlagFault> {
        let variations = variations(flag, dialect)?;
        let mut salts = Salts::default();
        let allocations = flag
            .allocations
            .iter()
            .zip(rules)
            .map(|(allocation, rules)| Allocation::compile(allocation, rules, &variations, &mut salts))
            .collect::<Result<_, FlagFault>>()?;
        Ok(Flag {
            key: flag.key.as_str().into(),
            enabled: flag.enabled,
            variation_type: flag.variation_type,
            allocations,
        })
    }
}

type Variations<'w> = BTreeMap<&'w str, Arc<Variation>>;

fn variations(flag: &wire::Flag, dialect: Dialect) -> Result<Variations<'_>, FlagFault> {
    let compiled = |(key, variation): (&'_ String, &wire::Variation)| {
        if *key != variation.key {
            return Err(FlagFault::VariationKey {
                expected: key.as_str().into(),
                found: variation.key.as_str().into(),
            });
        }
        variation_value(variation, flag.variation_type, dialect)
    };
    flag.variations.iter().map(|entry| Ok((entry.0.as_str(), compiled(entry)?))).collect()
}

fn variation_value(
    variation: &wire::Variation,
    of: VariationType,
    dialect: Dialect,
) -> Result<Arc<Variation>, FlagFault> {
    let value = Value::compile(&variation.value, of, dialect).ok_or_else(|| FlagFault::VariationValue {
        variation: variation.key.as_str().into(),
        value: shown(&variation.value),
        expected: of,
    })?;
    Ok(Arc::new(Variation { key: variation.key.as_str().into(), value }))
}

impl Allocation {
    fn compile<'w>(
        allocation: &'w wire::Allocation,
        CompiledRules(rules): CompiledRules,
        variations: &Variations<'_>,
        salts: &mut Salts<'w>,
    ) -> Result<Allocation, FlagFault> {
        let key = allocation.key.as_str();
        let splits = allocation
            .splits
            .iter()
            .map(|split| Split::compile(split, key, variations, salts))
            .collect::<Result<Box<[Split]>, FlagFault>>()?;
        let start_at = time(key, "startAt", allocation.start_at.as_deref())?;
        let end_at = time(key, "endAt", allocation.end_at.as_deref())?;
        let reason = match &*splits {
            _ if !rules.is_empty() => Reason::TargetingMatch,
            [only] if !only.needs_targeting_key && start_at.or(end_at).is_some() => Reason::Default,
            [only] if !only.needs_targeting_key => Reason::Static,
            _ => Reason::Split,
        };
        Ok(Allocation { key: key.into(), rules, start_at, end_at, splits, do_log: allocation.do_log, reason })
    }
}

fn time(allocation: &str, member: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, FlagFault> {
    let fault = |text: &str| FlagFault::Time { allocation: allocation.into(), member, value: text.into() };
    text.map(|text| text.parse().map_err(|_| fault(text))).transpose()
}

impl Split {
    fn compile<'w>(
        split: &'w wire::Split,
        allocation: &str,
        variations: &Variations<'_>,
        salts: &mut Salts<'w>,
    ) -> Result<Split, FlagFault> {
        let variation =
            variations.get(split.variation_key.as_str()).ok_or_else(|| FlagFault::UnknownVariation {
                allocation: allocation.into(),
                variation: split.variation_key.as_str().into(),
            })?;
        let mut shards = Vec::with_capacity(split.shards.len());
        for shard in &split.shards {
            let total_shards = NonZeroU32::new(shard.total_shards).ok_or_else(|| FlagFault::NoShards {
                allocation: allocation.into(),
                salt: shard.salt.as_str().into(),
            })?;
            shards.extend(Shard::compile(shard, total_shards, salts));
        }
        Ok(Split {
            variation: Arc::clone(variation),
            shards: shards.into(),
            needs_targeting_key: !split.shards.is_empty(),
            serial_id: split.serial_id,
            extra_logging: split.extra_logging.clone(),
        })
    }
}
