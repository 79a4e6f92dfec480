//! `/projects/{project_id}/environments/{environment_id}/flags/{flag_id}/value`

use super::conditions::{SegmentRuleOut, Shown};
use super::envelope::{Enveloped, InPath, Place};
use super::flags::type_name;
use super::rollouts::RolloutConfigOut;
use super::variations::{text_of_value, value_of_variant};
use super::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use crate::ApiError;
use crate::access::authentication::{bearer, check_project_named};
use crate::access::sdk_key::SdkKey;
use crate::access::{Allowed, ReadFlags, WriteFlags};
use crate::app::{App, AppState};
use crate::commands::{self, Intent};
use crate::decode::{self, A_BOOLEAN, A_UUID, JsonBody, Member, PathOf, not_found};
use crate::secret;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use flaghoist_model::access::Principal;
use flaghoist_model::allocation::Allocation;
use flaghoist_model::compile::default_value;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::{FlagEnvironment, ServingPatch};
use flaghoist_model::history::Action;
use flaghoist_model::id::{FlagId, SuggestionId, VariantId};
use flaghoist_model::suggestion::Property;
use flaghoist_model::variant::VariantDraft;
use flaghoist_model::{Faults, Patch};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What a flag serves in an environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintFlagValueOut)]
pub(crate) struct FlagValueOut {
    /// The default value.
    #[schema(value_type = Value, example = true)]
    value: Value,
    /// `boolean`, `string`, `number` or `json`.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "boolean")]
    kind: &'static str,
    /// The conditions of its rules, one after the other.
    targeting_rules: Vec<InlineRuleOut>,
    key: String,
    #[schema(format = Uuid)]
    off_variation_id: Option<String>,
    /// The flag-level rollout.
    rollout: Option<RolloutConfigOut>,
    /// Whether it is active here.
    is_active: bool,
}

/// A condition of a rule, or the segment of one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintInlineRuleOut)]
pub(crate) struct InlineRuleOut {
    /// `rule` or `segment`.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "rule")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    segment_id: Option<String>,
}

impl FlagValueOut {
    fn of(flag: &Flag, entry: &FlagEnvironment) -> Self {
        Self {
            value: default_value(flag, entry),
            kind: type_name(flag.value_type),
            targeting_rules: entry.targeting_rules().flat_map(|(_, rule)| inline(rule)).collect(),
            key: flag.key.clone(),
            off_variation_id: entry.off_variant_id.map(|id| id.to_string()),
            rollout: entry.rollouts.first().map(RolloutConfigOut::of),
            is_active: entry.enabled,
        }
    }
}

fn inline(rule: &Allocation) -> Vec<InlineRuleOut> {
    if let Some(id) = rule.segment_id() {
        return vec![InlineRuleOut {
            kind: "segment",
            attribute: None,
            operator: None,
            value: None,
            segment_id: Some(id.to_string()),
        }];
    }
    let rules = Shown::of(rule.clauses.as_ref(), &rule.rules).segment_rules();
    rules.into_iter().map(SegmentRuleOut::into_inline).collect()
}

impl InlineRuleOut {
    /// A condition.
    pub(super) fn condition(attribute: String, operator: String, value: Option<Value>) -> Self {
        Self { kind: "rule", attribute: Some(attribute), operator: Some(operator), value, segment_id: None }
    }
}

/// What is to change in what a flag serves. Other members of the answer may be written back.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintFlagValueIn)]
pub(crate) struct FlagValueIn {
    /// The default value. A variation is made for one that no variation has.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    value: Member<Value>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_active: Member<bool>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    off_variation_id: Member<String>,
}

/// Who may read what a flag serves.
pub(crate) enum ValueReader {
    /// Somebody with the permission to.
    Person(Principal),
    /// An application, by the server SDK key of the environment. Client keys are known to everybody, and rules name
    /// people.
    Application(SdkKey),
}

impl FromRequestParts<AppState> for ValueReader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let published = app.publisher.published_now();
        let sdk_key = match bearer(&parts.headers) {
            Some(key) => SdkKey::of_hash(app, &published, &secret::hash(key), app.clock.now())?,
            None => None,
        };
        match sdk_key {
            Some(key) => {
                key.check_server()?;
                let project_id = key.environment.environment().project_id;
                check_project_named(parts.uri.path(), project_id)?;
                Ok(Self::Application(key))
            }
            None => Ok(Self::Person(Allowed::<ReadFlags>::from_request_parts(parts, app).await?.principal)),
        }
    }
}

/// What is published of a flag to the applications of an environment.
fn published_value(key: &SdkKey, place: &Place) -> Result<FlagValueOut, ApiError> {
    let (flag_id, environment_id) = place.entry()?;
    if environment_id != key.environment.id() {
        return Err(not_found("environment", environment_id));
    }
    let mut flags = key.environment.flags().iter();
    let flag = flags.find(|flag| flag.id == flag_id && key.channel.sees(flag.distribution_channel));
    let flag = flag.ok_or_else(|| not_found("feature flag", flag_id))?;
    // What was restored from disk is evaluated, but not kept as it was configured.
    let source = flag.source.as_ref().ok_or(ApiError::Unavailable)?;
    Ok(FlagValueOut::of(&source.flag, &source.entry))
}

/// Get the value of a flag in an environment
///
/// For people, and for applications with a server SDK key of the environment as bearer token.
#[utoipa::path(
    get,
    path = "/projects/{project_id}/environments/{environment_id}/flags/{flag_id}/value",
    operation_id = "flagmint_get_flag_value",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
    ),
    security(("bearer" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "What it serves", body = Enveloped<FlagValueOut>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn get_flag_value(
    State(app): State<AppState>,
    reader: ValueReader,
    PathOf(place): InPath,
) -> Result<Enveloped<FlagValueOut>, ApiError> {
    let principal = match reader {
        ValueReader::Application(key) => return Ok(Enveloped::ok(published_value(&key, &place)?)),
        ValueReader::Person(principal) => principal,
    };
    let (flag_id, environment_id) = place.entry()?;
    let view = commands::view_flag(&app, &principal, flag_id).await?;
    let (_, entry) = view.entry(environment_id)?;
    Ok(Enveloped::ok(FlagValueOut::of(&view.flag, entry)))
}

/// Change the value of a flag in an environment
///
/// What is absent stays as it is.
#[utoipa::path(
    put,
    path = "/projects/{project_id}/environments/{environment_id}/flags/{flag_id}/value",
    operation_id = "flagmint_update_flag_value",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
    ),
    request_body = FlagValueIn,
    responses(
        (status = 200, description = "What it serves", body = Enveloped<FlagValueOut>),
        (status = 202, description = "What it would serve: the change waits for an approval", body = Enveloped<FlagValueOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn update_flag_value(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    PathOf(place): InPath,
    JsonBody(wanted): JsonBody<FlagValueIn>,
) -> Result<Enveloped<FlagValueOut>, ApiError> {
    let (flag_id, environment_id) = place.entry()?;
    let principal = &caller.principal;
    let mut faults = Faults::new();
    let value = wanted.value.optional("value", "a value of the flag's type", &mut faults);
    let is_active = wanted.is_active.optional("is_active", A_BOOLEAN, &mut faults);
    let off = wanted.off_variation_id.patch("off_variation_id", A_UUID, &mut faults);
    let off = off.map(|text| decode::id::<VariantId>(Some(text), "off_variation_id", &mut faults));
    faults.check()?;
    let off_variant_id = match off {
        Patch::Set(id) => id.map_or(Patch::Keep, Patch::Set),
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
    };
    let view = commands::view_flag(&app, principal, flag_id).await?;
    let (_, entry) = view.entry(environment_id)?;
    let default_variant_id = match value.filter(|value| *value != default_value(&view.flag, entry)) {
        None => Patch::Keep,
        Some(value) => Patch::Set(variant_of_value(&app, principal, flag_id, &value).await?),
    };
    let mut suggestion: Option<SuggestionId> = None;
    if default_variant_id != Patch::Keep || off_variant_id != Patch::Keep {
        let patch = ServingPatch { default_variant_id, off_variant_id, ..ServingPatch::default() };
        let intent = Intent::to(Action::ServingUpdated).about(Property::Configuration);
        let outcome =
            commands::change_flag_environment(&app, principal, (flag_id, environment_id), intent, |change| {
                Ok((change.entry.with_serving(patch, change.flag, change.now, Faults::new())?, ()))
            });
        suggestion = outcome.await?.suggestion.map(|suggestion| suggestion.id);
    }
    if let Some(is_active) = is_active {
        let place = (flag_id, environment_id);
        let activation = super::flags::update::activate(&app, principal, place, is_active).await?;
        suggestion = suggestion.or(activation);
    }
    let view = commands::view_flag(&app, principal, flag_id).await?;
    let (_, entry) = view.entry(environment_id)?;
    Ok(Enveloped::ok(FlagValueOut::of(&view.flag, entry)).unless_suggested(suggestion))
}

/// The variant that has a value; one is made when none has it.
async fn variant_of_value(
    app: &App,
    principal: &Principal,
    flag_id: FlagId,
    value: &Value,
) -> Result<VariantId, ApiError> {
    let find = |flag: &Flag| {
        let has_value =
            |variant: &&flaghoist_model::variant::Variant| value_of_variant(flag, variant) == *value;
        flag.variants.iter().find(has_value).map(|variant| variant.id)
    };
    let view = commands::view_flag(app, principal, flag_id).await?;
    let text = text_of_value(view.flag.value_type, value);
    // The same value may be written in several ways: `1` and `1.0`.
    let parsed = view.flag.value_type.parse_quietly(&text);
    let same = |flag: &Flag| {
        let is_same = |text: &str| parsed.is_some() && flag.value_type.parse_quietly(text) == parsed;
        flag.variants.iter().find(|variant| is_same(&variant.value)).map(|variant| variant.id)
    };
    if let Some(id) = find(&view.flag).or_else(|| same(&view.flag)) {
        return Ok(id);
    }
    let outcome =
        commands::change_flag(app, principal, flag_id, Intent::to(Action::VariantCreated), |change| {
            let taken = |key: &str| change.view.flag.variant_by_key(key).is_some();
            let numbers = 1..=change.view.flag.variants.len() + 1;
            // One more number than there are variants: one is free.
            let number =
                numbers.into_iter().find(|number| !taken(&format!("value-{number}"))).unwrap_or_default();
            let draft = VariantDraft {
                key: Some(format!("value-{number}")),
                name: Some(format!("Value {number}")),
                value: Some(text),
                ..VariantDraft::default()
            };
            let (flag, _) = change.view.flag.add_variant(
                draft,
                change.principal,
                change.now,
                change.ids,
                Faults::new(),
            )?;
            Ok(flag)
        });
    let made = outcome.await?.view.flag.variants.last().map(|variant| variant.id);
    made.ok_or_else(|| ApiError::internal("a flag without variants"))
}
