//! `GET /api/v1/rollouts/stream`

use super::resource::{TransitionOut, transition_out};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands::follow;
use crate::native::{ProblemErrors, told};
use crate::streams;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use flaghoist_store::KeptTransition;
use serde::Serialize;
use utoipa::ToSchema;

/// A move of a rollout, as the stream tells of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct RolloutEvent {
    /// The exposure schedule.
    #[schema(format = Uuid)]
    rollout_id: String,
    #[schema(format = Uuid)]
    flag_id: String,
    #[schema(format = Uuid)]
    environment_id: String,
    #[serde(flatten)]
    transition: TransitionOut,
}

/// Be told how rollouts move
///
/// Server-sent events, one for each move of any rollout of the project, with the revision that made it for its id. A
/// client that comes again with its `Last-Event-ID` is told everything since. Ends when the key or log-in is no longer
/// taken.
#[utoipa::path(
    get,
    path = "/api/v1/rollouts/stream",
    operation_id = "stream_rollouts",
    tag = "Rollouts",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the client has")),
    responses(
        (status = 200, description = "The events", body = RolloutEvent, content_type = "text/event-stream"),
        ProblemErrors,
    )
)]
pub(crate) async fn stream_rollouts(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let last_seen = streams::last_event_id(&headers).and_then(|id| id.parse().ok());
    let feed = follow::<KeptTransition>(&app, caller.principal, last_seen).await?;
    Ok(told::answer(feed, "rollout", data))
}

fn data(kept: &KeptTransition) -> String {
    let event = RolloutEvent {
        rollout_id: kept.transition.schedule_id.to_string(),
        flag_id: kept.flag_id.to_string(),
        environment_id: kept.environment_id.to_string(),
        transition: transition_out(kept),
    };
    // It is made of texts and numbers, so it cannot fail to be written.
    serde_json::to_string(&event).unwrap_or_default()
}
