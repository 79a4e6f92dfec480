//! Suggestions: changes that wait for somebody's approval.
//!
//! A suggestion holds the definition it was made against and the one it proposes. It is bound to both: approvals
//! count for exactly the proposed content, and it can be applied only while what readers get is still what it was
//! made against. Whatever wants to change what readers get of something protected goes through
//! [`Suggestion::authority`] or has the permission to do without.

mod summary;

use crate::access::{Permission, Principal};
use crate::definition::{DefinitionHash, EntryDefinition, FlagDefinition};
use crate::difference::{Difference, differences};
use crate::environment::Environment;
use crate::flag::Flag;
use crate::flag_environment::FlagEnvironment;
use crate::history::{Action, Authority};
use crate::id::{
    CommentId, EnvironmentId, FlagId, HistoryId, ProjectId, SavedFilterId, ScheduleId, SuggestionId, UserId,
    VariantId,
};
use crate::saved_filter::SavedFilter;
use crate::schedule::{self, Cause, Command};
use crate::{MintId, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Most comments of a suggestion.
pub const COMMENTS_MAX: usize = 500;

/// Whether changes of what the flag serves in the environment need an approval.
pub fn entry_needs_approval(flag: &Flag, environment: &Environment) -> bool {
    environment.require_feature_flag_approval || (flag.require_approval && environment.is_production)
}

/// Whether changes of the flag itself need an approval, because some environment of it does.
pub fn flag_needs_approval<'a>(flag: &Flag, mut environments: impl Iterator<Item = &'a Environment>) -> bool {
    environments.any(|environment| entry_needs_approval(flag, environment))
}

macro_rules! names {
    ($(#[$outer:meta])* $type:ident { $($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)? }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $type {
            $($(#[$doc])* #[serde(rename = $text)] $name),+
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The one of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }

            /// The name on the wire and in the store.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text),+
                }
            }
        }
    };
}

names! {
    /// What a suggestion does to its property. The names are Datadog's.
    SuggestionAction {
        /// Adds it.
        Created = "created",
        /// Changes it.
        Updated = "updated",
        /// Removes it.
        Deleted = "deleted",
        /// Archives the flag.
        Archived = "archived",
        /// Takes the flag out of the archive.
        Unarchived = "unarchived",
        /// Starts a rollout.
        Started = "started",
        /// Stops a rollout.
        Stopped = "stopped",
        /// Pauses a rollout.
        Paused = "paused",
        /// Resumes a rollout.
        Unpaused = "unpaused",
    }
}

names! {
    /// What a suggestion is about. The names are Datadog's, but for the last two. There is at most one open
    /// suggestion for a property of a flag in an environment.
    Property {
        /// The flag as a whole: archive and unarchive.
        Flag = "FLAG",
        /// Its name.
        FlagName = "FLAG_NAME",
        /// Its description.
        FlagDescription = "FLAG_DESCRIPTION",
        /// Its JSON Schema.
        JsonSchema = "JSON_SCHEMA",
        /// Its channel.
        DistributionChannel = "DISTRIBUTION_CHANNEL",
        /// A variant as a whole, or several of its members.
        Variant = "VARIANT",
        /// The name of a variant.
        VariantName = "VARIANT_NAME",
        /// The value of a variant.
        VariantValue = "VARIANT_VALUE",
        /// The allocations in an environment.
        Allocations = "ALLOCATIONS",
        /// A rollout.
        Rollout = "ROLLOUT",
        /// Whether the flag is enabled in an environment.
        EnvironmentStatus = "ENVIRONMENT_STATUS",
        /// The default variant in an environment.
        DefaultVariant = "DEFAULT_VARIANT",
        /// The override variant in an environment.
        OverrideVariant = "OVERRIDE_VARIANT",
        /// The off variant in an environment. An extension of ours.
        OffVariant = "OFF_VARIANT",
        /// Several of these in an environment at once: a revert, a copy. An extension of ours.
        Configuration = "CONFIGURATION",
    }
}

impl Property {
    /// The members of a definition that it is about; none when it may be about all of them.
    const fn members(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Flag => Some(&["is_archived"]),
            Self::FlagName => Some(&["name"]),
            Self::FlagDescription => Some(&["description"]),
            Self::JsonSchema => Some(&["json_schema"]),
            Self::DistributionChannel => Some(&["distribution_channel"]),
            Self::Variant | Self::VariantName | Self::VariantValue => Some(&["variants"]),
            Self::Allocations | Self::Rollout => Some(&["allocations"]),
            Self::EnvironmentStatus => Some(&["enabled"]),
            Self::DefaultVariant => Some(&["default_variant_id"]),
            Self::OverrideVariant => Some(&["override_variant_id"]),
            Self::OffVariant => Some(&["off_variant_id"]),
            Self::Configuration => None,
        }
    }
}

names! {
    /// How a suggestion stands.
    SuggestionStatus {
        /// Nobody has approved what it proposes now.
        Pending = "pending",
        /// Somebody has; it waits to be applied.
        Approved = "approved",
        /// Done.
        Applied = "applied",
        /// Refused.
        Rejected = "rejected",
        /// Taken back.
        Deleted = "deleted",
    }
}

impl SuggestionStatus {
    /// Whether it may still be decided.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Approved)
    }
}

/// What somebody asks of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutCommand {
    /// Its exposure schedule.
    pub schedule_id: ScheduleId,
    /// What is to be done.
    pub command: Command,
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
        Some(Self { schedule_id, command, reshuffle, needs_approval })
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
}

impl ProposedChange {
    /// A change of what a flag serves in an environment.
    pub fn entry(flag: &Flag, before: &FlagEnvironment, after: &FlagEnvironment) -> Self {
        Self::Entry {
            base: Box::new(before.into()),
            target: Box::new(after.into()),
            values: values_served(flag, after),
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
        }
    }

    /// What it does with a rollout, when it is about one.
    pub fn rollout(&self) -> Option<RolloutCommand> {
        match self {
            Self::Entry { rollout, .. } => *rollout,
            Self::Flag { .. } => None,
        }
    }

    /// What the flag serves in its environment when the change is made: [`ProposedChange::entry`] the other way.
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
        entry.check_locked(&after)?;
        Ok(after.settled(flag, now))
    }

    /// The hash of what it was made against.
    pub fn base_hash(&self) -> DefinitionHash {
        match self {
            Self::Entry { base, .. } => base.hash(),
            Self::Flag { base, .. } => base.hash(),
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
        }
    }

    /// The hash of what was asked for. Ids and salts of what is new are left out: they differ each time it is asked.
    pub fn asked_hash(&self) -> DefinitionHash {
        let (base, mut target) = match self {
            Self::Entry { base, target, .. } => (to_value(base), to_value(target)),
            Self::Flag { base, target, .. } => (to_value(base), to_value(target)),
        };
        let mut known = BTreeSet::new();
        collect_ids(&base, &mut known);
        leave_out_new(&mut target, &known);
        DefinitionHash::of(&(base, target, self.rollout()))
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
    /// variants that it serves, a value to where it is served. Otherwise two changes, each approved by itself, would
    /// together be one that nobody looked at.
    pub fn drift<'a>(
        &self,
        flag: &Flag,
        entry: Option<&FlagEnvironment>,
        entries: impl Iterator<Item = &'a FlagEnvironment>,
    ) -> Vec<Difference> {
        match (self, entry) {
            (Self::Entry { base, values, .. }, Some(entry)) => {
                let current = EntryDefinition::from(entry);
                let mut drift = Vec::new();
                if current.hash() != base.hash() {
                    drift = differences(&to_value(base), &to_value(&current));
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
                drift
            }
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

/// Somebody's approval of one exact content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub user_id: UserId,
    /// Of what.
    pub content_hash: DefinitionHash,
    /// When.
    pub at: Timestamp,
}

/// What somebody says about a suggestion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Identifier.
    pub id: CommentId,
    /// Who.
    pub user_id: UserId,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// That and when somebody did something with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Who.
    pub user_id: UserId,
    /// When.
    pub at: Timestamp,
}

/// What a suggestion is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What it does to the property.
    pub action: SuggestionAction,
    /// The property.
    pub property: Property,
    /// The variant, when it is about one.
    pub variant_id: Option<VariantId>,
    /// What the history says when it is applied.
    pub history_action: Action,
}

/// A change that waits, or waited, for approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Identifier.
    pub id: SuggestionId,
    /// The project.
    pub project_id: ProjectId,
    /// The flag.
    pub flag_id: FlagId,
    /// The environment; none when it is about the flag itself.
    pub environment_id: Option<EnvironmentId>,
    /// What it is about.
    pub subject: Subject,
    /// From what to what.
    pub change: ProposedChange,
    /// The project's revision it was made against.
    pub base_revision: i64,
    /// The last history entry of what it changes when it was made.
    pub base_history_id: Option<HistoryId>,
    /// The history entry that it takes back.
    #[serde(default)]
    pub reverts: Option<HistoryId>,
    /// Why, in the author's words.
    pub comment: Option<String>,
    /// Whom the author wants told; kept and shown.
    pub notification_rule_targets: Vec<String>,
    /// How it stands.
    pub status: SuggestionStatus,
    /// Who made it, and who edited it. None of them can approve it.
    pub authors: Vec<UserId>,
    /// Approvals of what it proposes now.
    pub approvals: Vec<Approval>,
    /// The conversation.
    pub comments: Vec<Comment>,
    /// By whom and when it was made.
    pub created: Deed,
    /// By whom and when it was last changed.
    pub updated: Deed,
    /// By whom and when it was applied.
    pub applied: Option<Deed>,
    /// By whom and when it was rejected.
    pub rejected: Option<Deed>,
    /// By whom and when it was taken back.
    pub deleted: Option<Deed>,
    /// Project revision of its last change.
    pub revision: i64,
}

/// What a new suggestion is made of.
pub struct SuggestionDraft {
    /// The flag.
    pub flag_id: FlagId,
    /// The environment; none when it is about the flag itself.
    pub environment_id: Option<EnvironmentId>,
    /// What it is about.
    pub subject: Subject,
    /// From what to what.
    pub change: ProposedChange,
    /// The project's revision it is made against.
    pub base_revision: i64,
    /// The last history entry of what it changes.
    pub base_history_id: Option<HistoryId>,
    /// The history entry that it takes back.
    pub reverts: Option<HistoryId>,
    /// Why.
    pub comment: Option<String>,
    /// Whom to tell.
    pub notification_rule_targets: Vec<String>,
}

impl Suggestion {
    /// A new suggestion by `author`.
    pub fn open(draft: SuggestionDraft, author: &Principal, now: Timestamp, ids: &dyn MintId) -> Self {
        let made = Deed { user_id: author.user_id, at: now };
        Self {
            id: SuggestionId::mint(ids),
            project_id: author.project_id,
            flag_id: draft.flag_id,
            environment_id: draft.environment_id,
            subject: draft.subject,
            change: draft.change,
            base_revision: draft.base_revision,
            base_history_id: draft.base_history_id,
            reverts: draft.reverts,
            comment: draft.comment,
            notification_rule_targets: draft.notification_rule_targets,
            status: SuggestionStatus::Pending,
            authors: vec![author.user_id],
            approvals: Vec::new(),
            comments: Vec::new(),
            created: made,
            updated: made,
            applied: None,
            rejected: None,
            deleted: None,
            revision: 0,
        }
    }

    /// The same, approved by somebody who is no author of it.
    pub fn approve(&self, by: &Principal, now: Timestamp) -> Result<Self, Rejection> {
        self.check_open()?;
        self.check_foreign(by, "approve")?;
        let mut approved = self.touched(by, now);
        approved.status = SuggestionStatus::Approved;
        approved.approvals.retain(|approval| approval.user_id != by.user_id);
        approved.approvals.push(Approval {
            user_id: by.user_id,
            content_hash: self.change.content_hash(),
            at: now,
        });
        Ok(approved)
    }

    /// The same, rejected by somebody who is no author of it.
    pub fn reject(&self, by: &Principal, now: Timestamp) -> Result<Self, Rejection> {
        self.check_open()?;
        self.check_foreign(by, "reject")?;
        let mut rejected = self.touched(by, now);
        rejected.status = SuggestionStatus::Rejected;
        rejected.rejected = Some(rejected.updated);
        Ok(rejected)
    }

    /// The same, taken back by an author, or by somebody who may do without approvals. What is approved stays.
    pub fn delete(&self, by: &Principal, now: Timestamp) -> Result<Self, Rejection> {
        if self.status != SuggestionStatus::Pending {
            return Err(self.not(SuggestionStatus::Pending));
        }
        if !self.authors.contains(&by.user_id) && !by.may(Permission::FeatureFlagApprovalsOverride) {
            return Err(Rejection::Forbidden(
                "only an author of a suggestion can take it back; reject it".to_owned(),
            ));
        }
        let mut deleted = self.touched(by, now);
        deleted.status = SuggestionStatus::Deleted;
        deleted.deleted = Some(deleted.updated);
        Ok(deleted)
    }

    /// The same, proposing something else against what is there now. It loses its approvals, and whoever edits
    /// becomes an author.
    pub fn edit(
        &self,
        subject: Subject,
        change: ProposedChange,
        base_revision: i64,
        base_history_id: Option<HistoryId>,
        by: &Principal,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        self.check_open()?;
        let mut edited = self.touched(by, now);
        edited.subject = subject;
        edited.change = change;
        edited.base_revision = base_revision;
        edited.base_history_id = base_history_id;
        edited.reverts = None;
        edited.status = SuggestionStatus::Pending;
        edited.approvals.clear();
        if !edited.authors.contains(&by.user_id) {
            edited.authors.push(by.user_id);
        }
        Ok(edited)
    }

    /// The same with one more comment.
    pub fn with_comment(
        &self,
        text: String,
        by: &Principal,
        now: Timestamp,
        ids: &dyn MintId,
    ) -> Result<Self, Rejection> {
        if self.comments.len() >= COMMENTS_MAX {
            return Err(Rejection::conflict("", format!("it has {COMMENTS_MAX} comments, the most it may")));
        }
        let mut commented = self.clone();
        commented.comments.push(Comment { id: CommentId::mint(ids), user_id: by.user_id, text, at: now });
        Ok(commented)
    }

    /// The same, applied.
    #[must_use]
    pub fn applied(&self, by: &Principal, now: Timestamp) -> Self {
        let mut applied = self.touched(by, now);
        applied.status = SuggestionStatus::Applied;
        applied.applied = Some(applied.updated);
        applied
    }

    /// By what right `by` may apply it now: an approval of exactly this content by somebody who is no author of
    /// it and `may_approve` still, or the permission to do without. A conflict when there is neither.
    pub fn authority(&self, by: &Principal, may_approve: &BTreeSet<UserId>) -> Result<Authority, Rejection> {
        self.check_open()?;
        let content_hash = self.change.content_hash();
        let approved_by: Vec<UserId> = self
            .approvals
            .iter()
            .filter(|approval| {
                approval.content_hash == content_hash
                    && !self.authors.contains(&approval.user_id)
                    && may_approve.contains(&approval.user_id)
            })
            .map(|approval| approval.user_id)
            .collect();
        if !approved_by.is_empty() {
            return Ok(Authority::Approved {
                suggestion_id: self.id,
                authors: self.authors.clone(),
                approved_by,
            });
        }
        if by.may(Permission::FeatureFlagApprovalsOverride) {
            return Ok(Authority::Overridden { suggestion_id: Some(self.id) });
        }
        Err(Rejection::conflict(
            "",
            "nobody who is none of its authors and may approve it now has approved what the suggestion proposes",
        ))
    }

    fn check_open(&self) -> Result<(), Rejection> {
        if self.status.is_open() { Ok(()) } else { Err(self.not(SuggestionStatus::Pending)) }
    }

    fn not(&self, wanted: SuggestionStatus) -> Rejection {
        Rejection::conflict(
            "",
            format!("the suggestion is {}, not {}", self.status.as_str(), wanted.as_str()),
        )
    }

    fn check_foreign(&self, by: &Principal, what: &str) -> Result<(), Rejection> {
        if self.authors.contains(&by.user_id) {
            return Err(Rejection::Forbidden(format!(
                "an author of a suggestion cannot {what} it; somebody else has to"
            )));
        }
        Ok(())
    }

    fn touched(&self, by: &Principal, now: Timestamp) -> Self {
        Self { updated: Deed { user_id: by.user_id, at: now }, ..self.clone() }
    }
}
