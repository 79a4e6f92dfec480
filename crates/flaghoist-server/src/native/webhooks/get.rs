//! `GET /api/v1/webhooks/{webhook_id}`

use super::WebhookOut;
use crate::ApiError;
use crate::access::{Allowed, ReadWebhooks};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;

/// Show a webhook
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{webhook_id}",
    operation_id = "get_webhook",
    tag = "Webhooks",
    params(("webhook_id" = String, Path, description = "The webhook's id", format = Uuid)),
    responses((status = 200, description = "The webhook", body = WebhookOut), ProblemErrors)
)]
pub(crate) async fn get_webhook(
    State(app): State<AppState>,
    caller: Allowed<ReadWebhooks>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<WebhookOut>, ApiError> {
    let id = path_id(&id, "webhook")?;
    let mut reader = app.store.read().await?;
    let webhook = commands::find_webhook(reader.as_mut(), caller.principal.project_id, id).await?;
    Ok(axum::Json(WebhookOut::of(&webhook)))
}
