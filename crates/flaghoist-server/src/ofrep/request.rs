//! The request: an evaluation context.

use super::errors::ContextError;
use crate::ApiError;
use crate::app::App;
use crate::decode::{self, Object};
use axum::body::Body;
use axum::http::HeaderMap;
use bytes::Bytes;
use flaghoist_eval::{AttributeValue, Attributes, Subject};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Largest body of an evaluation.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// Body of an evaluation.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; `context` reads it")]
pub(crate) struct EvaluationRequest {
    /// `targetingKey`, and any attributes. Nested values are ignored.
    #[schema(value_type = Option<Object>, example = json!({"targetingKey": "alice", "plan": "beta"}))]
    context: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct TargetingKey<'a> {
    #[serde(borrow, default, rename = "targetingKey")]
    targeting_key: Option<&'a RawValue>,
}

/// Reads the body of an evaluation.
pub(crate) async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    decode::check_media_type(headers)?;
    decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await
}

/// The attributes of the context. An empty body, and a body without a context, are an empty context.
pub(crate) fn attributes(body: &[u8]) -> Result<Attributes<'_>, ContextError> {
    if body.is_empty() {
        return Ok(Attributes::new());
    }
    let Object(envelope): Object<Envelope<'_>> =
        serde_json::from_slice(body).map_err(|error| ContextError::Unreadable(error.to_string()))?;
    let Some(context) = envelope.context.map(RawValue::get) else { return Ok(Attributes::new()) };
    let no_object = |error: serde_json::Error| ContextError::NoObject(error.to_string());
    let attributes: Attributes<'_> = serde_json::from_str(context).map_err(no_object)?;
    // Nested values are left out as if they were absent, which would hide a targeting key that is one.
    if attributes.skipped_nested() && attributes.get("targetingKey").is_none() {
        let Object(key): Object<TargetingKey<'_>> = serde_json::from_str(context).map_err(no_object)?;
        if key.targeting_key.is_some() {
            return Err(ContextError::TargetingKeyNoString);
        }
    }
    Ok(attributes)
}

/// The subject that the attributes describe.
pub(crate) fn subject<'a>(attributes: &'a Attributes<'a>) -> Result<Subject<'a>, ContextError> {
    let targeting_key = match attributes.get("targetingKey") {
        None | Some(AttributeValue::Null) => None,
        Some(AttributeValue::String(key)) => Some(key.as_ref()),
        Some(_) => return Err(ContextError::TargetingKeyNoString),
    };
    Ok(Subject { targeting_key, attributes })
}
