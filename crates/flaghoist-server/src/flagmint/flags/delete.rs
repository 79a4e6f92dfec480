//! `DELETE /projects/{project_id}/flags/{flag_id}`

use super::resource::FlagOut;
use crate::ApiError;
use crate::access::{Allowed, WriteFlags};
use crate::app::AppState;
use crate::commands::{self, Intent};
use crate::decode::PathOf;
use crate::flagmint::envelope::{Enveloped, InPath};
use crate::flagmint::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use axum::extract::State;
use flaghoist_model::history::Action;

/// Delete a flag
///
/// The flag is archived: readers do not see it any more, its key stays taken, and `PUT` with `archived_at` null brings
/// it back.
#[utoipa::path(
    delete,
    path = "/projects/{project_id}/flags/{flag_id}",
    operation_id = "flagmint_delete_flag",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The archived flag", body = Enveloped<FlagOut>),
        (status = 202, description = "The flag as it is: its removal waits for an approval", body = Enveloped<FlagOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn delete_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    PathOf(place): InPath,
) -> Result<Enveloped<FlagOut>, ApiError> {
    let intent = Intent::to(Action::FlagArchived);
    let outcome = commands::change_flag(&app, &caller.principal, place.flag_id()?, intent, |change| {
        Ok(change.view.flag.archive(change.principal, change.now))
    });
    let outcome = outcome.await?;
    let suggestion = outcome.suggestion.map(|suggestion| suggestion.id);
    Ok(Enveloped::ok(FlagOut::of(&outcome.view)).unless_suggested(suggestion))
}
