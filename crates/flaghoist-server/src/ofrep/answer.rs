//! The answer for one flag.

use flaghoist_eval::{Decision, ErrorCode, Value};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// After how long out of sight a client may close its stream: the protocol's own default.
const INACTIVITY_DELAY_SECONDS: u32 = 120;

/// The evaluation of one flag: a success, or a failure with `errorCode`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlagEvaluation<'a> {
    /// The flag.
    #[schema(example = "dark-mode")]
    key: &'a str,
    /// The value; absent when the application's own default applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = true)]
    value: Option<&'a Value>,
    /// The variant; null when the application's own default applies.
    #[serde(skip_serializing_if = "skip_variant")]
    #[schema(value_type = Option<String>, example = "on")]
    variant: Variant<'a>,
    /// Why: `TARGETING_MATCH`, `SPLIT`, `STATIC`, `DEFAULT` or `DISABLED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "TARGETING_MATCH")]
    reason: Option<&'static str>,
    /// Which allocation served it.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    /// What went wrong for this flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "TARGETING_KEY_MISSING")]
    error_code: Option<&'static str>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_details: Option<&'static str>,
}

/// The variant of a success, null if there is none; failures have no such member.
enum Variant<'a> {
    Failure,
    Success(Option<&'a str>),
}

fn skip_variant(variant: &Variant<'_>) -> bool {
    matches!(variant, Variant::Failure)
}

impl Serialize for Variant<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Failure | Self::Success(None) => serializer.serialize_none(),
            Self::Success(Some(key)) => serializer.serialize_str(key),
        }
    }
}

/// Where a value comes from. Flat, as clients want it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata<'a> {
    /// The allocation that served the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "beta-users")]
    allocation_key: Option<&'a str>,
    /// Type of the flag.
    #[schema(example = "BOOLEAN")]
    variation_type: &'static str,
    /// Whether an exposure is to be reported.
    do_log: bool,
}

/// Answer of a bulk evaluation.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkEvaluation<'a> {
    /// One entry for each flag, in the order of their keys.
    pub(crate) flags: Vec<FlagEvaluation<'a>>,
    /// Where to be told when to evaluate again.
    #[serde(rename = "eventStreams")]
    pub(crate) event_streams: [EventStream; 1],
}

/// A stream of changes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventStream {
    /// Always `sse`.
    #[serde(rename = "type")]
    #[schema(example = "sse")]
    kind: &'static str,
    /// Where it is, on the server that gave this answer.
    endpoint: EventStreamEndpoint,
    /// After how many seconds out of sight a client may close it.
    #[schema(example = 120)]
    inactivity_delay_sec: u32,
}

/// The address of a stream. It holds a credential: it is nothing for logs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventStreamEndpoint {
    /// Path and query.
    request_uri: String,
}

impl EventStream {
    /// The stream that a token opens.
    pub(crate) fn with_token(token: &str) -> Self {
        Self {
            kind: "sse",
            endpoint: EventStreamEndpoint { request_uri: format!("/ofrep/v1/stream?token={token}") },
            inactivity_delay_sec: INACTIVITY_DELAY_SECONDS,
        }
    }
}

impl<'a> FlagEvaluation<'a> {
    pub(crate) fn new(key: &'a str, decision: &Decision<'a>) -> Self {
        match decision.error_code {
            None => Self {
                key,
                value: decision.value,
                variant: Variant::Success(decision.variant),
                reason: Some(decision.reason.as_str()),
                metadata: decision.variation_type.map(|variation_type| Metadata {
                    allocation_key: decision.allocation_key,
                    variation_type: variation_type.as_str(),
                    do_log: decision.do_log,
                }),
                error_code: None,
                error_details: None,
            },
            Some(code) => Self {
                key,
                value: None,
                variant: Variant::Failure,
                reason: None,
                metadata: None,
                error_code: Some(code.as_str()),
                error_details: Some(details(code)),
            },
        }
    }
}

fn details(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::ProviderNotReady => "no flags are published yet; try again",
        ErrorCode::FlagNotFound => "no flag with this key is published to readers with this key",
        ErrorCode::ParseError => "the flag's configuration cannot be evaluated",
        ErrorCode::TypeMismatch => "the flag has another type",
        ErrorCode::TargetingKeyMissing => "the flag splits its traffic, which needs context.targetingKey",
    }
}
