//! Changes of what a flag serves in one environment.

use super::approvals::Decision;
use super::{Edit, EntryOutcome, FlagView, Intent, Record, flags, serves_the_same};
use crate::ApiError;
use crate::access::restriction::check_relation;
use crate::app::App;
use flaghoist_model::access::{Principal, Relation};
use flaghoist_model::allocation::AllocationContext;
use flaghoist_model::definition::EntryDefinition;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::{EnvironmentId, FlagId, SavedFilterId};
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::suggestion::{ProposedChange, entry_needs_approval};
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
    /// The flag with everything it serves anywhere.
    pub(crate) view: &'a FlagView,
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

/// Changes what a flag serves in an environment as `apply` says, or suggests it where that needs an approval.
pub(crate) async fn change_flag_environment<T: Send>(
    app: &App,
    principal: &Principal,
    (flag_id, environment_id): (FlagId, EnvironmentId),
    intent: Intent,
    apply: impl FnOnce(EntryChange<'_>) -> Result<(FlagEnvironment, T), Rejection> + Send,
) -> Result<EntryOutcome<T>, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let saved_filters = edit.saved_filters().await?;
    let view = flags::load(edit.writer.as_mut(), principal, flag_id).await?;
    let (environment, before) = view.entry(environment_id)?;
    check_relation(edit.writer.as_mut(), principal, flag_id, Relation::Contributor).await?;
    edit.check_expected(flag_id, Some(environment_id), &intent).await?;
    intent.if_match.check(&EntryDefinition::from(before).hash())?;
    let ids = app.ids.as_ref();
    let change = EntryChange {
        flag: &view.flag,
        entry: before,
        saved_filters: &saved_filters,
        now: edit.now,
        ids,
        view: &view,
    };
    let (after, said) = apply(change)?;
    before.check_locked(&after)?;
    if after.allocations != before.allocations {
        after.check_expanded(&saved_filters)?;
    }
    let needs_approval = entry_needs_approval(&view.flag, environment);
    let after = after.settled(&view.flag, needs_approval, edit.now);
    let proposed = ProposedChange::entry(&view.flag, before, &after, &saved_filters);
    let readers_get_the_same = serves_the_same((&view.flag, before), (&view.flag, &after), &saved_filters);
    match edit.decide(&proposed, readers_get_the_same, needs_approval, &intent) {
        Decision::Suggest => {
            let suggestion = edit.suggest(&view, Some(environment_id), proposed, intent).await?;
            // Asked again, the ids are those of the first time.
            let proposed = match &suggestion.change {
                ProposedChange::Entry { target, .. } => {
                    before.with_definition(target, &view.flag, &saved_filters, after.updated_at)?
                }
                ProposedChange::Flag { .. } | ProposedChange::SavedFilter { .. } => after,
            };
            Ok(EntryOutcome { entry: proposed, view, said, suggestion: Some(suggestion) })
        }
        Decision::Make(authority) => {
            let after = match authority {
                Some(_) => {
                    after.with_approved_schedules(before).settled(&view.flag, needs_approval, edit.now)
                }
                None => after,
            };
            edit.save_entry((&view.flag, before), (&view.flag, &after), &saved_filters).await?;
            let record = Record {
                flag_id: Some(flag_id),
                environment_id: Some(environment_id),
                before: Some(before),
                after: Some(&after),
                reason: intent.reason,
                reverts: intent.reverts,
                authority,
                ..Record::of(intent.subject.history_action)
            };
            edit.commit(record).await?;
            Ok(EntryOutcome { entry: after, view, said, suggestion: None })
        }
    }
}

impl Edit<'_> {
    /// Saves what a flag serves in an environment, and says so to its readers if they get something else.
    pub(super) async fn save_entry(
        &mut self,
        before: (&Flag, &FlagEnvironment),
        after: (&Flag, &FlagEnvironment),
        saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
    ) -> Result<(), ApiError> {
        self.writer.save_flag_environment(after.1).await?;
        self.transitions.extend_from_slice(&after.1.transitions);
        if !serves_the_same(before, after, saved_filters) {
            self.writer.touch_content(&[after.1.environment_id], self.now).await?;
        }
        Ok(())
    }
}
