//! `GET /api/v2/feature-flags`

use super::resource::{FlagListAttributes, listed};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::{Answer, Filters, Paging};
use crate::datadog::{Errors, List, Meta, Page, Resource};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_store::FlagFilter;
use serde::Deserialize;

/// Which flags a list shows.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct FlagFilters {
    key: Option<String>,
    is_archived: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

/// List feature flags
///
/// Newest first. Rules are left out: get a single flag to see them.
#[utoipa::path(
    get,
    path = "/api/v2/feature-flags",
    operation_id = "list_feature_flags",
    tag = "Feature flags",
    params(
        ("key" = Option<String>, Query, description = "Part of the key"),
        ("is_archived" = Option<bool>, Query, description = "Only archived flags, or only others; both when absent"),
        ("limit" = Option<i64>, Query, description = "Most entries to answer; 100 when absent", minimum = 1, maximum = 1000),
        ("offset" = Option<i64>, Query, description = "Entries to skip", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of flags", body = List<Resource<FlagListAttributes>>, content_type = "application/vnd.api+json"),
        Errors,
    )
)]
pub(crate) async fn list_feature_flags(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    Filters(filters): Filters<FlagFilters>,
) -> Result<Answer<List<Resource<FlagListAttributes>>>, ApiError> {
    let mut faults = Faults::under("/query");
    let (limit, offset) = filters.paging.read(&mut faults);
    let is_archived = filters.is_archived.and_then(|text| match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => {
            faults.push_at("is_archived", format!("{text:?} does not do; give true or false"));
            None
        }
    });
    faults.check()?;
    let filter = FlagFilter { key: filters.key, is_archived };
    let mut reader = app.store.read().await?;
    let page = reader.flag_page(caller.principal.project_id, &filter, limit, offset).await?;
    let views = commands::view_flags(reader.as_mut(), &caller.principal, page.flags).await?;
    let meta = Page { total_count: page.total_count, total_filtered_count: page.filtered_count };
    Ok(Answer(StatusCode::OK, List { data: views.iter().map(listed).collect(), meta: Meta { page: meta } }))
}
