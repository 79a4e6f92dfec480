//! What a change would do, without doing it.

use super::flag_environments::EntryChange;
use super::flags::view_flag_and_filters;
use super::suggestions::{former_entry, view_suggestion};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_eval::wire;
use flaghoist_model::Rejection;
use flaghoist_model::access::Principal;
use flaghoist_model::compile::compile_flag;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::{EnvironmentId, FlagId, SuggestionId};
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::suggestion::ProposedChange;

/// What readers of an environment would get of a flag after a change; none when they would not see it.
pub(crate) async fn try_change(
    app: &App,
    principal: &Principal,
    (flag_id, environment_id): (FlagId, EnvironmentId),
    apply: impl FnOnce(&EntryChange<'_>) -> Result<FlagEnvironment, Rejection> + Send,
) -> Result<Option<wire::Flag>, ApiError> {
    let (view, saved_filters) = view_flag_and_filters(app, principal, flag_id).await?;
    let (_, entry) = view.entry(environment_id)?;
    let change = EntryChange {
        flag: &view.flag,
        entry,
        saved_filters: &saved_filters,
        now: app.clock.now(),
        ids: &*app.ids,
        view: &view,
    };
    let after = apply(&change)?;
    entry.check_locked(&after)?;
    let after = after.settled(&view.flag, false, change.now);
    Ok(compile_flag(&view.flag, &after, &saved_filters))
}

/// The same of a suggestion, applied now.
pub(crate) async fn try_suggestion(
    app: &App,
    principal: &Principal,
    (flag_id, environment_id): (FlagId, EnvironmentId),
    suggestion_id: SuggestionId,
) -> Result<Option<wire::Flag>, ApiError> {
    let suggestion = view_suggestion(app, principal, suggestion_id).await?.suggestion;
    if suggestion.flag_id != flag_id {
        return Err(not_found("suggestion of this flag", suggestion_id));
    }
    let (view, mut saved_filters) = view_flag_and_filters(app, principal, flag_id).await?;
    let (_, entry) = view.entry(environment_id)?;
    let now = app.clock.now();
    let (flag, entry): (Flag, FlagEnvironment) = match &suggestion.change {
        ProposedChange::Entry { .. } if suggestion.environment_id == Some(environment_id) => {
            let mut reader = app.store.read().await?;
            let former = former_entry(reader.as_mut(), principal, suggestion.reverts).await?;
            let after =
                suggestion.change.applied_to(entry, former.as_ref(), &view.flag, &saved_filters, now)?;
            (view.flag.clone(), after)
        }
        ProposedChange::Entry { .. } => (view.flag.clone(), entry.clone()),
        ProposedChange::Flag { base, target, .. } => {
            (view.flag.merged(base, target, principal, now), entry.clone())
        }
        ProposedChange::SavedFilter { target, .. } => {
            saved_filters.insert(target.id, SavedFilter::clone(target));
            (view.flag.clone(), entry.clone())
        }
    };
    Ok(compile_flag(&flag, &entry, &saved_filters))
}
