//! What a suggestion changes, and against what it was made.

use super::{Property, summary};
use crate::Rejection;
use crate::definition::{DefinitionHash, EntryDefinition, FlagDefinition};
use crate::difference::{Difference, differences};
use crate::flag::Flag;
use crate::flag_environment::FlagEnvironment;
use crate::id::{EnvironmentId, FlagId, SavedFilterId, ScheduleId, VariantId};
use crate::saved_filter::SavedFilter;
use crate::schedule::{self, Cause, Command};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What somebody asks of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutCommand {
    /// Its exposure schedule.
    pub schedule_id: ScheduleId,
    /// What is to be done.
    pub command: Command,
    /// How many runs there were when it was asked: what was asked of one is not done to another.
    #[serde(default)]
    pub run: i64,
    /// Whether other subjects are the first.
    #[serde(default)]
    pub reshuffle: bool,
    /// Whether readers may get more of it than was ever approved (decision 11).
    pub needs_approval: bool,
}

impl RolloutCommand {
    /// What was asked for in a change, if it was something of a rollout: its transition tells.
    fn of_change(before: &FlagEnvironment, after: &FlagEnvironment) -> Option<Self> {
        let asked = after.transitions.iter().find(|transition| transition.cause == Cause::Request)?;
        let command = match asked.deed {
            schedule::Deed::Started => Command::Start,
            schedule::Deed::Paused => Command::Pause,
            schedule::Deed::Resumed => Command::Resume,
            schedule::Deed::Stopped => Command::Stop,
            schedule::Deed::Advanced => return None,
        };
        let schedule_id = asked.schedule_id;
        let (allocation, schedule) = before.schedule(schedule_id)?;
        let (changed, _) = after.schedule(schedule_id)?;
        let reshuffle = allocation.traffic_salt != changed.traffic_salt;
        let needs_approval = command.may_expose() && !schedule.is_approved;
        Some(Self { schedule_id, command, run: schedule.progress.run, reshuffle, needs_approval })
    }
}

impl RolloutCommand {
    /// That there were other runs since it was asked for.
    fn drift(self, entry: &FlagEnvironment) -> Option<Difference> {
        let (_, schedule) = entry.schedule(self.schedule_id)?;
        (schedule.progress.run != self.run).then(|| Difference {
            path: format!("/allocations/rollouts/{}/run", self.schedule_id),
            before: Some(self.run.into()),
            after: Some(schedule.progress.run.into()),
        })
    }
}

/// From what to what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum ProposedChange {
    /// What the flag serves in one environment.
    Entry {
        /// What it serves when the suggestion is made.
        base: Box<EntryDefinition>,
        /// What it shall serve.
        target: Box<EntryDefinition>,
        /// The values of the variants that it shall serve, as whoever approves it sees them.
        #[serde(default)]
        values: BTreeMap<VariantId, String>,
        /// Whom the saved filters match that it shall use, as whoever approves it sees them.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        filters: BTreeMap<SavedFilterId, DefinitionHash>,
        /// What it does with a rollout, when it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rollout: Option<RolloutCommand>,
    },
    /// The flag itself.
    Flag {
        /// What it is when the suggestion is made.
        base: Box<FlagDefinition>,
        /// What it shall be.
        target: Box<FlagDefinition>,
        /// Where variants are served whose values it changes, as whoever approves it sees them.
        #[serde(default)]
        served_in: BTreeSet<EnvironmentId>,
    },
    /// A saved filter that protected flags use.
    SavedFilter {
        /// What it is when the suggestion is made.
        base: Box<SavedFilter>,
        /// What it shall be.
        target: Box<SavedFilter>,
        /// Where it is used, as whoever approves it sees it.
        used_in: Vec<SeenUse>,
    },
}

/// A flag in an environment that uses a saved filter, as whoever approves a change of the filter sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenUse {
    /// The flag.
    pub flag_id: FlagId,
    /// The environment.
    pub environment_id: EnvironmentId,
    /// What the flag serves there: whom the filter matches says nothing without it.
    pub serves: DefinitionHash,
}

impl From<&FlagEnvironment> for SeenUse {
    fn from(entry: &FlagEnvironment) -> Self {
        let serves = EntryDefinition::from(entry).hash();
        Self { flag_id: entry.flag_id, environment_id: entry.environment_id, serves }
    }
}

impl ProposedChange {
    /// A change of what a flag serves in an environment.
    pub fn entry(
        flag: &Flag,
        before: &FlagEnvironment,
        after: &FlagEnvironment,
        saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
    ) -> Self {
        Self::Entry {
            base: Box::new(before.into()),
            target: Box::new(after.into()),
            values: values_served(flag, after),
            filters: after
                .saved_filter_ids()
                .filter_map(|id| Some((id, saved_filters.get(&id)?.hash())))
                .collect(),
            rollout: RolloutCommand::of_change(before, after),
        }
    }

    /// A change of a flag that is served in these environments.
    pub fn flag<'a>(before: &Flag, after: &Flag, entries: impl Iterator<Item = &'a FlagEnvironment>) -> Self {
        let (base, target) = (FlagDefinition::from(before), FlagDefinition::from(after));
        let served_in = environments_serving(&base.revalued(&target), entries);
        Self::Flag { base: Box::new(base), target: Box::new(target), served_in }
    }

    /// Whether readers could ever get something else because of it that nobody approved.
    pub fn matters(&self) -> bool {
        match self {
            Self::Entry { rollout: Some(rollout), .. } => rollout.needs_approval,
            Self::Entry { base, target, .. } => base.hash() != target.hash(),
            Self::Flag { base, target, .. } => base.hash() != target.hash(),
            Self::SavedFilter { base, target, .. } => base.hash() != target.hash(),
        }
    }

    /// What it does with a rollout, when it is about one.
    pub fn rollout(&self) -> Option<RolloutCommand> {
        match self {
            Self::Entry { rollout, .. } => *rollout,
            Self::Flag { .. } | Self::SavedFilter { .. } => None,
        }
    }

    /// The saved filter that it is about, if it is about one.
    pub fn saved_filter(&self) -> Option<&SavedFilter> {
        match self {
            Self::SavedFilter { base, .. } => Some(base),
            Self::Entry { .. } | Self::Flag { .. } => None,
        }
    }

    /// In what the present differs from what a change of a saved filter was made against; nothing when it can be
    /// applied. `used_in` is where the filter is used now.
    pub fn filter_drift(&self, present: Option<&SavedFilter>, used_in: &[SeenUse]) -> Vec<Difference> {
        let Self::SavedFilter { base, used_in: known, .. } = self else { return Vec::new() };
        let mut drift = match present {
            Some(present) if present.hash() == base.hash() => Vec::new(),
            Some(present) => differences(&to_value(base), &to_value(present)),
            None => vec![Difference {
                path: "/saved_filter".to_owned(),
                before: Some("there".into()),
                after: None,
            }],
        };
        // Whoever approved it did not see what else would change.
        drift.extend(used_in.iter().filter(|used| !known.contains(used)).map(|used| Difference {
            path: format!("/used_in/{}/{}", used.flag_id, used.environment_id),
            before: Some("did not use the filter, or served something else".into()),
            after: Some("uses the filter".into()),
        }));
        drift
    }

    /// What the flag serves in its environment when the change is made, by the right that makes it:
    /// [`ProposedChange::entry`] the other way.
    /// `former` is what it served before the change that this one takes back, if it takes one back.
    pub fn applied_to(
        &self,
        entry: &FlagEnvironment,
        former: Option<&FlagEnvironment>,
        flag: &Flag,
        saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
        now: Timestamp,
    ) -> Result<FlagEnvironment, Rejection> {
        let Self::Entry { target, rollout, .. } = self else { return Ok(entry.clone()) };
        let mut after = entry.with_definition(target, flag, saved_filters, now)?;
        if let Some(former) = former {
            after = after.with_former_progress(former, entry);
        }
        let after = match rollout {
            Some(RolloutCommand { schedule_id, command, reshuffle, .. }) => {
                after.commanded(*schedule_id, *command, *reshuffle, flag, now)?
            }
            None => after,
        };
        let after = after.with_stops(entry, now);
        entry.check_locked(&after)?;
        Ok(after.with_approved_schedules(entry).settled(flag, true, now))
    }

    /// The hash of what it was made against.
    pub fn base_hash(&self) -> DefinitionHash {
        match self {
            Self::Entry { base, .. } => base.hash(),
            Self::Flag { base, .. } => base.hash(),
            Self::SavedFilter { base, .. } => base.hash(),
        }
    }

    /// The hash of everything it is, which approvals are for.
    pub fn content_hash(&self) -> DefinitionHash {
        DefinitionHash::of(self)
    }

    /// In what the proposed differs from what it was made against.
    pub fn differences(&self) -> Vec<Difference> {
        match self {
            Self::Entry { rollout: Some(rollout), .. } => vec![Difference {
                path: format!("/allocations/rollouts/{}", rollout.schedule_id),
                before: None,
                after: Some(rollout.command.as_str().into()),
            }],
            Self::Entry { base, target, .. } => differences(&to_value(base), &to_value(target)),
            Self::Flag { base, target, .. } => differences(&to_value(base), &to_value(target)),
            Self::SavedFilter { base, target, .. } => differences(&to_value(base), &to_value(target)),
        }
    }

    /// The hash of what was asked for. Ids and salts of what is new are left out: they differ each time it is asked.
    pub fn asked_hash(&self) -> DefinitionHash {
        let (base, mut target) = match self {
            Self::Entry { base, target, .. } => (to_value(base), to_value(target)),
            Self::Flag { base, target, .. } => (to_value(base), to_value(target)),
            Self::SavedFilter { base, target, .. } => (to_value(base), to_value(target)),
        };
        let mut known = BTreeSet::new();
        collect_ids(&base, &mut known);
        leave_out_new(&mut target, &known);
        DefinitionHash::of(&(base, target, self.rollout(), self.bound_filters()))
    }

    /// The saved filters whose content it relies on.
    pub fn bound_filters(&self) -> Option<&BTreeMap<SavedFilterId, DefinitionHash>> {
        match self {
            Self::Entry { filters, .. } => Some(filters),
            Self::Flag { .. } | Self::SavedFilter { .. } => None,
        }
    }

    /// The property that says all of what it does: the wanted one, unless something else changes beside it.
    pub fn property(&self, wanted: Property) -> Property {
        let is_more = |difference: &Difference| {
            wanted.members().is_some_and(|members| {
                let member = difference.path.split('/').nth(1).unwrap_or_default();
                !members.contains(&member)
            })
        };
        if self.differences().iter().any(is_more) { Property::Configuration } else { wanted }
    }

    /// In what the present differs from what the change was made against; nothing when it can be applied.
    ///
    /// Beside the definition it changes it is bound to what makes it harmless or not: an entry to the values of the
    /// variants that it serves and to whom its saved filters match, a value to where it is served. Otherwise two changes, each approved by itself, would
    /// together be one that nobody looked at.
    pub fn drift<'a>(
        &self,
        flag: &Flag,
        entry: Option<&FlagEnvironment>,
        entries: impl Iterator<Item = &'a FlagEnvironment>,
        saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
    ) -> Vec<Difference> {
        match (self, entry) {
            (Self::Entry { base, values, filters, rollout, .. }, Some(entry)) => {
                let current = EntryDefinition::from(entry);
                let mut drift = Vec::new();
                drift.extend(rollout.and_then(|rollout| rollout.drift(entry)));
                if current.hash() != base.hash() {
                    drift.extend(differences(&to_value(base), &to_value(&current)));
                }
                drift.extend(values.iter().filter_map(|(id, value)| {
                    let variant = flag.variant(*id);
                    let now = variant.map(|variant| &variant.value);
                    (now != Some(value)).then(|| Difference {
                        path: format!("/variants/{}/value", variant.map_or("?", |variant| &variant.key)),
                        before: Some(value.clone().into()),
                        after: now.cloned().map(Into::into),
                    })
                }));
                drift.extend(filters.iter().filter_map(|(id, approved)| {
                    let filter = saved_filters.get(id);
                    (filter.map(SavedFilter::hash).as_ref() != Some(approved)).then(|| Difference {
                        path: format!("/saved_filters/{}", filter.map_or("?", |filter| &filter.key)),
                        before: Some("matched others".into()),
                        after: filter.map(|_| "was changed".into()),
                    })
                }));
                drift
            }
            (Self::SavedFilter { .. }, _) => Vec::new(),
            (Self::Entry { .. }, None) => vec![Difference {
                path: "/environment".to_owned(),
                before: Some("there".into()),
                after: None,
            }],
            (Self::Flag { base, target, served_in }, _) => {
                let current = FlagDefinition::from(flag);
                let mut drift = differences(&to_value(base), &to_value(&current));
                if current.hash() == base.hash() {
                    // What readers do not get may change beside it, but not the very thing that it changes.
                    let proposed: BTreeSet<String> =
                        self.differences().into_iter().map(|one| one.path).collect();
                    let arrived = |one: &Difference| {
                        let target = differences(&to_value(target), &to_value(&current));
                        !target.iter().any(|other| other.path == one.path)
                    };
                    drift.retain(|one| proposed.contains(&one.path) && !arrived(one));
                }
                let now = environments_serving(&base.revalued(target), entries);
                drift.extend(now.difference(served_in).map(|id| Difference {
                    path: format!("/environments/{id}"),
                    before: Some("did not serve the variant".into()),
                    after: Some("serves the variant".into()),
                }));
                drift
            }
        }
    }

    /// The change in sentences, for people who decide about it.
    pub fn summary(&self, flag: &Flag) -> Vec<String> {
        match self {
            Self::Entry { base, rollout: Some(rollout), .. } => summary::of_rollout(base, *rollout),
            Self::Entry { base, target, .. } => summary::of_entry(flag, base, target),
            Self::Flag { base, target, .. } => summary::of_flag(base, target),
            Self::SavedFilter { base, target, used_in } => {
                summary::of_saved_filter(base, target, used_in.len())
            }
        }
    }
}

fn to_value(definition: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(definition).unwrap_or_default()
}

/// The variants that an entry may serve, with their values.
fn values_served(flag: &Flag, entry: &FlagEnvironment) -> BTreeMap<VariantId, String> {
    let served = entry.variant_ids().filter_map(|id| flag.variant(id));
    served.map(|variant| (variant.id, variant.value.clone())).collect()
}

/// The environments that may serve one of the variants.
fn environments_serving<'a>(
    variant_ids: &[VariantId],
    entries: impl Iterator<Item = &'a FlagEnvironment>,
) -> BTreeSet<EnvironmentId> {
    let serving = entries.filter(|entry| variant_ids.iter().any(|id| entry.refers_to(*id)));
    serving.map(|entry| entry.environment_id).collect()
}

fn collect_ids(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            ids.extend(members.get("id").and_then(Value::as_str).map(ToOwned::to_owned));
            members.values().for_each(|value| collect_ids(value, ids));
        }
        Value::Array(elements) => elements.iter().for_each(|value| collect_ids(value, ids)),
        _ => {}
    }
}

/// Members of something new that are made for it, whoever asks for it.
const MADE: [&str; 3] = ["id", "traffic_salt", "split_salt"];

fn leave_out_new(value: &mut Value, known: &BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if members.get("id").and_then(Value::as_str).is_some_and(|id| !known.contains(id)) {
                members.retain(|name, _| !MADE.contains(&name.as_str()));
            }
            members.values_mut().for_each(|value| leave_out_new(value, known));
        }
        Value::Array(elements) => elements.iter_mut().for_each(|value| leave_out_new(value, known)),
        _ => {}
    }
}
