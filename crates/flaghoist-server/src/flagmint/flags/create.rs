//! `POST /projects/{project_id}/flags`

use super::resource::{FlagOut, TEMPLATE};
use crate::ApiError;
use crate::access::{Allowed, WriteFlags};
use crate::app::AppState;
use crate::commands::{self, FirstEntries, Intent};
use crate::decode::{self, A_BOOLEAN, A_STRING, A_UUID, JsonBody, Member};
use crate::flagmint::envelope::Enveloped;
use crate::flagmint::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use axum::extract::State;
use flaghoist_model::access::{Permission, Principal};
use flaghoist_model::allocation::WeightDraft;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::{DistributionChannel, FlagDraft};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::Action;
use flaghoist_model::id::EnvironmentId;
use flaghoist_model::key::slug;
use flaghoist_model::rollout::RolloutDraft;
use flaghoist_model::suggestion::entry_needs_approval;
use flaghoist_model::value::ValueType;
use flaghoist_model::variant::VariantDraft;
use flaghoist_model::{Faults, Rejection};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// How long a step of a rollout lasts that a template makes, in hours.
const TEMPLATE_INTERVAL_HOURS: f64 = 24.0;

/// A flag to make.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintFlagIn)]
pub(crate) struct FlagIn {
    #[serde(default)]
    #[schema(value_type = String, required, example = "New checkout")]
    name: Member<String>,
    /// Unique in the project; made from the name when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "new-checkout")]
    key: Member<String>,
    /// `boolean`, `string`, `number` or `json`; that of the template when absent.
    #[serde(default, rename = "type")]
    #[schema(rename = "type", value_type = Option<String>, example = "boolean")]
    kind: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// Whether it is active from the start, everywhere; true when absent.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_active: Member<bool>,
    /// Whether client SDK keys see it; true when absent.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    client_side_enabled: Member<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    analytics_enabled: Member<bool>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    metadata: Member<Map<String, Value>>,
    /// An environment of the project. Checked, and otherwise without effect: a flag is in all of them.
    #[serde(default, rename = "envId")]
    #[schema(rename = "envId", value_type = Option<String>, format = Uuid)]
    environment_id: Member<String>,
    /// `gradual_rollout`, `kill_switch` or `ab_test`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "kill_switch")]
    template: Member<String>,
    /// Of an `ab_test`: the type of its variations.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "string")]
    flavor: Member<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Template {
    GradualRollout,
    KillSwitch,
    AbTest,
}

impl Template {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "gradual_rollout" => Some(Self::GradualRollout),
            "kill_switch" => Some(Self::KillSwitch),
            "ab_test" => Some(Self::AbTest),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::GradualRollout => "gradual_rollout",
            Self::KillSwitch => "kill_switch",
            Self::AbTest => "ab_test",
        }
    }

    /// The rollout that it starts with in every environment.
    fn rollout(self, weights: Vec<WeightDraft>) -> Option<RolloutDraft> {
        match self {
            Self::GradualRollout => Some(RolloutDraft {
                strategy: Some("gradual".to_owned()),
                target_percentage: Some(0.0),
                increment: Some(0.0),
                interval_hours: Some(TEMPLATE_INTERVAL_HOURS),
                ..RolloutDraft::default()
            }),
            Self::AbTest => Some(RolloutDraft {
                strategy: Some("variant".to_owned()),
                variants: Some(weights),
                ..RolloutDraft::default()
            }),
            Self::KillSwitch => None,
        }
    }
}

fn value_type(name: &str) -> Option<ValueType> {
    match name {
        "boolean" => Some(ValueType::Boolean),
        "string" => Some(ValueType::String),
        "number" => Some(ValueType::Numeric),
        "json" => Some(ValueType::Json),
        _ => None,
    }
}

/// What a flag is to be, beside its draft.
struct Wanted {
    template: Option<Template>,
    is_active: bool,
    environment_id: Option<EnvironmentId>,
}

impl FlagIn {
    fn read(self, faults: &mut Faults) -> (FlagDraft, Wanted) {
        const TEMPLATES: &str = "gradual_rollout, kill_switch, ab_test";
        const TYPES: &str = "boolean, string, number, json";
        let name = self.name.required("name", A_STRING, faults);
        let key = self.key.optional("key", A_STRING, faults).or_else(|| name.as_deref().map(slug));
        let template = self.template.optional("template", A_STRING, faults);
        let template = decode::one_of(template, "template", Template::from_name, TEMPLATES, faults);
        let kind = self.kind.optional("type", A_STRING, faults);
        let kind = decode::one_of(kind, "type", value_type, TYPES, faults);
        let flavor = self.flavor.optional("flavor", A_STRING, faults);
        let flavor = decode::one_of(flavor, "flavor", value_type, TYPES, faults);
        let kind = match template {
            Some(Template::AbTest) => {
                if flavor.is_none() && kind.is_none() && faults.is_empty() {
                    faults.push_at("flavor", "is required for an ab_test; give string, number or json");
                }
                flavor.or(kind)
            }
            Some(Template::GradualRollout | Template::KillSwitch) => {
                if kind.is_some_and(|kind| kind != ValueType::Boolean) {
                    faults.push_at("type", "the template makes a boolean flag; leave the type out");
                }
                Some(ValueType::Boolean)
            }
            None => {
                if kind.is_none() && faults.is_empty() {
                    faults.push_at("type", format!("is required without a template; give {TYPES}"));
                }
                kind
            }
        };
        let mut metadata = self.metadata.optional("metadata", "an object", faults).unwrap_or_default();
        if let Some(template) = template {
            metadata.insert(TEMPLATE.to_owned(), template.as_str().into());
        }
        let is_client_side = self.client_side_enabled.optional("client_side_enabled", A_BOOLEAN, faults);
        let environment_id = self.environment_id.optional("envId", A_UUID, faults);
        let first = if template == Some(Template::KillSwitch) { "true" } else { "false" };
        let draft = FlagDraft {
            key,
            name,
            description: self.description.optional("description", A_STRING, faults),
            value_type: kind,
            variants: kind.map(first_variants),
            default_variant_key: (kind == Some(ValueType::Boolean)).then(|| first.to_owned()),
            distribution_channel: Some(match is_client_side {
                Some(false) => DistributionChannel::Server,
                _ => DistributionChannel::All,
            }),
            analytics_enabled: self.analytics_enabled.optional("analytics_enabled", A_BOOLEAN, faults),
            metadata: Some(metadata),
            ..FlagDraft::default()
        };
        let wanted = Wanted {
            template,
            is_active: self.is_active.optional("is_active", A_BOOLEAN, faults).unwrap_or(true),
            environment_id: decode::id(environment_id, "envId", faults),
        };
        (draft, wanted)
    }
}

/// The variants that a flag starts with.
fn first_variants(value_type: ValueType) -> Vec<VariantDraft> {
    let variant = |key: &str, name: &str, value: &str| VariantDraft {
        key: Some(key.to_owned()),
        name: Some(name.to_owned()),
        value: Some(value.to_owned()),
        ..VariantDraft::default()
    };
    let (control, treatment) = match value_type {
        ValueType::Boolean => {
            return vec![variant("true", "True", "true"), variant("false", "False", "false")];
        }
        ValueType::String => ("control", "treatment"),
        ValueType::Integer | ValueType::Numeric => ("0", "1"),
        ValueType::Json => (r#"{"variation":"control"}"#, r#"{"variation":"treatment"}"#),
    };
    vec![variant("control", "Control", control), variant("treatment", "Treatment", treatment)]
}

/// Create a flag
///
/// With two variations: `true` and `false`, or `control` and `treatment`. A template adds what it is for. Where an
/// approval is needed to activate it, it starts inactive, and the activation is suggested.
#[utoipa::path(
    post,
    path = "/projects/{project_id}/flags",
    operation_id = "flagmint_create_flag",
    tag = "Flagmint",
    params(("project_id" = String, Path, description = "The project's id", format = Uuid)),
    request_body = FlagIn,
    responses(
        (status = 201, description = "The flag", body = Enveloped<FlagOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn create_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    JsonBody(wanted): JsonBody<FlagIn>,
) -> Result<Enveloped<FlagOut>, ApiError> {
    let principal = &caller.principal;
    let mut faults = Faults::new();
    let (draft, wanted) = wanted.read(&mut faults);
    let furnish = |first: FirstEntries<'_>| furnished(&first, &wanted, principal);
    let mut view = commands::create_flag(&app, principal, draft, "", faults, furnish).await?;
    let flag_id = view.flag.id;
    let left_off: Vec<EnvironmentId> = view
        .entries()
        .filter(|entry| wanted.is_active && !entry.enabled)
        .map(|entry| entry.environment_id)
        .collect();
    let mut suggestions = Vec::new();
    for environment_id in left_off {
        let intent = Intent::to(Action::FlagEnabled);
        let outcome =
            commands::change_flag_environment(&app, principal, (flag_id, environment_id), intent, |change| {
                Ok((change.entry.with_enabled(true, change.now), ()))
            });
        let outcome = outcome.await?;
        suggestions.extend(outcome.suggestion.map(|suggestion| suggestion.id.to_string()));
    }
    if !suggestions.is_empty() {
        view = commands::view_flag(&app, principal, flag_id).await?;
    }
    let answer = Enveloped::created(FlagOut::of(&view));
    if suggestions.is_empty() {
        return Ok(answer);
    }
    let said = format!("Created; to be active everywhere it waits for approvals: {}", suggestions.join(", "));
    Ok(answer.saying(said))
}

/// What the flag serves in each environment from the start.
fn furnished(
    first: &FirstEntries<'_>,
    wanted: &Wanted,
    principal: &Principal,
) -> Result<Vec<FlagEnvironment>, Rejection> {
    let is_there = |id: EnvironmentId| first.environments.iter().any(|(one, _)| one.id == id);
    if let Some(id) = wanted.environment_id.filter(|id| !is_there(*id)) {
        return Err(Rejection::invalid("/envId", format!("{id} is no environment of this project")));
    }
    let may_activate = |environment: &Environment| {
        !entry_needs_approval(first.flag, environment)
            || principal.may(Permission::FeatureFlagApprovalsOverride)
    };
    let variants = &first.flag.variants;
    #[expect(clippy::cast_precision_loss, reason = "a flag has a few variants")]
    let share = 100.0 / variants.len() as f64;
    let weights = variants.iter().map(|variant| WeightDraft {
        variant_id: Some(variant.id),
        variant_key: None,
        value: Some(share),
    });
    let rollout = wanted.template.and_then(|template| template.rollout(weights.collect()));
    let entry = |(environment, entry): &(Environment, FlagEnvironment)| {
        let is_active = wanted.is_active && may_activate(environment);
        let entry = if is_active { entry.with_enabled(true, first.now) } else { entry.clone() };
        match rollout.clone() {
            None => Ok(entry),
            Some(draft) => {
                let (entry, _) =
                    entry.with_rollout(None, draft, first.flag, first.now, first.ids, Faults::new())?;
                Ok(entry)
            }
        }
    };
    first.environments.iter().map(entry).collect()
}
