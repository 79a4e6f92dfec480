//! Changes of what a flag serves in one environment.

use super::{Edit, Record, flags, serves_the_same};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::Principal;
use flaghoist_model::allocation::AllocationContext;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::Action;
use flaghoist_model::id::{EnvironmentId, FlagId, SavedFilterId};
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::{MintId, Rejection};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What a change of a flag in an environment may look at.
pub(crate) struct EntryChange<'a> {
    /// The flag.
    pub(crate) flag: &'a Flag,
    /// What it serves now.
    pub(crate) entry: &'a FlagEnvironment,
    /// Saved filters of the project.
    pub(crate) saved_filters: &'a BTreeMap<SavedFilterId, SavedFilter>,
    /// When.
    pub(crate) now: Timestamp,
    /// Ids for new parts.
    pub(crate) ids: &'a dyn MintId,
}

impl EntryChange<'_> {
    /// What the making of allocations looks at, with `entry` as the environment's state.
    pub(crate) fn allocation_context<'b>(&'b self, entry: &FlagEnvironment) -> AllocationContext<'b> {
        AllocationContext {
            flag: self.flag,
            default_variant_id: entry.default_variant_id,
            saved_filters: self.saved_filters,
            now: self.now,
            ids: self.ids,
        }
    }
}

/// Changes what a flag serves in an environment as `apply` says. Gives the flag, the environment, what the flag
/// serves then, and whatever `apply` says about it.
pub(crate) async fn change_flag_environment<T: Send>(
    app: &App,
    principal: &Principal,
    (flag_id, environment_id): (FlagId, EnvironmentId),
    action: Action,
    apply: impl FnOnce(EntryChange<'_>) -> Result<(FlagEnvironment, T), Rejection> + Send,
) -> Result<(Flag, Environment, FlagEnvironment, T), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let saved_filters = edit.saved_filters().await?;
    let view = flags::load(edit.writer.as_mut(), principal, flag_id).await?;
    let flag = view.flag;
    let found = view.environments.into_iter().find(|(environment, _)| environment.id == environment_id);
    let (environment, before) = found.ok_or_else(|| not_found("environment", environment_id))?;
    let ids = app.ids.as_ref();
    let change =
        EntryChange { flag: &flag, entry: &before, saved_filters: &saved_filters, now: edit.now, ids };
    let (after, said) = apply(change)?;
    edit.writer.save_flag_environment(&after).await?;
    if !serves_the_same((&flag, &before), (&flag, &after), &saved_filters) {
        edit.writer.touch_content(&[environment_id], edit.now).await?;
    }
    let record = Record {
        action,
        flag_id: Some(flag_id),
        environment_id: Some(environment_id),
        before: Some(&before),
        after: Some(&after),
    };
    edit.commit(record).await?;
    Ok((flag, environment, after, said))
}
