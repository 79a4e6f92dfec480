//! Suggestions: changes that wait for somebody's approval.
//!
//! A suggestion holds the definition it was made against and the one it proposes. It is bound to both: approvals
//! count for exactly the proposed content, and it can be applied only while what readers get is still what it was
//! made against. Whatever wants to change what readers get of something protected goes through
//! [`Suggestion::authority`] or has the permission to do without.

mod change;
mod summary;

pub use change::{ProposedChange, RolloutCommand, SeenUse};

use crate::access::{Permission, Principal};
use crate::definition::DefinitionHash;
use crate::environment::Environment;
use crate::flag::Flag;
use crate::history::{Action, Authority};
use crate::id::{CommentId, EnvironmentId, FlagId, HistoryId, ProjectId, SuggestionId, UserId, VariantId};
use crate::names::names;
use crate::{MintId, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
        /// A saved filter that the flag uses. An extension of ours.
        SavedFilter = "SAVED_FILTER",
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
            Self::Configuration | Self::SavedFilter => None,
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
