//! `/api/v1/roles`: named sets of permissions.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use crate::decode::{A_STRING, Member};
use flaghoist_model::Faults;
use flaghoist_model::access::{BuiltInRole, CustomRole, Permission, RoleDraft};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What an operation may require, for the document.
pub(crate) struct PermissionName;

impl PartialSchema for PermissionName {
    fn schema() -> RefOr<Schema> {
        let names = Permission::ALL.iter().map(|permission| permission.as_str());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("What an operation may require."))
            .enum_values(Some(names))
            .into()
    }
}

impl ToSchema for PermissionName {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Permission")
    }
}

/// What a role is to be. What is absent stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct RoleIn {
    /// Unique in the project.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Release manager")]
    name: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// All it may do.
    #[serde(default)]
    #[schema(value_type = Option<Vec<PermissionName>>)]
    permissions: Member<Vec<String>>,
}

impl RoleIn {
    fn into_draft(self, faults: &mut Faults) -> RoleDraft {
        RoleDraft {
            name: self.name.optional("name", A_STRING, faults),
            description: self.description.patch("description", A_STRING, faults),
            permissions: self.permissions.optional("permissions", "an array of names of permissions", faults),
        }
    }
}

/// A role.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleOut {
    /// What members refer to it by: `viewer`, `editor`, `admin` or a UUID.
    #[schema(example = "editor")]
    id: String,
    /// For people.
    name: String,
    /// For people.
    description: Option<String>,
    /// Whether every project has it; such a role cannot be changed.
    is_built_in: bool,
    /// All it may do.
    #[schema(value_type = Vec<PermissionName>)]
    permissions: Vec<&'static str>,
}

impl RoleOut {
    fn built_in(role: BuiltInRole) -> Self {
        let (name, description) = match role {
            BuiltInRole::Viewer => ("Viewer", "Sees flags, environments, teams, members and roles"),
            BuiltInRole::Editor => ("Editor", "Changes flags and approves changes of others"),
            BuiltInRole::Admin => ("Admin", "Everything, without approvals too"),
        };
        Self {
            id: role.as_str().to_owned(),
            name: name.to_owned(),
            description: Some(description.to_owned()),
            is_built_in: true,
            permissions: role.permissions().names(),
        }
    }

    fn custom(role: &CustomRole) -> Self {
        Self {
            id: role.id.to_string(),
            name: role.name.clone(),
            description: role.description.clone(),
            is_built_in: false,
            permissions: role.permissions.names(),
        }
    }
}
