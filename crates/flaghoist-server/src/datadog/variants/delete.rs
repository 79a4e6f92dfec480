//! `DELETE /api/v2/feature-flags/{feature_flag_id}/variants/{variant_id}`

use super::resource::SuggestedVariant;
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, Intent};
use crate::datadog::envelope::Answer;
use crate::datadog::{Errors, MatchErrors, PathErrors, WriteErrors};
use crate::decode::{PathOf, path_id};
use crate::if_match::{IfMatch, etag};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
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
        ("If-Match" = Option<String>, Header, description = "ETags of the flag's definition that it is for, or `*`; 412 when it is another now"),
    ),
    responses(
        (status = 204, description = "Deleted", headers(("ETag" = String, description = "The flag's own definition now"))),
        (status = 201, description = "The change needs an approval: the variant as it is, with the suggestion in `data`", body = SuggestedVariant, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The flag's own definition now"))),
        Errors, PathErrors, WriteErrors, MatchErrors,
    )
)]
pub(crate) async fn delete_variant(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf((flag_id, variant_id)): PathOf<(String, String)>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let flag_id = path_id(&flag_id, "feature flag")?;
    let variant_id = path_id(&variant_id, "variant")?;
    let intent = Intent::to(Action::VariantDeleted).of_variant(variant_id).matching(if_match);
    let outcome = commands::change_flag(&app, &caller.principal, flag_id, intent, |change| {
        change.view.check_unused(variant_id)?;
        change.view.flag.remove_variant(variant_id, change.principal, change.now)
    })
    .await?;
    let etag = etag(&outcome.hash());
    match outcome.suggestion {
        None => Ok((StatusCode::NO_CONTENT, etag).into_response()),
        Some(suggestion) => {
            let body = SuggestedVariant::of(&outcome.view.flag, variant_id, &suggestion)?;
            Ok((etag, Answer(StatusCode::CREATED, body)).into_response())
        }
    }
}
