//! Decisions about suggestions.

use super::approvals::check_new_keys;
use super::saved_filters::apply_to_filter;
use super::{
    Edit, EntryChange, FlagChange, FlagView, Record, SavedFilterUses, SavedFilters, flags, saved_filters_of,
};
use crate::ApiError;
use crate::access::authentication::standing;
use crate::access::restriction::check_relation;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::{Permission, Principal, Relation};
use flaghoist_model::difference::Difference;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Action, Authority};
use flaghoist_model::id::{FlagId, HistoryId, SuggestionId, UserId};
use flaghoist_model::suggestion::{Property, ProposedChange, SeenUse, Subject, Suggestion};
use flaghoist_model::{Fault, Rejection};
use flaghoist_store::{Reader, SuggestionFilter};
use std::collections::BTreeSet;

/// Most differences that an error names.
const DIFFERENCES_SHOWN: usize = 10;

/// A suggestion with the flag it is about, as it is now.
pub(crate) struct SuggestionView {
    /// The saved filters that it relies on, as they are now.
    filters: PresentFilters,
    /// The suggestion.
    pub(crate) suggestion: Suggestion,
    /// The flag.
    pub(crate) flag: FlagView,
}

/// Saved filters as they are now.
#[derive(Default)]
struct PresentFilters {
    /// All of the project, when the suggestion relies on any.
    all: SavedFilters,
    /// Where the one is used that the suggestion is about.
    used_in: Vec<SeenUse>,
}

/// What somebody decides about a suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is good, and is applied at once.
    ApproveAndApply,
    /// It is good, and somebody will apply it.
    Approve,
    /// It is not to be.
    Reject,
    /// It was approved before, and is to be now.
    Apply,
}

type WantedEntry = Box<dyn FnOnce(EntryChange<'_>) -> Result<(FlagEnvironment, ()), Rejection> + Send>;
type WantedFlag = Box<dyn FnOnce(FlagChange<'_>) -> Result<Flag, Rejection> + Send>;

/// A change as a suggestion makes it.
pub(crate) enum Wanted {
    /// Of what the flag serves in an environment.
    Entry(WantedEntry),
    /// Of the flag itself.
    Flag(WantedFlag),
}

/// The suggestion as it is.
pub(crate) async fn view_suggestion(
    app: &App,
    principal: &Principal,
    id: SuggestionId,
) -> Result<SuggestionView, ApiError> {
    let mut reader = app.store.read().await?;
    load(reader.as_mut(), principal, id).await
}

/// Suggestions that a filter lets through, the last changed first.
pub(crate) async fn view_suggestions(
    app: &App,
    principal: &Principal,
    filter: &SuggestionFilter,
    limit: i64,
) -> Result<Vec<SuggestionView>, ApiError> {
    let mut reader = app.store.read().await?;
    let mut views = Vec::new();
    for suggestion in reader.suggestions(principal.project_id, filter, limit).await? {
        views.push(with_present(reader.as_mut(), principal, suggestion).await?);
    }
    Ok(views)
}

async fn load(
    reader: &mut dyn Reader,
    principal: &Principal,
    id: SuggestionId,
) -> Result<SuggestionView, ApiError> {
    let found = reader.find_suggestion(principal.project_id, id).await?;
    with_present(reader, principal, found.ok_or_else(|| not_found("suggestion", id))?).await
}

/// A suggestion with what it is about as it is now.
async fn with_present(
    reader: &mut dyn Reader,
    principal: &Principal,
    suggestion: Suggestion,
) -> Result<SuggestionView, ApiError> {
    let flag = flags::load(reader, principal, suggestion.flag_id).await?;
    let mut filters = PresentFilters::default();
    let about = suggestion.change.saved_filter();
    if about.is_some() || suggestion.change.bound_filters().is_some_and(|bound| !bound.is_empty()) {
        filters.all = saved_filters_of(reader, principal.project_id).await?;
    }
    if let Some(about) = about {
        filters.used_in = SavedFilterUses::read(reader, principal, about.id).await?.as_proposed();
    }
    Ok(SuggestionView { filters, suggestion, flag })
}

/// Whoever has a say in a change must be let make it: of the flag it is about, or of each flag whose readers it
/// touches.
async fn check_may_decide(
    reader: &mut dyn Reader,
    principal: &Principal,
    suggestion: &Suggestion,
) -> Result<(), ApiError> {
    match &suggestion.change {
        ProposedChange::Entry { .. } => {
            check_relation(reader, principal, suggestion.flag_id, Relation::Contributor).await
        }
        ProposedChange::Flag { .. } => {
            check_relation(reader, principal, suggestion.flag_id, Relation::Editor).await
        }
        ProposedChange::SavedFilter { used_in, .. } => {
            let flag_ids: BTreeSet<FlagId> = used_in.iter().map(|used| used.flag_id).collect();
            for flag_id in flag_ids {
                check_relation(reader, principal, flag_id, Relation::Contributor).await?;
            }
            Ok(())
        }
    }
}

/// Loads a suggestion that the caller may have a say in.
async fn load_to_change(edit: &mut Edit<'_>, id: SuggestionId) -> Result<SuggestionView, ApiError> {
    let view = load(edit.writer.as_mut(), edit.principal, id).await?;
    check_may_decide(edit.writer.as_mut(), edit.principal, &view.suggestion).await?;
    Ok(view)
}

/// Decides about a suggestion. A comment is kept with it. `seen` is the hash of the content that the caller looked at:
/// when somebody has edited it since, nothing is decided.
pub(crate) async fn decide(
    app: &App,
    principal: &Principal,
    id: SuggestionId,
    verdict: Verdict,
    comment: Option<String>,
    seen: Option<&str>,
) -> Result<SuggestionView, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let view = load_to_change(&mut edit, id).await?;
    let before = view.suggestion.clone();
    check_seen(&before, seen)?;
    let now = edit.now;
    let decided = match verdict {
        Verdict::Approve | Verdict::ApproveAndApply => before.approve(principal, now)?,
        Verdict::Reject => before.reject(principal, now)?,
        Verdict::Apply => before.clone(),
    };
    let decided = match comment {
        Some(text) => decided.with_comment(text, principal, now, app.ids.as_ref())?,
        None => decided,
    };
    match verdict {
        Verdict::Reject => save(edit, &view.flag, &before, decided, Action::SuggestionRejected).await,
        Verdict::Approve => {
            check_drift(&view)?;
            save(edit, &view.flag, &before, decided, Action::SuggestionApproved).await
        }
        Verdict::ApproveAndApply | Verdict::Apply => {
            check_drift(&view)?;
            apply(edit, view.flag, decided).await
        }
    }
}

fn check_seen(suggestion: &Suggestion, seen: Option<&str>) -> Result<(), ApiError> {
    let content_hash = suggestion.change.content_hash();
    match seen.filter(|seen| *seen != content_hash.as_str()) {
        None => Ok(()),
        Some(seen) => Err(ApiError::Conflict(Fault {
            pointer: "/data/attributes/content_hash".to_owned(),
            message: format!(
                "what it proposes was edited: its hash is {}, not {seen}; look at it again",
                content_hash.as_str()
            ),
        })),
    }
}

/// Takes a suggestion back.
pub(crate) async fn delete_suggestion(
    app: &App,
    principal: &Principal,
    id: SuggestionId,
) -> Result<(), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let SuggestionView { suggestion: before, flag, .. } = load_to_change(&mut edit, id).await?;
    let deleted = before.delete(principal, edit.now)?;
    save(edit, &flag, &before, deleted, Action::SuggestionDeleted).await?;
    Ok(())
}

/// Says something about a suggestion.
pub(crate) async fn comment_on_suggestion(
    app: &App,
    principal: &Principal,
    id: SuggestionId,
    text: String,
) -> Result<SuggestionView, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let SuggestionView { suggestion: before, flag, .. } = load(edit.writer.as_mut(), principal, id).await?;
    let commented = before.with_comment(text, principal, edit.now, app.ids.as_ref())?;
    edit.writer.update_suggestion(&commented).await?;
    // Only what was said: the whole conversation each time would grow with the square of it.
    let record = Record {
        flag_id: Some(commented.flag_id),
        environment_id: commented.environment_id,
        after: commented.comments.last(),
        ..Record::of(Action::SuggestionCommented)
    };
    edit.commit(record).await?;
    Ok(SuggestionView { filters: PresentFilters::default(), suggestion: commented, flag })
}

/// Changes what an open suggestion proposes, against what is there now. It loses its approvals.
pub(crate) async fn edit_suggestion(
    app: &App,
    principal: &Principal,
    id: SuggestionId,
    wanted: Wanted,
    subject: Subject,
) -> Result<SuggestionView, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let SuggestionView { suggestion: before, flag: view, .. } = load_to_change(&mut edit, id).await?;
    let saved_filters = edit.saved_filters().await?;
    let ids = app.ids.as_ref();
    let change = match (wanted, before.environment_id) {
        (Wanted::Entry(wanted), Some(environment_id)) => {
            let (_, entry) = view.entry(environment_id)?;
            let change = EntryChange {
                flag: &view.flag,
                entry,
                saved_filters: &saved_filters,
                now: edit.now,
                ids,
                view: &view,
            };
            ProposedChange::entry(&view.flag, entry, &wanted(change)?.0, &saved_filters)
        }
        (Wanted::Flag(wanted), None) => {
            let change = FlagChange { view: &view, principal, now: edit.now, ids };
            ProposedChange::flag(&view.flag, &wanted(change)?, view.entries())
        }
        (Wanted::Entry(_), None) | (Wanted::Flag(_), Some(_)) => {
            return Err(Rejection::invalid(
                "/data/attributes/property",
                "a suggestion stays about what it is about",
            )
            .into());
        }
    };
    check_new_keys(edit.writer.as_mut(), &view, before.environment_id, &change).await?;
    let base_revision = edit.writer.revision() - 1;
    let last = edit.last_history_id(view.flag.id, before.environment_id).await?;
    let edited = before.edit(subject, change, base_revision, last, principal, edit.now)?;
    save(edit, &view, &before, edited, Action::SuggestionUpdated).await
}

/// Saves a suggestion that changes nothing else.
async fn save(
    mut edit: Edit<'_>,
    flag: &FlagView,
    before: &Suggestion,
    after: Suggestion,
    action: Action,
) -> Result<SuggestionView, ApiError> {
    edit.writer.update_suggestion(&after).await?;
    let record = Record {
        flag_id: Some(after.flag_id),
        environment_id: after.environment_id,
        before: Some(before),
        after: Some(&after),
        ..Record::of(action)
    };
    edit.commit(record).await?;
    Ok(SuggestionView { filters: PresentFilters::default(), suggestion: after, flag: flag.clone() })
}

impl Edit<'_> {
    /// Those who approved a suggestion and still may: whoever has left or lost the right since does not count.
    async fn approvers(&mut self, suggestion: &Suggestion) -> Result<BTreeSet<UserId>, ApiError> {
        let project_id = self.principal.project_id;
        let mut approvers = BTreeSet::new();
        for approval in &suggestion.approvals {
            let standing = standing(self.writer.as_mut(), approval.user_id, Some(project_id)).await?;
            let Some(standing) = standing else { continue };
            // How they proved who they are is no longer known, and does not count here.
            let approver =
                standing.principal(approval.user_id, self.principal.proof, None, self.principal.dialect);
            let may_write = approver.may(Permission::FeatureFlagConfigWrite);
            let is_let = check_may_decide(self.writer.as_mut(), &approver, suggestion).await;
            match is_let {
                Ok(()) if may_write => drop(approvers.insert(approval.user_id)),
                Ok(()) | Err(ApiError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(approvers)
    }
}

/// What the flag served before the change that is taken back.
pub(super) async fn former_entry(
    reader: &mut dyn Reader,
    principal: &Principal,
    reverts: Option<HistoryId>,
) -> Result<Option<FlagEnvironment>, ApiError> {
    let Some(id) = reverts else { return Ok(None) };
    let reverted = reader.find_history(principal.project_id, id).await?;
    let before = reverted.and_then(|entry| entry.change.before);
    before.map(serde_json::from_value).transpose().map_err(ApiError::internal)
}

/// Makes the change that a suggestion proposes, in the transaction that says so of the suggestion.
async fn apply(
    mut edit: Edit<'_>,
    view: FlagView,
    suggestion: Suggestion,
) -> Result<SuggestionView, ApiError> {
    let authority = suggestion.authority(edit.principal, &edit.approvers(&suggestion).await?)?;
    let applied = suggestion.applied(edit.principal, edit.now);
    edit.writer.update_suggestion(&applied).await?;
    let flag = match &suggestion.change {
        ProposedChange::Entry { .. } => apply_to_entry(edit, view, &applied, authority).await?,
        ProposedChange::SavedFilter { base, target, .. } => {
            apply_to_filter(edit, &applied, (base, target), authority).await?;
            view
        }
        ProposedChange::Flag { base, target, .. } => {
            let after = view.flag.merged(base, target, edit.principal, edit.now);
            after.check_variants()?;
            for variant in &view.flag.variants {
                if after.variant(variant.id).is_none() {
                    view.check_unused(variant.id)?;
                }
            }
            let view_after = edit.save_flag(&view, &after).await?;
            let record = Record {
                flag_id: Some(after.id),
                before: Some(&view.flag),
                after: Some(&after),
                reason: applied.comment.clone(),
                authority: Some(authority),
                reverts: applied.reverts,
                ..Record::of(applied.subject.history_action)
            };
            edit.commit(record).await?;
            view_after
        }
    };
    Ok(SuggestionView { filters: PresentFilters::default(), suggestion: applied, flag })
}

async fn apply_to_entry(
    mut edit: Edit<'_>,
    mut view: FlagView,
    applied: &Suggestion,
    authority: Authority,
) -> Result<FlagView, ApiError> {
    let environment_id = applied
        .environment_id
        .ok_or_else(|| ApiError::internal("a change of an entry without an environment"))?;
    let (_, before) = view.entry(environment_id)?;
    let saved_filters = edit.saved_filters().await?;
    let former = former_entry(edit.writer.as_mut(), edit.principal, applied.reverts).await?;
    let after = applied.change.applied_to(before, former.as_ref(), &view.flag, &saved_filters, edit.now)?;
    after.check_expanded(&saved_filters)?;
    edit.save_entry((&view.flag, before), (&view.flag, &after), &saved_filters).await?;
    let record = Record {
        flag_id: Some(view.flag.id),
        environment_id: Some(environment_id),
        before: Some(before),
        after: Some(&after),
        reason: applied.comment.clone(),
        authority: Some(authority),
        reverts: applied.reverts,
        ..Record::of(applied.subject.history_action)
    };
    edit.commit(record).await?;
    if let Some((_, entry)) =
        view.environments.iter_mut().find(|(environment, _)| environment.id == environment_id)
    {
        *entry = after;
    }
    Ok(view)
}

/// Refuses a suggestion when what it changes was itself changed since, and says how.
fn check_drift(view: &SuggestionView) -> Result<(), ApiError> {
    let (drift, suggestion) = (drift(view), &view.suggestion);
    if drift.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = drift.iter().take(DIFFERENCES_SHOWN).map(describe).collect();
    let way_out = match suggestion.subject.property {
        Property::Configuration | Property::SavedFilter => {
            "take it back or reject it, and make the change again"
        }
        _ => "edit the suggestion to make it against what is there now",
    };
    let message = format!(
        "what the suggestion changes was itself changed since it was made: {}; {way_out}",
        shown.join("; ")
    );
    Err(ApiError::Conflict(Fault { pointer: String::new(), message }))
}

/// In what the present differs from what the suggestion was made against.
pub(crate) fn drift(SuggestionView { suggestion, flag: view, filters }: &SuggestionView) -> Vec<Difference> {
    let entry = suggestion.environment_id.and_then(|id| view.entry(id).ok()).map(|(_, entry)| entry);
    let change = &suggestion.change;
    let mut drift = match change.saved_filter() {
        Some(about) => change.filter_drift(filters.all.get(&about.id), &filters.used_in),
        None => change.drift(&view.flag, entry, view.entries(), &filters.all),
    };
    drift.retain(|difference| !difference.path.ends_with("_salt"));
    drift
}

fn describe(difference: &Difference) -> String {
    let shown =
        |value: &Option<serde_json::Value>| value.as_ref().map_or("nothing".to_owned(), ToString::to_string);
    format!("{} was {} and is {}", difference.path, shown(&difference.before), shown(&difference.after))
}
