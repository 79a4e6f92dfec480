//! `POST /evaluator/evaluate`

use super::context::Context;
use super::flags::EvaluatedFlags;
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::decode::{self, Object};
use crate::flagmint::{FlagmintErrors, FlagmintWriteErrors};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde::{Deserialize, Serialize as DeriveSerialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Largest body of an evaluation.
const BODY_MAX_BYTES: usize = 1024 * 1024;
/// Where an SDK may put the context beside the body: base64 of its JSON.
const CONTEXT_HEADER: &str = "x-flagmint-context";
/// Members of the envelope. A flag of such a key stands under `data` only.
const ENVELOPE: [&str; 3] = ["statusCode", "message", "data"];

/// What the answer looks like: SDKs of this dialect do not agree, and documents say a flat map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, DeriveSerialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerShape {
    /// The flags, and beside them the envelope with the flags: good for every SDK.
    #[default]
    Superset,
    /// The flags in an envelope.
    Envelope,
    /// The flags.
    Flat,
}

impl std::str::FromStr for AnswerShape {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "superset" => Ok(Self::Superset),
            "envelope" => Ok(Self::Envelope),
            "flat" => Ok(Self::Flat),
            other => Err(format!("{other:?} is none of superset, envelope, flat")),
        }
    }
}

/// Body of an evaluation.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; read_context reads it")]
#[schema(as = FlagmintEvaluationIn)]
pub(crate) struct EvaluationIn {
    /// The context, of one kind or several.
    #[schema(value_type = Object, example = json!({"kind": "user", "key": "alice", "plan": "pro"}))]
    context: Value,
}

#[derive(Deserialize)]
struct ContextInBody {
    #[serde(default)]
    context: Value,
}

/// The answer in a shape.
struct Answer<'a> {
    flags: EvaluatedFlags<'a>,
    shape: AnswerShape,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.shape != AnswerShape::Envelope {
            let is_shown = |key: &str| self.shape == AnswerShape::Flat || !ENVELOPE.contains(&key);
            for (flag, value) in self.flags.flags.iter().filter(|(flag, _)| is_shown(&flag.key)) {
                map.serialize_entry(&*flag.key, value)?;
            }
        }
        if self.shape != AnswerShape::Flat {
            map.serialize_entry("statusCode", &200)?;
            map.serialize_entry("message", "OK")?;
            map.serialize_entry("data", &self.flags)?;
        }
        map.end()
    }
}

/// Evaluate all flags
///
/// Every flag of the key's environment has a value. The answer has each flag for a member, and beside them the usual
/// envelope with the flags under `data`; `flagmint_answer` of the configuration chooses one of the two.
#[utoipa::path(
    post,
    path = "/evaluator/evaluate",
    operation_id = "flagmint_evaluate",
    tag = "Flagmint SDK",
    params(("x-flagmint-context" = Option<String>, Header, description = "The context as base64 of its JSON, where the body has none")),
    request_body = EvaluationIn,
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The flags", body = Object, example = json!({"new-checkout": true, "statusCode": 200, "message": "OK", "data": {"new-checkout": true}})),
        FlagmintErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn evaluate(
    State(app): State<AppState>,
    reader: SdkKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    decode::check_media_type(&headers)?;
    let body = decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await?;
    let context = read_context(&body, &headers)?;
    app.contexts.take_with(reader.environment.id(), reader.now, |take| context.show(take));
    let channel = reader.environment.channel(reader.channel);
    let flags = EvaluatedFlags::of(channel, &context, reader.now);
    let answer = Answer { flags, shape: app.flagmint_answer };
    let answer = serde_json::to_vec(&answer).map_err(ApiError::internal)?;
    let media_type = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, media_type)], answer).into_response())
}

fn read_context(body: &[u8], headers: &HeaderMap) -> Result<Context, ApiError> {
    if body.is_empty() {
        return Ok(header_context(headers).unwrap_or_else(Context::empty));
    }
    let Object(ContextInBody { context }): Object<ContextInBody> =
        serde_json::from_slice(body).map_err(|error| {
            ApiError::Invalid(vec![flaghoist_model::Fault {
                pointer: String::new(),
                message: format!("the body is not the JSON object that is asked for: {error}"),
            }])
        })?;
    match context {
        Value::Null => Ok(header_context(headers).unwrap_or_else(Context::empty)),
        Value::Object(_) => Ok(Context::of(&context)),
        _ => {
            Err(flaghoist_model::Rejection::invalid("/context", "is no object; give the context as one")
                .into())
        }
    }
}

/// The context of the header, if there is one that can be read.
pub(super) fn header_context(headers: &HeaderMap) -> Option<Context> {
    decoded_context(headers.get(CONTEXT_HEADER)?.to_str().ok()?)
}

/// A context as base64 of its JSON, in any of the usual alphabets.
pub(super) fn decoded_context(text: &str) -> Option<Context> {
    // A plus sign in a query that nobody escaped arrives as a space.
    let text = text.trim().replace(' ', "+");
    let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    let json = engines.iter().find_map(|engine| engine.decode(&text).ok())?;
    let context: Value = serde_json::from_slice(&json).ok()?;
    context.is_object().then(|| Context::of(&context))
}
