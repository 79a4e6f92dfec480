//! `GET /api/v1/flags/tags`

use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::native::ProblemErrors;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The tags of a project.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlagTags {
    /// In the order of their names.
    data: Vec<FlagTag>,
}

/// A tag.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlagTag {
    /// The tag.
    #[schema(example = "team-checkout")]
    tag: String,
    /// How many flags have it that are not archived.
    #[schema(example = 3)]
    flag_count: i64,
}

/// List the tags that flags have
///
/// Tags that only archived flags have are there too, with 0.
#[utoipa::path(
    get,
    path = "/api/v1/flags/tags",
    operation_id = "list_flag_tags",
    tag = "Feature flags",
    responses((status = 200, description = "The tags", body = FlagTags), ProblemErrors)
)]
pub(crate) async fn list_flag_tags(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
) -> Result<axum::Json<FlagTags>, ApiError> {
    let tags = commands::view_flag_tags(&app, &caller.principal).await?.into_iter();
    Ok(axum::Json(FlagTags {
        data: tags.map(|one| FlagTag { tag: one.tag, flag_count: one.flag_count }).collect(),
    }))
}
