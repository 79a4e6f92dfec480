//! `POST /api/v1/webhooks`

use super::{EventName, WebhookBody, WebhookIn, WebhookWithSecret};
use crate::ApiError;
use crate::access::{Allowed, WriteWebhooks};
use crate::app::AppState;
use crate::commands;
use crate::decode::JsonBody;
use crate::native::{ProblemBodyErrors, ProblemErrors, require};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use utoipa::ToSchema;

/// A webhook to make.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; WebhookIn reads it")]
pub(crate) struct NewWebhook {
    /// For people.
    #[schema(example = "Release channel")]
    name: String,
    /// Where to: http or https, on the public internet unless the configuration allows more.
    #[schema(example = "https://example.com/hook")]
    url: String,
    /// Of what it is told; nothing named means everything.
    #[schema(value_type = Option<Vec<EventName>>, example = json!(["flag.enabled", "flag.disabled"]))]
    events: Option<Vec<String>>,
    /// `json` for our own body, `slack` for what Slack's incoming webhooks take; `json` when absent.
    format: Option<WebhookBody>,
    /// Whether it is told anything now; true when absent.
    enabled: Option<bool>,
}

/// Make a webhook
///
/// A project has at most 50.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks",
    operation_id = "create_webhook",
    tag = "Webhooks",
    request_body = NewWebhook,
    responses(
        (status = 201, description = "The webhook, with its secret", body = WebhookWithSecret),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn create_webhook(
    State(app): State<AppState>,
    caller: Allowed<WriteWebhooks>,
    JsonBody(wanted): JsonBody<WebhookIn>,
) -> Result<(StatusCode, axum::Json<WebhookWithSecret>), ApiError> {
    let mut faults = Faults::new();
    require(wanted.name.is_given(), "name", "a string", &mut faults);
    require(wanted.url.is_given(), "url", "a URL such as https://example.com/hook", &mut faults);
    let draft = wanted.into_draft(app.courier.allows_private(), &mut faults);
    let webhook = commands::create_webhook(&app, &caller.principal, draft, faults).await?;
    Ok((StatusCode::CREATED, axum::Json(WebhookWithSecret::of(webhook))))
}
