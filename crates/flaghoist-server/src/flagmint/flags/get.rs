//! `GET /projects/{project_id}/flags/{flag_id}`

use super::resource::FlagOut;
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::decode::PathOf;
use crate::flagmint::envelope::{Enveloped, InPath};
use crate::flagmint::{FlagmintErrors, FlagmintPathErrors};
use axum::extract::State;

/// Get a flag
#[utoipa::path(
    get,
    path = "/projects/{project_id}/flags/{flag_id}",
    operation_id = "flagmint_get_flag",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The flag", body = Enveloped<FlagOut>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn get_flag(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(place): InPath,
) -> Result<Enveloped<FlagOut>, ApiError> {
    let view = commands::view_flag(&app, &caller.principal, place.flag_id()?).await?;
    Ok(Enveloped::ok(FlagOut::of(&view)))
}
