//! `GET /api/v1/changes/stream`

use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands::follow;
use crate::native::{ProblemErrors, told};
use crate::streams;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use flaghoist_model::history::Action;
use flaghoist_store::ChangeNotice;
use serde::Serialize;
use utoipa::ToSchema;

/// That something was changed, as the stream tells of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeEvent {
    /// The project revision that the change made.
    #[schema(example = 42)]
    revision: i64,
    /// Its history entry, which has the rest.
    #[schema(format = Uuid)]
    history_id: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// What was done.
    #[schema(value_type = String, example = "allocations_replaced")]
    action: Action,
    /// To what kind of thing.
    #[schema(example = "flag_environment")]
    aggregate: &'static str,
    /// The flag.
    #[schema(format = Uuid)]
    flag_id: Option<String>,
    /// The environment.
    #[schema(format = Uuid)]
    environment_id: Option<String>,
    /// Who did it; null when Flaghoist did.
    #[schema(format = Uuid)]
    user_id: Option<String>,
}

/// Be told what is changed
///
/// Server-sent events, one for each entry of the project's history that the caller may see, as it is committed on any
/// node, with the revision that it made for its id. A client that comes again with its `Last-Event-ID` is told
/// everything since. Ends when the key or log-in is no longer taken.
#[utoipa::path(
    get,
    path = "/api/v1/changes/stream",
    operation_id = "stream_history",
    tag = "History",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the client has")),
    responses(
        (status = 200, description = "The events", body = ChangeEvent, content_type = "text/event-stream"),
        ProblemErrors,
    )
)]
pub(crate) async fn stream_history(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let last_seen = streams::last_event_id(&headers).and_then(|id| id.parse().ok());
    let feed = follow::<ChangeNotice>(&app, caller.principal, last_seen).await?;
    Ok(told::answer(feed, "change", data))
}

fn data(notice: &ChangeNotice) -> String {
    let event = ChangeEvent {
        revision: notice.revision,
        history_id: notice.history_id.to_string(),
        at: notice.at.to_string(),
        action: notice.action,
        aggregate: notice.action.aggregate().as_str(),
        flag_id: notice.flag_id.map(|id| id.to_string()),
        environment_id: notice.environment_id.map(|id| id.to_string()),
        user_id: notice.user_id.map(|id| id.to_string()),
    };
    // It is made of texts and numbers, so it cannot fail to be written.
    serde_json::to_string(&event).unwrap_or_default()
}
