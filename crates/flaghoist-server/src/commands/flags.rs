//! Changes of flags, and what answers show of them.

use super::environments::taken_is_invalid;
use super::{Edit, Record, serves_the_same};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::Principal;
use flaghoist_model::allocation::{AllocationContext, AllocationDraft};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::{Flag, FlagDraft};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::Action;
use flaghoist_model::id::{EnvironmentId, FlagId};
use flaghoist_model::{Faults, MintId, Rejection};
use flaghoist_store::Reader;
use jiff::Timestamp;
use std::collections::HashMap;

/// A flag with what it serves in every environment of its project, in the order of the environments.
#[derive(Clone, Debug)]
pub(crate) struct FlagView {
    /// The flag.
    pub(crate) flag: Flag,
    /// Each environment with the flag in it.
    pub(crate) environments: Vec<(Environment, FlagEnvironment)>,
}

/// What a change of a flag may look at.
pub(crate) struct FlagChange<'a> {
    /// The flag as it is, and what it serves everywhere.
    pub(crate) view: &'a FlagView,
    /// Who changes it.
    pub(crate) principal: &'a Principal,
    /// When.
    pub(crate) now: Timestamp,
    /// Ids for new parts.
    pub(crate) ids: &'a dyn MintId,
}

/// The flag as it is.
pub(crate) async fn view_flag(app: &App, principal: &Principal, id: FlagId) -> Result<FlagView, ApiError> {
    let mut reader = app.store.read().await?;
    load(reader.as_mut(), principal, id).await
}

/// The flags with what they serve, read at the moment of `reader`.
pub(crate) async fn view_flags(
    reader: &mut dyn Reader,
    principal: &Principal,
    flags: Vec<Flag>,
) -> Result<Vec<FlagView>, ApiError> {
    let environments = reader.environments(principal.project_id).await?;
    let ids: Vec<FlagId> = flags.iter().map(|flag| flag.id).collect();
    let mut entries: HashMap<(FlagId, EnvironmentId), FlagEnvironment> = HashMap::new();
    for entry in reader.flag_environments(&ids).await? {
        entries.insert((entry.flag_id, entry.environment_id), entry);
    }
    let mut view = |flag: Flag| {
        let environments = environments.iter().cloned().map(|environment| {
            let entry = entries.remove(&(flag.id, environment.id));
            let entry = entry.unwrap_or_else(|| FlagEnvironment::initial(&flag, environment.id));
            (environment, entry)
        });
        FlagView { environments: environments.collect(), flag }
    };
    Ok(flags.into_iter().map(&mut view).collect())
}

/// The flag with what it serves, read at the moment of `reader`.
pub(super) async fn load(
    reader: &mut dyn Reader,
    principal: &Principal,
    id: FlagId,
) -> Result<FlagView, ApiError> {
    let flag =
        reader.find_flag(principal.project_id, id).await?.ok_or_else(|| not_found("feature flag", id))?;
    let mut views = view_flags(reader, principal, vec![flag]).await?;
    views.pop().ok_or_else(|| not_found("feature flag", id))
}

/// An allocation that a new flag starts with.
pub(crate) struct FirstAllocation {
    /// The environment it is for; `None` when that was recorded as a fault.
    pub(crate) environment_id: Option<EnvironmentId>,
    /// The allocation.
    pub(crate) draft: AllocationDraft,
}

/// Makes a flag. It is disabled everywhere and serves its default variant by default. The place of `faults` is
/// the flag; first allocations stand in its member `allocations`.
pub(crate) async fn create_flag(
    app: &App,
    principal: &Principal,
    draft: FlagDraft,
    allocations: Vec<FirstAllocation>,
    faults: Faults,
) -> Result<FlagView, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let place = format!("{}/allocations", faults.pointer());
    let flag = Flag::create(draft, principal, edit.now, app.ids.as_ref(), faults)?;
    edit.writer.insert_flag(&flag).await?;
    let view = view_flags(edit.writer.as_mut(), principal, vec![flag]).await?.pop();
    let mut view = view.ok_or_else(|| ApiError::internal("a flag just made has no view"))?;
    add_first_allocations(&mut edit, &mut view, allocations, &place).await?;
    // A disabled flag answers DISABLED where an unknown one answers FLAG_NOT_FOUND: every environment changes.
    let touched: Vec<EnvironmentId> =
        view.environments.iter().map(|(environment, _)| environment.id).collect();
    edit.writer.touch_content(&touched, edit.now).await?;
    let record = Record {
        action: Action::FlagCreated,
        flag_id: Some(view.flag.id),
        environment_id: None,
        before: None,
        after: Some(&view.flag),
    };
    edit.commit(record).await?;
    Ok(view)
}

async fn add_first_allocations(
    edit: &mut Edit<'_>,
    view: &mut FlagView,
    allocations: Vec<FirstAllocation>,
    place: &str,
) -> Result<(), ApiError> {
    if allocations.is_empty() {
        return Ok(());
    }
    let saved_filters = edit.saved_filters().await?;
    for (position, FirstAllocation { environment_id, draft }) in allocations.into_iter().enumerate() {
        let mut faults = Faults::under(&format!("{place}/{position}"));
        let entry =
            view.environments.iter_mut().find(|(environment, _)| Some(environment.id) == environment_id);
        let Some((_, entry)) = entry else {
            faults.push_at("environment_id", "is no environment of this project");
            return Err(ApiError::Invalid(faults.into_vec()));
        };
        let context = AllocationContext {
            flag: &view.flag,
            default_variant_id: entry.default_variant_id,
            saved_filters: &saved_filters,
            now: edit.now,
            ids: edit.app.ids.as_ref(),
        };
        *entry = entry.with_allocation(draft, &context, faults)?.0;
    }
    for (_, entry) in view.environments.iter().filter(|(_, entry)| !entry.allocations.is_empty()) {
        let saved = edit.writer.save_flag_environment(entry).await;
        saved.map_err(|error| ApiError::from(error).of_list(place))?;
    }
    Ok(())
}

/// Changes a flag as `apply` says, and gives the flag as it is then. A key or name that is taken is a fault of
/// the request (decision 5).
pub(crate) async fn change_flag(
    app: &App,
    principal: &Principal,
    id: FlagId,
    action: Action,
    apply: impl FnOnce(FlagChange<'_>) -> Result<Flag, Rejection> + Send,
) -> Result<FlagView, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let saved_filters = edit.saved_filters().await?;
    let before = load(edit.writer.as_mut(), principal, id).await?;
    let ids = app.ids.as_ref();
    let flag = apply(FlagChange { view: &before, principal, now: edit.now, ids })?;
    edit.writer.update_flag(&flag).await.map_err(|error| taken_is_invalid(error.into()))?;
    let touched: Vec<EnvironmentId> = before
        .environments
        .iter()
        .filter(|(_, entry)| !serves_the_same((&before.flag, entry), (&flag, entry), &saved_filters))
        .map(|(environment, _)| environment.id)
        .collect();
    edit.writer.touch_content(&touched, edit.now).await?;
    let record = Record {
        action,
        flag_id: Some(id),
        environment_id: None,
        before: Some(&before.flag),
        after: Some(&flag),
    };
    edit.commit(record).await?;
    Ok(FlagView { flag, environments: before.environments })
}
