//! Saved filters, and the flags that use them.

use super::approvals::Decision;
use super::{Edit, FlagView, Intent, Record, SavedFilters, serves_the_same_by, view_flags};
use crate::ApiError;
use crate::access::restriction::check_relation;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::{Principal, Relation};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Action, Authority};
use flaghoist_model::id::{EnvironmentId, FlagId, SavedFilterId};
use flaghoist_model::saved_filter::{SavedFilter, SavedFilterContext, SavedFilterDraft};
use flaghoist_model::suggestion::{Property, ProposedChange, SeenUse, Suggestion, entry_needs_approval};
use flaghoist_model::{Faults, Rejection};
use flaghoist_store::Reader;
use std::collections::{BTreeMap, BTreeSet};

/// Where a saved filter is used.
pub(crate) struct SavedFilterUses {
    /// The flags, with everything they serve.
    flags: BTreeMap<FlagId, FlagView>,
    /// The flags in environments.
    pub(crate) places: BTreeSet<(FlagId, EnvironmentId)>,
}

impl SavedFilterUses {
    pub(super) async fn read(
        reader: &mut dyn Reader,
        principal: &Principal,
        id: SavedFilterId,
    ) -> Result<Self, ApiError> {
        let uses = reader.saved_filter_uses(principal.project_id, id).await?;
        let places: BTreeSet<_> = uses.iter().map(|used| (used.flag_id, used.environment_id)).collect();
        let flag_ids: BTreeSet<FlagId> = uses.iter().map(|used| used.flag_id).collect();
        let mut found = Vec::with_capacity(flag_ids.len());
        for flag_id in flag_ids {
            found.extend(reader.find_flag(principal.project_id, flag_id).await?);
        }
        let views = view_flags(reader, principal, found).await?;
        Ok(Self { flags: views.into_iter().map(|view| (view.flag.id, view)).collect(), places })
    }

    /// Each flag with what it serves in an environment in which it uses the filter.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&FlagView, &Environment, &FlagEnvironment)> {
        self.places.iter().filter_map(|(flag_id, environment_id)| {
            let view = self.flags.get(flag_id)?;
            let (environment, entry) = view.entry(*environment_id).ok()?;
            Some((view, environment, entry))
        })
    }

    /// The uses as a suggestion keeps them.
    pub(super) fn as_proposed(&self) -> Vec<SeenUse> {
        self.entries().map(|(_, _, entry)| entry.into()).collect()
    }

    /// The flags in environments whose readers get something else with other filters.
    fn concerned<'a>(
        &'a self,
        before: &'a SavedFilters,
        after: &'a SavedFilters,
    ) -> impl Iterator<Item = (&'a Flag, &'a FlagEnvironment)> {
        let used = self.entries().map(|(view, _, entry)| (&view.flag, entry));
        used.filter(move |(flag, entry)| !serves_the_same_by(flag, entry, before, after))
    }

    /// The first flag whose changes need an approval where it uses the filter.
    fn protected(&self) -> Option<&FlagView> {
        let mut protected =
            self.entries().filter(|(view, environment, _)| entry_needs_approval(&view.flag, environment));
        protected.next().map(|(view, ..)| view)
    }
}

/// A saved filter after a change, or as it is proposed to be.
pub(crate) struct SavedFilterOutcome {
    /// The filter.
    pub(crate) filter: SavedFilter,
    /// The suggestion that the change became.
    pub(crate) suggestion: Option<Suggestion>,
}

/// All saved filters of the project, oldest first.
pub(crate) async fn view_saved_filters(
    app: &App,
    principal: &Principal,
) -> Result<Vec<SavedFilter>, ApiError> {
    Ok(app.store.read().await?.saved_filters(principal.project_id).await?)
}

/// A saved filter, and where it is used.
pub(crate) async fn view_saved_filter(
    app: &App,
    principal: &Principal,
    id: SavedFilterId,
) -> Result<(SavedFilter, SavedFilterUses), ApiError> {
    let mut reader = app.store.read().await?;
    let filters = reader.saved_filters(principal.project_id).await?;
    let filter = filters.into_iter().find(|filter| filter.id == id);
    let filter = filter.ok_or_else(|| not_found("saved filter", id))?;
    let uses = SavedFilterUses::read(reader.as_mut(), principal, id).await?;
    Ok((filter, uses))
}

/// Makes a saved filter. `clauses_member` is where clauses stand in the request.
pub(crate) async fn create_saved_filter(
    app: &App,
    principal: &Principal,
    draft: SavedFilterDraft,
    clauses_member: &str,
    faults: Faults,
) -> Result<SavedFilter, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let others = edit.saved_filters().await?;
    let context =
        SavedFilterContext { others: &others, clauses_member, now: edit.now, ids: app.ids.as_ref() };
    let filter = SavedFilter::create(draft, principal.project_id, &context, faults)?;
    edit.writer.insert_saved_filter(&filter).await?;
    edit.commit(Record { after: Some(&filter), ..Record::of(Action::SavedFilterCreated) }).await?;
    Ok(filter)
}

/// Changes a saved filter as `apply` says, or suggests it where some flag that uses it needs an approval.
pub(crate) async fn change_saved_filter(
    app: &App,
    principal: &Principal,
    id: SavedFilterId,
    clauses_member: &str,
    apply: impl FnOnce(&SavedFilter, &SavedFilterContext<'_>) -> Result<SavedFilter, Rejection> + Send,
) -> Result<SavedFilterOutcome, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let filters = edit.saved_filters().await?;
    let before = filters.get(&id).ok_or_else(|| not_found("saved filter", id))?;
    let context =
        SavedFilterContext { others: &filters, clauses_member, now: edit.now, ids: app.ids.as_ref() };
    let after = apply(before, &context)?;
    let uses = SavedFilterUses::read(edit.writer.as_mut(), principal, id).await?;
    let filters_after = with(&filters, &after);
    for (_, _, entry) in uses.entries() {
        entry.check_expanded(&filters_after)?;
    }
    let concerned: BTreeSet<FlagId> =
        uses.concerned(&filters, &filters_after).map(|(flag, _)| flag.id).collect();
    for flag_id in &concerned {
        check_relation(edit.writer.as_mut(), principal, *flag_id, Relation::Contributor).await?;
    }
    let proposed = ProposedChange::SavedFilter {
        base: Box::new(before.clone()),
        target: Box::new(after.clone()),
        used_in: uses.as_proposed(),
    };
    let protected = uses.protected();
    let intent = Intent::to(Action::SavedFilterUpdated).about(Property::SavedFilter);
    match (edit.decide(&proposed, concerned.is_empty(), protected.is_some(), &intent), protected) {
        (Decision::Suggest, Some(view)) => {
            let suggestion = edit.suggest(view, None, proposed, intent).await?;
            Ok(SavedFilterOutcome { filter: before.clone(), suggestion: Some(suggestion) })
        }
        (Decision::Make(authority), _) => {
            edit.save_filter(&filters, &after, &uses).await?;
            commit(edit, before, &after, authority, None).await?;
            Ok(SavedFilterOutcome { filter: after, suggestion: None })
        }
        (Decision::Suggest, None) => {
            Err(ApiError::internal("a change that needs no approval is no suggestion"))
        }
    }
}

/// Removes a saved filter that nothing uses.
pub(crate) async fn delete_saved_filter(
    app: &App,
    principal: &Principal,
    id: SavedFilterId,
) -> Result<SavedFilter, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let mut filters = edit.saved_filters().await?;
    let filter = filters.remove(&id).ok_or_else(|| not_found("saved filter", id))?;
    let uses = SavedFilterUses::read(edit.writer.as_mut(), principal, id).await?;
    if let Some((view, environment, _)) = uses.entries().next() {
        let count = uses.places.len();
        let message = format!(
            "flag {:?} uses it in environment {:?}, and so it is in {count} place(s); change the rules first",
            view.flag.key, environment.key
        );
        return Err(Rejection::conflict("", message).into());
    }
    edit.writer.delete_saved_filter(id).await?;
    edit.commit(Record { before: Some(&filter), ..Record::of(Action::SavedFilterDeleted) }).await?;
    Ok(filter)
}

/// Makes the change of a saved filter that was suggested.
pub(super) async fn apply_to_filter(
    mut edit: Edit<'_>,
    applied: &Suggestion,
    (base, target): (&SavedFilter, &SavedFilter),
    authority: Authority,
) -> Result<(), ApiError> {
    let filters = edit.saved_filters().await?;
    let before = filters.get(&target.id).ok_or_else(|| not_found("saved filter", target.id))?;
    let uses = SavedFilterUses::read(edit.writer.as_mut(), edit.principal, target.id).await?;
    let after = before.merged(base, target, edit.now);
    edit.save_filter(&filters, &after, &uses).await?;
    commit(edit, before, &after, Some(authority), applied.comment.clone()).await
}

async fn commit(
    edit: Edit<'_>,
    before: &SavedFilter,
    after: &SavedFilter,
    authority: Option<Authority>,
    reason: Option<String>,
) -> Result<(), ApiError> {
    let record = Record {
        before: Some(before),
        after: Some(after),
        authority,
        reason,
        ..Record::of(Action::SavedFilterUpdated)
    };
    edit.commit(record).await?;
    Ok(())
}

impl Edit<'_> {
    /// Saves a saved filter, and says so to the readers of the flags that use it if they get something else.
    async fn save_filter(
        &mut self,
        filters: &SavedFilters,
        after: &SavedFilter,
        uses: &SavedFilterUses,
    ) -> Result<(), ApiError> {
        let filters_after = with(filters, after);
        for (_, _, entry) in uses.entries() {
            entry.check_expanded(&filters_after)?;
        }
        self.writer.update_saved_filter(after).await?;
        let touched: BTreeSet<EnvironmentId> =
            uses.concerned(filters, &filters_after).map(|(_, entry)| entry.environment_id).collect();
        self.writer.touch_content(&touched.into_iter().collect::<Vec<_>>(), self.now).await?;
        Ok(())
    }
}

/// The filters with one of them changed.
fn with(filters: &SavedFilters, after: &SavedFilter) -> SavedFilters {
    let mut filters = filters.clone();
    filters.insert(after.id, after.clone());
    filters
}
