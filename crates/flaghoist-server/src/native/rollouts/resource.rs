//! Rollouts on the wire.

use crate::ApiError;
use crate::commands::RolloutView;
use crate::decode::not_found;
use flaghoist_model::schedule::{PauseReason, Timeline};
use flaghoist_store::KeptTransition;
use serde::Serialize;
use utoipa::ToSchema;

/// A rollout and how it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct RolloutOut {
    /// The id of its exposure schedule, which the actions of the Datadog API take.
    #[schema(format = Uuid)]
    id: String,
    flag: Named,
    environment: Named,
    allocation: Named,
    /// `NOT_STARTED`, `SCHEDULED`, `RUNNING`, `PAUSED`, `COMPLETED` or `ABORTED`.
    #[schema(example = "RUNNING")]
    status: &'static str,
    /// Why it is paused: `user`, `guardrail`, `gate`, `health` or `inactive`.
    pause_reason: Option<&'static str>,
    /// Whether nothing moves because the flag is disabled, overridden or archived.
    is_held: bool,
    /// Which run this is, counting from 1; null before the first.
    run: Option<i64>,
    /// When the run began.
    #[schema(format = DateTime)]
    started_at: Option<String>,
    step_count: usize,
    /// The step it is at, counting from 0.
    current_step_position: Option<usize>,
    /// The share that is in now, 0 to 1.
    current_exposure_ratio: f64,
    #[schema(format = DateTime)]
    step_entered_at: Option<String>,
    /// When it moves by itself.
    #[schema(format = DateTime)]
    next_transition_at: Option<String>,
    /// What is in once it has moved.
    next_exposure_ratio: Option<f64>,
    /// How it moved last.
    last_transition: Option<TransitionOut>,
}

/// Something with a name.
#[derive(Serialize, ToSchema)]
pub(crate) struct Named {
    #[schema(format = Uuid)]
    id: String,
    key: String,
    name: String,
}

/// How a rollout moved.
#[derive(Serialize, ToSchema)]
pub(crate) struct TransitionOut {
    /// Its number among the moves of the schedule, counting from 1.
    sequence: i64,
    /// The project's revision that it made.
    revision: i64,
    /// The history entry of it.
    #[schema(format = Uuid)]
    history_id: Option<String>,
    /// `started`, `advanced`, `paused`, `resumed` or `stopped`.
    #[schema(example = "advanced")]
    deed: &'static str,
    /// `request`, `timer`, `autostart`, `guardrail` or `flag` (it was disabled, overridden or archived, or is back).
    #[schema(example = "timer")]
    cause: &'static str,
    /// Who asked for it; null when it came by itself.
    #[schema(format = Uuid)]
    user_id: Option<String>,
    run: i64,
    /// How the rollout stands after it.
    status: &'static str,
    pause_reason: Option<&'static str>,
    step_position: Option<usize>,
    exposure_ratio: f64,
    /// When it was to be.
    #[schema(format = DateTime)]
    due_at: String,
    /// When it was.
    #[schema(format = DateTime)]
    at: String,
}

/// A step in time.
#[derive(Serialize, ToSchema)]
pub(crate) struct TimelineEntryOut {
    step_position: usize,
    /// When it is entered, if nobody interferes and gates are resumed at once.
    #[schema(format = DateTime)]
    at: String,
    /// The share that is in from then on, 0 to 1.
    exposure_ratio: f64,
    /// How the rollout stands from then on.
    #[schema(example = "RUNNING")]
    status: &'static str,
    /// Whether it waits here until somebody resumes it.
    waits_for_resume: bool,
}

/// A timeline on the wire.
pub(super) fn timeline_out(timeline: &Timeline) -> Vec<TimelineEntryOut> {
    let entries = timeline.entries.iter().map(|entry| TimelineEntryOut {
        step_position: entry.position,
        at: entry.at.to_string(),
        exposure_ratio: entry.exposure_ratio,
        status: entry.status.as_str(),
        waits_for_resume: entry.waits_for_resume,
    });
    entries.collect()
}

/// A transition on the wire.
pub(super) fn transition_out(kept: &KeptTransition) -> TransitionOut {
    let transition = &kept.transition;
    TransitionOut {
        sequence: transition.sequence,
        revision: kept.revision,
        history_id: kept.history_id.map(|id| id.to_string()),
        deed: transition.deed.as_str(),
        cause: transition.cause.as_str(),
        user_id: kept.user_id.map(|id| id.to_string()),
        run: transition.run,
        status: transition.status.as_str(),
        pause_reason: transition.pause_reason.map(PauseReason::as_str),
        step_position: transition.position,
        exposure_ratio: transition.exposure_ratio,
        due_at: transition.due_at.to_string(),
        at: transition.at.to_string(),
    }
}

/// A rollout on the wire.
pub(super) fn rollout_out(view: &RolloutView) -> Result<RolloutOut, ApiError> {
    let (environment, entry) = view.flag.entry(view.place.environment_id)?;
    let id = view.place.schedule_id;
    let (allocation, schedule) = entry.schedule(id).ok_or_else(|| not_found("exposure schedule", id))?;
    let progress = &schedule.progress;
    let next = schedule.due_at().and_then(|due_at| schedule.advanced(due_at));
    let flag = &view.flag.flag;
    Ok(RolloutOut {
        id: id.to_string(),
        flag: Named { id: flag.id.to_string(), key: flag.key.clone(), name: flag.name.clone() },
        environment: Named {
            id: environment.id.to_string(),
            key: environment.key.clone(),
            name: environment.name.clone(),
        },
        allocation: Named {
            id: allocation.id.to_string(),
            key: allocation.key.clone(),
            name: allocation.name.clone(),
        },
        status: progress.status.as_str(),
        pause_reason: progress.pause_reason.map(PauseReason::as_str),
        is_held: !entry.is_active(flag),
        run: Some(progress.run).filter(|run| *run > 0),
        started_at: progress.started_at.map(|at| at.to_string()),
        step_count: schedule.steps.len(),
        current_step_position: progress.position,
        current_exposure_ratio: schedule.exposure_ratio(),
        step_entered_at: progress.step_entered_at.map(|at| at.to_string()),
        next_transition_at: schedule.due_at().map(|at| at.to_string()),
        next_exposure_ratio: next.map(|(next, _)| next.exposure_ratio()),
        last_transition: view.last_transition.as_ref().map(transition_out),
    })
}
