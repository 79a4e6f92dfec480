//! `GET /api/v1/history`, `/api/v1/flags/{flag_id}/history` and `/api/v1/environments/{environment_id}/history`

use super::resource::{HistoryOut, history_out};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::Filters;
use crate::decode::{self, PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::history::Aggregate;
use flaghoist_store::HistoryFilter;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Entries of a page when the client does not say.
const LIMIT_DEFAULT: i64 = 50;
/// Most entries of a page.
const LIMIT_MAX: i64 = 500;

/// Which entries.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct HistoryFilters {
    flag_id: Option<String>,
    environment_id: Option<String>,
    user_id: Option<String>,
    aggregate: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
    whole: Option<String>,
}

/// A page of the history.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryPage {
    /// The entries, newest first.
    data: Vec<HistoryOut>,
    /// Give it as `cursor` for the next page; null when there is none.
    next_cursor: Option<String>,
}

/// List what happened
///
/// Newest first. Changes of keys and members are shown to those who may see members, changes of webhooks to those who
/// may see webhooks.
#[utoipa::path(
    get,
    path = "/api/v1/history",
    operation_id = "list_history",
    tag = "History",
    params(
        ("flag_id" = Option<String>, Query, description = "Only of this flag", format = Uuid),
        ("environment_id" = Option<String>, Query, description = "Only in this environment", format = Uuid),
        ("user_id" = Option<String>, Query, description = "Only by this user", format = Uuid),
        ("aggregate" = Option<String>, Query, description = "Only of this kind of thing, such as `flag_environment`; several with commas"),
        ("since" = Option<String>, Query, description = "Not before this moment", format = DateTime),
        ("until" = Option<String>, Query, description = "Before this moment", format = DateTime),
        ("whole" = Option<bool>, Query, description = "With all of `before` and `after`"),
        ("limit" = Option<i64>, Query, description = "Entries of the page, 1 to 500; 50 when absent"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before"),
    ),
    responses((status = 200, description = "The entries", body = HistoryPage), ProblemErrors)
)]
pub(crate) async fn list_history(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    Filters(filters): Filters<HistoryFilters>,
) -> Result<axum::Json<HistoryPage>, ApiError> {
    list(&app, &caller, filters).await
}

/// List what happened to a flag
#[utoipa::path(
    get,
    path = "/api/v1/flags/{flag_id}/history",
    operation_id = "list_flag_history",
    tag = "History",
    params(
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("limit" = Option<i64>, Query, description = "Entries of the page, 1 to 500; 50 when absent"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before"),
    ),
    responses((status = 200, description = "The entries", body = HistoryPage), ProblemErrors)
)]
pub(crate) async fn list_flag_history(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(id): PathOf<String>,
    Filters(filters): Filters<HistoryFilters>,
) -> Result<axum::Json<HistoryPage>, ApiError> {
    commands::view_flag(&app, &caller.principal, path_id(&id, "flag")?).await?;
    list(&app, &caller, HistoryFilters { flag_id: Some(id), ..filters }).await
}

/// List what happened in an environment
///
/// Also works for one that was deleted, with its id.
#[utoipa::path(
    get,
    path = "/api/v1/environments/{environment_id}/history",
    operation_id = "list_environment_history",
    tag = "History",
    params(
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("limit" = Option<i64>, Query, description = "Entries of the page, 1 to 500; 50 when absent"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before"),
    ),
    responses((status = 200, description = "The entries", body = HistoryPage), ProblemErrors)
)]
pub(crate) async fn list_environment_history(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(id): PathOf<String>,
    Filters(filters): Filters<HistoryFilters>,
) -> Result<axum::Json<HistoryPage>, ApiError> {
    path_id::<flaghoist_model::id::EnvironmentId>(&id, "environment")?;
    list(&app, &caller, HistoryFilters { environment_id: Some(id), ..filters }).await
}

async fn list(
    app: &AppState,
    caller: &Allowed<ReadFlags>,
    filters: HistoryFilters,
) -> Result<axum::Json<HistoryPage>, ApiError> {
    let mut faults = Faults::under("/query");
    let moment = |text: &str| text.parse::<Timestamp>().ok();
    let accepted = "the forms of an RFC 3339 time such as 2026-11-20T10:00:00Z";
    let aggregates = filters.aggregate.map(|names| {
        let names = names.split(',').map(str::trim);
        let known = Aggregate::ALL.map(Aggregate::as_str).join(", ");
        names
            .filter_map(|name| {
                decode::one_of(Some(name.to_owned()), "aggregate", Aggregate::from_name, &known, &mut faults)
            })
            .collect()
    });
    let limit =
        decode::whole_number(filters.limit, "limit", 1..=LIMIT_MAX, &mut faults).unwrap_or(LIMIT_DEFAULT);
    let is_whole =
        decode::one_of(filters.whole, "whole", |text| text.parse().ok(), decode::A_BOOLEAN, &mut faults);
    let filter = HistoryFilter {
        flag_id: decode::id(filters.flag_id, "flag_id", &mut faults),
        environment_id: decode::id(filters.environment_id, "environment_id", &mut faults),
        user_id: decode::id(filters.user_id, "user_id", &mut faults),
        aggregates,
        since: decode::one_of(filters.since, "since", moment, accepted, &mut faults),
        until: decode::one_of(filters.until, "until", moment, accepted, &mut faults),
        is_of_edits: false,
        before_revision: decode::whole_number(filters.cursor, "cursor", 0..=i64::MAX, &mut faults),
    };
    faults.check()?;
    let view = commands::view_history(app, &caller.principal, filter, limit).await?;
    let is_full = i64::try_from(view.entries.len()).is_ok_and(|count| count == limit);
    let next_cursor = view.entries.last().filter(|_| is_full).map(|entry| entry.revision.to_string());
    let data =
        view.entries.iter().map(|entry| history_out(&view, entry, is_whole.unwrap_or(false))).collect();
    Ok(axum::Json(HistoryPage { data, next_cursor }))
}
