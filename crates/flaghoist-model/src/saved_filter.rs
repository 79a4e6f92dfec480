//! Saved filters: rules that several flags share by reference.

use crate::condition::TargetingRule;
use crate::id::{ProjectId, SavedFilterId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A saved filter. Matches when any of its rules matches; its own conditions never refer to another filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedFilter {
    /// Identifier.
    pub id: SavedFilterId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Unique in the project.
    pub name: String,
    /// OR-ed rules.
    pub rules: Vec<TargetingRule>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Project revision of the last change.
    pub revision: i64,
}
