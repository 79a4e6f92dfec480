//! `DELETE /api/v1/webhooks/{webhook_id}`

use crate::ApiError;
use crate::access::{Allowed, WriteWebhooks};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;
use axum::http::StatusCode;

/// Remove a webhook
///
/// Its log goes along, and what was still to be delivered to it.
#[utoipa::path(
    delete,
    path = "/api/v1/webhooks/{webhook_id}",
    operation_id = "delete_webhook",
    tag = "Webhooks",
    params(("webhook_id" = String, Path, description = "The webhook's id", format = Uuid)),
    responses((status = 204, description = "It is gone"), ProblemErrors)
)]
pub(crate) async fn delete_webhook(
    State(app): State<AppState>,
    caller: Allowed<WriteWebhooks>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    let id = path_id(&id, "webhook")?;
    commands::delete_webhook(&app, &caller.principal, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
