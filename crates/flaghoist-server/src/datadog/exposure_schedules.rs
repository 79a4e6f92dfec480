//! `POST /api/v2/feature-flags/exposure-schedules/{exposure_schedule_id}/start`, `/pause`, `/resume` and `/stop`
//! (operations 19 to 22)

use super::allocations::{ExposureScheduleOut, schedule_out};
use super::envelope::Answer;
use super::{ConflictErrors, Document, Errors, Filters, PathErrors, Resource};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::decode::{self, PathOf, not_found, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::schedule::Command;
use serde::Deserialize;

/// The type of the resource.
const KIND: &str = "allocation_exposure_schedules";

type ScheduleAnswer = Answer<Document<Resource<ExposureScheduleOut>>>;

/// How a rollout is started.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct StartOptions {
    reshuffle: Option<String>,
}

/// Start a rollout
///
/// Begins a run with the first step: of a schedule that was never started, waits for its start time, or was stopped.
/// The subjects that were first in an earlier run are first again, unless `reshuffle` says otherwise. The flag has to be
/// enabled in the environment.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/exposure-schedules/{exposure_schedule_id}/start",
    operation_id = "start_exposure_schedule",
    tag = "Exposure schedules",
    params(
        ("exposure_schedule_id" = String, Path, description = "The schedule's id", format = Uuid),
        ("reshuffle" = Option<bool>, Query, description = "Whether other subjects are the first than in the run that was stopped. An extension of ours"),
    ),
    responses(
        (status = 200, description = "The schedule", body = Document<Resource<ExposureScheduleOut>>, content_type = "application/vnd.api+json"),
        (status = 202, description = "The start needs an approval: the schedule as it is", body = Document<Resource<ExposureScheduleOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, ConflictErrors,
    )
)]
pub(crate) async fn start_exposure_schedule(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    Filters(options): Filters<StartOptions>,
) -> Result<ScheduleAnswer, ApiError> {
    let mut faults = Faults::under("/query");
    let parse = |text: &str| text.parse().ok();
    let reshuffle = decode::one_of(options.reshuffle, "reshuffle", parse, decode::A_BOOLEAN, &mut faults);
    faults.check()?;
    command(&app, &caller, &id, Command::Start, reshuffle.unwrap_or(false)).await
}

/// Pause a rollout
///
/// It stays at its step, and what is left of the step's interval is kept. Never waits for an approval.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/exposure-schedules/{exposure_schedule_id}/pause",
    operation_id = "pause_exposure_schedule",
    tag = "Exposure schedules",
    params(("exposure_schedule_id" = String, Path, description = "The schedule's id", format = Uuid)),
    responses(
        (status = 200, description = "The schedule", body = Document<Resource<ExposureScheduleOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, ConflictErrors,
    )
)]
pub(crate) async fn pause_exposure_schedule(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
) -> Result<ScheduleAnswer, ApiError> {
    command(&app, &caller, &id, Command::Pause, false).await
}

/// Resume a rollout
///
/// Goes on with what is left of the step's interval. At a gate (a pause record, or a step without an interval) it goes
/// on with the next step.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/exposure-schedules/{exposure_schedule_id}/resume",
    operation_id = "resume_exposure_schedule",
    tag = "Exposure schedules",
    params(("exposure_schedule_id" = String, Path, description = "The schedule's id", format = Uuid)),
    responses(
        (status = 200, description = "The schedule", body = Document<Resource<ExposureScheduleOut>>, content_type = "application/vnd.api+json"),
        (status = 202, description = "The resumption needs an approval: the schedule as it is", body = Document<Resource<ExposureScheduleOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, ConflictErrors,
    )
)]
pub(crate) async fn resume_exposure_schedule(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
) -> Result<ScheduleAnswer, ApiError> {
    command(&app, &caller, &id, Command::Resume, false).await
}

/// Stop a rollout
///
/// Takes all progress back: nobody is exposed until somebody starts it again. Never waits for an approval.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/exposure-schedules/{exposure_schedule_id}/stop",
    operation_id = "stop_exposure_schedule",
    tag = "Exposure schedules",
    params(("exposure_schedule_id" = String, Path, description = "The schedule's id", format = Uuid)),
    responses(
        (status = 200, description = "The schedule", body = Document<Resource<ExposureScheduleOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, ConflictErrors,
    )
)]
pub(crate) async fn stop_exposure_schedule(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
) -> Result<ScheduleAnswer, ApiError> {
    command(&app, &caller, &id, Command::Stop, false).await
}

async fn command(
    app: &AppState,
    caller: &Allowed<WriteFlagParts>,
    id: &str,
    command: Command,
    reshuffle: bool,
) -> Result<ScheduleAnswer, ApiError> {
    let id = path_id(id, "exposure schedule")?;
    let outcome = commands::command_rollout(app, &caller.principal, id, command, reshuffle).await?;
    let status = if outcome.suggestion.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let (allocation, schedule) =
        outcome.entry.schedule(id).ok_or_else(|| not_found("exposure schedule", id))?;
    let attributes = schedule_out(allocation, schedule);
    Ok(Answer(status, Document { data: Resource { id: id.to_string(), kind: KIND, attributes } }))
}
