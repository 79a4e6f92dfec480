//! `DELETE /api/v2/feature-flags/{feature_flag_id}/variants/{variant_id}`

use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::datadog::{Errors, PathErrors, WriteErrors};
use crate::decode::{PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Rejection;
use flaghoist_model::history::Action;

/// Delete a variant
///
/// A variant that an environment serves, or may serve, stays: 409.
#[utoipa::path(
    delete,
    path = "/api/v2/feature-flags/{feature_flag_id}/variants/{variant_id}",
    operation_id = "delete_variant",
    tag = "Variants",
    params(
        ("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("variant_id" = String, Path, description = "The variant's id", format = Uuid),
    ),
    responses((status = 204, description = "Deleted"), Errors, PathErrors, WriteErrors)
)]
pub(crate) async fn delete_variant(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf((flag_id, variant_id)): PathOf<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let flag_id = path_id(&flag_id, "feature flag")?;
    let variant_id = path_id(&variant_id, "variant")?;
    commands::change_flag(&app, &caller.principal, flag_id, Action::VariantDeleted, |change| {
        let serving = change.view.environments.iter().find(|(_, entry)| entry.refers_to(variant_id));
        if let Some((environment, _)) = serving {
            return Err(Rejection::conflict(
                "",
                format!(
                    "the variant is the default, override or off variant of environment {:?}, or an allocation there refers to it",
                    environment.name
                ),
            ));
        }
        change.view.flag.remove_variant(variant_id, change.principal, change.now)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
