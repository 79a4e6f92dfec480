//! Restriction policies: who, of those whose role lets them change flags, may change a particular one.
//!
//! A flag without a policy may be changed by everybody whose role allows it. With a policy, what the role allows
//! is needed *and* a binding: `contributor` to change what the flag serves in environments, `editor` to change the
//! flag itself and its policy too. `viewer` says nothing that the role does not say already, and can only be bound
//! to the whole organisation.

use super::{Principal, RoleRef};
use crate::id::{FlagId, ProjectId, TeamId, UserId};
use crate::{Faults, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Most principals of a policy.
pub const BINDINGS_MAX: usize = 500;

/// How much of a flag somebody may change. The order is that of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Nothing; only see it.
    Viewer,
    /// What it serves in environments.
    Contributor,
    /// The flag itself too.
    Editor,
}

impl Relation {
    /// All relations, the weakest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Contributor, Self::Editor];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Contributor => "contributor",
            Self::Editor => "editor",
        }
    }
}

/// Whom a policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyPrincipal {
    /// A user or service account.
    User(UserId),
    /// The members of a team.
    Team(TeamId),
    /// Everybody with a role.
    Role(RoleRef),
    /// Everybody of the project.
    Org(ProjectId),
}

impl PolicyPrincipal {
    /// Reads `user:<id>`, `team:<id>`, `role:<id or name>` or `org:<project id>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(':')?;
        match kind {
            "user" => id.parse().ok().map(Self::User),
            "team" => id.parse().ok().map(Self::Team),
            "role" => id.parse().ok().map(Self::Role),
            "org" => id.parse().ok().map(Self::Org),
            _ => None,
        }
    }

    fn is(self, principal: &Principal, team_ids: &[TeamId]) -> bool {
        match self {
            Self::User(id) => principal.user_id == id,
            Self::Team(id) => team_ids.contains(&id),
            Self::Role(role) => principal.role == role,
            Self::Org(id) => principal.project_id == id,
        }
    }
}

impl fmt::Display for PolicyPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Team(id) => write!(f, "team:{id}"),
            Self::Role(role) => write!(f, "role:{role}"),
            Self::Org(id) => write!(f, "org:{id}"),
        }
    }
}

/// Some principals and how much they may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// How much.
    pub relation: Relation,
    /// Who.
    pub principals: Vec<PolicyPrincipal>,
}

/// Who may change a flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestrictionPolicy {
    /// The flag.
    pub flag_id: FlagId,
    /// Who may what.
    pub bindings: Vec<Binding>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What somebody asks a policy to be: relations with the texts of their principals. Absent when already recorded
/// as a fault.
pub type PolicyDraft = Vec<(Option<String>, Vec<String>)>;

impl RestrictionPolicy {
    /// A policy. The place of `faults` is the list of bindings; ids are checked against `known`.
    pub fn parse(
        draft: PolicyDraft,
        flag_id: FlagId,
        known: impl Fn(PolicyPrincipal) -> bool,
        now: Timestamp,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let mut bindings = Vec::new();
        let count: usize = draft.iter().map(|(_, principals)| principals.len()).sum();
        if count > BINDINGS_MAX || draft.len() > BINDINGS_MAX {
            faults.push(format!("names {count} principals; a policy names at most {BINDINGS_MAX}"));
            faults.check()?;
        }
        for (position, (relation, principals)) in draft.into_iter().enumerate() {
            faults.at(position, |faults| {
                let relation = relation.and_then(|name| {
                    let found = Relation::ALL.into_iter().find(|relation| relation.as_str() == name);
                    if found.is_none() {
                        faults
                            .push_at("relation", format!("{name:?} is none of viewer, contributor, editor"));
                    }
                    found
                });
                let principals =
                    faults.at("principals", |faults| parse_principals(&principals, relation, &known, faults));
                bindings.extend(relation.map(|relation| Binding { relation, principals }));
            });
        }
        faults.check()?;
        Ok(Self { flag_id, bindings, updated_at: now })
    }

    /// Whether the policy lets the principal, who is in these teams, change this much.
    pub fn lets(&self, principal: &Principal, team_ids: &[TeamId], needed: Relation) -> bool {
        needed == Relation::Viewer
            || self.bindings.iter().any(|binding| {
                binding.relation >= needed
                    && binding.principals.iter().any(|bound| bound.is(principal, team_ids))
            })
    }
}

fn parse_principals(
    texts: &[String],
    relation: Option<Relation>,
    known: impl Fn(PolicyPrincipal) -> bool,
    faults: &mut Faults,
) -> Vec<PolicyPrincipal> {
    if texts.is_empty() {
        faults.push("is empty; name at least one user:<id>, team:<id>, role:<id> or org:<id>");
    }
    let mut seen = BTreeSet::new();
    let mut principals = Vec::new();
    for (position, text) in texts.iter().enumerate() {
        let principal = PolicyPrincipal::parse(text);
        let Some(principal) = principal.filter(|principal| known(*principal)) else {
            faults.push_at(
                position,
                format!("{text:?} is no principal of this project; give user:<id>, team:<id>, role:<id> or org:<id>"),
            );
            continue;
        };
        if relation == Some(Relation::Viewer) && !matches!(principal, PolicyPrincipal::Org(_)) {
            faults.push_at(position, "viewer can only be the whole organisation; give org:<id>");
        }
        if seen.insert(principal.to_string()) {
            principals.push(principal);
        }
    }
    principals
}
