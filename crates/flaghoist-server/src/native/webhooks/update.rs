//! `PATCH /api/v1/webhooks/{webhook_id}`

use super::{WebhookIn, WebhookOut};
use crate::ApiError;
use crate::access::{Allowed, WriteWebhooks};
use crate::app::AppState;
use crate::commands;
use crate::decode::{JsonBody, PathOf, path_id};
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use flaghoist_model::Faults;

/// Change a webhook
///
/// What is absent stays. While it is disabled, what happens is not kept for it.
#[utoipa::path(
    patch,
    path = "/api/v1/webhooks/{webhook_id}",
    operation_id = "update_webhook",
    tag = "Webhooks",
    params(("webhook_id" = String, Path, description = "The webhook's id", format = Uuid)),
    request_body = WebhookIn,
    responses(
        (status = 200, description = "The webhook", body = WebhookOut),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn update_webhook(
    State(app): State<AppState>,
    caller: Allowed<WriteWebhooks>,
    PathOf(id): PathOf<String>,
    JsonBody(wanted): JsonBody<WebhookIn>,
) -> Result<axum::Json<WebhookOut>, ApiError> {
    let id = path_id(&id, "webhook")?;
    let mut faults = Faults::new();
    let draft = wanted.into_draft(app.courier.allows_private(), &mut faults);
    let webhook = commands::update_webhook(&app, &caller.principal, id, draft, faults).await?;
    Ok(axum::Json(WebhookOut::of(&webhook)))
}
