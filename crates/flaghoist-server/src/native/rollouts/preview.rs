//! `POST /api/v1/rollouts/preview`

use super::resource::{TimelineEntryOut, timeline_out};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::datadog::allocations::ExposureScheduleIn;
use crate::decode::{JsonBody, Member, Object, moment};
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::schedule::Schedule;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A schedule to look at.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"exposure_schedule": {"rollout_options": {"strategy": "UNIFORM_INTERVALS", "selection_interval_ms": 60_000}, "rollout_steps": [{"exposure_ratio": 0.1, "grouped_step_index": 0, "is_pause_record": false}, {"exposure_ratio": 1, "grouped_step_index": 1, "is_pause_record": false}]}}))]
pub(crate) struct PreviewIn {
    /// As in an allocation.
    #[serde(default)]
    #[schema(value_type = ExposureScheduleIn, required)]
    exposure_schedule: Member<Object<ExposureScheduleIn>>,
    /// When it would be started: its `absolute_start_time` or now when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    start: Member<String>,
}

/// What a schedule would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct Preview {
    /// Each step in time.
    timeline: Vec<TimelineEntryOut>,
    /// Whether it comes to its end without anybody resuming it.
    runs_by_itself: bool,
    /// When its last step is entered.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
}

/// Preview a rollout
///
/// What an exposure schedule would do if it were started: step, time and share. Nothing is saved.
#[utoipa::path(
    post,
    path = "/api/v1/rollouts/preview",
    operation_id = "preview_rollout",
    tag = "Rollouts",
    request_body = PreviewIn,
    responses((status = 200, description = "What it would do", body = Preview), ProblemErrors, ProblemBodyErrors)
)]
pub(crate) async fn preview_rollout(
    State(app): State<AppState>,
    _caller: Allowed<ReadFlags>,
    JsonBody(body): JsonBody<PreviewIn>,
) -> Result<axum::Json<Preview>, ApiError> {
    let mut faults = Faults::new();
    let now = app.clock.now();
    let start = body.start.optional("start", crate::decode::A_MOMENT, &mut faults);
    let start = moment(start, "start", &mut faults);
    let wanted = body.exposure_schedule.required("exposure_schedule", "an exposure schedule", &mut faults);
    let schedule = wanted.and_then(|Object(wanted)| {
        faults.at("exposure_schedule", |faults| {
            let draft = wanted.into_draft(faults);
            Schedule::of_no_flag(draft, now, app.ids.as_ref(), faults)
        })
    });
    faults.check()?;
    let schedule = schedule.ok_or_else(|| ApiError::internal("a schedule without a fault is none"))?;
    let start = start.or(schedule.absolute_start_time).unwrap_or(now);
    let timeline = schedule.timeline(start);
    Ok(axum::Json(Preview {
        runs_by_itself: timeline.runs_by_itself(),
        ends_at: timeline.entries.last().map(|entry| entry.at.to_string()),
        timeline: timeline_out(&timeline),
    }))
}
