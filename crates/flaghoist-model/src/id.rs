//! Typed identifiers. All are UUIDs on the wire and in the store; the types keep them apart in code.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Mints new identifiers. The shell mints time-ordered (version 7) UUIDs, tests mint from a seed.
pub trait MintId: Send + Sync {
    /// A UUID never returned before.
    fn mint(&self) -> Uuid;
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier from `ids`.
            pub fn mint(ids: &dyn MintId) -> Self {
                Self(ids.mint())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

typed_ids! {
    /// A project.
    ProjectId,
    /// An environment of a project.
    EnvironmentId,
    /// A flag of a project.
    FlagId,
    /// A variant of a flag.
    VariantId,
    /// An allocation (a "targeting rule" in Datadog's interface) of a flag in an environment.
    AllocationId,
    /// One of the OR-ed rules of an allocation.
    RuleId,
    /// One of the AND-ed conditions of a rule.
    ConditionId,
    /// The weight of one variant in an allocation.
    WeightId,
    /// That a guardrail or a check of health fired.
    TriggerId,
    /// The exposure schedule of an allocation.
    ScheduleId,
    /// A step of an exposure schedule.
    StepId,
    /// A rollout that rules of a flag in an environment serve by reference.
    RolloutId,
    /// A saved filter of a project.
    SavedFilterId,
    /// What is known of an attribute that applications evaluate flags with.
    ContextAttributeId,
    /// A change that waits for approval.
    SuggestionId,
    /// A user or service account.
    UserId,
    /// An API key, application key or SDK key.
    CredentialId,
    /// An entry of the history.
    HistoryId,
    /// A custom role of a project.
    RoleId,
    /// A team of a project.
    TeamId,
    /// A log-in.
    SessionId,
    /// A comment on a suggestion.
    CommentId,
    /// A webhook of a project.
    WebhookId,
    /// One delivery of one event to one webhook.
    DeliveryId,
}
