//! The history: one entry for every change, written in the same transaction as the change.

use crate::access::Actor;
use crate::id::{EnvironmentId, FlagId, HistoryId, ProjectId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The project was set up at the first start.
    ProjectCreated,
    /// An environment was made.
    EnvironmentCreated,
    /// An environment was changed.
    EnvironmentUpdated,
    /// An environment was removed with everything in it.
    EnvironmentDeleted,
    /// A flag was made.
    FlagCreated,
    /// Members of a flag were changed.
    FlagUpdated,
    /// A flag was archived.
    FlagArchived,
    /// A flag was taken out of the archive.
    FlagUnarchived,
    /// A variant was added to a flag.
    VariantCreated,
    /// A variant was changed.
    VariantUpdated,
    /// A variant was removed.
    VariantDeleted,
    /// A flag was enabled in an environment.
    FlagEnabled,
    /// A flag was disabled in an environment.
    FlagDisabled,
    /// An allocation was appended.
    AllocationCreated,
    /// The ordered list of allocations was replaced.
    AllocationsReplaced,
    /// The default, override or off variant in an environment was changed.
    ServingUpdated,
    /// A saved filter was made.
    SavedFilterCreated,
    /// Keys were made.
    CredentialsCreated,
}

/// A change before it is committed: what the history will say, without the revision it gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Identifier of the history entry.
    pub id: HistoryId,
    /// Who.
    pub actor: Actor,
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
    /// When.
    pub at: Timestamp,
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
