//! `GET` and `PATCH /api/v1/flags/{flag_id}/environments/{environment_id}/serving`
//!
//! Datadog's public API has no way to set the override variant, and only detours to the default variant.

use super::{ProblemBodyErrors, ProblemErrors, ProblemMatchErrors};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags, WriteFlags};
use crate::app::AppState;
use crate::commands::{self, Intent};
use crate::decode::{A_STRING, JsonBody, Member, PathOf, not_found, path_id};
use crate::if_match::{IfMatch, etag};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use flaghoist_model::definition::{DefinitionHash, EntryDefinition};
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::{FlagEnvironment, ServingPatch};
use flaghoist_model::history::Action;
use flaghoist_model::id::{EnvironmentId, FlagId, VariantId};
use flaghoist_model::suggestion::Property;
use flaghoist_model::{Faults, Patch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which variants a flag serves in an environment apart from its allocations.
#[derive(Serialize, ToSchema)]
pub(crate) struct Serving {
    /// The flag.
    #[schema(format = Uuid)]
    flag_id: String,
    /// The environment.
    #[schema(format = Uuid)]
    environment_id: String,
    /// Whether the flag is evaluated.
    enabled: bool,
    /// Served when no allocation matches.
    #[schema(example = "off")]
    default_variant_key: Option<String>,
    /// Served to everybody when set.
    override_variant_key: Option<String>,
    /// Served when disabled; the application's own default otherwise.
    off_variant_key: Option<String>,
    /// The hash of all that people edit of it here, allocations too, as it is now: that of the `ETag`. How far rollouts have come is
    /// no part of it.
    definition_hash: String,
    /// The suggestion that this waits in, when it needs an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    suggestion_id: Option<String>,
}

impl Serving {
    fn of(flag: &Flag, entry: &FlagEnvironment, present: &DefinitionHash) -> Self {
        let key = |id: Option<VariantId>| flag.variant(id?).map(|variant| variant.key.clone());
        Self {
            flag_id: flag.id.to_string(),
            environment_id: entry.environment_id.to_string(),
            enabled: entry.enabled,
            default_variant_key: key(entry.default_variant_id),
            override_variant_key: key(entry.override_variant_id),
            off_variant_key: key(entry.off_variant_id),
            definition_hash: present.as_str().to_owned(),
            suggestion_id: None,
        }
    }
}

/// What to change. What is absent stays, null clears.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names are those of the members on the wire")]
pub(crate) struct ServingIn {
    /// Served when no allocation matches.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "off")]
    default_variant_key: Member<String>,
    /// Served to everybody when set.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "on")]
    override_variant_key: Member<String>,
    /// Served when disabled.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    off_variant_key: Member<String>,
}

impl ServingIn {
    /// What a suggestion of it is about.
    fn property(&self) -> Property {
        let is_there = |member: &Member<String>| !matches!(member, Member::Absent);
        let there =
            [&self.default_variant_key, &self.override_variant_key, &self.off_variant_key].map(is_there);
        match there {
            [true, false, false] => Property::DefaultVariant,
            [false, true, false] => Property::OverrideVariant,
            [false, false, true] => Property::OffVariant,
            _ => Property::Configuration,
        }
    }

    pub(super) fn into_patch(self, flag: &Flag, faults: &mut Faults) -> ServingPatch {
        let mut variant = |name: &str, member: Member<String>| match member.patch(name, A_STRING, faults) {
            Patch::Set(key) => {
                if let Some(variant) = flag.variant_by_key(&key) {
                    return Patch::Set(variant.id);
                }
                faults.push_at(name, format!("{key:?} is the key of no variant of this flag"));
                Patch::Keep
            }
            Patch::Clear => Patch::Clear,
            Patch::Keep => Patch::Keep,
        };
        ServingPatch {
            default_variant_id: variant("default_variant_key", self.default_variant_key),
            override_variant_id: variant("override_variant_key", self.override_variant_key),
            off_variant_id: variant("off_variant_key", self.off_variant_key),
        }
    }
}

/// Show the default, override and off variant of a flag in an environment
///
/// The `ETag` is of all that people edit of the flag there: give it as `If-Match` with a change of it.
#[utoipa::path(
    get,
    path = "/api/v1/flags/{flag_id}/environments/{environment_id}/serving",
    operation_id = "get_serving",
    tag = "Serving",
    params(
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "What it serves", body = Serving, headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        ProblemErrors,
    )
)]
pub(crate) async fn get_serving(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(place): PathOf<(String, String)>,
) -> Result<impl IntoResponse, ApiError> {
    let (flag_id, environment_id) = read_place(&place)?;
    let view = commands::view_flag(&app, &caller.principal, flag_id).await?;
    let found = view.environments.iter().find(|(environment, _)| environment.id == environment_id);
    let (_, entry) = found.ok_or_else(|| not_found("environment", environment_id))?;
    let present = EntryDefinition::from(entry).hash();
    Ok((etag(&present), axum::Json(Serving::of(&view.flag, entry, &present))))
}

/// Change the default, override or off variant of a flag in an environment
#[utoipa::path(
    patch,
    path = "/api/v1/flags/{flag_id}/environments/{environment_id}/serving",
    operation_id = "update_serving",
    tag = "Serving",
    params(
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("If-Match" = Option<String>, Header, description = "ETags of the definitions it is for, or `*`; 412 when it is another now"),
    ),
    request_body = ServingIn,
    responses(
        (status = 200, description = "What it serves now", body = Serving, headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        (status = 202, description = "The change needs an approval: what it would serve", body = Serving, headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        ProblemErrors, ProblemBodyErrors, ProblemMatchErrors,
    )
)]
pub(crate) async fn update_serving(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    PathOf(place): PathOf<(String, String)>,
    if_match: IfMatch,
    JsonBody(wanted): JsonBody<ServingIn>,
) -> Result<impl IntoResponse, ApiError> {
    let place = read_place(&place)?;
    let intent = Intent::to(Action::ServingUpdated).about(wanted.property()).matching(if_match);
    let outcome = commands::change_flag_environment(&app, &caller.principal, place, intent, |change| {
        let mut faults = Faults::new();
        let patch = wanted.into_patch(change.flag, &mut faults);
        Ok((change.entry.with_serving(patch, change.flag, change.now, faults)?, ()))
    })
    .await?;
    let present = outcome.hash();
    let mut serving = Serving::of(&outcome.view.flag, &outcome.entry, &present);
    serving.suggestion_id = outcome.suggestion.as_ref().map(|suggestion| suggestion.id.to_string());
    let status = if outcome.suggestion.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, etag(&present), axum::Json(serving)))
}

fn read_place((flag_id, environment_id): &(String, String)) -> Result<(FlagId, EnvironmentId), ApiError> {
    Ok((path_id(flag_id, "flag")?, path_id(environment_id, "environment")?))
}
