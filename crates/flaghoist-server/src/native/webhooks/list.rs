//! `GET /api/v1/webhooks`

use super::WebhookOut;
use crate::ApiError;
use crate::access::{Allowed, ReadWebhooks};
use crate::app::AppState;
use crate::native::ProblemErrors;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The webhooks of the project.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookList {
    /// Oldest first.
    webhooks: Vec<WebhookOut>,
}

/// List webhooks
#[utoipa::path(
    get,
    path = "/api/v1/webhooks",
    operation_id = "list_webhooks",
    tag = "Webhooks",
    responses((status = 200, description = "All webhooks", body = WebhookList), ProblemErrors)
)]
pub(crate) async fn list_webhooks(
    State(app): State<AppState>,
    caller: Allowed<ReadWebhooks>,
) -> Result<axum::Json<WebhookList>, ApiError> {
    let webhooks = app.store.read().await?.webhooks(caller.principal.project_id).await?;
    Ok(axum::Json(WebhookList { webhooks: webhooks.iter().map(WebhookOut::of).collect() }))
}
