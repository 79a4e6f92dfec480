//! `/auth`: log-ins that give a bearer token.

use super::envelope::Enveloped;
use super::{FlagmintErrors, FlagmintWriteErrors};
use crate::ApiError;
use crate::access::{Allowed, AnyMember};
use crate::app::AppState;
use crate::commands;
use crate::decode::{A_STRING, JsonBody, Member};
use crate::limits::ClientAddress;
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::access::{BuiltInRole, RoleRef};
use flaghoist_model::user::{Session, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who logs in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = FlagmintCredentials)]
pub(crate) struct Credentials {
    #[serde(default)]
    #[schema(value_type = String, required, example = "admin@localhost")]
    email: Member<String>,
    #[serde(default)]
    #[schema(value_type = String, required)]
    password: Member<String>,
}

/// A log-in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintLogIn)]
pub(crate) struct LogIn {
    /// Send it as `Authorization: Bearer`.
    #[schema(example = "fhs_…")]
    token: String,
    /// The same.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Until when it is taken.
    #[schema(format = DateTime)]
    expires_at: String,
    user: UserOut,
}

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintUserOut)]
pub(crate) struct UserOut {
    #[schema(format = Uuid)]
    id: String,
    email: String,
    name: String,
    /// `admin`, `editor` or `viewer`, or the id of a role of the project's own; absent right after the log-in, which is
    /// for all projects of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "editor")]
    role: Option<String>,
}

impl UserOut {
    fn of(user: &User, role: Option<String>) -> Self {
        Self { id: user.id.to_string(), email: user.email.clone(), name: user.name.clone(), role }
    }
}

fn token(user: &User, session: &Session, secret: String) -> LogIn {
    LogIn {
        token: secret.clone(),
        access_token: secret,
        token_type: "Bearer",
        expires_at: session.expires_at.to_string(),
        user: UserOut::of(user, None),
    }
}

/// Log in
///
/// The token is good for 12 hours, in every project that the user belongs to.
#[utoipa::path(
    post,
    path = "/auth/login",
    operation_id = "flagmint_log_in",
    tag = "Flagmint",
    request_body = Credentials,
    security(()),
    responses(
        (status = 200, description = "The token", body = Enveloped<LogIn>),
        FlagmintErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn log_in(
    State(app): State<AppState>,
    address: ClientAddress,
    JsonBody(wanted): JsonBody<Credentials>,
) -> Result<Enveloped<LogIn>, ApiError> {
    let mut faults = Faults::new();
    let email = wanted.email.required("email", A_STRING, &mut faults);
    let password = wanted.password.required("password", A_STRING, &mut faults);
    let (Some(email), Some(password), true) = (email, password, faults.is_empty()) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    let (user, session, secret) = commands::log_in(&app, address, &email, password).await?;
    Ok(Enveloped::ok(token(&user, &session, secret)))
}

/// Register
///
/// Nobody registers themself: an administrator adds users. Always 403.
#[utoipa::path(
    post,
    path = "/auth/register",
    operation_id = "flagmint_register",
    tag = "Flagmint",
    security(()),
    responses(FlagmintErrors)
)]
pub(crate) async fn register() -> Result<(), ApiError> {
    Err(ApiError::Refused("nobody registers themself here; ask an administrator to add you".to_owned()))
}

/// Get another token
///
/// For the token that the request comes with, which is not taken any more.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    operation_id = "flagmint_refresh",
    tag = "Flagmint",
    responses(
        (status = 200, description = "The token", body = Enveloped<LogIn>),
        FlagmintErrors,
    )
)]
pub(crate) async fn refresh(
    State(app): State<AppState>,
    caller: Allowed<AnyMember>,
) -> Result<Enveloped<LogIn>, ApiError> {
    let (user, session, secret) = commands::renew_log_in(&app, &caller.principal).await?;
    Ok(Enveloped::ok(token(&user, &session, secret)))
}

/// Get the user that the request comes from
#[utoipa::path(
    get,
    path = "/auth/me",
    operation_id = "flagmint_get_me",
    tag = "Flagmint",
    responses(
        (status = 200, description = "The user", body = Enveloped<UserOut>),
        FlagmintErrors,
    )
)]
pub(crate) async fn get_me(
    State(app): State<AppState>,
    caller: Allowed<AnyMember>,
) -> Result<Enveloped<UserOut>, ApiError> {
    let user = app.store.read().await?.find_user(caller.principal.user_id).await?;
    let user = user.ok_or_else(|| ApiError::NotFound("User not found".to_owned()))?;
    let role = match caller.principal.role {
        RoleRef::BuiltIn(BuiltInRole::Admin) => "admin".to_owned(),
        RoleRef::BuiltIn(BuiltInRole::Editor) => "editor".to_owned(),
        RoleRef::BuiltIn(BuiltInRole::Viewer) => "viewer".to_owned(),
        RoleRef::Custom(id) => id.to_string(),
    };
    Ok(Enveloped::ok(UserOut::of(&user, Some(role))))
}
