//! Saved filters: rules that several flags share by reference. The Flagmint interface calls them segments.

use crate::clause::{Clause, ClauseDraft, Clauses, Combinator, parse_clauses};
use crate::condition::{PATTERNS_MAX, RuleDraft, TargetingRule, Test, parse_rules};
use crate::definition::{DefinitionHash, pick};
use crate::flag_environment::conditions;
use crate::id::{ProjectId, SavedFilterId};
use crate::key::{KEY_MAX_BYTES, parse_description, parse_name, slug};
use crate::migration_metadata;
use crate::names::names;
use crate::{Faults, MintId, Patch, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most saved filters of a project: every change of one looks through all of them.
pub const SAVED_FILTERS_MAX: usize = 1_000;

names! {
    /// How a saved filter was put together. The names are Datadog's; nothing depends on it.
    CreationType {
        /// By rules.
        Rules = "RULES",
        /// By a list of values.
        List = "LIST",
    }
}

/// A saved filter. Matches when any of its rules matches; its own conditions never refer to another filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedFilter {
    /// Identifier.
    pub id: SavedFilterId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Unique in the project: letters, digits, `-` and `_`.
    pub key: String,
    /// Unique in the project.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// How it was put together.
    pub creation_type: CreationType,
    /// OR-ed rules; none match nobody.
    pub rules: Vec<TargetingRule>,
    /// The clauses that the rules were compiled from, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clauses: Option<Clauses>,
    /// What a migration tool said about where it comes from; echoed, never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration_metadata: Option<serde_json::Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Project revision of the last change.
    pub revision: i64,
}

/// What somebody asks a saved filter to be. What is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct SavedFilterDraft {
    /// Name.
    pub name: Option<String>,
    /// Key; made from the name when absent.
    pub key: Option<String>,
    /// Description.
    pub description: Patch<String>,
    /// How it was put together.
    pub creation_type: Option<CreationType>,
    /// Rules.
    pub rules: Option<Vec<RuleDraft>>,
    /// Clauses in place of rules.
    pub clauses: Option<Vec<ClauseDraft>>,
    /// How the clauses go together.
    pub combinator: Option<Combinator>,
    /// Whether everybody matches.
    pub force: Option<bool>,
    /// Migration metadata.
    pub migration_metadata: Patch<serde_json::Value>,
}

/// What the making of saved filters needs to know beside the draft.
pub struct SavedFilterContext<'a> {
    /// All saved filters of the project.
    pub others: &'a BTreeMap<SavedFilterId, SavedFilter>,
    /// Where clauses stand in the request.
    pub clauses_member: &'a str,
    /// Now.
    pub now: Timestamp,
    /// Ids.
    pub ids: &'a dyn MintId,
}

impl SavedFilter {
    /// A new saved filter. The caller records absent required members; the store enforces uniqueness.
    pub fn create(
        draft: SavedFilterDraft,
        project_id: ProjectId,
        context: &SavedFilterContext<'_>,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        if context.others.len() >= SAVED_FILTERS_MAX {
            let message = format!("the project has {SAVED_FILTERS_MAX} saved filters, the most it may");
            return Err(Rejection::conflict("", message));
        }
        let taken: BTreeSet<&str> = context.others.values().map(|other| other.key.as_str()).collect();
        let key = draft.key.clone().unwrap_or_else(|| free_key(draft.name.as_deref(), &taken));
        check_key(&key, &mut faults);
        let empty = Self {
            id: SavedFilterId::mint(context.ids),
            project_id,
            key,
            name: String::new(),
            description: None,
            creation_type: CreationType::Rules,
            rules: Vec::new(),
            clauses: None,
            migration_metadata: None,
            created_at: context.now,
            updated_at: context.now,
            revision: 0,
        };
        empty.update(SavedFilterDraft { key: None, ..draft }, context, faults)
    }

    /// This saved filter with what the draft names changed.
    pub fn update(
        &self,
        draft: SavedFilterDraft,
        context: &SavedFilterContext<'_>,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let mut filter = Self { updated_at: context.now, ..self.clone() };
        let faults = &mut faults;
        if let Some(key) = draft.key {
            check_key(&key, faults);
            filter.key = key;
        }
        if let Some(name) = draft.name.and_then(|name| faults.at("name", |faults| parse_name(name, faults))) {
            filter.name = name;
        }
        filter.description = match draft.description {
            Patch::Set(text) => faults.at("description", |faults| parse_description(text, faults)),
            other => other.apply(filter.description.take()),
        };
        filter.creation_type = draft.creation_type.unwrap_or(filter.creation_type);
        migration_metadata::check_patch(&draft.migration_metadata, faults);
        filter.migration_metadata = draft.migration_metadata.apply(filter.migration_metadata.take());
        let is_of_clauses = draft.clauses.is_some() || draft.combinator.is_some() || draft.force.is_some();
        if let Some(rules) = draft.rules {
            filter.rules = faults.at("targeting_rules", |faults| self.parse_rules(rules, context, faults));
            filter.clauses = filter.clauses.filter(|_| tests(&filter.rules) == tests(&self.rules));
        } else if is_of_clauses || self.revision == 0 && self.rules.is_empty() {
            let clauses = faults.at(context.clauses_member, |faults| {
                self.parse_clauses(draft.clauses, draft.combinator, draft.force, faults)
            });
            if let Some(clauses) = clauses.filter(|clauses| Some(clauses) != self.clauses.as_ref()) {
                let rules = faults.at(context.clauses_member, |faults| {
                    let rules = clauses.compile(faults).into_iter().map(conditions).collect();
                    self.parse_rules(rules, context, faults)
                });
                (filter.rules, filter.clauses) = (rules, Some(clauses));
            }
        }
        faults.check()?;
        Ok(filter)
    }

    /// This saved filter with what `target` changed of `base`, when that is asked for later: what somebody else
    /// changed meanwhile stays.
    #[must_use]
    pub fn merged(&self, base: &Self, target: &Self, now: Timestamp) -> Self {
        Self {
            key: pick(&self.key, &base.key, &target.key),
            name: pick(&self.name, &base.name, &target.name),
            description: pick(&self.description, &base.description, &target.description),
            creation_type: pick(&self.creation_type, &base.creation_type, &target.creation_type),
            rules: pick(&self.rules, &base.rules, &target.rules),
            clauses: pick(&self.clauses, &base.clauses, &target.clauses),
            migration_metadata: pick(
                &self.migration_metadata,
                &base.migration_metadata,
                &target.migration_metadata,
            ),
            updated_at: now,
            ..self.clone()
        }
    }

    fn parse_rules(
        &self,
        rules: Vec<RuleDraft>,
        context: &SavedFilterContext<'_>,
        faults: &mut Faults,
    ) -> Vec<TargetingRule> {
        let patterns: usize = rules.iter().map(RuleDraft::pattern_count).sum();
        if patterns > PATTERNS_MAX {
            faults.push(format!("have {patterns} patterns; a saved filter has at most {PATTERNS_MAX}"));
            return Vec::new();
        }
        // No filters are known here, so naming one is a fault.
        parse_rules(rules, &self.rules, &BTreeMap::new(), context.now, context.ids, faults)
    }

    fn parse_clauses(
        &self,
        clauses: Option<Vec<ClauseDraft>>,
        combinator: Option<Combinator>,
        force: Option<bool>,
        faults: &mut Faults,
    ) -> Option<Clauses> {
        let known = self.clauses.as_ref();
        let clauses: Vec<Clause> = match (clauses, known) {
            (Some(drafts), _) => parse_clauses(drafts, faults),
            (None, Some(known)) => known.clauses.clone(),
            (None, None) if self.rules.is_empty() => Vec::new(),
            (None, None) => {
                faults.push("is required: what is there was not made of such rules; give all of them");
                return None;
            }
        };
        Some(Clauses {
            clauses,
            combinator: combinator.or(known.map(|known| known.combinator)).unwrap_or_default(),
            force: force.or(known.map(|known| known.force)).unwrap_or_default(),
        })
    }

    /// What counts of it for approvals: whom it matches.
    pub fn hash(&self) -> DefinitionHash {
        DefinitionHash::of(&tests(&self.rules))
    }
}

fn tests(rules: &[TargetingRule]) -> Vec<Vec<Test>> {
    rules.iter().map(TargetingRule::tests).collect()
}

fn check_key(key: &str, faults: &mut Faults) {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if key.is_empty() || key.len() > KEY_MAX_BYTES || !key.bytes().all(fits) {
        faults.push_at(
            "key",
            format!("{key:?} does not do; give 1 to {KEY_MAX_BYTES} letters of a to z, digits, - and _"),
        );
    }
}

/// A key that nobody has, made from a name.
fn free_key(name: Option<&str>, taken: &BTreeSet<&str>) -> String {
    let mut base: String = slug(name.unwrap_or_default()).chars().filter(char::is_ascii).collect();
    base.truncate(KEY_MAX_BYTES / 2);
    if base.is_empty() {
        "segment".clone_into(&mut base);
    }
    let numbered = (2..).map(|number: usize| format!("{base}-{number}"));
    let mut candidates = std::iter::once(base.clone()).chain(numbered);
    candidates.find(|key| !taken.contains(key.as_str())).unwrap_or(base)
}
