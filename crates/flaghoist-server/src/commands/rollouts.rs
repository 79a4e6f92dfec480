//! Rollouts: what people do with them, what time does, and how they stand.

use super::{EntryOutcome, FlagView, Intent, change_flag_environment, commit, serves_the_same, view_flags};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use crate::guardrails::Clearance;
use flaghoist_model::access::{Actor, Dialect, Principal};
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::guard::{Guard, Trip};
use flaghoist_model::history::{Action, Change};
use flaghoist_model::id::{EnvironmentId, FlagId, HistoryId, ScheduleId};
use flaghoist_model::schedule::{Command, Schedule, ScheduleStatus, Transition};
use flaghoist_model::suggestion::entry_needs_approval;
use flaghoist_store::{
    GuardedRun, KeptTransition, Reader, RolloutFilter, SchedulePlace, SuggestionFilter, Writer,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Suggestions of a flag that were decided last and are looked through for one that concerns an environment.
const DECIDED_LOOKED_AT: i64 = 50;

/// A rollout with what it belongs to.
pub(crate) struct RolloutView {
    /// Where it is.
    pub(crate) place: SchedulePlace,
    /// Its flag with everything it serves.
    pub(crate) flag: Arc<FlagView>,
    /// How it moved last.
    pub(crate) last_transition: Option<KeptTransition>,
}

/// What came of looking at a schedule that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// It moved.
    On {
        /// From when it was due to when it was done.
        late: SignedDuration,
        /// Whether its next move is due already.
        is_due: bool,
    },
    /// It waits for a decision about its flag.
    Waits,
    /// It would start by itself, which nobody approved.
    Unapproved,
    /// It is guarded, and its guardrails have not said that it may leave the step it is at.
    Unwatched,
    /// Somebody else moved it, or there was nothing to do.
    Not,
}

/// Does what somebody asks of a rollout, or suggests it where that needs an approval.
pub(crate) async fn command_rollout(
    app: &App,
    principal: &Principal,
    id: ScheduleId,
    command: Command,
    reshuffle: bool,
) -> Result<EntryOutcome<()>, ApiError> {
    let place = find(app, principal, id).await?;
    let action = match command {
        Command::Start => Action::RolloutStarted,
        Command::Pause => Action::RolloutPaused,
        Command::Resume => Action::RolloutResumed,
        Command::Stop => Action::RolloutStopped,
    };
    change_flag_environment(
        app,
        principal,
        (place.flag_id, place.environment_id),
        Intent::to(action),
        |change| Ok((change.entry.commanded(id, command, reshuffle, change.flag, change.now)?, ())),
    )
    .await
}

async fn find(app: &App, principal: &Principal, id: ScheduleId) -> Result<SchedulePlace, ApiError> {
    let place = app.store.read().await?.schedule_place(principal.project_id, id).await?;
    place.ok_or_else(|| not_found("exposure schedule", id))
}

/// The rollouts that a filter lets through, the newest first.
pub(crate) async fn view_rollouts(
    app: &App,
    principal: &Principal,
    filter: &RolloutFilter,
    limit: i64,
) -> Result<Vec<RolloutView>, ApiError> {
    let mut reader = app.store.read().await?;
    let places = reader.rollouts(principal.project_id, filter, limit).await?;
    view(reader.as_mut(), principal, places).await
}

/// A rollout with its transitions, the last first.
pub(crate) async fn view_rollout(
    app: &App,
    principal: &Principal,
    id: ScheduleId,
    limit: i64,
) -> Result<(RolloutView, Vec<KeptTransition>), ApiError> {
    let mut reader = app.store.read().await?;
    let place = reader.schedule_place(principal.project_id, id).await?;
    let place = place.ok_or_else(|| not_found("exposure schedule", id))?;
    let rollout = view(reader.as_mut(), principal, vec![place]).await?.pop();
    let rollout = rollout.ok_or_else(|| not_found("exposure schedule", id))?;
    let transitions = reader.transitions(principal.project_id, id, limit).await?;
    Ok((rollout, transitions))
}

/// The guarded runs of a rollout.
pub(crate) struct GuardedRunsView {
    /// Its flag.
    pub(crate) flag: Flag,
    /// The last first.
    pub(crate) runs: Vec<GuardedRun>,
    /// Guardrail metrics of its allocation that nobody defined.
    pub(crate) undefined_metrics: Vec<String>,
}

/// Most runs of a rollout that are shown.
const RUNS_MAX: i64 = 100;

/// The guarded runs of a rollout.
pub(crate) async fn view_guarded_runs(
    app: &App,
    principal: &Principal,
    id: ScheduleId,
) -> Result<GuardedRunsView, ApiError> {
    let missing = || not_found("exposure schedule", id);
    let mut reader = app.store.read().await?;
    let place = reader.schedule_place(principal.project_id, id).await?.ok_or_else(missing)?;
    let flag = reader.find_flag(place.project_id, place.flag_id).await?.ok_or_else(missing)?;
    let entries = reader.flag_environments(&[place.flag_id]).await?;
    let entry = entries.iter().find(|entry| entry.environment_id == place.environment_id);
    let undefined_metrics = entry.map_or_else(Vec::new, |entry| entry.undefined_metrics(id));
    let runs = reader.guarded_runs_of(principal.project_id, id, RUNS_MAX).await?;
    Ok(GuardedRunsView { flag, runs, undefined_metrics })
}

async fn view(
    reader: &mut dyn Reader,
    principal: &Principal,
    places: Vec<SchedulePlace>,
) -> Result<Vec<RolloutView>, ApiError> {
    let ids: Vec<ScheduleId> = places.iter().map(|place| place.schedule_id).collect();
    let last = reader.last_transitions(&ids).await?;
    let mut last: HashMap<ScheduleId, KeptTransition> =
        last.into_iter().map(|kept| (kept.transition.schedule_id, kept)).collect();
    let flag_ids: BTreeSet<FlagId> = places.iter().map(|place| place.flag_id).collect();
    let mut flags = Vec::with_capacity(flag_ids.len());
    for id in flag_ids {
        flags.extend(reader.find_flag(principal.project_id, id).await?);
    }
    let views = view_flags(reader, principal, flags).await?;
    let views: HashMap<FlagId, Arc<FlagView>> =
        views.into_iter().map(|view| (view.flag.id, Arc::new(view))).collect();
    let rollout = |place: SchedulePlace| {
        let flag = Arc::clone(views.get(&place.flag_id)?);
        Some(RolloutView { place, flag, last_transition: last.remove(&place.schedule_id) })
    };
    Ok(places.into_iter().filter_map(rollout).collect())
}

/// Makes the next move of a schedule that is due, in a transaction of its own with its history entry. The caller
/// publishes: several moves make one publication (decision 19). A guarded rollout leaves only the step that it is cleared
/// to leave.
pub(crate) async fn move_due(
    app: &App,
    place: &SchedulePlace,
    clearance: Option<Clearance>,
) -> Result<Moved, ApiError> {
    let mut writer = app.store.begin(place.project_id).await?;
    // Read after the project is held, as for every change.
    let now = app.clock.now();
    let Some(flag) = writer.find_flag(place.project_id, place.flag_id).await? else { return Ok(Moved::Not) };
    let entries = writer.flag_environments(&[place.flag_id]).await?;
    let is_it = |entry: &FlagEnvironment| entry.environment_id == place.environment_id;
    let Some(before) = entries.into_iter().find(is_it) else { return Ok(Moved::Not) };
    let settled = before.clone().held_or_let_go(&flag, now);
    let guard = settled.schedule(place.schedule_id).and_then(|(_, schedule)| schedule.guard());
    let watched = guard.and_then(|guard| Some(Clearance { run: guard.run, step: guard.current_step()? }));
    let after = if settled.transitions.is_empty() {
        if watched.is_some() && watched != clearance && is_due(&settled, place, now) {
            return Ok(Moved::Unwatched);
        }
        match starting(&settled, place, now) {
            None => settled.advanced(place.schedule_id, None, now),
            Some(schedule) => {
                if is_unapproved(writer.as_mut(), place, &flag, schedule).await? {
                    return Ok(Moved::Unapproved);
                }
                let Some(free_since) = free_since(writer.as_mut(), place, schedule).await? else {
                    return Ok(Moved::Waits);
                };
                settled.advanced(place.schedule_id, free_since, now)
            }
        }
    } else {
        // It should have been held or let go before: that comes first.
        Some(settled.clone())
    };
    let Some(after) = after else {
        drop(writer);
        let mut books = app.store.bookkeep().await?;
        books.index_schedules(&settled).await?;
        books.commit().await?;
        return Ok(Moved::Not);
    };
    let Some(transition) = after.transitions.last() else { return Ok(Moved::Not) };
    let late = transition.at.duration_since(transition.due_at);
    let is_due = is_due(&after, place, now);
    let change = change_of(app, place, (transition.action(), transition.at, None), &before, &after)?;
    save(writer.as_mut(), place, &flag, &before, &after).await?;
    commit(app, writer, place.project_id, change, &after.transitions).await?;
    Ok(Moved::On { late, is_due })
}

/// Writes down what fired in a run of a rollout, and does what that calls for, in one transaction with its history
/// entry. `evaluated` is the guard by which it was found. Whether anything was new: whoever was first, on whatever node, did
/// it. Publishes.
pub(crate) async fn trip_rollout(
    app: &App,
    place: &SchedulePlace,
    evaluated: &Guard,
    trips: &[Trip],
) -> Result<bool, ApiError> {
    if evaluated.fresh(trips).is_empty() {
        return Ok(false);
    }
    let mut writer = app.store.begin(place.project_id).await?;
    let now = app.clock.now();
    let Some(flag) = writer.find_flag(place.project_id, place.flag_id).await? else { return Ok(false) };
    let entries = writer.flag_environments(&[place.flag_id]).await?;
    let is_it = |entry: &FlagEnvironment| entry.environment_id == place.environment_id;
    let Some(before) = entries.into_iter().find(is_it) else { return Ok(false) };
    let after = before.tripped(place.schedule_id, evaluated, trips, app.ids.as_ref(), now);
    let Some(after) = after else { return Ok(false) };
    let action = after.transitions.last().map_or(Action::GuardrailTriggered, Transition::action);
    let fresh = evaluated.fresh(trips);
    let reason = fresh.into_iter().map(|trip| told(trip, &flag)).collect::<Vec<_>>().join("; ");
    let change = change_of(app, place, (action, now, Some(reason)), &before, &after)?;
    save(writer.as_mut(), place, &flag, &before, &after).await?;
    commit(app, writer, place.project_id, change, &after.transitions).await?;
    super::publish(app).await;
    Ok(true)
}

/// What fired, for people.
fn told(trip: &Trip, flag: &Flag) -> String {
    let variant = |id| flag.variant(id).map_or("a variant that is gone", |variant| variant.key.as_str());
    match trip {
        Trip::Metric { metric_id, variant_id, log_e, .. } => {
            format!(
                "guardrail metric {metric_id:?} shows harm by variant {:?} (log e-value {log_e:.2})",
                variant(*variant_id)
            )
        }
        Trip::Health { finding, variant_id, log_e } => format!(
            "health check {} failed for variant {:?} (log e-value {log_e:.2})",
            finding.as_str(),
            variant(*variant_id)
        ),
    }
}

fn is_due(entry: &FlagEnvironment, place: &SchedulePlace, now: Timestamp) -> bool {
    let due_at = entry.schedule(place.schedule_id).and_then(|(_, schedule)| schedule.due_at());
    due_at.is_some_and(|due_at| due_at <= now)
}

/// The schedule, if it is about to start by itself.
fn starting<'a>(entry: &'a FlagEnvironment, place: &SchedulePlace, now: Timestamp) -> Option<&'a Schedule> {
    let (_, schedule) = entry.schedule(place.schedule_id)?;
    let has_not_begun =
        matches!(schedule.progress.status, ScheduleStatus::NotStarted | ScheduleStatus::Scheduled);
    (has_not_begun && is_due(entry, place, now)).then_some(schedule)
}

/// Since when a schedule may start by itself, if that is known: one that waits for its time since the last change of
/// the flag, or of what it serves there, was decided. `None` while one waits for approval: then it does not start
/// (section 2 of `rollouts.md`).
async fn free_since(
    reader: &mut dyn Reader,
    place: &SchedulePlace,
    schedule: &Schedule,
) -> Result<Option<Option<Timestamp>>, ApiError> {
    if schedule.progress.status != ScheduleStatus::Scheduled {
        return Ok(Some(None));
    }
    let concerns = |environment_id: Option<EnvironmentId>| {
        environment_id.is_none_or(|environment_id| environment_id == place.environment_id)
    };
    let open = reader.open_suggestions(&[place.flag_id]).await?;
    if open.iter().any(|open| concerns(open.environment_id)) {
        return Ok(None);
    }
    let filter = SuggestionFilter {
        flag_id: Some(place.flag_id),
        is_open: Some(false),
        ..SuggestionFilter::default()
    };
    let decided = reader.suggestions(place.project_id, &filter, DECIDED_LOOKED_AT).await?;
    let decided = decided.iter().filter(|suggestion| concerns(suggestion.environment_id));
    Ok(Some(decided.map(|suggestion| suggestion.updated.at).max()))
}

/// Whether starts need an approval there, and nobody approved this schedule.
async fn is_unapproved(
    reader: &mut dyn Reader,
    place: &SchedulePlace,
    flag: &Flag,
    schedule: &Schedule,
) -> Result<bool, ApiError> {
    if schedule.is_approved {
        return Ok(false);
    }
    let environments = reader.environments(place.project_id).await?;
    let environment = environments.iter().find(|environment| environment.id == place.environment_id);
    Ok(environment.is_some_and(|environment| entry_needs_approval(flag, environment)))
}

async fn save(
    writer: &mut dyn Writer,
    place: &SchedulePlace,
    flag: &Flag,
    before: &FlagEnvironment,
    after: &FlagEnvironment,
) -> Result<(), ApiError> {
    let filters = super::saved_filters_of(&mut *writer, place.project_id).await?;
    writer.save_flag_environment(after).await?;
    if !serves_the_same((flag, before), (flag, after), &filters) {
        writer.touch_content(&[place.environment_id], after.updated_at).await?;
    }
    Ok(())
}

/// A change that nobody asked for: what was done, when, and why.
fn change_of(
    app: &App,
    place: &SchedulePlace,
    (action, at, reason): (Action, Timestamp, Option<String>),
    before: &FlagEnvironment,
    after: &FlagEnvironment,
) -> Result<Change, ApiError> {
    Ok(Change {
        id: HistoryId::mint(app.ids.as_ref()),
        actor: Actor::System,
        dialect: Dialect::Internal,
        action,
        flag_id: Some(place.flag_id),
        environment_id: Some(place.environment_id),
        before: Some(serde_json::to_value(before).map_err(ApiError::internal)?),
        after: Some(serde_json::to_value(after).map_err(ApiError::internal)?),
        reason,
        authority: None,
        reverts: None,
        at,
    })
}
