//! Schedules as they are asked for, and the making of schedules from that.

use super::{
    INTERVAL_MAX_MS, INTERVAL_MIN_MS, Progress, STEPS_MAX, Schedule, ScheduleStatus, Step, Strategy,
};
use crate::flag::Flag;
use crate::id::{ScheduleId, StepId, VariantId};
use crate::{Faults, MintId};
use jiff::Timestamp;

/// What somebody asks a step to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct StepDraft {
    /// The step it continues, if it names one.
    pub id: Option<StepId>,
    /// Share of the traffic.
    pub exposure_ratio: Option<f64>,
    /// Interval in milliseconds.
    pub interval_ms: Option<i64>,
    /// Pause or not.
    pub is_pause_record: Option<bool>,
    /// Group.
    pub grouped_step_index: Option<i64>,
}

/// What somebody asks a schedule to be.
#[derive(Clone, Debug, Default)]
pub struct ScheduleDraft {
    /// The schedule it continues, if it names one.
    pub id: Option<ScheduleId>,
    /// Strategy.
    pub strategy: Option<Strategy>,
    /// Starts by itself or not.
    pub autostart: Option<bool>,
    /// Default interval in milliseconds.
    pub selection_interval_ms: Option<i64>,
    /// Steps.
    pub steps: Option<Vec<StepDraft>>,
    /// Start time.
    pub absolute_start_time: Option<Timestamp>,
    /// Control by id.
    pub control_variant_id: Option<VariantId>,
    /// Control by key.
    pub control_variant_key: Option<String>,
}

impl Schedule {
    /// The same for another allocation that no longer follows what it followed: it begins anew.
    #[must_use]
    pub(crate) fn of_its_own(&self, now: Timestamp, ids: &dyn MintId) -> Self {
        let steps = self.steps.iter().map(|step| Step { id: StepId::mint(ids), ..step.clone() });
        let fresh = Self { id: ScheduleId::mint(ids), steps: steps.collect(), ..self.clone() };
        let mut begun = fresh.standing(None, now);
        // What somebody stopped does not start by itself in another place either.
        if self.progress.was_stopped || self.progress.status == ScheduleStatus::Aborted {
            begun.progress = Progress { was_stopped: true, ..begun.progress.without_start() };
        }
        begun
    }

    /// The schedule that a draft asks for, of no flag: to see what it would do. Its control, and ids of a schedule that
    /// is there already, are not looked at.
    pub fn of_no_flag(
        draft: ScheduleDraft,
        now: Timestamp,
        ids: &dyn MintId,
        faults: &mut Faults,
    ) -> Option<Self> {
        let steps =
            draft.steps.map(|steps| steps.into_iter().map(|step| StepDraft { id: None, ..step }).collect());
        let draft =
            ScheduleDraft { id: None, steps, control_variant_id: None, control_variant_key: None, ..draft };
        parse_schedule(draft, None, None, now, ids, faults)
    }
}

/// Makes a schedule of a draft, or records why not. What equals `previous` keeps its ids, times and status.
pub(crate) fn parse_schedule(
    draft: ScheduleDraft,
    previous: Option<&Schedule>,
    flag: Option<&Flag>,
    now: Timestamp,
    ids: &dyn MintId,
    faults: &mut Faults,
) -> Option<Schedule> {
    if let Some(id) = draft.id.filter(|id| previous.is_none_or(|previous| previous.id != *id)) {
        faults.push_at(
            "id",
            format!("{id} is not the schedule of this allocation; leave the id out for a new one"),
        );
    }
    let control_variant_id = flag.and_then(|flag| parse_control(&draft, flag, faults));
    let selection_interval_ms = draft.selection_interval_ms.unwrap_or(0);
    if selection_interval_ms != 0 {
        faults.at("rollout_options", |faults| {
            faults.at("selection_interval_ms", |faults| check_interval(selection_interval_ms, faults));
        });
    }
    let filled = draft.strategy == Some(Strategy::UniformIntervals) && selection_interval_ms != 0;
    let default_interval_ms = filled.then_some(selection_interval_ms);
    let previous_steps = previous.map_or(&[][..], |schedule| &schedule.steps);
    let steps = faults.at("rollout_steps", |faults| {
        parse_steps(draft.steps?, previous_steps, default_interval_ms, now, ids, faults)
    });
    let strategy = draft.strategy?;
    let schedule = Schedule {
        id: previous.map_or_else(|| ScheduleId::mint(ids), |schedule| schedule.id),
        strategy,
        autostart: draft.autostart.unwrap_or(false),
        selection_interval_ms,
        steps: steps?,
        absolute_start_time: draft.absolute_start_time,
        control_variant_id,
        is_approved: false,
        progress: Progress::default(),
        created_at: previous.map_or(now, |schedule| schedule.created_at),
        updated_at: now,
    };
    // Saying the same again moves nothing: only a start time, or somebody, starts a schedule.
    Some(schedule.standing(previous, now))
}

fn parse_control(draft: &ScheduleDraft, flag: &Flag, faults: &mut Faults) -> Option<VariantId> {
    if let Some(id) = draft.control_variant_id {
        if flag.variant(id).is_none() {
            faults.push_at("control_variant_id", format!("{id} is no variant of this flag"));
        }
        return Some(id);
    }
    let key = draft.control_variant_key.as_deref()?;
    let variant = flag.variant_by_key(key);
    if variant.is_none() {
        faults.push_at("control_variant_key", format!("{key:?} is the key of no variant of this flag"));
    }
    variant.map(|variant| variant.id)
}

fn check_interval(interval_ms: i64, faults: &mut Faults) {
    if !(INTERVAL_MIN_MS..=INTERVAL_MAX_MS).contains(&interval_ms) {
        faults.push(format!(
            "{interval_ms} is out of range; give {INTERVAL_MIN_MS} to {INTERVAL_MAX_MS} milliseconds"
        ));
    }
}

fn parse_steps(
    drafts: Vec<StepDraft>,
    previous: &[Step],
    default_interval_ms: Option<i64>,
    now: Timestamp,
    ids: &dyn MintId,
    faults: &mut Faults,
) -> Option<Vec<Step>> {
    let count = drafts.len();
    if count == 0 || count > STEPS_MAX {
        faults.push(format!("has {count} entries; a schedule has 1 to {STEPS_MAX} steps"));
        return None;
    }
    // Steps continue earlier ones by id when the request names any, else by position: never both, or two
    // steps could continue the same one.
    let by_position = drafts.iter().all(|draft| draft.id.is_none());
    let mut steps: Vec<Step> = Vec::with_capacity(count);
    let mut reached = 0.0;
    let mut group = 0;
    for (position, draft) in drafts.into_iter().enumerate() {
        let before = match draft.id {
            Some(id) => previous.iter().find(|step| step.id == id),
            None => previous.get(position).filter(|_| by_position),
        };
        faults.at(position, |faults| {
            if let Some(id) = draft.id.filter(|_| before.is_none()) {
                faults.push_at(
                    "id",
                    format!("{id} is no step of this schedule; leave the id out for a new one"),
                );
            }
            if let Some(id) = draft.id.filter(|id| steps.iter().any(|step| step.id == *id)) {
                faults.push_at("id", format!("{id} names an earlier step too"));
            }
            let is_pause_record = draft.is_pause_record.unwrap_or(false);
            if let Some(ratio) = draft.exposure_ratio {
                if !(0.0..=1.0).contains(&ratio) {
                    faults.push_at("exposure_ratio", format!("{ratio} is out of range; give 0 to 1"));
                } else if !is_pause_record && ratio < reached {
                    faults.push_at(
                        "exposure_ratio",
                        format!("{ratio} is below {reached} of an earlier step; exposure only grows"),
                    );
                } else if !is_pause_record {
                    reached = ratio;
                }
            }
            if let Some(index) = draft.grouped_step_index {
                if index < group {
                    faults.push_at(
                        "grouped_step_index",
                        format!("{index} is below {group}; give 0 or more, never less than before"),
                    );
                }
                group = group.max(index);
            }
            if let Some(interval_ms) = draft.interval_ms {
                faults.at("interval_ms", |faults| check_interval(interval_ms, faults));
            }
            let is_last = position + 1 == count;
            let interval_ms =
                draft.interval_ms.or(default_interval_ms.filter(|_| !is_last && !is_pause_record));
            steps.push(Step {
                id: before.map_or_else(|| StepId::mint(ids), |step| step.id),
                exposure_ratio: draft.exposure_ratio.unwrap_or_default(),
                interval_ms,
                is_pause_record,
                grouped_step_index: draft.grouped_step_index.unwrap_or_default(),
                created_at: before.map_or(now, |step| step.created_at),
                updated_at: now,
            });
        });
    }
    Some(steps)
}
