//! `GET /api/v1/rollouts/stream`

use super::resource::{TransitionOut, transition_out};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands::{Feed, follow};
use crate::native::ProblemErrors;
use crate::streams;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use flaghoist_store::KeptTransition;
use serde::Serialize;
use std::collections::VecDeque;
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
    let greeting = format!("id: {}\n\n", feed.revision());
    let events = Events { feed, waiting: VecDeque::from([greeting]) };
    let texts = futures_util::stream::unfold(events, |mut events| async {
        let text = events.next().await?;
        Some((text, events))
    });
    Ok(streams::answer(texts))
}

struct Events {
    feed: Feed<KeptTransition>,
    waiting: VecDeque<String>,
}

impl Events {
    /// What is to be sent next; none when the stream is over.
    async fn next(&mut self) -> Option<String> {
        while self.waiting.is_empty() {
            let made = self.feed.next().await?;
            match made {
                // Something shows that the stream lives.
                made if made.is_empty() => self.waiting.push_back(":\n\n".to_owned()),
                made => self.waiting.extend(made.iter().enumerate().map(|(position, kept)| {
                    // Whoever breaks off in the middle of a revision is told all of it again.
                    let is_last = made.get(position + 1).is_none_or(|next| next.revision != kept.revision);
                    event(kept, is_last)
                })),
            }
        }
        self.waiting.pop_front()
    }
}

fn event(kept: &KeptTransition, has_id: bool) -> String {
    let event = RolloutEvent {
        rollout_id: kept.transition.schedule_id.to_string(),
        flag_id: kept.flag_id.to_string(),
        environment_id: kept.environment_id.to_string(),
        transition: transition_out(kept),
    };
    // It is made of texts and numbers, so it cannot fail to be written.
    let data = serde_json::to_string(&event).unwrap_or_default();
    let id = if has_id { format!("id: {}\n", kept.revision) } else { String::new() };
    format!("event: rollout\n{id}data: {data}\n\n")
}
