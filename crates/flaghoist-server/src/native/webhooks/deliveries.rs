//! `GET /api/v1/webhooks/{webhook_id}/deliveries`

use super::EventName;
use crate::ApiError;
use crate::access::{Allowed, ReadWebhooks};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use flaghoist_model::Faults;
use flaghoist_model::webhook::{Delivery, DeliveryState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Deliveries of an answer when the client does not say.
const LIMIT_DEFAULT: i64 = 50;
/// Most deliveries of an answer.
const LIMIT_MAX: i64 = 500;

/// How many deliveries are shown.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct DeliveryFilter {
    limit: Option<String>,
}

/// How a delivery fares.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents a set of names")]
pub(crate) enum DeliveryStateName {
    Pending,
    Delivered,
    Failed,
}

/// One event on its way to the webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryOut {
    /// Identifier; the receiver gets it with every attempt.
    #[schema(format = Uuid)]
    id: String,
    /// What happened.
    #[schema(value_type = EventName)]
    event: &'static str,
    /// The history entry of the change.
    #[schema(format = Uuid)]
    history_id: String,
    /// How it fares.
    #[schema(value_type = DeliveryStateName)]
    state: &'static str,
    /// How often it was tried.
    attempts: i64,
    /// When it will be tried next; null when it is finished.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// Status of the last answer; null when none came.
    last_status: Option<i64>,
    /// What went wrong last.
    last_error: Option<String>,
    /// When it happened.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was delivered or given up.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

/// The last deliveries of a webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryList {
    /// Newest first.
    deliveries: Vec<DeliveryOut>,
}

impl DeliveryOut {
    fn of(delivery: Delivery) -> Self {
        let is_pending = delivery.state == DeliveryState::Pending;
        Self {
            id: delivery.id.to_string(),
            event: delivery.event.as_str(),
            history_id: delivery.history_id.to_string(),
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            next_attempt_at: is_pending.then(|| delivery.next_attempt_at.to_string()),
            last_status: delivery.last_status,
            last_error: delivery.last_error,
            created_at: delivery.created_at.to_string(),
            finished_at: delivery.finished_at.map(|at| at.to_string()),
        }
    }
}

/// Show the last deliveries of a webhook
///
/// Finished ones are kept for 30 days.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{webhook_id}/deliveries",
    operation_id = "list_webhook_deliveries",
    tag = "Webhooks",
    params(
        ("webhook_id" = String, Path, description = "The webhook's id", format = Uuid),
        ("limit" = Option<i64>, Query, description = "Most deliveries to answer; 50 when absent", minimum = 1, maximum = 500),
    ),
    responses((status = 200, description = "The deliveries", body = DeliveryList), ProblemErrors)
)]
pub(crate) async fn list_webhook_deliveries(
    State(app): State<AppState>,
    caller: Allowed<ReadWebhooks>,
    PathOf(id): PathOf<String>,
    filter: Result<Query<DeliveryFilter>, QueryRejection>,
) -> Result<axum::Json<DeliveryList>, ApiError> {
    let id = path_id(&id, "webhook")?;
    let limit = read_limit(filter)?;
    let project_id = caller.principal.project_id;
    let mut reader = app.store.read().await?;
    commands::find_webhook(reader.as_mut(), project_id, id).await?;
    let deliveries = reader.deliveries(project_id, id, limit).await?;
    Ok(axum::Json(DeliveryList { deliveries: deliveries.into_iter().map(DeliveryOut::of).collect() }))
}

fn read_limit(filter: Result<Query<DeliveryFilter>, QueryRejection>) -> Result<i64, ApiError> {
    let mut faults = Faults::new();
    let limit = match filter {
        Ok(Query(filter)) => match filter.limit.map(|text| (text.parse(), text)) {
            None => LIMIT_DEFAULT,
            Some((Ok(limit), _)) if (1..=LIMIT_MAX).contains(&limit) => limit,
            Some((_, text)) => {
                let message = format!("{text:?} does not do; give a whole number from 1 to {LIMIT_MAX}");
                faults.at("query", |faults| faults.push_at("limit", message));
                LIMIT_DEFAULT
            }
        },
        Err(rejection) => {
            faults.push_at("query", rejection.body_text());
            LIMIT_DEFAULT
        }
    };
    faults.check()?;
    Ok(limit)
}
