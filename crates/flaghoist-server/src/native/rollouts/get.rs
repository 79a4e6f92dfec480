//! `GET /api/v1/rollouts/{exposure_schedule_id}`

use super::resource::{
    RolloutOut, TimelineEntryOut, TransitionOut, rollout_out, timeline_out, transition_out,
};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;
use flaghoist_model::schedule::{Schedule, ScheduleStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// Most transitions that are shown.
const TRANSITIONS_MAX: i64 = 1_000;

/// A rollout with everything about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct RolloutDetails {
    #[serde(flatten)]
    rollout: RolloutOut,
    /// How it moved, the last first; the last thousand.
    transitions: Vec<TransitionOut>,
    /// The steps ahead with the one it is at, while a run is on. Before: all steps, from its start time or as if it were
    /// started now. Afterwards none.
    timeline: Vec<TimelineEntryOut>,
}

/// Get a rollout
///
/// Where it is, how it came there and what it will do.
#[utoipa::path(
    get,
    path = "/api/v1/rollouts/{exposure_schedule_id}",
    operation_id = "get_rollout",
    tag = "Rollouts",
    params(("exposure_schedule_id" = String, Path, description = "The schedule's id", format = Uuid)),
    responses((status = 200, description = "The rollout", body = RolloutDetails), ProblemErrors)
)]
pub(crate) async fn get_rollout(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<RolloutDetails>, ApiError> {
    let id = path_id(&id, "exposure schedule")?;
    let (view, transitions) = commands::view_rollout(&app, &caller.principal, id, TRANSITIONS_MAX).await?;
    let rollout = rollout_out(&view)?;
    let (_, entry) = view.flag.entry(view.place.environment_id)?;
    let is_ahead = |schedule: &Schedule| schedule.progress.status != ScheduleStatus::Completed;
    let schedule = entry.schedule(id).map(|(_, schedule)| schedule).filter(|schedule| is_ahead(schedule));
    let now = app.clock.now();
    let timeline = schedule.map(|schedule| {
        // A start time is the start; what a run that is on waits for is not.
        let start = schedule.due_at().filter(|_| !schedule.is_on()).map_or(now, |due_at| due_at.max(now));
        schedule.timeline(start)
    });
    Ok(axum::Json(RolloutDetails {
        rollout,
        transitions: transitions.iter().map(transition_out).collect(),
        timeline: timeline.as_ref().map(timeline_out).unwrap_or_default(),
    }))
}
