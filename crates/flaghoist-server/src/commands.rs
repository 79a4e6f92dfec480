//! Commands: the changes that dialects ask for.
//!
//! Each loads the aggregate under the project's lock, applies a pure function of the model, and commits change,
//! history entry and revision in one transaction. When it returns, readers of this node see the change.

mod approvals;
mod as_of;
mod context_attributes;
mod contexts;
mod copies;
mod environments;
mod feeds;
mod flag_environments;
mod flag_list;
mod flags;
mod history;
mod keys;
mod members;
mod metrics;
mod policies;
mod projects;
mod roles;
mod rollouts;
mod saved_filters;
mod sessions;
mod suggestions;
mod teams;
mod trials;
mod webhooks;

pub(crate) use approvals::{EntryOutcome, FlagOutcome, Intent};
pub(crate) use as_of::{Moment, configuration_at};
pub(crate) use context_attributes::{
    change_context_attribute, create_context_attribute, delete_context_attribute, view_context_attributes,
};
pub(crate) use contexts::{KnownAttribute, find_environment, known_attributes};
pub(crate) use copies::{Copy, copy_configuration, preview_copy};
pub(crate) use environments::{Revert, create_environment, delete_environment, update_environment};
pub(crate) use feeds::{Feed, Told, follow};
pub(crate) use flag_environments::{EntryChange, change_flag_environment};
pub(crate) use flag_list::{FlagSearch, find_flags, view_flag_tags};
pub(crate) use flags::{
    CreatedFlagRecord, FirstAllocation, FirstEntries, FlagChange, FlagView, change_flag, create_flag,
    staleness_of, view_flag, view_flag_and_filters, view_flags,
};
pub(crate) use history::{HistoryView, revert, view_history, view_history_entry};
pub(crate) use keys::{KeyView, NewKey, create_key, revoke_key, view_key, view_keys};
pub(crate) use members::{
    MemberPatch, MemberView, NewMember, add_member, change_own_password, remove_member, update_member,
    view_me, view_member, view_members,
};
pub(crate) use metrics::{create_metric, delete_metric, replace_metric, view_metric, view_metrics};
pub(crate) use policies::{delete_policy, save_policy, view_policy};
pub(crate) use projects::{create_project, update_project, view_projects};
pub(crate) use roles::{create_role, delete_role, update_role, view_role, view_roles};
pub(crate) use rollouts::{
    Moved, RolloutView, command_rollout, move_due, trip_rollout, view_guarded_runs, view_rollout,
    view_rollouts,
};
pub(crate) use saved_filters::{
    SavedFilterOutcome, SavedFilterUses, change_saved_filter, create_saved_filter, delete_saved_filter,
    view_saved_filter, view_saved_filters,
};
pub(crate) use sessions::{log_in, log_out, renew_log_in};
pub(crate) use suggestions::{
    SuggestionView, Verdict, Wanted, comment_on_suggestion, decide, delete_suggestion, drift,
    edit_suggestion, view_suggestion, view_suggestions,
};
pub(crate) use teams::{create_team, delete_team, update_team, view_team, view_teams};
pub(crate) use trials::{try_change, try_suggestion};
pub(crate) use webhooks::{
    create_webhook, delete_webhook, find_webhook, rotate_webhook_secret, update_webhook,
};

use crate::ApiError;
use crate::access::authentication::check_still_allowed;
use crate::app::App;
use flaghoist_model::access::{Actor, Principal};
use flaghoist_model::compile::{compile_flag, default_value};
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Action, Aggregate, Authority, Change, HistoryEntry};
use flaghoist_model::id::{EnvironmentId, FlagId, HistoryId, ProjectId, SavedFilterId};
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::schedule::Transition;
use flaghoist_model::webhook::{Delivery, Event};
use flaghoist_store::{Reader, Writer};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The saved filters of a project.
pub(crate) type SavedFilters = BTreeMap<SavedFilterId, SavedFilter>;

/// An open change of one project.
pub(crate) struct Edit<'a> {
    pub(crate) app: &'a App,
    pub(crate) principal: &'a Principal,
    pub(crate) now: Timestamp,
    pub(crate) writer: Box<dyn Writer>,
    /// How rollouts moved in it.
    transitions: Vec<Transition>,
}

/// What the history says of a change beside who and when.
pub(crate) struct Record<'a, T> {
    pub(crate) action: Action,
    pub(crate) flag_id: Option<FlagId>,
    pub(crate) environment_id: Option<EnvironmentId>,
    pub(crate) before: Option<&'a T>,
    pub(crate) after: Option<&'a T>,
    pub(crate) reason: Option<String>,
    pub(crate) authority: Option<Authority>,
    pub(crate) reverts: Option<HistoryId>,
}

impl<T> Record<'_, T> {
    /// That something was done, and nothing else about it.
    pub(crate) fn of(action: Action) -> Self {
        Self {
            action,
            flag_id: None,
            environment_id: None,
            before: None,
            after: None,
            reason: None,
            authority: None,
            reverts: None,
        }
    }
}

impl<'a> Edit<'a> {
    pub(crate) async fn begin(app: &'a App, principal: &'a Principal) -> Result<Self, ApiError> {
        let mut writer = app.store.begin(principal.project_id).await?;
        // Read after the lock is held: times of changes follow the order of their revisions.
        let now = app.clock.now();
        check_still_allowed(writer.as_mut(), principal, now).await?;
        Ok(Self { app, principal, now, writer, transitions: Vec::new() })
    }

    pub(crate) async fn saved_filters(&mut self) -> Result<SavedFilters, ApiError> {
        saved_filters_of(self.writer.as_mut(), self.principal.project_id).await
    }

    /// Commits and publishes. What webhooks are told of it is committed with it.
    pub(crate) async fn commit<T: Serialize>(self, record: Record<'_, T>) -> Result<HistoryEntry, ApiError> {
        let json = |aggregate: Option<&T>| aggregate.map(serde_json::to_value).transpose();
        let change = Change {
            id: HistoryId::mint(self.app.ids.as_ref()),
            actor: Actor::from(self.principal),
            dialect: self.principal.dialect,
            action: record.action,
            flag_id: record.flag_id,
            environment_id: record.environment_id,
            before: json(record.before).map_err(ApiError::internal)?,
            after: json(record.after).map_err(ApiError::internal)?,
            reason: record.reason,
            authority: record.authority,
            reverts: record.reverts,
            at: self.now,
        };
        let entry =
            commit(self.app, self.writer, self.principal.project_id, change, &self.transitions).await?;
        if matches!(entry.change.action.aggregate(), Aggregate::FlagEnvironment | Aggregate::Flag) {
            self.app.rollouts_due.notify_one();
        }
        publish(self.app).await;
        Ok(entry)
    }
}

/// The saved filters of a project, by id.
pub(crate) async fn saved_filters_of(
    reader: &mut dyn Reader,
    project_id: ProjectId,
) -> Result<SavedFilters, ApiError> {
    let filters = reader.saved_filters(project_id).await?;
    Ok(filters.into_iter().map(|filter| (filter.id, filter)).collect())
}

/// Commits a change with what webhooks are told of it.
async fn commit(
    app: &App,
    mut writer: Box<dyn Writer>,
    project_id: ProjectId,
    change: Change,
    transitions: &[Transition],
) -> Result<HistoryEntry, ApiError> {
    let mut events = change.events();
    events.extend(transitions.iter().flat_map(Transition::events));
    // One message of each kind, which names every rollout.
    events.sort_unstable();
    events.dedup();
    let deliveries = deliveries_of(app, writer.as_mut(), project_id, &change, &events).await?;
    if !deliveries.is_empty() {
        writer.insert_deliveries(&deliveries).await?;
    }
    let entry = writer.commit(change).await?;
    if !deliveries.is_empty() {
        app.deliveries_due.notify_one();
    }
    Ok(entry)
}

/// What webhooks are told of a change.
async fn deliveries_of(
    app: &App,
    writer: &mut dyn Writer,
    project_id: ProjectId,
    change: &Change,
    events: &[Event],
) -> Result<Vec<Delivery>, ApiError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let webhooks = writer.webhooks(project_id).await?;
    let wanted = webhooks
        .iter()
        .flat_map(|webhook| events.iter().map(move |event| (webhook, *event)))
        .filter(|(webhook, event)| webhook.wants(*event));
    let ids = app.ids.as_ref();
    Ok(wanted.map(|(webhook, event)| Delivery::new(webhook, event, change.id, change.at, ids)).collect())
}

/// Lets readers of this node have what was committed. Changes are made whatever happens now; readers catch up with the
/// follower if this fails.
pub(crate) async fn publish(app: &App) {
    if let Err(error) = app.publisher.refresh().await {
        tracing::warn!(cause = %error, "a committed change is not published yet");
    }
    // Whoever got what was published reports what is watched since.
    if let Err(error) = app.guardrails.runs.refresh(app).await {
        tracing::warn!(cause = %error, "a committed change is not known to the guardrails yet");
    }
}

/// Whether readers get the same of a flag in an environment before and after.
fn serves_the_same(
    before: (&Flag, &FlagEnvironment),
    after: (&Flag, &FlagEnvironment),
    saved_filters: &SavedFilters,
) -> bool {
    before.0.distribution_channel == after.0.distribution_channel
        && before.0.analytics_enabled == after.0.analytics_enabled
        && default_value(before.0, before.1) == default_value(after.0, after.1)
        && compile_flag(before.0, before.1, saved_filters) == compile_flag(after.0, after.1, saved_filters)
}

/// Whether readers get the same of a flag in an environment with other saved filters.
fn serves_the_same_by(
    flag: &Flag,
    entry: &FlagEnvironment,
    before: &SavedFilters,
    after: &SavedFilters,
) -> bool {
    compile_flag(flag, entry, before) == compile_flag(flag, entry, after)
}
