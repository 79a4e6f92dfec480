//! Projects: the owners of everything else.

use crate::id::ProjectId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Key of the project that exists from the first start.
pub const DEFAULT_PROJECT_KEY: &str = "default";

/// A project. Nothing crosses its border: keys are unique within it, and ids of another project are unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Identifier.
    pub id: ProjectId,
    /// Unique in the installation.
    pub key: String,
    /// For people.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// Number of the last committed change; counts up by one with every change, without gaps.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its name or description was last changed.
    pub updated_at: Timestamp,
}
