//! `PATCH /api/v1/users/{user_id}`

use super::UserOut;
use crate::ApiError;
use crate::access::{Allowed, WriteUsers};
use crate::app::AppState;
use crate::commands::{self, MemberPatch};
use crate::decode::{self, A_BOOLEAN, A_STRING, JsonBody, Member, PathOf, path_id};
use crate::native::{A_ROLE, ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::key::parse_name;
use flaghoist_model::user::check_password;
use serde::Deserialize;
use utoipa::ToSchema;

/// What to change. What is absent stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct UserIn {
    /// `viewer`, `editor`, `admin` or the id of a custom role.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "editor")]
    role: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Member<String>,
    /// Whether they are shut out: neither log-ins nor keys of theirs are taken.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    disabled: Member<bool>,
    /// A new password; all their log-ins end.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Member<String>,
    /// Whether they administer the installation.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_installation_admin: Member<bool>,
}

impl UserIn {
    fn read(self) -> Result<MemberPatch, ApiError> {
        let mut faults = Faults::new();
        let role = self.role.optional("role", A_ROLE, &mut faults);
        let name = self.name.optional("name", A_STRING, &mut faults);
        let password = self.password.optional("password", A_STRING, &mut faults);
        if let Some(password) = &password {
            faults.at("password", |faults| check_password(password, faults));
        }
        let patch = MemberPatch {
            role: decode::one_of(role, "role", |text| text.parse().ok(), A_ROLE, &mut faults),
            name: name.and_then(|name| faults.at("name", |faults| parse_name(name, faults))),
            is_disabled: self.disabled.optional("disabled", A_BOOLEAN, &mut faults),
            password,
            is_installation_admin: self.is_installation_admin.optional(
                "is_installation_admin",
                A_BOOLEAN,
                &mut faults,
            ),
        };
        faults.check()?;
        Ok(patch)
    }
}

/// Change a member of the project
///
/// Nobody changes somebody who may do more than themself, or their own role. Name, state and password count in all
/// projects of the user: for members of several only who administers the installation changes them.
#[utoipa::path(
    patch,
    path = "/api/v1/users/{user_id}",
    operation_id = "update_user",
    tag = "Access",
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    request_body = UserIn,
    responses((status = 200, description = "The member", body = UserOut), ProblemErrors, ProblemBodyErrors)
)]
pub(crate) async fn update_user(
    State(app): State<AppState>,
    caller: Allowed<WriteUsers>,
    PathOf(id): PathOf<String>,
    JsonBody(wanted): JsonBody<UserIn>,
) -> Result<axum::Json<UserOut>, ApiError> {
    let id = path_id(&id, "user")?;
    let member = commands::update_member(&app, &caller.principal, id, wanted.read()?).await?;
    Ok(axum::Json(UserOut::of(&member)))
}
