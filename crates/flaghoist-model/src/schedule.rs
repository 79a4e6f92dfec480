//! Exposure schedules: how much of the traffic an allocation gets, over time.
//!
//! A schedule is stored and shown whole. A `NO_ROLLOUT` schedule is how a plain gate carries its traffic
//! exposure: it is live as soon as it is saved. All others expose nobody until they are started.

use crate::flag::Flag;
use crate::id::{ScheduleId, StepId, VariantId};
use crate::{Faults, MintId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Shortest interval of a step, in milliseconds.
pub const INTERVAL_MIN_MS: i64 = 1_000;
/// Longest interval of a step, in milliseconds: ten years.
pub const INTERVAL_MAX_MS: i64 = 10 * 366 * 24 * 3_600 * 1_000;
/// Most steps of a schedule.
pub const STEPS_MAX: usize = 1_000;

/// How steps follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Strategy {
    /// Each step after its interval.
    UniformIntervals,
    /// The last step at once.
    NoRollout,
}

impl Strategy {
    /// The strategy of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "UNIFORM_INTERVALS" => Some(Self::UniformIntervals),
            "NO_ROLLOUT" => Some(Self::NoRollout),
            _ => None,
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UniformIntervals => "UNIFORM_INTERVALS",
            Self::NoRollout => "NO_ROLLOUT",
        }
    }
}

/// Where a schedule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScheduleStatus {
    /// Waits for somebody to start it; exposes nobody.
    NotStarted,
    /// Waits for its start time; exposes nobody.
    Scheduled,
    /// At its last step, for good.
    Completed,
}

impl ScheduleStatus {
    /// Where a schedule stands when its content is saved for the first time (decision 4 and 14).
    fn of_new(strategy: Strategy, absolute_start_time: Option<Timestamp>, now: Timestamp) -> Self {
        match strategy {
            _ if absolute_start_time.is_some_and(|start| start > now) => Self::Scheduled,
            Strategy::NoRollout => Self::Completed,
            Strategy::UniformIntervals => Self::NotStarted,
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "NOT_STARTED",
            Self::Scheduled => "SCHEDULED",
            Self::Completed => "COMPLETED",
        }
    }
}

/// One step: from when it is entered, `exposure_ratio` of the traffic is in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Identifier.
    pub id: StepId,
    /// Share of the traffic, 0 to 1.
    pub exposure_ratio: f64,
    /// How long it lasts, in milliseconds; none means until somebody goes on, or for good when it is the last.
    pub interval_ms: Option<i64>,
    /// Whether it is a planned pause at the ratio before it.
    pub is_pause_record: bool,
    /// Ties the pieces of one logical step together.
    pub grouped_step_index: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The exposure schedule of an allocation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Identifier, unique in the installation.
    pub id: ScheduleId,
    /// How steps follow one another.
    pub strategy: Strategy,
    /// Whether it starts by itself.
    pub autostart: bool,
    /// Interval of steps that name none, in milliseconds; 0 means unset.
    pub selection_interval_ms: i64,
    /// At least one.
    pub steps: Vec<Step>,
    /// When it starts, if it waits for a time.
    pub absolute_start_time: Option<Timestamp>,
    /// Whom the exposed are compared with.
    pub control_variant_id: Option<VariantId>,
    /// Where it stands.
    pub status: ScheduleStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Schedule {
    /// The share of the traffic that is in now, 0 to 1.
    pub fn exposure_ratio(&self) -> f64 {
        match self.status {
            ScheduleStatus::NotStarted | ScheduleStatus::Scheduled => 0.0,
            ScheduleStatus::Completed => self
                .steps
                .iter()
                .rev()
                .find(|step| !step.is_pause_record)
                .map_or(0.0, |step| step.exposure_ratio),
        }
    }

    /// This schedule where `present` is what is there now: the same schedule with the same content stands where it
    /// stands, whatever it stood at when this was written down; another one stands where a new one would.
    #[must_use]
    pub(crate) fn standing(&self, present: Option<&Self>, now: Timestamp) -> Self {
        let same = present.filter(|present| present.id == self.id && present.definition_eq(self));
        let status = match same {
            Some(present) => present.status,
            None => ScheduleStatus::of_new(self.strategy, self.absolute_start_time, now),
        };
        Self { status, ..self.clone() }
    }

    fn definition_eq(&self, other: &Self) -> bool {
        let step = |step: &Step| {
            (step.exposure_ratio.to_bits(), step.interval_ms, step.is_pause_record, step.grouped_step_index)
        };
        self.strategy == other.strategy
            && self.autostart == other.autostart
            && self.selection_interval_ms == other.selection_interval_ms
            && self.absolute_start_time == other.absolute_start_time
            && self.control_variant_id == other.control_variant_id
            && self.steps.iter().map(step).eq(other.steps.iter().map(step))
    }
}

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

/// Makes a schedule of a draft, or records why not. What equals `previous` keeps its ids, times and status.
pub(crate) fn parse_schedule(
    draft: ScheduleDraft,
    previous: Option<&Schedule>,
    flag: &Flag,
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
    let control_variant_id = parse_control(&draft, flag, faults);
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
    let status = ScheduleStatus::of_new(strategy, draft.absolute_start_time, now);
    let schedule = Schedule {
        id: previous.map_or_else(|| ScheduleId::mint(ids), |schedule| schedule.id),
        strategy,
        autostart: draft.autostart.unwrap_or(false),
        selection_interval_ms,
        steps: steps?,
        absolute_start_time: draft.absolute_start_time,
        control_variant_id,
        status,
        created_at: previous.map_or(now, |schedule| schedule.created_at),
        updated_at: now,
    };
    match previous {
        // Saying the same again moves nothing: only a start time, or somebody, starts a schedule.
        Some(previous) if previous.definition_eq(&schedule) => Some(previous.clone()),
        _ => Some(schedule),
    }
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
