//! Definitions: the part of a flag, and of a flag in an environment, that people edit. Suggestions propose
//! definitions, reverts and copies restore them.
//!
//! A definition has a hash of what readers get because of it. Times do not count, nor does where a schedule
//! stands, which the scheduler moves; names and descriptions of flags and variants do not either.

use crate::Rejection;
use crate::access::Principal;
use crate::allocation::Allocation;
use crate::flag::{DistributionChannel, Flag, StalenessStatus};
use crate::flag_environment::FlagEnvironment;
use crate::id::{SavedFilterId, VariantId};
use crate::rollout::Rollout;
use crate::saved_filter::SavedFilter;
use crate::schedule::Progress;
use crate::variant::Variant;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// SHA-256 of what counts of a definition, as hexadecimal text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DefinitionHash(String);

impl DefinitionHash {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn of(value: &impl Serialize) -> Self {
        // The value is made of types whose maps have text keys and whose numbers are finite, so this cannot fail;
        // if it did, the hash would be that of `null`, which equals no definition's.
        let mut value = serde_json::to_value(value).unwrap_or_default();
        strip(&mut value);
        let text = canonical_text(&value);
        Self(Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut digits, byte| {
            use std::fmt::Write;
            // Writing to a String cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        }))
    }
}

/// Members that say when something was changed, or how far a schedule has come and by what right.
const NOT_EDITED: [&str; 5] = ["created_at", "updated_at", "status", "progress", "is_approved"];

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !NOT_EDITED.contains(&name.as_str()));
            members.values_mut().for_each(strip);
        }
        Value::Array(elements) => elements.iter_mut().for_each(strip),
        _ => {}
    }
}

fn canonical_text(value: &Value) -> String {
    let mut text = String::new();
    write_canonically(value, &mut text);
    text
}

/// JSON with sorted members: the same whatever order a map keeps.
fn write_canonically(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            text.push('{');
            for name in names {
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                write_canonically(&members[name], text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for element in elements {
                write_canonically(element, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

/// One member of a three-way merge: as it is now, unless `target` says otherwise than `base` did.
pub(crate) fn pick<T: PartialEq + Clone>(current: &T, base: &T, target: &T) -> T {
    if base == target { current.clone() } else { target.clone() }
}

/// What people edit of a flag in an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryDefinition {
    /// Whether it is evaluated at all.
    pub enabled: bool,
    /// Served when no allocation matches.
    pub default_variant_id: Option<VariantId>,
    /// Served to everybody when set.
    pub override_variant_id: Option<VariantId>,
    /// Served when disabled.
    pub off_variant_id: Option<VariantId>,
    /// In the order of evaluation.
    pub allocations: Vec<Allocation>,
    /// What rules serve by reference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<Rollout>,
}

impl EntryDefinition {
    /// The hash of all of it.
    pub fn hash(&self) -> DefinitionHash {
        DefinitionHash::of(self)
    }
}

impl From<&FlagEnvironment> for EntryDefinition {
    fn from(entry: &FlagEnvironment) -> Self {
        let (mut allocations, mut rollouts) = (entry.allocations.clone(), entry.rollouts.clone());
        let schedules = allocations.iter_mut().filter_map(|allocation| allocation.schedule.as_mut());
        for schedule in schedules.chain(rollouts.iter_mut().filter_map(|rollout| rollout.schedule.as_mut())) {
            // How far a schedule has come is not what somebody edits.
            (schedule.progress, schedule.is_approved) = (Progress::default(), false);
        }
        Self {
            enabled: entry.enabled,
            default_variant_id: entry.default_variant_id,
            override_variant_id: entry.override_variant_id,
            off_variant_id: entry.off_variant_id,
            allocations,
            rollouts,
        }
    }
}

impl FlagEnvironment {
    /// The same with another definition. A definition of earlier days may name variants and saved filters that are
    /// gone: a conflict. Where its schedules stood in those days does not come back: that is no part of a definition.
    pub fn with_definition(
        &self,
        definition: &EntryDefinition,
        flag: &Flag,
        saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        let changed = Self {
            enabled: definition.enabled,
            default_variant_id: definition.default_variant_id,
            override_variant_id: definition.override_variant_id,
            off_variant_id: definition.off_variant_id,
            allocations: definition.allocations.iter().map(|wanted| self.standing(wanted, now)).collect(),
            rollouts: definition.rollouts.iter().map(|wanted| self.standing_rollout(wanted, now)).collect(),
            updated_at: now,
            ..self.clone()
        };
        let gone = changed
            .allocations
            .iter()
            .flat_map(Allocation::saved_filter_ids)
            .find(|id| !saved_filters.contains_key(id));
        if let Some(gone) = gone {
            return Err(Rejection::conflict(
                "",
                format!("it uses saved filter {gone}, which is no longer there"),
            ));
        }
        let gone = changed.variant_ids().find(|id| flag.variant(*id).is_none());
        match gone {
            Some(gone) => Err(Rejection::conflict(
                "",
                format!("it serves variant {gone}, which the flag no longer has"),
            )),
            None => Ok(changed),
        }
    }

    /// An allocation as written down, with its schedule where it stands now and its present subjects.
    fn standing(&self, wanted: &Allocation, now: Timestamp) -> Allocation {
        let present = self.allocations.iter().find(|allocation| allocation.id == wanted.id);
        let scheduled = present.and_then(|allocation| allocation.schedule.as_ref());
        let schedule = wanted.schedule.as_ref().map(|schedule| schedule.standing(scheduled, now));
        let salts = present.unwrap_or(wanted);
        // What a rollout has reached since is not taken back by what was written down before.
        let reached_exposure_ratio = match (&schedule, present) {
            (Some(_), _) => None,
            (None, Some(present)) => present.exposure_without_schedule(wanted),
            (None, None) => wanted.reached_exposure_ratio,
        };
        Allocation {
            schedule,
            reached_exposure_ratio,
            traffic_salt: salts.traffic_salt.clone(),
            split_salt: salts.split_salt.clone(),
            ..wanted.clone()
        }
    }

    /// A rollout as written down, with its schedule where it stands now and its present subjects.
    fn standing_rollout(&self, wanted: &Rollout, now: Timestamp) -> Rollout {
        let present = self.rollout(wanted.id);
        let scheduled = present.and_then(|rollout| rollout.schedule.as_ref());
        let schedule = wanted.schedule.as_ref().map(|schedule| schedule.standing(scheduled, now));
        // Other subjects since are not taken back, unless by a salt of its own.
        let present = present.filter(|present| present.salt == wanted.salt);
        let reshuffled_salt = present.and_then(|present| present.reshuffled_salt.clone());
        Rollout { schedule, reshuffled_salt, ..wanted.clone() }
    }

    /// The variants that it may serve.
    pub(crate) fn variant_ids(&self) -> impl Iterator<Item = VariantId> {
        let apart = [self.default_variant_id, self.override_variant_id, self.off_variant_id];
        let weighted = self.allocations.iter().flat_map(|allocation| {
            let control = allocation.schedule.as_ref().and_then(|schedule| schedule.control_variant_id);
            allocation.weights.iter().map(|weight| weight.variant_id).chain(control)
        });
        let by_reference = self.rollouts.iter().flat_map(|rollout| {
            let control = rollout.schedule.as_ref().and_then(|schedule| schedule.control_variant_id);
            rollout.weights.iter().map(|weight| weight.variant_id).chain(control)
        });
        apart.into_iter().flatten().chain(weighted).chain(by_reference)
    }
}

/// What people edit of a flag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlagDefinition {
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Text of the JSON Schema of a JSON flag's variants.
    pub json_schema: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Which readers see it.
    pub distribution_channel: DistributionChannel,
    /// Whether changes in production environments need an approval.
    pub require_approval: bool,
    /// Whether it is still needed.
    pub staleness_status: StalenessStatus,
    /// What a migration tool said.
    pub migration_metadata: Option<Value>,
    /// Whether applications are asked to report what they evaluate.
    #[serde(default)]
    pub analytics_enabled: bool,
    /// What clients keep with it.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, Value>,
    /// Whether it is in the archive.
    pub is_archived: bool,
    /// In the order of creation.
    pub variants: Vec<Variant>,
    /// What an environment serves by default until told otherwise.
    pub initial_default_variant_id: VariantId,
}

/// What readers get because of a flag's own definition.
#[derive(Serialize)]
struct Served<'a> {
    is_archived: bool,
    distribution_channel: DistributionChannel,
    variants: Vec<(VariantId, &'a str, &'a str)>,
}

impl FlagDefinition {
    /// The variants that have another value in the other definition.
    pub(crate) fn revalued(&self, other: &Self) -> Vec<VariantId> {
        let value = |id: VariantId| other.variants.iter().find(|variant| variant.id == id);
        let changed = self
            .variants
            .iter()
            .filter(|variant| value(variant.id).is_some_and(|other| other.value != variant.value));
        changed.map(|variant| variant.id).collect()
    }

    /// The hash of what readers get because of it.
    pub fn hash(&self) -> DefinitionHash {
        DefinitionHash::of(&Served {
            is_archived: self.is_archived,
            distribution_channel: self.distribution_channel,
            variants: self
                .variants
                .iter()
                .map(|variant| (variant.id, variant.key.as_str(), variant.value.as_str()))
                .collect(),
        })
    }
}

impl FlagDefinition {
    /// The hash of all that people edit, also of what readers do not get.
    pub fn edited_hash(&self) -> DefinitionHash {
        let mut bare = self.clone();
        // Members of what clients keep count whatever they are called, also by the names of ours that do not.
        let mut kept = vec![Value::Object(std::mem::take(&mut bare.metadata))];
        kept.extend(bare.migration_metadata.take());
        for variant in &mut bare.variants {
            kept.push(variant.migration_metadata.take().unwrap_or_default());
        }
        let kept: Vec<String> = kept.iter().map(canonical_text).collect();
        DefinitionHash::of(&(bare, kept))
    }
}

impl From<&Flag> for FlagDefinition {
    fn from(flag: &Flag) -> Self {
        Self {
            name: flag.name.clone(),
            description: flag.description.clone(),
            json_schema: flag.json_schema.clone(),
            tags: flag.tags.clone(),
            distribution_channel: flag.distribution_channel,
            require_approval: flag.require_approval,
            staleness_status: flag.staleness_status,
            migration_metadata: flag.migration_metadata.clone(),
            analytics_enabled: flag.analytics_enabled,
            metadata: flag.metadata.clone(),
            is_archived: flag.archived_at.is_some(),
            variants: flag.variants.clone(),
            initial_default_variant_id: flag.initial_default_variant_id,
        }
    }
}

impl Flag {
    /// This flag with what differs between `base` and `target` made as in `target`. What was changed meanwhile and
    /// is the same in both stays as it is now.
    #[must_use]
    pub fn merged(
        &self,
        base: &FlagDefinition,
        target: &FlagDefinition,
        author: &Principal,
        now: Timestamp,
    ) -> Self {
        let mut flag = self.touched(author, now);
        flag.name = pick(&flag.name, &base.name, &target.name);
        flag.description = pick(&flag.description, &base.description, &target.description);
        flag.json_schema = pick(&flag.json_schema, &base.json_schema, &target.json_schema);
        flag.tags = pick(&flag.tags, &base.tags, &target.tags);
        flag.distribution_channel =
            pick(&flag.distribution_channel, &base.distribution_channel, &target.distribution_channel);
        flag.require_approval =
            pick(&flag.require_approval, &base.require_approval, &target.require_approval);
        flag.staleness_status =
            pick(&flag.staleness_status, &base.staleness_status, &target.staleness_status);
        flag.migration_metadata =
            pick(&flag.migration_metadata, &base.migration_metadata, &target.migration_metadata);
        flag.analytics_enabled =
            pick(&flag.analytics_enabled, &base.analytics_enabled, &target.analytics_enabled);
        flag.metadata = pick(&flag.metadata, &base.metadata, &target.metadata);
        flag.initial_default_variant_id = pick(
            &flag.initial_default_variant_id,
            &base.initial_default_variant_id,
            &target.initial_default_variant_id,
        );
        if base.is_archived != target.is_archived {
            flag.archived_at = target.is_archived.then_some(now);
        }
        let of = |definition: &FlagDefinition, id: VariantId| {
            definition.variants.iter().find(|variant| variant.id == id).cloned()
        };
        flag.variants = self
            .variants
            .iter()
            // Gone in the target though there at the base: removed.
            .filter(|variant| of(base, variant.id).is_none() || of(target, variant.id).is_some())
            .map(|variant| match (of(base, variant.id), of(target, variant.id)) {
                (Some(before), Some(after)) => Variant {
                    name: pick(&variant.name, &before.name, &after.name),
                    value: pick(&variant.value, &before.value, &after.value),
                    migration_metadata: pick(
                        &variant.migration_metadata,
                        &before.migration_metadata,
                        &after.migration_metadata,
                    ),
                    description: pick(&variant.description, &before.description, &after.description),
                    order_index: pick(&variant.order_index, &before.order_index, &after.order_index),
                    updated_at: if before == after { variant.updated_at } else { now },
                    ..variant.clone()
                },
                _ => variant.clone(),
            })
            .collect();
        for variant in &target.variants {
            if of(base, variant.id).is_none() && flag.variant(variant.id).is_none() {
                flag.variants.push(variant.clone());
            }
        }
        flag
    }
}
