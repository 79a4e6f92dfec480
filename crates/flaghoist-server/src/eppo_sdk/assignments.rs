//! `POST /api/assignments`

use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::decode::{self, A_STRING, Member, Object};
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use flaghoist_eval::eppo_document::{encode, hash, text_of};
use flaghoist_eval::{Attributes, Decision, Expected, Subject, VariationType};
use flaghoist_model::compile::Channel;
use flaghoist_model::{Fault, Faults};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Largest body of a request.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// Who asks.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct AssignmentsIn {
    /// The targeting key.
    #[serde(default)]
    #[schema(value_type = String, example = "alice", required)]
    subject_key: Member<String>,
    /// Attributes of the subject, by kind.
    #[serde(default)]
    #[schema(value_type = Option<SubjectAttributesIn>)]
    subject_attributes: Member<Object<SubjectAttributesIn>>,
}

/// Attributes of a subject, by kind.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubjectAttributesIn {
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"age": 42}))]
    numeric_attributes: Option<Box<RawValue>>,
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"plan": "beta"}))]
    categorical_attributes: Option<Box<RawValue>>,
}

/// Everything that the subject gets, with hidden names.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrecomputedAssignments {
    #[schema(example = "PRECOMPUTED")]
    format: &'static str,
    /// Always true.
    obfuscated: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// Stands before the keys of flags when they are hashed.
    salt: String,
    environment: EnvironmentOut,
    /// By the MD5 of salt and key.
    flags: BTreeMap<String, AssignmentOut>,
    /// Always empty.
    #[schema(value_type = Object)]
    bandits: serde_json::Map<String, serde_json::Value>,
}

/// The environment.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnvironmentOut {
    name: String,
}

/// What the subject gets of a flag. Texts are encoded in base64.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignmentOut {
    #[schema(value_type = String, example = "BOOLEAN")]
    variation_type: VariationType,
    variation_value: String,
    do_log: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variation_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_logging: Option<BTreeMap<String, String>>,
}

impl AssignmentOut {
    fn of(decision: &Decision<'_>) -> Option<Self> {
        // Who is exposed is nobody's business where it is not reported.
        let logged = |key: Option<&str>| key.filter(|_| decision.do_log).map(encode);
        let extra_logging = decision.do_log.then(|| {
            decision.extra_logging.iter().map(|(name, value)| (encode(name), encode(value))).collect()
        });
        Some(Self {
            variation_type: decision.variation_type?,
            variation_value: encode(&text_of(&serde_json::to_value(decision.value?).ok()?)),
            do_log: decision.do_log,
            allocation_key: logged(decision.allocation_key),
            variation_key: logged(decision.variant),
            extra_logging,
        })
    }
}

/// Everything that a subject gets, for Eppo's clients
///
/// Values only, never rules. Only flags of the client channel, whatever the key.
#[utoipa::path(
    post,
    path = "/api/assignments",
    operation_id = "precompute_eppo_assignments",
    tag = "SDK",
    params(("apiKey" = Option<String>, Query, description = "An SDK key, where no header carries it")),
    request_body = AssignmentsIn,
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The assignments", body = PrecomputedAssignments),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn precompute_eppo_assignments(
    State(app): State<AppState>,
    reader: SdkKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PrecomputedAssignments>, ApiError> {
    decode::check_media_type(&headers)?;
    let body = decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await?;
    let asked: AssignmentsIn = decode::parse_object(&body)?;
    let mut faults = Faults::new();
    let targeting_key = asked.subject_key.required("subject_key", A_STRING, &mut faults);
    let given = asked.subject_attributes.optional("subject_attributes", "an object", &mut faults);
    faults.check()?;
    let Object(given) = given.unwrap_or(Object(SubjectAttributesIn::default()));
    let mut attributes = read_attributes("numericAttributes", given.numeric_attributes.as_deref())?;
    let categorical = read_attributes("categoricalAttributes", given.categorical_attributes.as_deref())?;
    for (name, value) in categorical.iter() {
        attributes.insert(name, value.clone());
    }
    let subject = Subject { targeting_key: targeting_key.as_deref(), attributes: &attributes };
    app.contexts.take(reader.environment.id(), reader.now, &subject);
    let salt = STANDARD_NO_PAD.encode(app.ids.mint());
    let channel = reader.environment.channel(Channel::Client);
    let flags = channel.flags.iter().filter_map(|flag| {
        let decision = channel.snapshot.decide(&flag.key, Expected::Any, &subject, reader.now);
        flag.counter.count_reason(decision.reason);
        Some((hash(&format!("{salt}{}", flag.key)), AssignmentOut::of(&decision)?))
    });
    let flags = flags.collect();
    let environment = reader.environment.environment();
    Ok(Json(PrecomputedAssignments {
        format: "PRECOMPUTED",
        obfuscated: true,
        created_at: environment.content_at.to_string(),
        environment: EnvironmentOut { name: environment.name.clone() },
        salt,
        flags,
        bandits: serde_json::Map::new(),
    }))
}

fn read_attributes<'a>(name: &str, given: Option<&'a RawValue>) -> Result<Attributes<'a>, ApiError> {
    let Some(given) = given.map(RawValue::get).filter(|text| *text != "null") else {
        return Ok(Attributes::new());
    };
    serde_json::from_str(given).map_err(|error| {
        let pointer = format!("/subject_attributes/{name}");
        ApiError::Invalid(vec![Fault { pointer, message: format!("is no JSON object: {error}") }])
    })
}
