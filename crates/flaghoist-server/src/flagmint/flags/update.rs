//! `PUT` and `PATCH /projects/{project_id}/flags/{flag_id}`

use super::resource::{FlagOut, is_active_anywhere, is_client_side, type_name};
use crate::ApiError;
use crate::access::{Allowed, WriteFlags};
use crate::app::{App, AppState};
use crate::commands::{self, FlagView, Intent};
use crate::decode::{self, A_BOOLEAN, A_MOMENT, A_STRING, JsonBody, Member, PathOf};
use crate::flagmint::envelope::{Enveloped, InPath};
use crate::flagmint::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use axum::extract::State;
use flaghoist_model::access::Principal;
use flaghoist_model::flag::{DistributionChannel, Flag, FlagPatch};
use flaghoist_model::history::Action;
use flaghoist_model::id::{EnvironmentId, FlagId, SuggestionId};
use flaghoist_model::{Faults, Patch, Rejection};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What is to change in a flag.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintFlagUpdate)]
pub(crate) struct FlagUpdate {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Member<String>,
    /// Never changes; may be written back.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    key: Member<String>,
    /// Never changes; may be written back.
    #[serde(default, rename = "type")]
    #[schema(rename = "type", value_type = Option<String>)]
    kind: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// Whether it is active, in all environments.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_active: Member<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    client_side_enabled: Member<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    analytics_enabled: Member<bool>,
    /// As a whole.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    metadata: Member<Map<String, Value>>,
    /// A moment archives the flag, null brings it back.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    archived_at: Member<String>,
    /// As answers show them; changes nothing.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    environments: Member<Value>,
}

/// What is asked for.
struct Wanted {
    patch: FlagPatch,
    key: Option<String>,
    kind: Option<String>,
    is_client_side: Option<bool>,
    is_active: Option<bool>,
    archived_at: Patch<String>,
    /// Whether it is all that an answer shows.
    is_whole_answer: bool,
}

impl FlagUpdate {
    fn read(self, faults: &mut Faults) -> Wanted {
        let description = match self.description.patch("description", A_STRING, faults) {
            Patch::Keep => None,
            Patch::Clear => Some(String::new()),
            Patch::Set(text) => Some(text),
        };
        let archived_at = self.archived_at.patch("archived_at", A_MOMENT, faults);
        if let Patch::Set(text) = &archived_at {
            decode::moment(Some(text.clone()), "archived_at", faults);
        }
        Wanted {
            patch: FlagPatch {
                name: self.name.optional("name", A_STRING, faults),
                description,
                analytics_enabled: self.analytics_enabled.optional("analytics_enabled", A_BOOLEAN, faults),
                metadata: self.metadata.optional("metadata", "an object", faults),
                ..FlagPatch::default()
            },
            key: self.key.optional("key", A_STRING, faults),
            kind: self.kind.optional("type", A_STRING, faults),
            is_client_side: self.client_side_enabled.optional("client_side_enabled", A_BOOLEAN, faults),
            is_active: self.is_active.optional("is_active", A_BOOLEAN, faults),
            archived_at,
            is_whole_answer: self.environments.is_given(),
        }
    }
}

impl Wanted {
    /// The flag with what is asked for, apart from the archive.
    fn apply(
        &self,
        flag: &Flag,
        principal: &Principal,
        now: jiff::Timestamp,
        mut faults: Faults,
    ) -> Result<Flag, Rejection> {
        if let Some(key) = self.key.as_ref().filter(|key| **key != flag.key) {
            faults.push_at("key", format!("{key:?} differs from {:?}; the key never changes", flag.key));
        }
        let kind = type_name(flag.value_type);
        if let Some(other) = self.kind.as_ref().filter(|other| *other != kind) {
            faults.push_at("type", format!("{other:?} differs from {kind:?}; the type never changes"));
        }
        let mut patch = self.patch.clone();
        // What is only written back changes nothing: a flag for clients alone stays one.
        if let Some(is_client_side) =
            self.is_client_side.filter(|wanted| *wanted != self::is_client_side(flag))
        {
            patch.distribution_channel =
                Some(if is_client_side { DistributionChannel::All } else { DistributionChannel::Server });
        }
        flag.update(patch, principal, now, faults)
    }
}

/// Update a flag
///
/// What is absent stays as it is. `is_active` is set in all environments, unless the whole answer is
/// written back with the `is_active` that it shows.
#[utoipa::path(
    put,
    path = "/projects/{project_id}/flags/{flag_id}",
    operation_id = "flagmint_update_flag",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
    ),
    request_body = FlagUpdate,
    responses(
        (status = 200, description = "The flag", body = Enveloped<FlagOut>),
        (status = 202, description = "The flag as it is: a change waits for an approval", body = Enveloped<FlagOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn update_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    PathOf(place): InPath,
    JsonBody(wanted): JsonBody<FlagUpdate>,
) -> Result<Enveloped<FlagOut>, ApiError> {
    let id = place.flag_id()?;
    let principal = &caller.principal;
    let mut faults = Faults::new();
    let wanted = wanted.read(&mut faults);
    let before = commands::view_flag(&app, principal, id).await?;
    let outcome = commands::change_flag(&app, principal, id, Intent::to(Action::FlagUpdated), |change| {
        wanted.apply(&change.view.flag, change.principal, change.now, faults)
    });
    let mut suggestions: Vec<SuggestionId> =
        outcome.await?.suggestion.into_iter().map(|suggestion| suggestion.id).collect();
    suggestions.extend(archive(&app, principal, &before, &wanted.archived_at).await?);
    let is_written_back =
        |is_active: bool| wanted.is_whole_answer && is_active == is_active_anywhere(&before);
    if let Some(is_active) = wanted.is_active.filter(|is_active| !is_written_back(*is_active)) {
        let others = before.environments.iter().filter(|(_, entry)| entry.enabled != is_active);
        for environment_id in others.map(|(environment, _)| environment.id) {
            suggestions.extend(activate(&app, principal, (id, environment_id), is_active).await?);
        }
    }
    let view = commands::view_flag(&app, principal, id).await?;
    Ok(Enveloped::ok(FlagOut::of(&view)).unless_suggested(suggestions.first()))
}

/// Update a flag
///
/// The same as `PUT`, which leaves alone what is absent too.
#[utoipa::path(
    patch,
    path = "/projects/{project_id}/flags/{flag_id}",
    operation_id = "flagmint_patch_flag",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
    ),
    request_body = FlagUpdate,
    responses(
        (status = 200, description = "The flag", body = Enveloped<FlagOut>),
        (status = 202, description = "The flag as it is: a change waits for an approval", body = Enveloped<FlagOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn patch_flag(
    app: State<AppState>,
    caller: Allowed<WriteFlags>,
    place: InPath,
    wanted: JsonBody<FlagUpdate>,
) -> Result<Enveloped<FlagOut>, ApiError> {
    update_flag(app, caller, place, wanted).await
}

/// Archives a flag or takes it out of the archive, where it is not there yet.
async fn archive(
    app: &App,
    principal: &Principal,
    before: &FlagView,
    wanted: &Patch<String>,
) -> Result<Option<SuggestionId>, ApiError> {
    let is_archived = before.flag.archived_at.is_some();
    let action = match wanted {
        Patch::Set(_) if !is_archived => Action::FlagArchived,
        Patch::Clear if is_archived => Action::FlagUnarchived,
        _ => return Ok(None),
    };
    let outcome = commands::change_flag(app, principal, before.flag.id, Intent::to(action), |change| {
        Ok(match action {
            Action::FlagArchived => change.view.flag.archive(change.principal, change.now),
            _ => change.view.flag.unarchive(change.principal, change.now),
        })
    });
    Ok(outcome.await?.suggestion.map(|suggestion| suggestion.id))
}

/// Activates or deactivates a flag in an environment.
pub(in crate::flagmint) async fn activate(
    app: &App,
    principal: &Principal,
    place: (FlagId, EnvironmentId),
    is_active: bool,
) -> Result<Option<SuggestionId>, ApiError> {
    let action = if is_active { Action::FlagEnabled } else { Action::FlagDisabled };
    let outcome = commands::change_flag_environment(app, principal, place, Intent::to(action), |change| {
        Ok((change.entry.with_enabled(is_active, change.now), ()))
    });
    Ok(outcome.await?.suggestion.map(|suggestion| suggestion.id))
}
