//! `/api/v1/users`: the members of the project.

pub(crate) mod add;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod update;

use crate::commands::MemberView;
use serde::Serialize;
use utoipa::ToSchema;

/// What a user is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "documents a set of names")]
pub(crate) enum UserKindName {
    Person,
    ServiceAccount,
}

/// A member of the project.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserOut {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Unique in the installation.
    #[schema(example = "ada@example.com")]
    email: String,
    /// For people.
    name: String,
    /// What they are.
    #[schema(value_type = UserKindName)]
    kind: &'static str,
    /// Their role here: `viewer`, `editor`, `admin` or the id of a custom role.
    #[schema(example = "editor")]
    role: String,
    /// Whether they administer the installation.
    is_installation_admin: bool,
    /// Whether they can log in.
    has_password: bool,
    /// Since when they are shut out, if they are.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    /// Since when they are members.
    #[schema(format = DateTime)]
    member_since: String,
}

impl UserOut {
    fn of(view: &MemberView) -> Self {
        let MemberView { user, membership } = view;
        Self {
            id: user.id.to_string(),
            email: user.email.clone(),
            name: user.name.clone(),
            kind: user.kind.as_str(),
            role: membership.role.to_string(),
            is_installation_admin: user.is_installation_admin,
            has_password: user.password_hash.is_some(),
            disabled_at: user.disabled_at.map(|at| at.to_string()),
            member_since: membership.created_at.to_string(),
        }
    }
}
