//! `GET /api/v2/feature-flags/saved-filters`

use super::{SavedFilterAttributes, resource};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::{Answer, Filters, Paging};
use crate::datadog::{Errors, Resource};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::saved_filter::SavedFilter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which saved filters a list shows.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SavedFilterFilters {
    search: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

/// Saved filters.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedFilterList {
    /// The filters, oldest first.
    data: Vec<Resource<SavedFilterAttributes>>,
    /// About the list.
    meta: SavedFilterListMeta,
}

/// About a list of saved filters.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedFilterListMeta {
    /// How many the search finds.
    total: usize,
}

/// List saved filters
///
/// `include_archived` is taken and changes nothing: saved filters are removed, not archived.
#[utoipa::path(
    get,
    path = "/api/v2/feature-flags/saved-filters",
    operation_id = "list_saved_filters",
    tag = "Saved filters",
    params(
        ("search" = Option<String>, Query, description = "Part of the name, in any case"),
        ("limit" = Option<i64>, Query, description = "Most entries to answer; 100 when absent", minimum = 1, maximum = 1000),
        ("offset" = Option<i64>, Query, description = "Entries to skip", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of saved filters", body = SavedFilterList, content_type = "application/vnd.api+json"),
        Errors,
    )
)]
pub(crate) async fn list_saved_filters(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    Filters(filters): Filters<SavedFilterFilters>,
) -> Result<Answer<SavedFilterList>, ApiError> {
    let mut faults = Faults::under("/query");
    let (limit, offset) = filters.paging.read(&mut faults);
    faults.check()?;
    let search = filters.search.unwrap_or_default().to_lowercase();
    let mut found = commands::view_saved_filters(&app, &caller.principal).await?;
    found.retain(|filter: &SavedFilter| filter.name.to_lowercase().contains(&search));
    let meta = SavedFilterListMeta { total: found.len() };
    let first = usize::try_from(offset).unwrap_or_default().min(found.len());
    let end = found.len().min(first.saturating_add(usize::try_from(limit).unwrap_or_default()));
    let data = found[first..end].iter().map(resource).collect();
    Ok(Answer(StatusCode::OK, SavedFilterList { data, meta }))
}
