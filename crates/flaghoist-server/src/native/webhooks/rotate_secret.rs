//! `POST /api/v1/webhooks/{webhook_id}/rotate-secret`

use super::WebhookWithSecret;
use crate::ApiError;
use crate::access::{Allowed, WriteWebhooks};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;

/// Give a webhook a new secret
///
/// Every attempt from now on is signed with it, also of what happened before.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{webhook_id}/rotate-secret",
    operation_id = "rotate_webhook_secret",
    tag = "Webhooks",
    params(("webhook_id" = String, Path, description = "The webhook's id", format = Uuid)),
    responses(
        (status = 200, description = "The webhook, with its new secret", body = WebhookWithSecret),
        ProblemErrors,
    )
)]
pub(crate) async fn rotate_webhook_secret(
    State(app): State<AppState>,
    caller: Allowed<WriteWebhooks>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<WebhookWithSecret>, ApiError> {
    let id = path_id(&id, "webhook")?;
    let webhook = commands::rotate_webhook_secret(&app, &caller.principal, id).await?;
    Ok(axum::Json(WebhookWithSecret::of(webhook)))
}
