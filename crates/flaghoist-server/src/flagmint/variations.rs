//! `/projects/{project_id}/flags/{flag_id}/variations`

use super::envelope::{Enveloped, InPath};
use super::flags::type_name;
use super::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags, WriteFlags};
use crate::app::{App, AppState};
use crate::commands::{self, FlagView, Intent};
use crate::decode::{self, A_BOOLEAN, A_STRING, A_UUID, JsonBody, Member, Object, PathOf};
use axum::extract::State;
use flaghoist_model::access::Principal;
use flaghoist_model::flag::{Flag, VariantPatch};
use flaghoist_model::flag_environment::ServingPatch;
use flaghoist_model::history::Action;
use flaghoist_model::id::{EnvironmentId, FlagId, SuggestionId, VariantId};
use flaghoist_model::suggestion::Property;
use flaghoist_model::value::ValueType;
use flaghoist_model::variant::{Variant, VariantDraft};
use flaghoist_model::{Faults, MintId, Patch, Rejection};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What numbers are called in messages.
const A_NUMBER: &str = "a number";

/// A variation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintVariationOut)]
pub(crate) struct VariationOut {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    flag_id: String,
    #[schema(format = Uuid)]
    project_id: String,
    /// Unique in the flag; never changes.
    #[schema(example = "treatment")]
    key: String,
    name: String,
    description: Option<String>,
    /// That of the flag.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "string")]
    kind: &'static str,
    #[schema(value_type = Value)]
    value: Value,
    /// Whether it is the default in every environment.
    is_default: bool,
    order_index: f64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// Always null: what was removed is not shown.
    deleted_at: Option<String>,
}

/// The variations of a flag in the order in which people want to see them.
fn all(view: &FlagView) -> Vec<VariationOut> {
    let flag = &view.flag;
    #[expect(clippy::cast_precision_loss, reason = "a flag has at most a few hundred variants")]
    let out = |(position, variant): (usize, &Variant)| VariationOut {
        id: variant.id.to_string(),
        flag_id: flag.id.to_string(),
        project_id: flag.project_id.to_string(),
        key: variant.key.clone(),
        name: variant.name.clone(),
        description: variant.description.clone(),
        kind: type_name(flag.value_type),
        value: value_of_variant(flag, variant),
        is_default: is_default(view, variant.id),
        order_index: variant.order_index.unwrap_or(position as f64),
        created_at: variant.created_at.to_string(),
        updated_at: variant.updated_at.to_string(),
        deleted_at: None,
    };
    let mut variations: Vec<VariationOut> = flag.variants.iter().enumerate().map(out).collect();
    variations.sort_by(|a, b| a.order_index.total_cmp(&b.order_index));
    variations
}

fn is_default(view: &FlagView, id: VariantId) -> bool {
    view.entries().all(|entry| entry.default_variant_id == Some(id))
}

/// The value of a variant.
pub(super) fn value_of_variant(flag: &Flag, variant: &Variant) -> Value {
    flag.value_type.parse_quietly(&variant.value).unwrap_or_default()
}

/// A value as variants of that type are written.
pub(super) fn text_of_value(value_type: ValueType, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        // A whole number may come with a point: `1.0`.
        Value::Number(number) if value_type == ValueType::Integer => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && number.as_i64().is_none() => format!("{float}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// Variations to make, change and remove.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintVariationsIn)]
pub(crate) struct VariationsIn {
    #[serde(default)]
    #[schema(value_type = Vec<VariationIn>, required)]
    updates: Member<Vec<Object<VariationIn>>>,
    #[serde(default, rename = "deletedIds")]
    #[schema(rename = "deletedIds", value_type = Option<Vec<String>>)]
    deleted_ids: Member<Vec<String>>,
    /// What is served when the flag is inactive; null for nothing.
    #[serde(default, rename = "offVariationId")]
    #[schema(rename = "offVariationId", value_type = Option<String>, format = Uuid)]
    off_variation_id: Member<String>,
    /// Where `offVariationId` counts; everywhere when absent.
    #[serde(default, rename = "environmentId")]
    #[schema(rename = "environmentId", value_type = Option<String>, format = Uuid)]
    environment_id: Member<String>,
}

/// A variation to make, or to change when it has an `id`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintVariationIn)]
pub(crate) struct VariationIn {
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    id: Member<String>,
    #[serde(default)]
    #[schema(value_type = String, required, example = "treatment")]
    key: Member<String>,
    #[serde(default)]
    #[schema(value_type = String, required)]
    name: Member<String>,
    /// That of the flag.
    #[serde(default, rename = "type")]
    #[schema(rename = "type", value_type = String, required, example = "string")]
    kind: Member<String>,
    #[serde(default)]
    #[schema(value_type = Value, required)]
    value: Member<Value>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// Makes it the default in every environment.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_default: Member<bool>,
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    order_index: Member<f64>,
}

/// What is asked of one variation.
struct Update {
    id: Option<VariantId>,
    key: Option<String>,
    name: Option<String>,
    kind: Option<String>,
    value: Option<Value>,
    description: Patch<String>,
    is_default: bool,
    order_index: Option<f64>,
}

impl VariationIn {
    fn read(self, faults: &mut Faults) -> Update {
        let id = self.id.optional("id", A_UUID, faults);
        let is_new = id.is_none();
        let text = |member: Member<String>, name: &str, faults: &mut Faults| {
            if is_new {
                member.required(name, A_STRING, faults)
            } else {
                member.optional(name, A_STRING, faults)
            }
        };
        let value = if is_new {
            self.value.required("value", "a value of the flag's type", faults)
        } else {
            self.value.optional("value", "a value of the flag's type", faults)
        };
        Update {
            id: decode::id(id, "id", faults),
            key: text(self.key, "key", faults),
            name: text(self.name, "name", faults),
            kind: self.kind.optional("type", A_STRING, faults),
            value,
            description: self.description.patch("description", A_STRING, faults),
            is_default: self.is_default.optional("is_default", A_BOOLEAN, faults).unwrap_or(false),
            order_index: self.order_index.optional("order_index", A_NUMBER, faults),
        }
    }
}

/// What is asked of all.
struct Batch {
    updates: Vec<Update>,
    deleted_ids: Vec<VariantId>,
    off_variant_id: Patch<VariantId>,
    environment_id: Option<EnvironmentId>,
}

impl VariationsIn {
    fn read(self) -> Result<Batch, ApiError> {
        let mut faults = Faults::new();
        let updates = self.updates.required("updates", "an array of variations", &mut faults);
        let updates = faults.at("updates", |faults| {
            let updates = updates.unwrap_or_default().into_iter().enumerate();
            updates
                .map(|(position, Object(update))| faults.at(position, |faults| update.read(faults)))
                .collect()
        });
        let deleted_ids = self.deleted_ids.optional("deletedIds", "an array of UUIDs", &mut faults);
        let deleted_ids = faults.at("deletedIds", |faults| {
            let ids = deleted_ids.unwrap_or_default().into_iter().enumerate();
            ids.filter_map(|(position, id)| decode::id(Some(id), &position.to_string(), faults)).collect()
        });
        let off = self.off_variation_id.patch("offVariationId", A_UUID, &mut faults);
        let off_variant_id = match off {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(id) => {
                decode::id(Some(id), "offVariationId", &mut faults).map_or(Patch::Keep, Patch::Set)
            }
        };
        let environment_id = self.environment_id.optional("environmentId", A_UUID, &mut faults);
        let environment_id = decode::id(environment_id, "environmentId", &mut faults);
        faults.check()?;
        Ok(Batch { updates, deleted_ids, off_variant_id, environment_id })
    }
}

impl Update {
    /// The flag with this variation made or changed, and its id. `place` is where it stands in the request.
    fn apply(
        &self,
        flag: &Flag,
        place: &str,
        by: &Principal,
        now: jiff::Timestamp,
        ids: &dyn MintId,
    ) -> Result<(Flag, VariantId), Rejection> {
        let kind = type_name(flag.value_type);
        if let Some(other) = self.kind.as_ref().filter(|other| *other != kind) {
            let message = format!("{other:?} is not the flag's type, which is {kind:?}");
            return Err(Rejection::invalid(format!("{place}/type"), message));
        }
        let value = self.value.as_ref().map(|value| text_of_value(flag.value_type, value));
        let faults = Faults::under(place);
        let Some(id) = self.id else {
            let draft = VariantDraft {
                key: self.key.clone(),
                name: self.name.clone(),
                value,
                description: match &self.description {
                    Patch::Set(text) => Some(text.clone()),
                    Patch::Keep | Patch::Clear => None,
                },
                order_index: self.order_index,
                ..VariantDraft::default()
            };
            return flag.add_variant(draft, by, now, ids, faults);
        };
        let unknown =
            || Rejection::invalid(format!("{place}/id"), format!("{id} is no variation of this flag"));
        let known = flag.variant(id).ok_or_else(unknown)?;
        if let Some(key) = self.key.as_ref().filter(|key| **key != known.key) {
            let message = format!("{key:?} differs from {:?}; the key never changes", known.key);
            return Err(Rejection::invalid(format!("{place}/key"), message));
        }
        // A value that is only written back stays as it was written.
        let is_same = |text: &String| {
            flag.value_type.parse_quietly(text) == flag.value_type.parse_quietly(&known.value)
        };
        let patch = VariantPatch {
            name: self.name.clone(),
            value: value.filter(|text| !is_same(text)),
            description: self.description.clone(),
            order_index: self.order_index,
            ..VariantPatch::default()
        };
        Ok((flag.update_variant(id, patch, by, now, faults)?, id))
    }
}

impl Batch {
    /// The flag with variations made and changed, and the one that is to be the default.
    fn apply(
        &self,
        flag: &Flag,
        by: &Principal,
        now: jiff::Timestamp,
        ids: &dyn MintId,
    ) -> Result<(Flag, Option<VariantId>), Rejection> {
        let (mut flag, mut default) = (flag.clone(), None);
        for (position, update) in self.updates.iter().enumerate() {
            let (changed, id) = update.apply(&flag, &format!("/updates/{position}"), by, now, ids)?;
            flag = changed;
            if update.is_default {
                default = Some(id);
            }
        }
        Ok((flag, default))
    }

    /// Refuses what names something that is not there, before anything is changed.
    fn check(&self, view: &FlagView) -> Result<(), ApiError> {
        let mut faults = Faults::new();
        faults.at("deletedIds", |faults| {
            for (position, id) in self.deleted_ids.iter().enumerate() {
                if view.flag.variant(*id).is_none() {
                    faults.push_at(position, format!("{id} is no variation of this flag"));
                }
            }
        });
        if let Patch::Set(id) = self.off_variant_id
            && (view.flag.variant(id).is_none() || self.deleted_ids.contains(&id))
        {
            faults.push_at("offVariationId", format!("{id} is no variation of this flag"));
        }
        if let Some(id) = self.environment_id
            && view.entry(id).is_err()
        {
            faults.push_at("environmentId", format!("{id} is no environment of this project"));
        }
        let left =
            view.flag.variants.len() + self.updates.iter().filter(|update| update.id.is_none()).count();
        if left < self.deleted_ids.len() + 2 {
            faults.push_at("deletedIds", "would leave fewer than two; a flag has at least two variations");
        }
        Ok(faults.check()?)
    }
}

/// List variations
#[utoipa::path(
    get,
    path = "/projects/{project_id}/flags/{flag_id}/variations",
    operation_id = "flagmint_list_variations",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "All variations, by order index", body = Enveloped<Vec<VariationOut>>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn list_variations(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(place): InPath,
) -> Result<Enveloped<Vec<VariationOut>>, ApiError> {
    let view = commands::view_flag(&app, &caller.principal, place.flag_id()?).await?;
    Ok(Enveloped::ok(all(&view)))
}

/// Make, change and remove variations
///
/// First variations are made and changed, then the default and off variations, then what is to go is removed; a
/// variation that something serves stays (409), with everything before it done.
#[utoipa::path(
    put,
    path = "/projects/{project_id}/flags/{flag_id}/variations",
    operation_id = "flagmint_update_variations",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
    ),
    request_body = VariationsIn,
    responses(
        (status = 200, description = "All variations", body = Enveloped<Vec<VariationOut>>),
        (status = 202, description = "All variations: some change waits for an approval", body = Enveloped<Vec<VariationOut>>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn update_variations(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    PathOf(place): InPath,
    JsonBody(wanted): JsonBody<VariationsIn>,
) -> Result<Enveloped<Vec<VariationOut>>, ApiError> {
    let flag_id = place.flag_id()?;
    let principal = &caller.principal;
    let batch = wanted.read()?;
    let before = commands::view_flag(&app, principal, flag_id).await?;
    batch.check(&before)?;
    let mut suggestions: Vec<SuggestionId> = Vec::new();
    let mut default = None;
    if !batch.updates.is_empty() {
        let only_makes = batch.updates.iter().all(|update| update.id.is_none());
        let action = if only_makes { Action::VariantCreated } else { Action::VariantUpdated };
        let intent = Intent::to(action).about(Property::Variant);
        let outcome = commands::change_flag(&app, principal, flag_id, intent, |change| {
            let (flag, wanted) = batch.apply(&change.view.flag, change.principal, change.now, change.ids)?;
            default = wanted;
            Ok(flag)
        });
        suggestions.extend(outcome.await?.suggestion.map(|suggestion| suggestion.id));
    }
    // What waits for an approval is not there yet, and so can be no default.
    if suggestions.is_empty() {
        for environment_id in before.environments.iter().map(|(environment, _)| environment.id) {
            let is_for_it = batch.environment_id.is_none_or(|wanted| wanted == environment_id);
            let patch = ServingPatch {
                default_variant_id: default.map_or(Patch::Keep, Patch::Set),
                off_variant_id: if is_for_it { batch.off_variant_id.clone() } else { Patch::Keep },
                ..ServingPatch::default()
            };
            suggestions.extend(serve(&app, principal, (flag_id, environment_id), patch).await?);
        }
    }
    if !batch.deleted_ids.is_empty() {
        suggestions.extend(remove(&app, principal, flag_id, &batch.deleted_ids).await?);
    }
    let view = commands::view_flag(&app, principal, flag_id).await?;
    Ok(Enveloped::ok(all(&view)).unless_suggested(suggestions.first()))
}

async fn serve(
    app: &App,
    principal: &Principal,
    place: (FlagId, EnvironmentId),
    patch: ServingPatch,
) -> Result<Option<SuggestionId>, ApiError> {
    if patch.default_variant_id == Patch::Keep && patch.off_variant_id == Patch::Keep {
        return Ok(None);
    }
    let intent = Intent::to(Action::ServingUpdated).about(Property::Configuration);
    let outcome = commands::change_flag_environment(app, principal, place, intent, |change| {
        Ok((change.entry.with_serving(patch, change.flag, change.now, Faults::new())?, ()))
    });
    Ok(outcome.await?.suggestion.map(|suggestion| suggestion.id))
}

async fn remove(
    app: &App,
    principal: &Principal,
    flag_id: FlagId,
    ids: &[VariantId],
) -> Result<Option<SuggestionId>, ApiError> {
    let intent = Intent::to(Action::VariantDeleted);
    let outcome = commands::change_flag(app, principal, flag_id, intent, |change| {
        let mut flag = change.view.flag.clone();
        for id in ids {
            change.view.check_unused(*id)?;
            flag = flag.remove_variant(*id, change.principal, change.now)?;
        }
        Ok(flag)
    });
    Ok(outcome.await?.suggestion.map(|suggestion| suggestion.id))
}
