//! `POST /api/v1/users`

use super::{UserKindName, UserOut};
use crate::ApiError;
use crate::access::{Allowed, WriteUsers};
use crate::app::AppState;
use crate::commands::{self, NewMember};
use crate::decode::{self, A_STRING, JsonBody, Member};
use crate::native::{A_ROLE, ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::key::{parse_name, slug};
use flaghoist_model::user::{UserKind, check_password, parse_email};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where the handles of service accounts end that were not given one.
const SERVICE_ACCOUNT_DOMAIN: &str = "service-accounts.localhost";

/// Most characters of such a handle before the domain: 40 of at most 4 bytes.
const HANDLE_MAX_CHARS: usize = 40;

/// A member to add.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewUser {
    /// Their address. Of a service account its handle, made from the name when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "ada@example.com")]
    email: Member<String>,
    /// For people. Service accounts need one.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Ada Lovelace")]
    name: Member<String>,
    /// `person` when absent.
    #[serde(default)]
    #[schema(value_type = Option<UserKindName>)]
    kind: Member<String>,
    /// `viewer`, `editor`, `admin` or the id of a custom role.
    #[serde(default)]
    #[schema(value_type = String, required, example = "editor")]
    role: Member<String>,
    /// The password of a new person, at least 12 characters. One is made, and shown once, when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Member<String>,
}

/// A member that was added.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedUser {
    #[serde(flatten)]
    user: UserOut,
    /// The password that was made for them. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_password: Option<String>,
}

impl NewUser {
    fn read(self) -> Result<NewMember, ApiError> {
        let mut faults = Faults::new();
        let kind = self.kind.optional("kind", A_STRING, &mut faults);
        let kind = decode::one_of(kind, "kind", UserKind::from_name, "person, service_account", &mut faults)
            .unwrap_or(UserKind::Person);
        let role = self.role.required("role", A_ROLE, &mut faults);
        let role = decode::one_of(role, "role", |text| text.parse().ok(), A_ROLE, &mut faults);
        let name = self.name.optional("name", A_STRING, &mut faults);
        let name = name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
        let email = match (kind, &name) {
            (UserKind::ServiceAccount, Some(name)) if !self.email.is_given() => {
                // Short enough for an e-mail, whatever the name is.
                let slug: String = slug(name).chars().take(HANDLE_MAX_CHARS).collect();
                if slug.is_empty() {
                    faults
                        .push_at("name", "has no letter or digit to make an e-mail from; give an e-mail too");
                }
                Some(format!("{slug}@{SERVICE_ACCOUNT_DOMAIN}"))
            }
            _ => self.email.required("email", "an e-mail address", &mut faults),
        };
        let email = email.and_then(|text| faults.at("email", |faults| parse_email(text, faults)));
        let password = self.password.optional("password", A_STRING, &mut faults);
        if let Some(password) = &password {
            faults.at("password", |faults| match kind {
                UserKind::Person => check_password(password, faults),
                UserKind::ServiceAccount => faults.push("a service account has keys, and no password"),
            });
        }
        match (email, role) {
            (Some(email), Some(role)) if faults.is_empty() => {
                Ok(NewMember { email, name, kind, role, password })
            }
            _ => Err(ApiError::Invalid(faults.into_vec())),
        }
    }
}

/// Add a member to the project
///
/// Somebody the installation does not know is made. Nobody can be given more than the caller may do, and only who
/// may do without approvals adds somebody who may change flags, because they may approve, too.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    operation_id = "add_user",
    tag = "Access",
    request_body = NewUser,
    responses(
        (status = 201, description = "The member", body = AddedUser),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn add_user(
    State(app): State<AppState>,
    caller: Allowed<WriteUsers>,
    JsonBody(wanted): JsonBody<NewUser>,
) -> Result<(StatusCode, axum::Json<AddedUser>), ApiError> {
    let (member, initial_password) = commands::add_member(&app, &caller.principal, wanted.read()?).await?;
    Ok((StatusCode::CREATED, axum::Json(AddedUser { user: UserOut::of(&member), initial_password })))
}
