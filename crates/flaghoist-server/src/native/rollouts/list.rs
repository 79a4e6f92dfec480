//! `GET /api/v1/rollouts`

use super::resource::{RolloutOut, rollout_out};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::Filters;
use crate::decode;
use crate::native::ProblemErrors;
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::schedule::ScheduleStatus;
use flaghoist_store::RolloutFilter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Rollouts of a page when the client does not say.
const LIMIT_DEFAULT: i64 = 50;
/// Most rollouts of a page.
const LIMIT_MAX: i64 = 500;

/// Which rollouts.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RolloutFilters {
    flag_id: Option<String>,
    environment_id: Option<String>,
    status: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// A page of rollouts.
#[derive(Serialize, ToSchema)]
pub(crate) struct RolloutPage {
    /// The newest first.
    data: Vec<RolloutOut>,
    /// Give it as `cursor` for the next page; null when there is none.
    next_cursor: Option<String>,
}

/// List rollouts
///
/// Where each stands, when it moves next, and how it moved last. Plain gates are no rollouts, but while they wait for
/// their start time.
#[utoipa::path(
    get,
    path = "/api/v1/rollouts",
    operation_id = "list_rollouts",
    tag = "Rollouts",
    params(
        ("flag_id" = Option<String>, Query, description = "Only of this flag", format = Uuid),
        ("environment_id" = Option<String>, Query, description = "Only in this environment", format = Uuid),
        ("status" = Option<String>, Query, description = "Only those that stand so, such as `RUNNING`"),
        ("limit" = Option<i64>, Query, description = "Rollouts of the page, 1 to 500; 50 when absent"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before", format = Uuid),
    ),
    responses((status = 200, description = "The rollouts", body = RolloutPage), ProblemErrors)
)]
pub(crate) async fn list_rollouts(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    Filters(filters): Filters<RolloutFilters>,
) -> Result<axum::Json<RolloutPage>, ApiError> {
    let mut faults = Faults::under("/query");
    let names: Vec<&str> = ScheduleStatus::ALL.iter().copied().map(ScheduleStatus::as_str).collect();
    let filter = RolloutFilter {
        flag_id: decode::id(filters.flag_id, "flag_id", &mut faults),
        environment_id: decode::id(filters.environment_id, "environment_id", &mut faults),
        status: decode::one_of(
            filters.status,
            "status",
            ScheduleStatus::from_name,
            &names.join(", "),
            &mut faults,
        ),
        before: decode::id(filters.cursor, "cursor", &mut faults),
    };
    let limit = decode::whole_number(filters.limit, "limit", 1..=LIMIT_MAX, &mut faults);
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    faults.check()?;
    let rollouts = commands::view_rollouts(&app, &caller.principal, &filter, limit).await?;
    let is_full = i64::try_from(rollouts.len()).is_ok_and(|count| count == limit);
    let last = rollouts.last().filter(|_| is_full);
    Ok(axum::Json(RolloutPage {
        next_cursor: last.map(|rollout| rollout.place.schedule_id.to_string()),
        data: rollouts.iter().map(rollout_out).collect::<Result<_, _>>()?,
    }))
}
