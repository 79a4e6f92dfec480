//! `GET /api/v1/saved-filters/{saved_filter_id}/flags`

use super::ProblemErrors;
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use axum::extract::State;
use flaghoist_model::suggestion::entry_needs_approval;
use serde::Serialize;
use utoipa::ToSchema;

/// Where a saved filter is used.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedFilterUsesOut {
    /// The filter.
    #[schema(format = Uuid)]
    saved_filter_id: String,
    /// Each flag in each environment that uses it.
    uses: Vec<SavedFilterUseOut>,
}

/// That allocations of a flag in an environment name a saved filter.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedFilterUseOut {
    #[schema(format = Uuid)]
    flag_id: String,
    flag_key: String,
    #[schema(format = Uuid)]
    environment_id: String,
    environment_key: String,
    /// The allocations.
    allocation_keys: Vec<String>,
    /// Whether a change of the filter needs an approval because of it.
    needs_approval: bool,
}

/// List the flags that use a saved filter
#[utoipa::path(
    get,
    path = "/api/v1/saved-filters/{saved_filter_id}/flags",
    operation_id = "list_saved_filter_uses",
    tag = "Saved filters",
    params(("saved_filter_id" = String, Path, description = "The saved filter's id", format = Uuid)),
    responses((status = 200, description = "Where it is used", body = SavedFilterUsesOut), ProblemErrors)
)]
pub(crate) async fn list_saved_filter_uses(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<SavedFilterUsesOut>, ApiError> {
    let id = path_id(&id, "saved filter")?;
    let (filter, uses) = commands::view_saved_filter(&app, &caller.principal, id).await?;
    let uses = uses.entries().map(|(view, environment, entry)| SavedFilterUseOut {
        flag_id: view.flag.id.to_string(),
        flag_key: view.flag.key.clone(),
        environment_id: environment.id.to_string(),
        environment_key: environment.key.clone(),
        allocation_keys: entry
            .allocations
            .iter()
            .filter(|allocation| allocation.saved_filter_ids().any(|used| used == filter.id))
            .map(|allocation| allocation.key.clone())
            .collect(),
        needs_approval: entry_needs_approval(&view.flag, environment),
    });
    Ok(axum::Json(SavedFilterUsesOut { saved_filter_id: filter.id.to_string(), uses: uses.collect() }))
}
