//! Changes of flags, and what answers show of them.

use super::approvals::Decision;
use super::environments::taken_is_invalid;
use super::{Edit, FlagOutcome, Intent, Record, SavedFilters, saved_filters_of, serves_the_same};
use crate::ApiError;
use crate::access::restriction::check_relation;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::{Permission, Principal, Relation};
use flaghoist_model::allocation::{AllocationContext, AllocationDraft};
use flaghoist_model::definition::FlagDefinition;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::{Flag, FlagDraft};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::Action;
use flaghoist_model::id::{EnvironmentId, FlagId, SavedFilterId, SuggestionId, VariantId};
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::staleness::{Staleness, staleness};
use flaghoist_model::suggestion::{ProposedChange, flag_needs_approval};
use flaghoist_model::{Faults, MintId, Rejection};
use flaghoist_store::{OpenSuggestion, Reader};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A flag with what it serves in every environment of its project, in the order of the environments.
#[derive(Clone, Debug)]
pub(crate) struct FlagView {
    /// The flag.
    pub(crate) flag: Flag,
    /// Each environment with the flag in it.
    pub(crate) environments: Vec<(Environment, FlagEnvironment)>,
    /// The oldest suggestion about the flag itself that is open.
    pub(crate) pending_suggestion_id: Option<SuggestionId>,
}

impl FlagView {
    /// An environment with the flag in it.
    pub(crate) fn entry(&self, id: EnvironmentId) -> Result<(&Environment, &FlagEnvironment), ApiError> {
        let found = self.environments.iter().find(|(environment, _)| environment.id == id);
        found.map(|(environment, entry)| (environment, entry)).ok_or_else(|| not_found("environment", id))
    }

    /// What it serves in each environment.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &FlagEnvironment> {
        self.environments.iter().map(|(_, entry)| entry)
    }

    /// The environments whose readers get something else when it becomes `after`.
    fn concerned(
        &self,
        after: &Self,
        saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
    ) -> Vec<EnvironmentId> {
        let same = |(before, entry): &(&FlagEnvironment, &FlagEnvironment)| {
            serves_the_same((&self.flag, before), (&after.flag, entry), saved_filters)
        };
        let pairs = self.entries().zip(after.entries()).filter(|pair| !same(pair));
        pairs.map(|(_, entry)| entry.environment_id).collect()
    }

    /// Why a variant cannot be removed, if it cannot: some environment may serve it.
    pub(crate) fn check_unused(&self, variant_id: VariantId) -> Result<(), Rejection> {
        match self.environments.iter().find(|(_, entry)| entry.refers_to(variant_id)) {
            None => Ok(()),
            Some((environment, _)) => Err(Rejection::conflict(
                "",
                format!(
                    "the variant is the default, override or off variant of environment {:?}, or an allocation there refers to it",
                    environment.name
                ),
            )),
        }
    }
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

/// The flag as it is, and the saved filters that it may use.
pub(crate) async fn view_flag_and_filters(
    app: &App,
    principal: &Principal,
    id: FlagId,
) -> Result<(FlagView, SavedFilters), ApiError> {
    let mut reader = app.store.read().await?;
    let view = load(reader.as_mut(), principal, id).await?;
    let saved_filters = saved_filters_of(reader.as_mut(), principal.project_id).await?;
    Ok((view, saved_filters))
}

/// Whether a flag is still needed.
pub(crate) fn staleness_of(app: &App, view: &FlagView) -> Staleness {
    let environments = view.environments.iter().map(|(environment, _)| environment.id);
    let evaluations = app.last_evaluations.of(environments).of_flag(view.flag.id);
    let entries = view.environments.iter().map(|(environment, entry)| (environment, entry));
    staleness(&view.flag, entries, evaluations, app.clock.now())
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
    let guarding = reader.guarding(principal.project_id).await?;
    // The oldest come first, so that they are found first.
    let open = reader.open_suggestions(&ids).await?;
    let pending = |flag_id: FlagId, environment_id: Option<EnvironmentId>| {
        let is_it = |open: &&OpenSuggestion| open.flag_id == flag_id && open.environment_id == environment_id;
        open.iter().find(is_it).map(|open| open.id)
    };
    let mut view = |flag: Flag| {
        let environments = environments.iter().cloned().map(|environment| {
            let entry = entries.remove(&(flag.id, environment.id));
            let mut entry = entry.unwrap_or_else(|| FlagEnvironment::initial(&flag, environment.id));
            entry.guarding = Arc::clone(&guarding);
            entry.pending_suggestion_id = pending(flag.id, Some(environment.id));
            (environment, entry)
        });
        let environments = environments.collect();
        FlagView { environments, pending_suggestion_id: pending(flag.id, None), flag }
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

/// A new flag before it is saved.
pub(crate) struct FirstEntries<'a> {
    /// The flag.
    pub(crate) flag: &'a Flag,
    /// What it serves in each environment, as it comes.
    pub(crate) environments: &'a [(Environment, FlagEnvironment)],
    /// Saved filters of the project.
    pub(crate) saved_filters: &'a SavedFilters,
    /// When.
    pub(crate) now: Timestamp,
    /// Ids for new parts.
    pub(crate) ids: &'a dyn MintId,
}

impl FirstEntries<'_> {
    /// What it serves in each environment with these allocations. `place` is where they stand in the request.
    pub(crate) fn with_allocations(
        &self,
        allocations: Vec<FirstAllocation>,
        place: &str,
    ) -> Result<Vec<FlagEnvironment>, Rejection> {
        let mut entries: Vec<FlagEnvironment> =
            self.environments.iter().map(|(_, entry)| entry.clone()).collect();
        for (position, FirstAllocation { environment_id, draft }) in allocations.into_iter().enumerate() {
            let mut faults = Faults::under(&format!("{place}/{position}"));
            let entry = entries.iter_mut().find(|entry| Some(entry.environment_id) == environment_id);
            let Some(entry) = entry else {
                faults.push_at("environment_id", "is no environment of this project");
                faults.check()?;
                continue;
            };
            let context = AllocationContext {
                flag: self.flag,
                default_variant_id: entry.default_variant_id,
                saved_filters: self.saved_filters,
                now: self.now,
                ids: self.ids,
            };
            *entry = entry.with_allocation(draft, &context, faults)?.0;
        }
        Ok(entries)
    }
}

/// Makes a flag that serves in the environments what `furnish` says, in their order; as it comes, it is disabled and
/// serves its default variant by default. Nothing asks for an approval here: `furnish` enables nothing that needs one.
/// `place` is where allocations stand in the request.
pub(crate) async fn create_flag(
    app: &App,
    principal: &Principal,
    draft: FlagDraft,
    place: &str,
    faults: Faults,
    furnish: impl FnOnce(FirstEntries<'_>) -> Result<Vec<FlagEnvironment>, Rejection> + Send,
) -> Result<FlagView, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let flag = Flag::create(draft, principal, edit.now, app.ids.as_ref(), faults)?;
    edit.writer.insert_flag(&flag).await?;
    let view = view_flags(edit.writer.as_mut(), principal, vec![flag]).await?.pop();
    let mut view = view.ok_or_else(|| ApiError::internal("a flag just made has no view"))?;
    let saved_filters = edit.saved_filters().await?;
    let furnished = furnish(FirstEntries {
        flag: &view.flag,
        environments: &view.environments,
        saved_filters: &saved_filters,
        now: edit.now,
        ids: app.ids.as_ref(),
    })?;
    let touched: Vec<EnvironmentId> =
        view.environments.iter().map(|(environment, _)| environment.id).collect();
    let mut first_entries = Vec::new();
    for ((_, entry), furnished) in view.environments.iter_mut().zip(furnished) {
        let furnished = furnished.held_or_let_go(&view.flag, edit.now);
        furnished.check_expanded(&saved_filters)?;
        if furnished != *entry {
            let saved = edit.writer.save_flag_environment(&furnished).await;
            saved.map_err(|error| ApiError::from(error).of_list(place))?;
            edit.transitions.extend_from_slice(&furnished.transitions);
            *entry = furnished;
            first_entries.push(&*entry);
        }
    }
    // A disabled flag answers DISABLED where an unknown one answers FLAG_NOT_FOUND: every environment changes.
    edit.writer.touch_content(&touched, edit.now).await?;
    let created = CreatedFlag { flag: &view.flag, first_entries };
    let record =
        Record { flag_id: Some(view.flag.id), after: Some(&created), ..Record::of(Action::FlagCreated) };
    edit.commit(record).await?;
    Ok(view)
}

/// Changes a flag as `apply` says, or suggests it where that needs an approval, and gives the flag as it is then.
/// A key or name that is taken is a fault of the request (decision 5).
pub(crate) async fn change_flag(
    app: &App,
    principal: &Principal,
    id: FlagId,
    intent: Intent,
    apply: impl FnOnce(FlagChange<'_>) -> Result<Flag, Rejection> + Send,
) -> Result<FlagOutcome, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let before = load(edit.writer.as_mut(), principal, id).await?;
    check_relation(edit.writer.as_mut(), principal, id, Relation::Editor).await?;
    edit.check_expected(id, None, &intent).await?;
    intent.if_match.check(&FlagDefinition::from(&before.flag).edited_hash())?;
    let ids = app.ids.as_ref();
    let flag = apply(FlagChange { view: &before, principal, now: edit.now, ids })?;
    let lifts_protection = before.flag.require_approval && !flag.require_approval;
    if lifts_protection && !principal.may(Permission::FeatureFlagApprovalsOverride) {
        return Err(ApiError::Forbidden(Permission::FeatureFlagApprovalsOverride));
    }
    let proposed = ProposedChange::flag(&before.flag, &flag, before.entries());
    let environments = before.environments.iter().map(|(environment, _)| environment);
    let needs_approval = flag_needs_approval(&before.flag, environments);
    let saved_filters = edit.saved_filters().await?;
    let changed = FlagView { flag: flag.clone(), ..before.clone() };
    let readers_get_the_same = before.concerned(&changed, &saved_filters).is_empty();
    match edit.decide(&proposed, readers_get_the_same, needs_approval, &intent) {
        Decision::Suggest => {
            let suggestion = edit.suggest(&before, None, proposed, intent).await?;
            Ok(FlagOutcome { view: before, suggestion: Some(suggestion) })
        }
        Decision::Make(authority) => {
            let view = edit.save_flag(&before, &flag).await.map_err(taken_is_invalid)?;
            let record = Record {
                flag_id: Some(id),
                before: Some(&before.flag),
                after: Some(&flag),
                reason: intent.reason,
                reverts: intent.reverts,
                authority,
                ..Record::of(intent.subject.history_action)
            };
            edit.commit(record).await?;
            Ok(FlagOutcome { view, suggestion: None })
        }
    }
}

impl Edit<'_> {
    /// Saves a flag, and says so to the readers of every environment that get something else; its rollouts stop and go
    /// on with it. A name that is taken is a conflict.
    pub(super) async fn save_flag(&mut self, before: &FlagView, after: &Flag) -> Result<FlagView, ApiError> {
        let saved_filters = self.saved_filters().await?;
        self.writer.update_flag(after).await?;
        let mut view = FlagView { flag: after.clone(), ..before.clone() };
        for (_, entry) in &mut view.environments {
            let settled = entry.clone().held_or_let_go(after, self.now);
            if settled != *entry {
                self.writer.save_flag_environment(&settled).await?;
                self.transitions.extend_from_slice(&settled.transitions);
                *entry = settled;
            }
        }
        let touched = before.concerned(&view, &saved_filters);
        self.writer.touch_content(&touched, self.now).await?;
        Ok(view)
    }
}

/// What the history says of a new flag: the flag, and what it serves from the start.
#[derive(Serialize)]
pub(crate) struct CreatedFlag<'a> {
    #[serde(flatten)]
    flag: &'a Flag,
    /// Where it has allocations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    first_entries: Vec<&'a FlagEnvironment>,
}

/// The same, read. Later entries of a flag have no first entries.
#[derive(Deserialize)]
pub(crate) struct CreatedFlagRecord {
    #[serde(flatten)]
    pub(crate) flag: Flag,
    #[serde(default)]
    pub(crate) first_entries: Vec<FlagEnvironment>,
}
