//! `PUT /api/v1/me/password`

use crate::ApiError;
use crate::access::{Allowed, AnyMember};
use crate::app::AppState;
use crate::commands;
use crate::decode::{A_STRING, JsonBody, Member};
use crate::limits::ClientAddress;
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::user::check_password;
use serde::Deserialize;
use utoipa::ToSchema;

/// The present and the new password.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct PasswordIn {
    /// The password now.
    #[serde(default)]
    #[schema(value_type = String, required)]
    current_password: Member<String>,
    /// The password from now on, at least 12 characters.
    #[serde(default)]
    #[schema(value_type = String, required)]
    new_password: Member<String>,
}

/// Change one's own password
///
/// All log-ins of the caller end.
#[utoipa::path(
    put,
    path = "/api/v1/me/password",
    operation_id = "change_password",
    tag = "Access",
    request_body = PasswordIn,
    responses((status = 204, description = "It is changed"), ProblemErrors, ProblemBodyErrors)
)]
pub(crate) async fn change_password(
    State(app): State<AppState>,
    caller: Allowed<AnyMember>,
    address: ClientAddress,
    JsonBody(wanted): JsonBody<PasswordIn>,
) -> Result<StatusCode, ApiError> {
    let mut faults = Faults::new();
    let current = wanted.current_password.required("current_password", A_STRING, &mut faults);
    let new = wanted.new_password.required("new_password", A_STRING, &mut faults);
    if let Some(new) = &new {
        faults.at("new_password", |faults| check_password(new, faults));
    }
    let (Some(current), Some(new), true) = (current, new, faults.is_empty()) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    commands::change_own_password(&app, &caller.principal, address, current, new).await?;
    Ok(StatusCode::NO_CONTENT)
}
