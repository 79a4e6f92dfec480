//! `/projects/{project_id}/flags/{flag_id}/environments/{environment_id}/rollouts`

use super::envelope::{Enveloped, InPath};
use super::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, Intent};
use crate::decode::{self, A_MOMENT, A_STRING, A_UUID, JsonBody, Member, Object, PathOf};
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::Rejection;
use flaghoist_model::allocation::{Allocation, VariantWeight, WeightDraft};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::Action;
use flaghoist_model::id::RolloutId;
use flaghoist_model::rollout::{Rollout, RolloutDraft, RolloutPlan};
use flaghoist_model::schedule::Schedule;
use flaghoist_model::suggestion::Property;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What numbers are called in messages.
const A_NUMBER: &str = "a number";

/// A rollout to make or change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintRolloutIn)]
pub(crate) struct RolloutIn {
    /// `off`, `percentage`, `variant` or `gradual`.
    #[serde(default)]
    #[schema(value_type = String, required, example = "gradual")]
    strategy: Member<String>,
    /// Of a `percentage`: 0 to 100.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    percentage: Member<f64>,
    /// Of a `variant`: weights that sum to 100.
    #[serde(default)]
    #[schema(value_type = Option<Vec<RolloutVariantIn>>)]
    variants: Member<Vec<Object<RolloutVariantIn>>>,
    /// Of a `gradual`: the share at the end, 0 to 100.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    target_percentage: Member<f64>,
    /// Of a `gradual`: by how much it grows in a step, 0 to 100.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    increment: Member<f64>,
    /// Of a `gradual`: how long a step lasts, at least 1.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    interval_hours: Member<f64>,
    /// Of a `gradual`: when it starts; at once when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    start_at: Member<String>,
    /// Minted when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    salt: Member<String>,
    /// The same members, as answers have them.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    config: Member<Object<RolloutConfigIn>>,
}

/// The members of a rollout inside `config`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct RolloutConfigIn {
    #[serde(default)]
    strategy: Member<String>,
    #[serde(default)]
    percentage: Member<f64>,
    #[serde(default)]
    variants: Member<Vec<Object<RolloutVariantIn>>>,
    #[serde(default)]
    target_percentage: Member<f64>,
    #[serde(default)]
    increment: Member<f64>,
    #[serde(default)]
    interval_hours: Member<f64>,
    #[serde(default)]
    start_at: Member<String>,
    #[serde(default)]
    salt: Member<String>,
}

/// The share of a variation.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintRolloutVariantIn)]
pub(crate) struct RolloutVariantIn {
    #[serde(default)]
    #[schema(value_type = String, required, format = Uuid)]
    variation_id: Member<String>,
    /// Percent.
    #[serde(default)]
    #[schema(value_type = f64, required)]
    weight: Member<f64>,
}

/// A rollout.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintRolloutOut)]
pub(crate) struct RolloutOut {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    flag_id: String,
    #[schema(format = Uuid)]
    environment_id: String,
    #[schema(example = "gradual")]
    strategy: &'static str,
    config: RolloutConfigOut,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// Always null: what was removed is not shown.
    deleted_at: Option<String>,
}

/// What a rollout does.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = FlagmintRolloutConfigOut)]
pub(crate) struct RolloutConfigOut {
    #[schema(example = "gradual")]
    strategy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    percentage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variants: Option<Vec<RolloutVariantOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_percentage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    increment: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_hours: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    start_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    /// Where its steps stand. An extension of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<RolloutScheduleOut>,
}

/// The share of a variation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintRolloutVariantOut)]
pub(crate) struct RolloutVariantOut {
    #[schema(format = Uuid)]
    variation_id: String,
    weight: f64,
}

/// Where the steps of a rollout stand.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintRolloutScheduleOut)]
pub(crate) struct RolloutScheduleOut {
    /// The exposure schedule: start, pause, resume and stop it by this id.
    #[schema(format = Uuid)]
    id: String,
    #[schema(example = "RUNNING")]
    status: &'static str,
    /// The share that is in now, 0 to 100.
    current_percentage: f64,
    #[schema(format = DateTime)]
    next_transition_at: Option<String>,
}

impl RolloutScheduleOut {
    fn of(schedule: &Schedule) -> Self {
        Self {
            id: schedule.id.to_string(),
            status: schedule.progress.status.as_str(),
            current_percentage: schedule.exposure_ratio() * 100.0,
            next_transition_at: schedule.due_at().map(|at| at.to_string()),
        }
    }
}

fn variants_out(weights: &[VariantWeight]) -> Vec<RolloutVariantOut> {
    let variant = |weight: &VariantWeight| RolloutVariantOut {
        variation_id: weight.variant_id.to_string(),
        weight: weight.value,
    };
    weights.iter().map(variant).collect()
}

impl RolloutConfigOut {
    /// What a rollout does.
    pub(super) fn of(rollout: &Rollout) -> Self {
        let salt = Some(rollout.salt.clone());
        let common = Self { strategy: rollout.plan.strategy(), salt, ..Self::default() };
        match &rollout.plan {
            RolloutPlan::Off => Self { salt: None, ..common },
            RolloutPlan::Percentage { percentage } => Self { percentage: Some(*percentage), ..common },
            RolloutPlan::Variant => Self { variants: Some(variants_out(&rollout.weights)), ..common },
            RolloutPlan::Gradual { target_percentage, increment, interval_hours, start_at } => Self {
                target_percentage: Some(*target_percentage),
                increment: Some(*increment),
                interval_hours: Some(*interval_hours),
                start_at: start_at.map(|at| at.to_string()),
                schedule: rollout.schedule.as_ref().map(RolloutScheduleOut::of),
                ..common
            },
        }
    }

    /// The weights and steps that an allocation has for itself.
    fn of_allocation(allocation: &Allocation) -> Self {
        Self {
            strategy: RolloutPlan::Variant.strategy(),
            variants: Some(variants_out(&allocation.weights)),
            salt: Some(allocation.split_salt.clone()),
            schedule: allocation.schedule.as_ref().map(RolloutScheduleOut::of),
            ..Self::default()
        }
    }
}

/// The rollouts of an entry: first those that rules serve by reference, then the weights and steps that allocations have
/// for themselves, each by the id of its allocation.
fn all(entry: &FlagEnvironment) -> Vec<RolloutOut> {
    let row = |id: RolloutId, config: RolloutConfigOut, created_at: String, updated_at: String| RolloutOut {
        id: id.to_string(),
        flag_id: entry.flag_id.to_string(),
        environment_id: entry.environment_id.to_string(),
        strategy: config.strategy,
        config,
        created_at,
        updated_at,
        deleted_at: None,
    };
    let rows = entry.rollouts.iter().map(|rollout| {
        let (created_at, updated_at) = (rollout.created_at.to_string(), rollout.updated_at.to_string());
        row(rollout.id, RolloutConfigOut::of(rollout), created_at, updated_at)
    });
    let own = entry.targeting_rules().filter_map(|(_, rule)| {
        let id = rule.rollout_id().filter(|id| id.0 == rule.id.0)?;
        let (created_at, updated_at) = (rule.created_at.to_string(), rule.updated_at.to_string());
        Some(row(id, RolloutConfigOut::of_allocation(rule), created_at, updated_at))
    });
    rows.chain(own).collect()
}

fn find(entry: &FlagEnvironment, id: RolloutId) -> Result<RolloutOut, ApiError> {
    let wanted = id.to_string();
    let found = all(entry).into_iter().find(|rollout| rollout.id == wanted);
    found.ok_or_else(|| ApiError::NotFound("Rollout not found".to_owned()))
}

impl RolloutIn {
    fn into_draft(mut self, faults: &mut Faults) -> RolloutDraft {
        if let Member::Value(Object(config)) = self.config.clone()
            && !self.strategy.is_given()
        {
            return faults.at("config", |faults| {
                let inside = Self {
                    strategy: config.strategy,
                    percentage: config.percentage,
                    variants: config.variants,
                    target_percentage: config.target_percentage,
                    increment: config.increment,
                    interval_hours: config.interval_hours,
                    start_at: config.start_at,
                    salt: config.salt,
                    config: Member::Absent,
                };
                inside.into_draft(faults)
            });
        }
        // What is written back as answers have it says it in both places, or only inside.
        if let Member::Value(Object(config)) = std::mem::take(&mut self.config) {
            self.percentage = self.percentage.or(config.percentage);
            self.variants = self.variants.or(config.variants);
            self.target_percentage = self.target_percentage.or(config.target_percentage);
            self.increment = self.increment.or(config.increment);
            self.interval_hours = self.interval_hours.or(config.interval_hours);
            self.start_at = self.start_at.or(config.start_at);
            self.salt = self.salt.or(config.salt);
        }
        let variants = self.variants.optional("variants", "an array of weights", faults);
        let variants = variants.map(|variants| {
            faults.at("variants", |faults| {
                let variants = variants.into_iter().enumerate();
                let draft = |(position, Object(variant)): (usize, Object<RolloutVariantIn>)| {
                    faults.at(position, |faults| variant.into_draft(faults))
                };
                variants.map(draft).collect()
            })
        });
        let start_at = self.start_at.optional("start_at", A_MOMENT, faults);
        RolloutDraft {
            strategy: self.strategy.required("strategy", "off, percentage, variant or gradual", faults),
            percentage: self.percentage.optional("percentage", A_NUMBER, faults),
            variants,
            target_percentage: self.target_percentage.optional("target_percentage", A_NUMBER, faults),
            increment: self.increment.optional("increment", A_NUMBER, faults),
            interval_hours: self.interval_hours.optional("interval_hours", A_NUMBER, faults),
            start_at: decode::moment(start_at, "start_at", faults),
            salt: self.salt.optional("salt", A_STRING, faults),
        }
    }
}

impl RolloutVariantIn {
    fn into_draft(self, faults: &mut Faults) -> WeightDraft {
        let variant_id = self.variation_id.required("variation_id", A_UUID, faults);
        WeightDraft {
            variant_id: decode::id(variant_id, "variation_id", faults),
            variant_key: None,
            value: self.weight.required("weight", "percent as a number", faults),
        }
    }
}

/// List rollouts
///
/// Also the weights and steps that allocations of other dialects have for themselves.
#[utoipa::path(
    get,
    path = "/projects/{project_id}/flags/{flag_id}/environments/{environment_id}/rollouts",
    operation_id = "flagmint_list_rollouts",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The rollouts, the oldest first", body = Enveloped<Vec<RolloutOut>>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn list_rollouts(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(place): InPath,
) -> Result<Enveloped<Vec<RolloutOut>>, ApiError> {
    let (flag_id, environment_id) = place.entry()?;
    let view = commands::view_flag(&app, &caller.principal, flag_id).await?;
    Ok(Enveloped::ok(all(view.entry(environment_id)?.1)))
}

/// Create a rollout
///
/// A `gradual` one is an exposure schedule and starts by itself. The oldest rollout is served to everybody while the flag
/// has no targeting rules in the environment.
#[utoipa::path(
    post,
    path = "/projects/{project_id}/flags/{flag_id}/environments/{environment_id}/rollouts",
    operation_id = "flagmint_create_rollout",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
    ),
    request_body = RolloutIn,
    responses(
        (status = 201, description = "The rollout", body = Enveloped<RolloutOut>),
        (status = 202, description = "The rollout as it is suggested", body = Enveloped<RolloutOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn create_rollout(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(place): InPath,
    JsonBody(wanted): JsonBody<RolloutIn>,
) -> Result<Enveloped<RolloutOut>, ApiError> {
    let intent = Intent::to(Action::RolloutCreated).about(Property::Allocations);
    let outcome =
        commands::change_flag_environment(&app, &caller.principal, place.entry()?, intent, |change| {
            let mut faults = Faults::new();
            let draft = wanted.into_draft(&mut faults);
            change.entry.with_rollout(None, draft, change.flag, change.now, change.ids, faults)
        });
    let outcome = outcome.await?;
    let rollout = find(&outcome.entry, outcome.said)?;
    let suggestion = outcome.suggestion.map(|suggestion| suggestion.id);
    Ok(Enveloped::created(rollout).unless_suggested(suggestion))
}

/// Get a rollout
#[utoipa::path(
    get,
    path = "/projects/{project_id}/flags/{flag_id}/environments/{environment_id}/rollouts/{rollout_id}",
    operation_id = "flagmint_get_rollout",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("rollout_id" = String, Path, description = "The rollout's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The rollout", body = Enveloped<RolloutOut>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn get_rollout(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(place): InPath,
) -> Result<Enveloped<RolloutOut>, ApiError> {
    let (flag_id, environment_id) = place.entry()?;
    let id = place.rollout_id()?;
    let view = commands::view_flag(&app, &caller.principal, flag_id).await?;
    Ok(Enveloped::ok(find(view.entry(environment_id)?.1, id)?))
}

/// Change a rollout
///
/// The whole configuration; the salt stays unless another is given. The steps of one that is running stay as they are
/// (409); with the strategy `off` it is stopped.
#[utoipa::path(
    put,
    path = "/projects/{project_id}/flags/{flag_id}/environments/{environment_id}/rollouts/{rollout_id}",
    operation_id = "flagmint_update_rollout",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("rollout_id" = String, Path, description = "The rollout's id", format = Uuid),
    ),
    request_body = RolloutIn,
    responses(
        (status = 200, description = "The rollout", body = Enveloped<RolloutOut>),
        (status = 202, description = "The rollout as it is suggested", body = Enveloped<RolloutOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn update_rollout(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(place): InPath,
    JsonBody(wanted): JsonBody<RolloutIn>,
) -> Result<Enveloped<RolloutOut>, ApiError> {
    let id = place.rollout_id()?;
    let intent = Intent::to(Action::RolloutUpdated).about(Property::Allocations);
    let outcome =
        commands::change_flag_environment(&app, &caller.principal, place.entry()?, intent, |change| {
            check_is_not_of_allocation(change.entry, id)?;
            let mut faults = Faults::new();
            let draft = wanted.into_draft(&mut faults);
            change.entry.with_rollout(Some(id), draft, change.flag, change.now, change.ids, faults)
        });
    let outcome = outcome.await?;
    let rollout = find(&outcome.entry, outcome.said)?;
    let suggestion = outcome.suggestion.map(|suggestion| suggestion.id);
    Ok(Enveloped::ok(rollout).unless_suggested(suggestion))
}

fn check_is_not_of_allocation(entry: &FlagEnvironment, id: RolloutId) -> Result<(), Rejection> {
    let is_own = entry.targeting_rules().any(|(_, rule)| rule.id.0 == id.0 && rule.rollout_id() == Some(id));
    if is_own && entry.rollout(id).is_none() {
        let message = "these are the weights of a rule that was made through another interface; change them \
                       there, or give the rule a rollout or variation of this one";
        return Err(Rejection::conflict("", message));
    }
    Ok(())
}

/// Delete a rollout
///
/// One that a rule serves stays: 409. One that is running is stopped.
#[utoipa::path(
    delete,
    path = "/projects/{project_id}/flags/{flag_id}/environments/{environment_id}/rollouts/{rollout_id}",
    operation_id = "flagmint_delete_rollout",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("rollout_id" = String, Path, description = "The rollout's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The rollout as it was", body = Enveloped<RolloutOut>),
        (status = 202, description = "The rollout as it is: its removal waits for an approval", body = Enveloped<RolloutOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn delete_rollout(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(place): InPath,
) -> Result<Enveloped<RolloutOut>, ApiError> {
    let id = place.rollout_id()?;
    let intent = Intent::to(Action::RolloutDeleted).about(Property::Allocations);
    let outcome =
        commands::change_flag_environment(&app, &caller.principal, place.entry()?, intent, |change| {
            check_is_not_of_allocation(change.entry, id)?;
            Ok((change.entry.without_rollout(id, change.now)?, change.entry.clone()))
        });
    let outcome = outcome.await?;
    let rollout = find(&outcome.said, id)?;
    Ok(Enveloped::ok(rollout).unless_suggested(outcome.suggestion.map(|suggestion| suggestion.id)))
}
