//! `GET /api/v2/feature-flags/suggestions`

use super::resource::{SuggestionOut, viewed};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::{Answer, Filters};
use crate::datadog::{Errors, Resource};
use crate::decode::{self};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_store::SuggestionFilter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Suggestions of a page when the client does not say.
const LIMIT_DEFAULT: i64 = 50;
/// Most suggestions of a page.
const LIMIT_MAX: i64 = 200;

/// Which suggestions.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SuggestionFilters {
    feature_flag_id: Option<String>,
    environment_id: Option<String>,
    is_open: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// A page of suggestions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuggestionList {
    /// The suggestions, the last changed first.
    data: Vec<Resource<SuggestionOut>>,
    /// About the page.
    meta: SuggestionListMeta,
}

/// About a page of suggestions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuggestionListMeta {
    /// Give it as `cursor` for the next page; null when there is none.
    next_cursor: Option<String>,
}

/// List suggestions
///
/// The last changed first.
#[utoipa::path(
    get,
    path = "/api/v2/feature-flags/suggestions",
    operation_id = "list_suggestions",
    tag = "Suggestions",
    params(
        ("feature_flag_id" = Option<String>, Query, description = "Only of this flag", format = Uuid),
        ("environment_id" = Option<String>, Query, description = "Only in this environment", format = Uuid),
        ("is_open" = Option<bool>, Query, description = "Only those that may still be decided, or only the others"),
        ("limit" = Option<i64>, Query, description = "Suggestions of the page, 1 to 200; 50 when absent"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "The suggestions", body = SuggestionList, content_type = "application/vnd.api+json"),
        Errors,
    )
)]
pub(crate) async fn list_suggestions(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    Filters(filters): Filters<SuggestionFilters>,
) -> Result<Answer<SuggestionList>, ApiError> {
    let mut faults = Faults::under("/query");
    let booleans = |text: &str| text.parse().ok();
    let limit =
        decode::whole_number(filters.limit, "limit", 1..=LIMIT_MAX, &mut faults).unwrap_or(LIMIT_DEFAULT);
    let filter = SuggestionFilter {
        flag_id: decode::id(filters.feature_flag_id, "feature_flag_id", &mut faults),
        environment_id: decode::id(filters.environment_id, "environment_id", &mut faults),
        is_open: decode::one_of(filters.is_open, "is_open", booleans, decode::A_BOOLEAN, &mut faults),
        before_revision: decode::whole_number(filters.cursor, "cursor", 0..=i64::MAX, &mut faults),
    };
    faults.check()?;
    let views = commands::view_suggestions(&app, &caller.principal, &filter, limit).await?;
    let is_full = i64::try_from(views.len()).is_ok_and(|count| count == limit);
    let next_cursor = views.last().filter(|_| is_full).map(|view| view.suggestion.revision.to_string());
    let data = views.iter().map(viewed).collect();
    Ok(Answer(StatusCode::OK, SuggestionList { data, meta: SuggestionListMeta { next_cursor } }))
}
