//! Roles: named sets of permissions that members of a project have.

use super::{Permission, PermissionSet};
use crate::id::{ProjectId, RoleId};
use crate::key::{parse_description, parse_name};
use crate::{Faults, MintId, Patch, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Most names that are read as permissions: more than there are.
const NAMES_MAX: usize = 100;

/// A role that every project has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BuiltInRole {
    /// Reads everything but keys and webhooks.
    Viewer,
    /// Changes flags, reads environments.
    Editor,
    /// Everything.
    Admin,
}

impl BuiltInRole {
    /// All of them, the weakest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Admin];

    const VIEWER: PermissionSet = PermissionSet::of(&[
        Permission::FeatureFlagConfigRead,
        Permission::FeatureFlagEnvironmentConfigRead,
        Permission::RestrictionPoliciesRead,
        Permission::TeamsRead,
        Permission::UserAppKeys,
        Permission::UsersRead,
        Permission::RolesRead,
    ]);

    const EDITOR: PermissionSet = Self::VIEWER.union(PermissionSet::of(&[
        Permission::FeatureFlagConfigWrite,
        Permission::RestrictionPoliciesWrite,
    ]));

    /// What the role may do.
    pub const fn permissions(self) -> PermissionSet {
        match self {
            Self::Viewer => Self::VIEWER,
            Self::Editor => Self::EDITOR,
            Self::Admin => PermissionSet::all(),
        }
    }

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }
}

/// Which role: a built-in one by name, or a custom one by id. One text on the wire and in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleRef {
    /// A role that every project has.
    BuiltIn(BuiltInRole),
    /// A role of this project.
    Custom(RoleId),
}

impl fmt::Display for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(role) => f.write_str(role.as_str()),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

/// A text is no role.
#[derive(Debug, thiserror::Error)]
#[error("is neither viewer, editor, admin nor the id of a custom role")]
pub struct NoRole;

impl FromStr for RoleRef {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        let built_in = BuiltInRole::ALL.into_iter().find(|role| role.as_str() == text);
        match built_in {
            Some(role) => Ok(Self::BuiltIn(role)),
            None => text.parse().map(Self::Custom).map_err(|_| NoRole),
        }
    }
}

impl Serialize for RoleRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleRef {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A role that a project made for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    /// Identifier.
    pub id: RoleId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Unique in the project.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// What it may do.
    pub permissions: PermissionSet,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Project revision of its last change.
    pub revision: i64,
}

/// What somebody asks a role to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct RoleDraft {
    /// Name.
    pub name: Option<String>,
    /// Description.
    pub description: Patch<String>,
    /// Names of permissions.
    pub permissions: Option<Vec<String>>,
}

impl CustomRole {
    /// A new role. The caller records absent required members; the store enforces that names differ.
    pub fn create(
        draft: RoleDraft,
        project_id: ProjectId,
        now: Timestamp,
        ids: &dyn MintId,
        faults: Faults,
    ) -> Result<Self, Rejection> {
        let empty = Self {
            id: RoleId::mint(ids),
            project_id,
            name: String::new(),
            description: None,
            permissions: PermissionSet::NONE,
            created_at: now,
            updated_at: now,
            revision: 0,
        };
        empty.update(draft, now, faults)
    }

    /// This role with what the draft names changed.
    pub fn update(&self, draft: RoleDraft, now: Timestamp, mut faults: Faults) -> Result<Self, Rejection> {
        let mut role = Self { updated_at: now, ..self.clone() };
        if let Some(name) = draft.name.and_then(|name| faults.at("name", |faults| parse_name(name, faults))) {
            if BuiltInRole::ALL.iter().any(|role| role.as_str().eq_ignore_ascii_case(&name)) {
                faults.push_at("name", format!("{name:?} is the name of a built-in role; give another"));
            }
            role.name = name;
        }
        role.description = match draft.description {
            Patch::Set(text) => faults.at("description", |faults| parse_description(text, faults)),
            other => other.apply(role.description.take()),
        };
        if let Some(names) = draft.permissions {
            role.permissions = faults.at("permissions", |faults| parse_permissions(&names, faults));
        }
        faults.check()?;
        Ok(role)
    }
}

/// Reads names of permissions; unknown ones are faults that list the known.
fn parse_permissions(names: &[String], faults: &mut Faults) -> PermissionSet {
    let mut set = PermissionSet::NONE;
    if names.len() > NAMES_MAX {
        faults.push(format!("has {} entries; give each permission once", names.len()));
        return set;
    }
    for (position, name) in names.iter().enumerate() {
        match Permission::from_name(name) {
            Some(permission) => set = set.union(PermissionSet::of(&[permission])),
            None => faults.push_at(
                position,
                format!(
                    "{name:?} is no permission; give some of {}",
                    PermissionSet::all().names().join(", ")
                ),
            ),
        }
    }
    set
}

impl PermissionSet {
    /// Reads names of permissions; unknown ones are faults that list the known.
    pub fn parse(names: &[String], faults: &mut Faults) -> Self {
        parse_permissions(names, faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_built_in_role_may_do_what_the_weaker_one_may() {
        let [viewer, editor, admin] = BuiltInRole::ALL.map(BuiltInRole::permissions);
        assert!(viewer.is_within(editor) && editor.is_within(admin));
        assert!(!editor.contains(Permission::FeatureFlagApprovalsOverride));
        assert!(!viewer.contains(Permission::FeatureFlagConfigWrite));
    }

    #[test]
    fn a_role_is_one_text() {
        assert_eq!("editor".parse::<RoleRef>().unwrap(), RoleRef::BuiltIn(BuiltInRole::Editor));
        assert!("Editor".parse::<RoleRef>().is_err());
        let custom = RoleRef::Custom(RoleId(uuid::Uuid::from_u128(7)));
        assert_eq!(custom.to_string().parse::<RoleRef>().unwrap(), custom);
    }
}
