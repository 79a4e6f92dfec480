//! The history as people look at it, and as they go back in it.

use super::{
    EntryOutcome, FlagOutcome, Intent, Revert, change_flag, change_flag_environment, update_environment,
};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::{Permission, Principal};
use flaghoist_model::definition::{EntryDefinition, FlagDefinition};
use flaghoist_model::environment::{Environment, EnvironmentDraft};
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Action, Aggregate, HistoryEntry};
use flaghoist_model::id::{EnvironmentId, FlagId, HistoryId, ProjectId, UserId};
use flaghoist_model::suggestion::Suggestion;
use flaghoist_model::user::User;
use flaghoist_model::{Fault, Faults, Patch};
use flaghoist_store::{HistoryFilter, Reader};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// History entries with the names of what they mention.
pub(crate) struct HistoryView {
    /// The entries.
    pub(crate) entries: Vec<HistoryEntry>,
    /// Who made them.
    pub(crate) users: BTreeMap<UserId, User>,
    /// Keys of their flags that are still there.
    pub(crate) flag_keys: BTreeMap<FlagId, String>,
    /// Keys of their environments that are still there.
    pub(crate) environment_keys: BTreeMap<EnvironmentId, String>,
}

/// What a caller may see of the history, at most.
pub(super) fn visible(principal: &Principal) -> Vec<Aggregate> {
    let needed = |aggregate: &Aggregate| match aggregate {
        Aggregate::Access => Permission::UsersRead,
        Aggregate::Credential => Permission::KeysRead,
        Aggregate::Webhook => Permission::WebhooksRead,
        _ => Permission::FeatureFlagConfigRead,
    };
    Aggregate::ALL.into_iter().filter(|aggregate| principal.may(needed(aggregate))).collect()
}

/// Entries that a filter lets through, newest first.
pub(crate) async fn view_history(
    app: &App,
    principal: &Principal,
    mut filter: HistoryFilter,
    limit: i64,
) -> Result<HistoryView, ApiError> {
    let visible = visible(principal);
    let wanted = filter.aggregates.unwrap_or_else(|| visible.clone());
    filter.aggregates = Some(wanted.into_iter().filter(|aggregate| visible.contains(aggregate)).collect());
    let mut reader = app.store.read().await?;
    let entries = reader.history_page(principal.project_id, &filter, limit).await?;
    with_names(reader.as_mut(), principal.project_id, entries).await
}

/// One entry.
pub(crate) async fn view_history_entry(
    app: &App,
    principal: &Principal,
    id: HistoryId,
) -> Result<HistoryView, ApiError> {
    let mut reader = app.store.read().await?;
    let entry = find(reader.as_mut(), principal, id).await?;
    with_names(reader.as_mut(), principal.project_id, vec![entry]).await
}

async fn find(
    reader: &mut dyn Reader,
    principal: &Principal,
    id: HistoryId,
) -> Result<HistoryEntry, ApiError> {
    let entry = reader.find_history(principal.project_id, id).await?;
    entry
        .filter(|entry| visible(principal).contains(&entry.change.action.aggregate()))
        .ok_or_else(|| not_found("history entry", id))
}

async fn with_names(
    reader: &mut dyn Reader,
    project_id: ProjectId,
    entries: Vec<HistoryEntry>,
) -> Result<HistoryView, ApiError> {
    let user_ids: BTreeSet<UserId> =
        entries.iter().filter_map(|entry| entry.change.actor.user_id()).collect();
    let flag_ids: BTreeSet<FlagId> = entries.iter().filter_map(|entry| entry.change.flag_id).collect();
    let users = reader.users(&user_ids.into_iter().collect::<Vec<_>>()).await?;
    let mut flag_keys = BTreeMap::new();
    for id in flag_ids {
        if let Some(flag) = reader.find_flag(project_id, id).await? {
            flag_keys.insert(id, flag.key);
        }
    }
    let environments = reader.environments(project_id).await?;
    Ok(HistoryView {
        entries,
        users: users.into_iter().map(|user| (user.id, user)).collect(),
        flag_keys,
        environment_keys: environments
            .into_iter()
            .map(|environment| (environment.id, environment.key))
            .collect(),
    })
}

/// Makes what an entry changed what it was before, as a new change, which is a suggestion where it needs an approval.
/// What was changed later is undone too, and only when `discard_later` says so.
pub(crate) async fn revert(
    app: &App,
    principal: &Principal,
    id: HistoryId,
    discard_later: bool,
    reason: Option<String>,
) -> Result<Option<Suggestion>, ApiError> {
    let entry = {
        let mut reader = app.store.read().await?;
        find(reader.as_mut(), principal, id).await?
    };
    let change = &entry.change;
    let intent = |action: Action| Intent {
        reason: reason.clone(),
        reverts: Some(id),
        expected_last: (!discard_later).then_some(id),
        ..Intent::to(action)
    };
    if change.action.is_of_rollout() {
        return Err(irreversible("a rollout does not go back to where it was; pause or stop it instead"));
    }
    match (change.action.aggregate(), change.flag_id, change.environment_id) {
        (Aggregate::FlagEnvironment, Some(flag_id), Some(environment_id)) => {
            let before: FlagEnvironment = earlier(change.before.as_ref())?;
            let definition = EntryDefinition::from(&before);
            let intent = intent(Action::ConfigurationReverted);
            let place = (flag_id, environment_id);
            let EntryOutcome { suggestion, .. } =
                change_flag_environment(app, principal, place, intent, |change| {
                    let EntryChangeParts { flag, entry, saved_filters, now } = parts(&change);
                    let after = entry.with_definition(&definition, flag, saved_filters, now)?;
                    Ok((after.with_former_progress(&before, entry), ()))
                })
                .await?;
            Ok(suggestion)
        }
        (Aggregate::Flag, Some(flag_id), _) => {
            let before: Flag = earlier(change.before.as_ref())?;
            let FlagOutcome { suggestion, .. } =
                change_flag(app, principal, flag_id, intent(Action::FlagReverted), |change| {
                    let present = FlagDefinition::from(&change.view.flag);
                    let target = FlagDefinition::from(&before);
                    let flag = change.view.flag.merged(&present, &target, change.principal, change.now);
                    for variant in &change.view.flag.variants {
                        if flag.variant(variant.id).is_none() {
                            change.view.check_unused(variant.id)?;
                        }
                    }
                    Ok(flag)
                })
                .await?;
            Ok(suggestion)
        }
        (Aggregate::Environment, _, Some(environment_id)) => {
            let needed = Permission::FeatureFlagEnvironmentConfigWrite;
            if !principal.may(needed) {
                return Err(ApiError::Forbidden(needed));
            }
            let before: Environment = earlier(change.before.as_ref().filter(|_| change.after.is_some()))?;
            let draft = EnvironmentDraft {
                name: Some(before.name),
                key: None,
                description: before.description.map_or(Patch::Clear, Patch::Set),
                queries: Some(before.queries),
                is_production: Some(before.is_production),
                require_feature_flag_approval: Some(before.require_feature_flag_approval),
            };
            update_environment(
                app,
                principal,
                environment_id,
                draft,
                Faults::new(),
                Some(Revert { of: id, discard_later }),
            )
            .await?;
            Ok(None)
        }
        _ => Err(irreversible(
            "only changes of flags, of what they serve, and of environments can be reverted",
        )),
    }
}

/// What a closure of a revert looks at.
struct EntryChangeParts<'a> {
    flag: &'a Flag,
    entry: &'a FlagEnvironment,
    saved_filters:
        &'a BTreeMap<flaghoist_model::id::SavedFilterId, flaghoist_model::saved_filter::SavedFilter>,
    now: jiff::Timestamp,
}

fn parts<'a>(change: &super::EntryChange<'a>) -> EntryChangeParts<'a> {
    EntryChangeParts {
        flag: change.flag,
        entry: change.entry,
        saved_filters: change.saved_filters,
        now: change.now,
    }
}

fn earlier<T: DeserializeOwned>(before: Option<&serde_json::Value>) -> Result<T, ApiError> {
    let before = before.ok_or_else(|| {
        irreversible(
            "it made or removed the thing itself, which cannot be taken back; archive a flag instead",
        )
    })?;
    T::deserialize(before).map_err(ApiError::internal)
}

fn irreversible(message: &str) -> ApiError {
    ApiError::Conflict(Fault { pointer: String::new(), message: message.to_owned() })
}
