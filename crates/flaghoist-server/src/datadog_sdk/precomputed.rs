//! `POST /precompute-assignments`

use super::hiding::{HIDING_CAPABILITY, Hiding, Obfuscation};
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::datadog::{Errors, Filters, WriteErrors};
use crate::decode::{self, Object};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use flaghoist_eval::{Attributes, Decision, Expected, Subject, Value, VariationType};
use flaghoist_model::compile::Channel;
use flaghoist_model::{Fault, Faults};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Largest body of a request.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// Query of the request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PrecomputeQuery {
    dd_env: Option<String>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    data: RequestData<'a>,
}

#[derive(Deserialize)]
struct RequestData<'a> {
    #[serde(borrow)]
    attributes: RequestAttributes<'a>,
}

#[derive(Deserialize)]
struct RequestAttributes<'a> {
    #[serde(default)]
    env: Option<Env>,
    #[serde(default)]
    capabilities: Option<Vec<String>>,
    #[serde(default)]
    source: Option<Source>,
    #[serde(borrow)]
    subject: RequestSubject<'a>,
}

#[derive(Default, Deserialize)]
struct Source {
    #[serde(default)]
    capabilities: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
struct Env {
    #[serde(default)]
    dd_env: Option<String>,
}

#[derive(Deserialize)]
struct RequestSubject<'a> {
    #[serde(default)]
    targeting_key: Option<String>,
    #[serde(borrow, default)]
    targeting_attributes: Option<&'a RawValue>,
}

/// Body of the request.
#[derive(ToSchema)]
#[schema(example = json!({"data": {"type": "precompute-assignments-request", "attributes": {"env": {"dd_env": "production"}, "subject": {"targeting_key": "alice", "targeting_attributes": {"plan": "beta"}}}}}))]
#[expect(dead_code, reason = "documents the body; Request reads it")]
pub(crate) struct PrecomputeRequest {
    data: serde_json::Value,
}

/// The answer, a JSON:API resource.
#[derive(Serialize, ToSchema)]
pub(crate) struct Precomputed<'a> {
    data: PrecomputedData<'a>,
}

/// The resource.
#[derive(Serialize, ToSchema)]
pub(crate) struct PrecomputedData<'a> {
    #[schema(example = "1")]
    id: &'static str,
    #[serde(rename = "type")]
    #[schema(example = "precomputed-assignments")]
    kind: &'static str,
    attributes: PrecomputedAttributes<'a>,
}

/// What the subject gets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrecomputedAttributes<'a> {
    /// When what readers get last changed.
    #[schema(format = DateTime)]
    created_at: String,
    /// Whether keys are hidden, for clients with the capability `assignment-encoding-flag-key-256-v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    obfuscated: Option<bool>,
    /// How keys are hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    obfuscation: Option<Obfuscation>,
    /// By flag. Flags for which the application's own default applies are left out.
    #[schema(value_type = BTreeMap<String, Assignment<'static>>)]
    flags: BTreeMap<Cow<'a, str>, Assignment<'a>>,
}

/// One flag. Every member is always there: some SDKs drop an assignment that lacks one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assignment<'a> {
    /// The allocation that served it.
    allocation_key: &'a str,
    /// The variant.
    variation_key: &'a str,
    /// `boolean`, `string`, `integer`, `float` or `object`.
    variation_type: &'static str,
    /// The value.
    #[schema(value_type = Object)]
    variation_value: &'a Value,
    /// Why.
    reason: &'static str,
    /// Whether an exposure is to be reported.
    do_log: bool,
    /// Which version of the split it was, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_id: Option<i64>,
    /// Copied into exposures.
    extra_logging: &'a BTreeMap<String, String>,
}

impl<'a> Assignment<'a> {
    fn of(decision: &Decision<'a>) -> Option<Self> {
        Some(Self {
            allocation_key: decision.allocation_key?,
            variation_key: decision.variant?,
            variation_type: match decision.variation_type? {
                VariationType::Boolean => "boolean",
                VariationType::String => "string",
                VariationType::Integer => "integer",
                VariationType::Numeric => "float",
                VariationType::Json => "object",
            },
            variation_value: decision.value?,
            reason: decision.reason.as_str(),
            do_log: decision.do_log,
            serial_id: decision.serial_id,
            extra_logging: decision.extra_logging,
        })
    }
}

/// Everything that a subject gets, for browsers and mobile applications
///
/// Values only, never rules. Only flags of the client channel, whatever the key.
#[utoipa::path(
    post,
    path = "/precompute-assignments",
    operation_id = "precompute_assignments",
    tag = "SDK",
    params(("dd_env" = Option<String>, Query, description = "The application's environment; one that the key's environment has")),
    request_body(content((PrecomputeRequest = "application/vnd.api+json"), (PrecomputeRequest = "application/json"))),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The assignments", body = Precomputed<'static>, content_type = "application/vnd.api+json"),
        Errors, WriteErrors,
    )
)]
pub(crate) async fn precompute_assignments(
    State(app): State<AppState>,
    reader: SdkKey,
    Filters(query): Filters<PrecomputeQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    decode::check_media_type(&headers)?;
    let body = decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await?;
    let Object(request): Object<Request<'_>> = serde_json::from_slice(&body).map_err(|error| {
        let mut faults = Faults::new();
        faults.push(format!("the body is no JSON with data.attributes.subject: {error}"));
        ApiError::Invalid(faults.into_vec())
    })?;
    let RequestAttributes { env, subject, capabilities, source } = request.data.attributes;
    reader.check_env(query.dd_env.as_deref())?;
    reader.check_env(env.unwrap_or_default().dd_env.as_deref())?;
    let attributes: Attributes<'_> = match subject.targeting_attributes.map(RawValue::get) {
        None | Some("null") => Attributes::new(),
        Some(text) => serde_json::from_str(text).map_err(|error| {
            ApiError::Invalid(vec![Fault {
                pointer: "/data/attributes/subject/targeting_attributes".to_owned(),
                message: format!("is no JSON object: {error}"),
            }])
        })?,
    };
    let subject = Subject { targeting_key: subject.targeting_key.as_deref(), attributes: &attributes };
    let of_source = source.and_then(|source| source.capabilities);
    app.contexts.take(reader.environment.id(), reader.now, &subject);
    let asks_to_hide = capabilities.iter().chain(&of_source).flatten().any(|name| name == HIDING_CAPABILITY);
    let hiding = asks_to_hide.then(|| Hiding { salt: app.ids.mint().into_bytes() });
    let channel = reader.environment.channel(Channel::Client);
    let mut flags = BTreeMap::new();
    for flag in &channel.flags {
        let decision = channel.snapshot.decide(&flag.key, Expected::Any, &subject, reader.now);
        flag.counter.count_reason(decision.reason);
        let key =
            hiding.as_ref().map_or(Cow::Borrowed(&*flag.key), |hiding| Cow::Owned(hiding.hide(&flag.key)));
        flags.extend(Assignment::of(&decision).map(|assignment| (key, assignment)));
    }
    let created_at = reader.environment.environment().content_at.to_string();
    let obfuscated = hiding.is_some().then_some(true);
    let obfuscation = hiding.as_ref().map(Hiding::describe);
    let attributes = PrecomputedAttributes { created_at, obfuscated, obfuscation, flags };
    let data = PrecomputedData { id: "1", kind: "precomputed-assignments", attributes };
    let answer = serde_json::to_vec(&Precomputed { data }).map_err(ApiError::internal)?;
    let media_type = HeaderValue::from_static("application/vnd.api+json");
    Ok(([(header::CONTENT_TYPE, media_type)], answer).into_response())
}
