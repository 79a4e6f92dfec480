//! Environments: isolated configurations of the same flags.

use crate::id::{EnvironmentId, ProjectId};
use crate::key::{parse_description, parse_key, parse_name, slug};
use crate::{Faults, MintId, Patch, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Most `DD_ENV` values an environment may have.
pub const QUERIES_MAX: usize = 100;

/// An environment of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Identifier.
    pub id: EnvironmentId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Unique in the project; never changes.
    pub key: String,
    /// Unique in the project.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// The `DD_ENV` values that mean this environment; each belongs to one environment of a project.
    pub queries: Vec<String>,
    /// Whether it serves real users; turns on the approvals that flags ask for.
    pub is_production: bool,
    /// Whether every change of what readers get needs an approval.
    pub require_feature_flag_approval: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Project revision of its last change.
    pub revision: i64,
    /// Project revision of the last change of what its readers get.
    pub content_revision: i64,
    /// When what its readers get last changed.
    pub content_at: Timestamp,
}

/// What somebody asks an environment to be. A member is `None` (or [`Patch::Keep`]) when it is absent or
/// already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentDraft {
    /// Name.
    pub name: Option<String>,
    /// Key; made from the name when absent.
    pub key: Option<String>,
    /// Description.
    pub description: Patch<String>,
    /// `DD_ENV` values.
    pub queries: Option<Vec<String>>,
    /// Production or not.
    pub is_production: Option<bool>,
    /// Approvals or not.
    pub require_feature_flag_approval: Option<bool>,
}

impl Environment {
    /// A new environment. The caller records absent required members; the store enforces uniqueness.
    pub fn create(
        draft: EnvironmentDraft,
        project_id: ProjectId,
        now: Timestamp,
        ids: &dyn MintId,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let key = match (&draft.key, &draft.name) {
            (Some(key), _) => faults.at("key", |faults| parse_key(key.clone(), faults)),
            (None, Some(name)) => Some(slug(name)).filter(|key| !key.is_empty()).or_else(|| {
                faults.push_at(
                    "name",
                    format!("{name:?} has no letter or digit to make a key from; give a key too"),
                );
                None
            }),
            (None, None) => None,
        };
        let mut environment = Self {
            id: EnvironmentId::mint(ids),
            project_id,
            key: key.unwrap_or_default(),
            name: String::new(),
            description: None,
            queries: Vec::new(),
            is_production: false,
            require_feature_flag_approval: false,
            created_at: now,
            updated_at: now,
            revision: 0,
            content_revision: 0,
            content_at: now,
        };
        environment.apply(draft, now, &mut faults);
        faults.check()?;
        Ok(environment)
    }

    /// This environment with what the draft names changed. The key never changes.
    pub fn update(
        &self,
        draft: EnvironmentDraft,
        now: Timestamp,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        if let Some(key) = draft.key.as_ref().filter(|key| **key != self.key) {
            faults.push_at("key", format!("{key:?} differs from {:?}; the key never changes", self.key));
        }
        let mut environment = self.clone();
        environment.apply(draft, now, &mut faults);
        faults.check()?;
        Ok(environment)
    }

    /// Whether readers of this environment would be less protected by approvals than they are: when it is no
    /// production environment any more, needs no approvals any more, loses a `DD_ENV` value while it has either, or
    /// is removed (`after` is none).
    pub fn is_weakened_by(&self, after: Option<&Self>) -> bool {
        let is_protected = self.is_production || self.require_feature_flag_approval;
        let Some(after) = after else { return is_protected };
        let loses_queries = self.queries.iter().any(|query| !after.queries.contains(query));
        (self.is_production && !after.is_production)
            || (self.require_feature_flag_approval && !after.require_feature_flag_approval)
            || (is_protected && loses_queries)
    }

    fn apply(&mut self, draft: EnvironmentDraft, now: Timestamp, faults: &mut Faults) {
        if let Some(name) = draft.name.and_then(|name| faults.at("name", |faults| parse_name(name, faults))) {
            self.name = name;
        }
        self.description = match draft.description {
            Patch::Set(text) => faults.at("description", |faults| parse_description(text, faults)),
            other => other.apply(self.description.take()),
        };
        if let Some(queries) = draft.queries {
            self.queries = faults.at("queries", |faults| parse_queries(queries, faults));
        }
        self.is_production = draft.is_production.unwrap_or(self.is_production);
        self.require_feature_flag_approval =
            draft.require_feature_flag_approval.unwrap_or(self.require_feature_flag_approval);
        self.updated_at = now;
    }
}

fn parse_queries(queries: Vec<String>, faults: &mut Faults) -> Vec<String> {
    if queries.is_empty() || queries.len() > QUERIES_MAX {
        faults.push(format!(
            "has {} entries; give 1 to {QUERIES_MAX} DD_ENV values such as [\"prod\"]",
            queries.len()
        ));
        return Vec::new();
    }
    let mut parsed: Vec<String> = Vec::with_capacity(queries.len());
    for (position, query) in queries.into_iter().enumerate() {
        let Some(query) = faults.at(position, |faults| parse_key(query, faults)) else { continue };
        if parsed.contains(&query) {
            faults.push_at(position, format!("{query:?} is repeated; give each DD_ENV value once"));
        } else {
            parsed.push(query);
        }
    }
    parsed
}
