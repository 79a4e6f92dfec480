//! `POST /evaluator/events`

use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::decode;
use crate::events::{self, Accepted, BODY_MAX_BYTES, Kind, Receipt, Source};
use crate::flagmint::{FlagmintErrors, FlagmintWriteErrors};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What was seen.
#[derive(Deserialize, ToSchema)]
#[schema(as = FlagmintEventsIn)]
pub(crate) struct EventsIn {
    /// The events. `evaluation` and `error` are counted; what is `custom` is taken and not kept.
    #[schema(value_type = Vec<EventIn>)]
    events: Vec<Value>,
}

/// One event.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FlagmintEventIn)]
pub(crate) struct EventIn {
    /// The flag.
    flag_key: String,
    /// `evaluation`, `error` or `custom`.
    #[schema(example = "evaluation")]
    kind: String,
    /// The value that was served.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    variation_value: Option<Value>,
    /// How many; 1 when absent.
    #[serde(default)]
    count: Option<u64>,
    /// When: RFC 3339, or milliseconds since 1970; now when absent.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    timestamp: Option<Value>,
}

/// Report what was seen
///
/// Answered once the report is counted durably.
#[utoipa::path(
    post,
    path = "/evaluator/events",
    operation_id = "flagmint_report_events",
    tag = "Flagmint SDK",
    request_body = EventsIn,
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 202, description = "What is counted, and what is not", body = Receipt),
        FlagmintErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn report_events(
    State(app): State<AppState>,
    reader: SdkKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Accepted, ApiError> {
    decode::check_media_type(&headers)?;
    let body = decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await?;
    let EventsIn { events } = decode::parse_object(&body)?;
    let evaluations: Vec<Value> = events.into_iter().filter_map(|event| evaluation(event, &reader)).collect();
    let report = json!({ "evaluations": evaluations }).to_string();
    events::take(&app, &HeaderMap::new(), Body::from(report), Kind::Evaluation, Source::Key(reader)).await
}

/// An event as our own reports have it. What is malformed stays so, and is counted as that.
fn evaluation(event: Value, reader: &SdkKey) -> Option<Value> {
    let Ok(seen) = serde_json::from_value::<EventIn>(event) else { return Some(json!({})) };
    let mut evaluation = json!({ "flag": seen.flag_key, "count": seen.count.unwrap_or(1) });
    match seen.kind.as_str() {
        "evaluation" => {
            let flag = reader.environment.channel(reader.channel).flag(&seen.flag_key);
            let served = seen.variation_value.and_then(|value| {
                let variations = &flag?.wire.variations;
                variations.values().find(|variation| variation.value == value).map(|found| found.key.clone())
            });
            if let Some(variant) = served {
                evaluation["variant"] = variant.into();
            }
        }
        "error" => evaluation["error"] = json!({}),
        "custom" => return None,
        _ => return Some(json!({})),
    }
    if let Some(timestamp) = seen.timestamp {
        evaluation["timestamp"] = timestamp;
    }
    Some(evaluation)
}
