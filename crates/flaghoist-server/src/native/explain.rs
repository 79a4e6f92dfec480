//! `POST /api/v1/environments/{environment}/explain` and `GET /api/v1/environments/{environment}/document`

mod proposal;

use super::{ProblemBodyErrors, ProblemErrors};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands::{self, Moment};
use crate::datadog::Filters;
use crate::decode::{self, A_STRING, JsonBody, Member, PathOf};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use flaghoist_eval::{Attributes, ErrorCode, Expected, Explanation, Flag, Snapshot, Subject, Value};
use flaghoist_model::{Fault, Faults};
use jiff::Timestamp;
use proposal::ProposalIn;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most contexts of a request.
const CONTEXTS_MAX: usize = 100;
/// Most answers of a request: contexts times flags.
const ANSWERS_MAX: usize = 20_000;
/// What moments are called in messages.
const A_MOMENT: &str = "a revision such as 42, or an RFC 3339 time such as 2026-11-20T10:00:00Z";

/// For whom, of what, and as of when.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ExplainIn {
    /// Key of the flag; all flags when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "dark-mode")]
    flag_key: Member<String>,
    /// `targetingKey`, and any attributes.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"targetingKey": "alice", "plan": "beta"}))]
    context: Member<Box<RawValue>>,
    /// Several contexts instead of one.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    contexts: Member<Vec<Box<RawValue>>>,
    /// A past moment: a revision or an RFC 3339 time, as text. The present when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2026-11-20T10:00:00Z")]
    at: Member<String>,
    /// A change of the flag of `flag_key` to try out: what it would serve stands beside what it serves.
    #[serde(default)]
    #[schema(value_type = Option<ProposalIn>)]
    proposal: Member<decode::Object<ProposalIn>>,
}

/// What flags serve, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainOut<'a> {
    /// Key of the environment.
    environment: &'a str,
    /// The project revision that was looked at.
    revision: i64,
    /// One entry for each context, in their order.
    contexts: Vec<ContextAnswers<'a>>,
}

/// What one context gets.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContextAnswers<'a> {
    /// One entry for each flag, in the order of their keys.
    flags: Vec<FlagAnswer<'a>>,
    /// What the flag would serve after the proposed change; null when readers would not see it. Only with a proposal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FlagAnswer<'static>>)]
    #[expect(clippy::option_option, reason = "absent without a proposal, null when nothing would be served")]
    proposed: Option<Option<FlagAnswer<'a>>>,
    /// Whether that is another variant or value. Only with a proposal.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_changed: Option<bool>,
}

/// What a flag serves, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlagAnswer<'a> {
    /// The flag.
    #[schema(example = "dark-mode")]
    flag_key: &'a str,
    /// The value; absent when the application's own default applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    value: Option<&'a Value>,
    /// The variant.
    variant_key: Option<&'a str>,
    /// Why.
    #[schema(example = "TARGETING_MATCH")]
    reason: &'static str,
    /// What went wrong.
    error_code: Option<&'static str>,
    /// The allocation that served it.
    allocation_key: Option<&'a str>,
    /// Every allocation with its outcome, in the order of evaluation.
    #[schema(value_type = Object)]
    explanation: Explanation<'a>,
}

impl<'a> FlagAnswer<'a> {
    fn new(snapshot: &'a Snapshot, key: &'a str, subject: &Subject<'a>, at: Timestamp) -> Self {
        let (decision, explanation) = snapshot.explain(key, Expected::Any, subject, at);
        Self {
            flag_key: key,
            value: decision.value,
            variant_key: decision.variant,
            reason: decision.reason.as_str(),
            error_code: decision.error_code.map(ErrorCode::as_str),
            allocation_key: decision.allocation_key,
            explanation,
        }
    }
}

/// Explain what flags serve
///
/// One flag or all, for one context or many, now or as of a past moment. Shows flags of all channels. With a proposal, a
/// change is tried out and nothing is changed; who gets what of an allocation that is new in it is decided anew when it
/// is really made.
#[utoipa::path(
    post,
    path = "/api/v1/environments/{environment}/explain",
    operation_id = "explain",
    tag = "Explanations",
    params(("environment" = String, Path, description = "Key or id of the environment", example = "production")),
    request_body = ExplainIn,
    responses(
        (status = 200, description = "The answers", body = ExplainOut<'static>),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn explain(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(environment): PathOf<String>,
    JsonBody(wanted): JsonBody<ExplainIn>,
) -> Result<Response, ApiError> {
    let mut faults = Faults::new();
    let flag_key = wanted.flag_key.optional("flag_key", A_STRING, &mut faults);
    let at = wanted.at.optional("at", A_MOMENT, &mut faults);
    let moment = decode::one_of(at, "at", Moment::parse, A_MOMENT, &mut faults).unwrap_or(Moment::Now);
    let contexts = match wanted.contexts.optional("contexts", "an array of contexts", &mut faults) {
        Some(contexts) => contexts,
        None => wanted.context.optional("context", "an object", &mut faults).into_iter().collect(),
    };
    if contexts.len() > CONTEXTS_MAX {
        faults.push_at("contexts", format!("has {} entries; give at most {CONTEXTS_MAX}", contexts.len()));
    }
    let proposal = wanted.proposal.optional("proposal", "an object", &mut faults);
    if proposal.is_some() && (flag_key.is_none() || !matches!(moment, Moment::Now)) {
        faults.push_at("proposal", "is about one flag as it is now; give flag_key, and no at");
    }
    faults.check()?;
    let contexts = if contexts.is_empty() { vec![empty_context()?] } else { contexts };
    let past = commands::configuration_at(&app, &caller.principal, &environment, moment, flag_key.as_deref())
        .await?;
    if let Some(key) = flag_key.as_ref().filter(|key| !past.flags.contains_key(*key)) {
        // A fault of the body; 404 is about what the path names.
        let message = format!("there was no flag {key:?} at that moment; give the key of one");
        return Err(ApiError::Invalid(vec![Fault { pointer: "/flag_key".to_owned(), message }]));
    }
    let proposed = match (&flag_key, proposal) {
        (Some(key), Some(decode::Object(proposal))) => {
            let flag = proposal.compiled(&app, &caller, past.environment.id, key).await?;
            let compiled =
                flag.iter().map(|flag| (Box::from(key.as_str()), Flag::compile(flag).map(Arc::new)));
            Some(Snapshot::from_flags(compiled))
        }
        _ => None,
    };
    if contexts.len() * past.flags.len() > ANSWERS_MAX {
        let count = contexts.len() * past.flags.len();
        let message =
            format!("asks for {count} answers; give fewer contexts or one flag, {ANSWERS_MAX} at most");
        return Err(ApiError::Invalid(vec![Fault { pointer: String::new(), message }]));
    }
    let snapshot = Snapshot::from_flags(
        past.flags.iter().map(|(key, flag)| (Box::from(key.as_str()), Flag::compile(flag).map(Arc::new))),
    );
    let attributes = contexts.iter().enumerate().map(|(position, context)| read_context(position, context));
    let attributes: Vec<Attributes<'_>> = attributes.collect::<Result<_, ApiError>>()?;
    let mut answers = Vec::new();
    for (position, attributes) in attributes.iter().enumerate() {
        let subject = crate::ofrep::subject(attributes)
            .map_err(|_| wrong_context(position, "its targetingKey is no string"))?;
        let flags: Vec<FlagAnswer<'_>> =
            past.flags.keys().map(|key| FlagAnswer::new(&snapshot, key, &subject, past.at)).collect();
        let proposed = proposed.as_ref().map(|proposed| {
            let key = past.flags.keys().next().filter(|key| proposed.flag(key).is_some());
            key.map(|key| FlagAnswer::new(proposed, key, &subject, past.at))
        });
        let is_changed = proposed.as_ref().map(|proposed| {
            let served =
                |answer: &FlagAnswer<'_>| (answer.variant_key.map(str::to_owned), answer.value.cloned());
            proposed.as_ref().map(served) != flags.first().map(served)
        });
        answers.push(ContextAnswers { flags, proposed, is_changed });
    }
    let environment = past.environment.key.as_str();
    let out = ExplainOut { environment, revision: past.revision, contexts: answers };
    Ok(axum::Json(out).into_response())
}

fn empty_context() -> Result<Box<RawValue>, ApiError> {
    RawValue::from_string("{}".to_owned()).map_err(ApiError::internal)
}

fn read_context(position: usize, context: &RawValue) -> Result<Attributes<'_>, ApiError> {
    serde_json::from_str(context.get()).map_err(|error| wrong_context(position, &error.to_string()))
}

fn wrong_context(position: usize, why: &str) -> ApiError {
    ApiError::Invalid(vec![Fault {
        pointer: format!("/contexts/{position}"),
        message: format!("is no context: {why}; give an object such as {{\"targetingKey\": \"alice\"}}"),
    }])
}

/// As of when.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct DocumentOptions {
    at: Option<String>,
}

/// The document of an environment, now or as of a past moment
///
/// The UFC document (Datadog dialect) with the flags of all channels: for people and tools. SDKs read `/sdk/v1/config`.
#[utoipa::path(
    get,
    path = "/api/v1/environments/{environment}/document",
    operation_id = "get_document",
    tag = "Explanations",
    params(
        ("environment" = String, Path, description = "Key or id of the environment", example = "production"),
        ("at" = Option<String>, Query, description = "A past moment: a revision or an RFC 3339 time"),
    ),
    responses((status = 200, description = "The document", body = Object), ProblemErrors)
)]
pub(crate) async fn get_document(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(environment): PathOf<String>,
    Filters(options): Filters<DocumentOptions>,
) -> Result<Response, ApiError> {
    let mut faults = Faults::under("/query");
    let moment =
        decode::one_of(options.at, "at", Moment::parse, A_MOMENT, &mut faults).unwrap_or(Moment::Now);
    faults.check()?;
    let past = commands::configuration_at(&app, &caller.principal, &environment, moment, None).await?;
    let body = serde_json::to_vec(&past.document()).map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}
