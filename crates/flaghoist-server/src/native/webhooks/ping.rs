//! `POST /api/v1/webhooks/{webhook_id}/ping`

use crate::ApiError;
use crate::access::{Allowed, WriteWebhooks};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use crate::webhooks;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// How it went.
#[derive(Serialize, ToSchema)]
pub(crate) struct PingOut {
    /// Whether the receiver took it.
    delivered: bool,
    /// The status of its answer.
    #[schema(example = 200)]
    status: Option<u16>,
    /// What went wrong.
    error: Option<String>,
}

/// Try a webhook out
///
/// Sends one signed message with the event `ping`, now and once, also to a disabled webhook. The log does not show it.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{webhook_id}/ping",
    operation_id = "ping_webhook",
    tag = "Webhooks",
    params(("webhook_id" = String, Path, description = "The webhook's id", format = Uuid)),
    responses((status = 200, description = "How it went", body = PingOut), ProblemErrors)
)]
pub(crate) async fn ping_webhook(
    State(app): State<AppState>,
    caller: Allowed<WriteWebhooks>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<PingOut>, ApiError> {
    let id = path_id(&id, "webhook")?;
    let mut reader = app.store.read().await?;
    let webhook = commands::find_webhook(reader.as_mut(), caller.principal.project_id, id).await?;
    let now = app.clock.now();
    let parcel = webhooks::ping(reader.as_mut(), &caller.principal, &webhook, now, app.ids.as_ref()).await?;
    // A connection to the database is not held while the receiver thinks.
    drop(reader);
    let outcome = app.courier.bring(parcel, now).await;
    Ok(axum::Json(PingOut {
        delivered: matches!(outcome, webhooks::Outcome::Taken { .. }),
        status: outcome.status(),
        error: outcome.error(),
    }))
}
