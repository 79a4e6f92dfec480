//! The gate between a change and its commit: whatever changes what readers get of something protected becomes a
//! suggestion, unless the caller may do without an approval.
//!
//! [`Edit::decide`] is the only place that lets such a change through, for all dialects.

use super::{Edit, FlagView, Record};
use crate::ApiError;
use crate::if_match::IfMatch;
use flaghoist_model::Fault;
use flaghoist_model::access::Permission;
use flaghoist_model::definition::{DefinitionHash, EntryDefinition, FlagDefinition};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Action, Aggregate, Authority};
use flaghoist_model::id::{EnvironmentId, FlagId, HistoryId, ProjectId, VariantId};
use flaghoist_model::suggestion::{
    Property, ProposedChange, Subject, Suggestion, SuggestionAction, SuggestionDraft,
};
use flaghoist_store::{HistoryFilter, Reader, SuggestionFilter};

/// Most open suggestions of a flag that are looked through for one of the same content.
const OPEN_MAX: i64 = 1_000;

/// What a change is about, and how it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    /// What it is about.
    pub(crate) subject: Subject,
    /// Why, in the caller's words.
    pub(crate) reason: Option<String>,
    /// Whom the caller wants told.
    pub(crate) notification_rule_targets: Vec<String>,
    /// The history entry it takes back.
    pub(crate) reverts: Option<HistoryId>,
    /// Whether it is to wait for an approval even where none is needed.
    pub(crate) is_suggestion: bool,
    /// The history entry that must be the last of what is changed: what the caller looked at.
    pub(crate) expected_last: Option<HistoryId>,
    /// Which definitions of what is changed it is for.
    pub(crate) if_match: IfMatch,
}

impl Intent {
    /// A change that is made at once where that is allowed.
    pub(crate) fn to(history_action: Action) -> Self {
        let (action, property) = match history_action {
            Action::FlagEnabled | Action::FlagDisabled => {
                (SuggestionAction::Updated, Property::EnvironmentStatus)
            }
            Action::AllocationCreated => (SuggestionAction::Created, Property::Allocations),
            Action::AllocationsReplaced => (SuggestionAction::Updated, Property::Allocations),
            Action::VariantCreated => (SuggestionAction::Created, Property::Variant),
            Action::VariantUpdated => (SuggestionAction::Updated, Property::Variant),
            Action::VariantDeleted => (SuggestionAction::Deleted, Property::Variant),
            Action::FlagArchived => (SuggestionAction::Archived, Property::Flag),
            Action::FlagUnarchived => (SuggestionAction::Unarchived, Property::Flag),
            Action::FlagUpdated => (SuggestionAction::Updated, Property::DistributionChannel),
            Action::RolloutStarted => (SuggestionAction::Started, Property::Rollout),
            Action::RolloutPaused => (SuggestionAction::Paused, Property::Rollout),
            Action::RolloutResumed => (SuggestionAction::Unpaused, Property::Rollout),
            Action::RolloutStopped => (SuggestionAction::Stopped, Property::Rollout),
            Action::FlagReverted => (SuggestionAction::Updated, Property::Flag),
            _ => (SuggestionAction::Updated, Property::Configuration),
        };
        Self {
            subject: Subject { action, property, variant_id: None, history_action },
            reason: None,
            notification_rule_targets: Vec::new(),
            reverts: None,
            is_suggestion: false,
            expected_last: None,
            if_match: IfMatch::Absent,
        }
    }

    /// The same for what is still as the caller saw it.
    pub(crate) fn matching(mut self, if_match: IfMatch) -> Self {
        self.if_match = if_match;
        self
    }

    /// The same about another property.
    pub(crate) fn about(mut self, property: Property) -> Self {
        self.subject.property = property;
        self
    }

    /// The same about a variant.
    pub(crate) fn of_variant(mut self, id: VariantId) -> Self {
        self.subject.variant_id = Some(id);
        self
    }
}

/// What is to become of a change.
pub(super) enum Decision {
    /// It is made; by what right, where an approval was needed.
    Make(Option<Authority>),
    /// It waits.
    Suggest,
}

impl Edit<'_> {
    /// What is to become of a change of something that needs approvals or not. It needs none when its definition
    /// stays what it is and `readers_get_the_same`: both are asked, so that neither has to be right alone.
    pub(super) fn decide(
        &self,
        change: &ProposedChange,
        readers_get_the_same: bool,
        needs_approval: bool,
        intent: &Intent,
    ) -> Decision {
        if intent.is_suggestion {
            return Decision::Suggest;
        }
        // What takes exposure back, and what was approved before, waits for nobody (decision 11).
        let is_free_rollout = change.rollout().is_some_and(|rollout| !rollout.needs_approval);
        // A variant that is added is served to nobody until something else says so.
        let is_addition = intent.subject.history_action == Action::VariantCreated;
        if !needs_approval || is_addition || is_free_rollout || (readers_get_the_same && !change.matters()) {
            return Decision::Make(None);
        }
        if self.principal.may(Permission::FeatureFlagApprovalsOverride) {
            return Decision::Make(Some(Authority::Overridden { suggestion_id: None }));
        }
        Decision::Suggest
    }

    /// Refuses a change when what it changes was changed since the caller looked at it.
    pub(super) async fn check_expected(
        &mut self,
        flag_id: FlagId,
        environment_id: Option<EnvironmentId>,
        intent: &Intent,
    ) -> Result<(), ApiError> {
        let Some(expected) = intent.expected_last else { return Ok(()) };
        check_is_last(expected, self.last_history_id(flag_id, environment_id).await?)
    }

    /// The last entry of the history of a flag, or of the flag in an environment.
    pub(super) async fn last_history_id(
        &mut self,
        flag_id: FlagId,
        environment_id: Option<EnvironmentId>,
    ) -> Result<Option<HistoryId>, ApiError> {
        let aggregate = if environment_id.is_some() { Aggregate::FlagEnvironment } else { Aggregate::Flag };
        let project_id = self.principal.project_id;
        last_history_id(self.writer.as_mut(), project_id, aggregate, Some(flag_id), environment_id).await
    }

    /// Makes a suggestion of a change and commits it. One of the same content that is open already is as good.
    pub(super) async fn suggest(
        mut self,
        view: &FlagView,
        environment_id: Option<EnvironmentId>,
        change: ProposedChange,
        mut intent: Intent,
    ) -> Result<Suggestion, ApiError> {
        let flag_id = view.flag.id;
        intent.subject.property = change.property(intent.subject.property);
        if let Some(same) = self.open_suggestion_like(flag_id, environment_id, &change, &intent).await? {
            return Ok(same);
        }
        check_new_keys(self.writer.as_mut(), view, environment_id, &change).await?;
        let draft = SuggestionDraft {
            flag_id,
            environment_id,
            subject: intent.subject,
            change,
            base_revision: self.writer.revision() - 1,
            base_history_id: self.last_history_id(flag_id, environment_id).await?,
            reverts: intent.reverts,
            comment: intent.reason.clone(),
            notification_rule_targets: intent.notification_rule_targets,
        };
        let mut suggestion = Suggestion::open(draft, self.principal, self.now, self.app.ids.as_ref());
        suggestion.revision = self.writer.revision();
        self.writer.insert_suggestion(&suggestion).await?;
        let record = Record {
            flag_id: Some(flag_id),
            environment_id,
            after: Some(&suggestion),
            reason: intent.reason,
            reverts: intent.reverts,
            ..Record::of(Action::SuggestionCreated)
        };
        self.commit(record).await?;
        Ok(suggestion)
    }

    /// The caller's own open suggestion of the same property and content, if there is one: asking twice is fine.
    async fn open_suggestion_like(
        &mut self,
        flag_id: FlagId,
        environment_id: Option<EnvironmentId>,
        change: &ProposedChange,
        intent: &Intent,
    ) -> Result<Option<Suggestion>, ApiError> {
        let filter =
            SuggestionFilter { flag_id: Some(flag_id), is_open: Some(true), ..SuggestionFilter::default() };
        let open = self.writer.suggestions(self.principal.project_id, &filter, OPEN_MAX).await?;
        Ok(open.into_iter().find(|suggestion| {
            suggestion.environment_id == environment_id
                && suggestion.subject.property == intent.subject.property
                && suggestion.authors == [self.principal.user_id]
                && suggestion.change.asked_hash() == change.asked_hash()
        }))
    }
}

/// Keys of allocations that the change adds must be free: only saving makes the database look.
pub(super) async fn check_new_keys(
    reader: &mut dyn Reader,
    view: &FlagView,
    environment_id: Option<EnvironmentId>,
    change: &ProposedChange,
) -> Result<(), ApiError> {
    let (ProposedChange::Entry { base, target, .. }, Some(environment_id)) = (change, environment_id) else {
        return Ok(());
    };
    for allocation in &target.allocations {
        if base.allocations.iter().any(|known| known.key == allocation.key) {
            continue;
        }
        let place = reader.allocation_place(view.flag.project_id, &allocation.key).await?;
        if place.is_some_and(|place| place != (view.flag.id, environment_id)) {
            return Err(flaghoist_model::flag_environment::key_conflict("/data/attributes/key").into());
        }
    }
    Ok(())
}

/// Refuses a change that takes back an entry when another came after it.
pub(super) fn check_is_last(expected: HistoryId, last: Option<HistoryId>) -> Result<(), ApiError> {
    match last.filter(|last| *last != expected) {
        None => Ok(()),
        Some(last) => Err(ApiError::Conflict(Fault {
            pointer: String::new(),
            message: format!(
                "it was changed since: the last change is {last}; give discard_later_changes to undo what came after too"
            ),
        })),
    }
}

/// The last entry of the history of something.
pub(super) async fn last_history_id(
    reader: &mut dyn Reader,
    project_id: ProjectId,
    aggregate: Aggregate,
    flag_id: Option<FlagId>,
    environment_id: Option<EnvironmentId>,
) -> Result<Option<HistoryId>, ApiError> {
    let filter = HistoryFilter {
        flag_id,
        environment_id,
        aggregates: Some(vec![aggregate]),
        // How a rollout moves is no change of what people edit (decision 12).
        is_of_edits: true,
        ..HistoryFilter::default()
    };
    let last = reader.history_page(project_id, &filter, 1).await?;
    Ok(last.first().map(|entry| entry.change.id))
}

/// What a flag serves in an environment after a change, or what it would serve if a suggestion were applied.
pub(crate) struct EntryOutcome<T> {
    /// The flag with everything it serves now.
    pub(crate) view: FlagView,
    /// What it serves in the environment, or would.
    pub(crate) entry: FlagEnvironment,
    /// What the change said of itself.
    pub(crate) said: T,
    /// The suggestion that the change became.
    pub(crate) suggestion: Option<Suggestion>,
}

impl<T> EntryOutcome<T> {
    /// The hash of what the flag serves in the environment now, whatever is suggested.
    pub(crate) fn hash(&self) -> DefinitionHash {
        let mut entries = self.view.entries().filter(|_| self.suggestion.is_some());
        let unchanged = entries.find(|entry| entry.environment_id == self.entry.environment_id);
        EntryDefinition::from(unchanged.unwrap_or(&self.entry)).hash()
    }
}

/// A flag after a change, or as it is while a suggestion waits.
pub(crate) struct FlagOutcome {
    /// The flag as it is now.
    pub(crate) view: FlagView,
    /// The suggestion that the change became.
    pub(crate) suggestion: Option<Suggestion>,
}

impl FlagOutcome {
    /// The hash of the flag as it is now, whatever is suggested.
    pub(crate) fn hash(&self) -> DefinitionHash {
        FlagDefinition::from(&self.view.flag).edited_hash()
    }
}
