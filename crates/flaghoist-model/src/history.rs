//! The history: one entry for every change, written in the same transaction as the change.

use crate::access::{Actor, Dialect};
use crate::id::{EnvironmentId, FlagId, HistoryId, ProjectId, SuggestionId, UserId};
use crate::webhook::Event;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of thing a change changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// The project.
    Project,
    /// An environment.
    Environment,
    /// A flag: `after` is the whole flag.
    Flag,
    /// A flag in an environment: `after` is all of what it serves there.
    FlagEnvironment,
    /// A saved filter.
    SavedFilter,
    /// A change that waits for approval.
    Suggestion,
    /// Users, roles, teams, policies.
    Access,
    /// A key.
    Credential,
    /// A webhook.
    Webhook,
    /// A metric that guardrails watch.
    Metric,
}

impl Aggregate {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Project,
        Self::Environment,
        Self::Flag,
        Self::FlagEnvironment,
        Self::SavedFilter,
        Self::Suggestion,
        Self::Access,
        Self::Credential,
        Self::Webhook,
        Self::Metric,
    ];

    /// The aggregate of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|aggregate| aggregate.as_str() == name)
    }

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Environment => "environment",
            Self::Flag => "flag",
            Self::FlagEnvironment => "flag_environment",
            Self::SavedFilter => "saved_filter",
            Self::Suggestion => "suggestion",
            Self::Access => "access",
            Self::Credential => "credential",
            Self::Webhook => "webhook",
            Self::Metric => "metric",
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $aggregate:ident),+ $(,)?) => {
        /// What was done. The name on the wire and in the store is that of the variant in snake case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Action {
            $($(#[$doc])* $name),+
        }

        impl Action {
            /// All actions.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What kind of thing it changes.
            pub const fn aggregate(self) -> Aggregate {
                match self {
                    $(Self::$name => Aggregate::$aggregate),+
                }
            }
        }
    };
}

actions! {
    /// A project was set up.
    ProjectCreated: Project,
    /// A project was given another name or description.
    ProjectUpdated: Project,
    /// An environment was made.
    EnvironmentCreated: Environment,
    /// An environment was changed.
    EnvironmentUpdated: Environment,
    /// An environment was removed with everything in it.
    EnvironmentDeleted: Environment,
    /// A flag was made.
    FlagCreated: Flag,
    /// Members of a flag were changed.
    FlagUpdated: Flag,
    /// A flag was archived.
    FlagArchived: Flag,
    /// A flag was taken out of the archive.
    FlagUnarchived: Flag,
    /// A variant was added to a flag.
    VariantCreated: Flag,
    /// A variant was changed.
    VariantUpdated: Flag,
    /// A variant was removed.
    VariantDeleted: Flag,
    /// A flag was made what it was before an earlier change.
    FlagReverted: Flag,
    /// A flag was enabled in an environment.
    FlagEnabled: FlagEnvironment,
    /// A flag was disabled in an environment.
    FlagDisabled: FlagEnvironment,
    /// An allocation was appended.
    AllocationCreated: FlagEnvironment,
    /// The ordered list of allocations was replaced.
    AllocationsReplaced: FlagEnvironment,
    /// The default, override or off variant in an environment was changed.
    ServingUpdated: FlagEnvironment,
    /// What a flag serves in an environment was made what it was before an earlier change.
    ConfigurationReverted: FlagEnvironment,
    /// What a flag serves in an environment was copied from another environment.
    ConfigurationCopied: FlagEnvironment,
    /// A targeting rule was made.
    TargetingRuleCreated: FlagEnvironment,
    /// A targeting rule was changed.
    TargetingRuleUpdated: FlagEnvironment,
    /// A targeting rule was removed.
    TargetingRuleDeleted: FlagEnvironment,
    /// A rollout that rules serve by reference was made.
    RolloutCreated: FlagEnvironment,
    /// A rollout that rules serve by reference was changed.
    RolloutUpdated: FlagEnvironment,
    /// A rollout that rules serve by reference was removed.
    RolloutDeleted: FlagEnvironment,
    /// A rollout was started.
    RolloutStarted: FlagEnvironment,
    /// A rollout entered its next step, or its end.
    RolloutAdvanced: FlagEnvironment,
    /// A rollout was paused.
    RolloutPaused: FlagEnvironment,
    /// A rollout was resumed.
    RolloutResumed: FlagEnvironment,
    /// A rollout was stopped.
    RolloutStopped: FlagEnvironment,
    /// A guardrail of a rollout fired when there was nothing left to pause or stop.
    GuardrailTriggered: FlagEnvironment,
    /// A saved filter was made.
    SavedFilterCreated: SavedFilter,
    /// A saved filter was changed.
    SavedFilterUpdated: SavedFilter,
    /// A saved filter was removed.
    SavedFilterDeleted: SavedFilter,
    /// Something was said of an attribute of contexts.
    ContextAttributeSaved: Project,
    /// What was said of an attribute of contexts was removed.
    ContextAttributeDeleted: Project,
    /// A change was suggested.
    SuggestionCreated: Suggestion,
    /// A suggested change was changed itself.
    SuggestionUpdated: Suggestion,
    /// A suggestion was commented on.
    SuggestionCommented: Suggestion,
    /// A suggestion was approved, and waits to be applied.
    SuggestionApproved: Suggestion,
    /// A suggestion was rejected.
    SuggestionRejected: Suggestion,
    /// A suggestion was taken back.
    SuggestionDeleted: Suggestion,
    /// Keys were made.
    CredentialsCreated: Credential,
    /// A key was revoked.
    CredentialRevoked: Credential,
    /// Somebody became a member of the project.
    MemberAdded: Access,
    /// A member got another role, name, password or state.
    MemberUpdated: Access,
    /// Somebody is no member of the project any more.
    MemberRemoved: Access,
    /// A role was made.
    RoleCreated: Access,
    /// A role was changed.
    RoleUpdated: Access,
    /// A role was removed.
    RoleDeleted: Access,
    /// A team was made.
    TeamCreated: Access,
    /// A team was changed.
    TeamUpdated: Access,
    /// A team was removed.
    TeamDeleted: Access,
    /// It was said who may change a flag.
    RestrictionPolicySaved: Access,
    /// Everybody whose role allows it may change a flag again.
    RestrictionPolicyDeleted: Access,
    /// A webhook was made.
    WebhookCreated: Webhook,
    /// A webhook was changed.
    WebhookUpdated: Webhook,
    /// A webhook was removed.
    WebhookDeleted: Webhook,
    /// A metric was made.
    MetricCreated: Metric,
    /// A metric was changed.
    MetricUpdated: Metric,
    /// A metric was removed.
    MetricDeleted: Metric,
}

impl Action {
    /// Whether a rollout moved, and nothing that people edit was changed.
    pub const fn is_of_rollout(self) -> bool {
        matches!(
            self,
            Self::RolloutStarted
                | Self::RolloutAdvanced
                | Self::RolloutPaused
                | Self::RolloutResumed
                | Self::RolloutStopped
                | Self::GuardrailTriggered
        )
    }
}

/// Why a change that needs an approval could be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Authority {
    /// Somebody else approved exactly this.
    Approved {
        /// The suggestion that was applied.
        suggestion_id: SuggestionId,
        /// Who suggested or edited it.
        authors: Vec<UserId>,
        /// Who approved it.
        approved_by: Vec<UserId>,
    },
    /// Whoever made it may do without an approval, and did.
    Overridden {
        /// The suggestion that was applied, if it was one.
        #[serde(default)]
        suggestion_id: Option<SuggestionId>,
    },
}

/// A change before it is committed: what the history will say, without the revision it gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Identifier of the history entry.
    pub id: HistoryId,
    /// Who.
    pub actor: Actor,
    /// Through which interface.
    pub dialect: Dialect,
    /// What.
    pub action: Action,
    /// The flag concerned.
    pub flag_id: Option<FlagId>,
    /// The environment concerned.
    pub environment_id: Option<EnvironmentId>,
    /// The aggregate before; none when it was made.
    pub before: Option<Value>,
    /// The aggregate after; none when it was removed.
    pub after: Option<Value>,
    /// Why, in the words of who did it.
    pub reason: Option<String>,
    /// By what right, where an approval was needed.
    pub authority: Option<Authority>,
    /// The entry that this one takes back.
    pub reverts: Option<HistoryId>,
    /// When.
    pub at: Timestamp,
}

impl Change {
    /// What webhooks are told of it. An applied suggestion is a decision and a change.
    pub fn events(&self) -> Vec<Event> {
        let decided = match self.authority {
            Some(Authority::Approved { .. } | Authority::Overridden { suggestion_id: Some(_) }) => {
                Some(Event::SuggestionDecided)
            }
            Some(Authority::Overridden { suggestion_id: None }) | None => None,
        };
        let changed = match self.action {
            Action::FlagCreated => Some(Event::FlagCreated),
            Action::FlagUpdated
            | Action::VariantCreated
            | Action::VariantUpdated
            | Action::VariantDeleted
            | Action::FlagReverted => Some(Event::FlagUpdated),
            Action::FlagArchived => Some(Event::FlagArchived),
            Action::FlagUnarchived => Some(Event::FlagUnarchived),
            Action::FlagEnabled => Some(Event::FlagEnabled),
            Action::FlagDisabled => Some(Event::FlagDisabled),
            Action::AllocationCreated
            | Action::AllocationsReplaced
            | Action::ServingUpdated
            | Action::ConfigurationReverted
            | Action::TargetingRuleCreated
            | Action::TargetingRuleUpdated
            | Action::TargetingRuleDeleted
            | Action::RolloutCreated
            | Action::RolloutUpdated
            | Action::RolloutDeleted
            | Action::ConfigurationCopied => Some(Event::RuleChanged),
            Action::SuggestionCreated => Some(Event::SuggestionOpened),
            Action::SuggestionApproved | Action::SuggestionRejected => Some(Event::SuggestionDecided),
            Action::EnvironmentCreated | Action::EnvironmentUpdated | Action::EnvironmentDeleted => {
                Some(Event::EnvironmentChanged)
            }
            _ => None,
        };
        decided.into_iter().chain(changed).collect()
    }
}

/// A committed change.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// The project.
    pub project_id: ProjectId,
    /// The project revision that the change made.
    pub revision: i64,
    /// The change.
    pub change: Change,
}
