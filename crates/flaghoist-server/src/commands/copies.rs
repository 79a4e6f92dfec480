//! Copies of what a flag serves from one environment to another.

use super::{EntryChange, EntryOutcome, Intent, change_flag_environment, view_flag};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::Principal;
use flaghoist_model::difference::Difference;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag_environment::{FlagEnvironment, ServingPatch};
use flaghoist_model::history::Action;
use flaghoist_model::id::{EnvironmentId, FlagId, SuggestionId, VariantId};
use flaghoist_model::suggestion::ProposedChange;
use flaghoist_model::{Faults, Patch, Rejection};

/// A copy to make.
pub(crate) struct Copy {
    /// The flag.
    pub(crate) flag_id: FlagId,
    /// From where.
    pub(crate) from: EnvironmentId,
    /// To where.
    pub(crate) to: EnvironmentId,
    /// Whether the flag is enabled there then as it is here; otherwise it stays as it is.
    pub(crate) with_status: bool,
    /// Why.
    pub(crate) reason: Option<String>,
}

/// What a copy changes, or would.
pub(crate) struct CopyOutcome {
    /// Place by place.
    pub(crate) differences: Vec<Difference>,
    /// In sentences.
    pub(crate) summary: Vec<String>,
    /// The suggestion that it became.
    pub(crate) suggestion_id: Option<SuggestionId>,
}

/// Says what a copy would change, and changes nothing.
pub(crate) async fn preview_copy(
    app: &App,
    principal: &Principal,
    copy: &Copy,
) -> Result<CopyOutcome, ApiError> {
    let view = view_flag(app, principal, copy.flag_id).await?;
    let (_, before) = view.entry(copy.to)?;
    let mut reader = app.store.read().await?;
    let saved_filters = super::saved_filters_of(reader.as_mut(), principal.project_id).await?;
    let change = EntryChange {
        flag: &view.flag,
        entry: before,
        saved_filters: &saved_filters,
        now: app.clock.now(),
        ids: app.ids.as_ref(),
        view: &view,
    };
    let after = copied(&change, copy)?;
    before.check_locked(&after)?;
    let change = ProposedChange::entry(&view.flag, before, &after, &saved_filters);
    Ok(CopyOutcome {
        differences: change.differences(),
        summary: change.summary(&view.flag),
        suggestion_id: None,
    })
}

/// Makes a copy, or suggests it where that needs an approval.
pub(crate) async fn copy_configuration(
    app: &App,
    principal: &Principal,
    copy: Copy,
) -> Result<CopyOutcome, ApiError> {
    let place = (copy.flag_id, copy.to);
    let intent = Intent { reason: copy.reason.clone(), ..Intent::to(Action::ConfigurationCopied) };
    let EntryOutcome { view, said, suggestion, .. } =
        change_flag_environment(app, principal, place, intent, |change| {
            let after = copied(&change, &copy)?;
            let proposed = ProposedChange::entry(change.flag, change.entry, &after, change.saved_filters);
            Ok((after, (proposed.differences(), proposed)))
        })
        .await
        .map_err(|error| error.of_list(""))?;
    let (differences, proposed) = said;
    Ok(CopyOutcome {
        differences,
        summary: proposed.summary(&view.flag),
        suggestion_id: suggestion.map(|suggestion| suggestion.id),
    })
}

/// The target with what the source serves. Allocations that were copied before are continued; they are known by the
/// key that a copy gets.
fn copied(change: &EntryChange<'_>, copy: &Copy) -> Result<FlagEnvironment, Rejection> {
    let find = |id: EnvironmentId| {
        let found = change.view.environments.iter().find(|(environment, _)| environment.id == id);
        found.ok_or_else(|| match not_found("environment", id) {
            ApiError::NotFound(message) => Rejection::NotFound(message),
            other => Rejection::NotFound(other.to_string()),
        })
    };
    if copy.from == copy.to {
        return Err(Rejection::invalid(
            "/from_environment_id",
            "is the environment that is copied to; give another",
        ));
    }
    let (source_environment, source) = find(copy.from)?;
    let (target_environment, _) = find(copy.to)?;
    let set = |id: Option<VariantId>| id.map_or(Patch::Clear, Patch::Set);
    let patch = ServingPatch {
        default_variant_id: set(source.default_variant_id),
        override_variant_id: set(source.override_variant_id),
        off_variant_id: set(source.off_variant_id),
    };
    let mut target = change.entry.with_serving(patch, change.flag, change.now, Faults::new())?;
    if copy.with_status {
        target = target.with_enabled(source.enabled, change.now);
    }
    let key = |key: &str| copied_key(key, source_environment, target_environment);
    let context = change.allocation_context(&target);
    target.with_allocations_of(source, key, &context, Faults::under("/allocations"))
}

/// Keys are unique in a project, so a copy has the key of the target environment for its ending.
fn copied_key(key: &str, from: &Environment, to: &Environment) -> String {
    let ending = format!("-{}", from.key);
    format!("{}-{}", key.strip_suffix(&ending).unwrap_or(key), to.key)
}
