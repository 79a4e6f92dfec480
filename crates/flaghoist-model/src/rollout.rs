//! Rollouts as the Flagmint interface has them: entities of a flag in an environment that rules serve by reference.
//!
//! A rollout has the weights and the schedule of what it serves. Allocations that serve it hold copies of both, which
//! [`FlagEnvironment`](crate::flag_environment::FlagEnvironment) keeps alike (decision 32).

use crate::allocation::{VariantWeight, WeightDraft, parse_weights};
use crate::flag::Flag;
use crate::id::{RolloutId, VariantId};
use crate::schedule::parse_schedule;
use crate::schedule::{INTERVAL_MAX_MS, STEPS_MAX, Schedule, ScheduleDraft, StepDraft, Strategy};
use crate::value::ValueType;
use crate::{Faults, MintId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Most rollouts of a flag in an environment.
pub const ROLLOUTS_MAX: usize = 500;
/// Longest salt in bytes.
pub const SALT_MAX_BYTES: usize = 200;
const MS_PER_HOUR: f64 = 3_600_000.0;

/// What a rollout does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "strategy", rename_all = "snake_case")]
pub enum RolloutPlan {
    /// Serves the default variant.
    Off,
    /// Serves `true` to a share and `false` to the others.
    Percentage {
        /// The share, in percent.
        percentage: f64,
    },
    /// Serves variants by weight.
    Variant,
    /// Serves `true` to a share that grows step by step, and `false` to the others.
    Gradual {
        /// The share at the end, in percent.
        target_percentage: f64,
        /// By how much it grows in a step, in percent.
        increment: f64,
        /// How long a step lasts, in hours.
        interval_hours: f64,
        /// When the first step begins; none for at once.
        start_at: Option<Timestamp>,
    },
}

impl RolloutPlan {
    /// The name on the wire.
    pub const fn strategy(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Percentage { .. } => "percentage",
            Self::Variant => "variant",
            Self::Gradual { .. } => "gradual",
        }
    }
}

/// A rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// Identifier.
    pub id: RolloutId,
    /// What it does.
    #[serde(flatten)]
    pub plan: RolloutPlan,
    /// The weights of whom it exposes; none when it serves the default variant.
    pub weights: Vec<VariantWeight>,
    /// The steps of a gradual one. Whoever is not exposed yet is served its control.
    pub schedule: Option<Schedule>,
    /// Salt of both shards, as it was asked for.
    pub salt: String,
    /// The salt in its place since a run was started with other subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reshuffled_salt: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Rollout {
    /// The salt that counts.
    pub fn bucketing_salt(&self) -> &str {
        self.reshuffled_salt.as_deref().unwrap_or(&self.salt)
    }

    /// Whether it may serve or compare with the variant.
    pub fn refers_to(&self, variant_id: VariantId) -> bool {
        let control = self.schedule.as_ref().and_then(|schedule| schedule.control_variant_id);
        control == Some(variant_id) || self.weights.iter().any(|weight| weight.variant_id == variant_id)
    }
}

/// What somebody asks a rollout to do. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct RolloutDraft {
    /// `off`, `percentage`, `variant` or `gradual`.
    pub strategy: Option<String>,
    /// The share in percent.
    pub percentage: Option<f64>,
    /// The variants with their weights.
    pub variants: Option<Vec<WeightDraft>>,
    /// The share at the end, in percent.
    pub target_percentage: Option<f64>,
    /// By how much it grows in a step, in percent.
    pub increment: Option<f64>,
    /// How long a step lasts, in hours.
    pub interval_hours: Option<f64>,
    /// When the first step begins.
    pub start_at: Option<Timestamp>,
    /// Salt; minted when absent.
    pub salt: Option<String>,
}

/// Makes a rollout of a draft, or records why not. What continues `previous` keeps its id, its salt unless another is
/// given, and how far it has come where its steps are the same.
pub(crate) fn parse_rollout(
    draft: RolloutDraft,
    previous: Option<&Rollout>,
    flag: &Flag,
    now: Timestamp,
    ids: &dyn MintId,
    faults: &mut Faults,
) -> Option<Rollout> {
    let id = previous.map_or_else(|| RolloutId::mint(ids), |previous| previous.id);
    let kept = previous.filter(|previous| {
        draft.salt.as_deref().is_none_or(|salt| salt == previous.bucketing_salt() || salt == previous.salt)
    });
    let reshuffled_salt = kept.and_then(|kept| kept.reshuffled_salt.clone());
    let salt = match (draft.salt.clone(), kept) {
        (_, Some(kept)) => kept.salt.clone(),
        (Some(salt), None) => {
            if salt.is_empty() || salt.len() > SALT_MAX_BYTES {
                faults.push_at("salt", format!("has {} bytes; give 1 to {SALT_MAX_BYTES}", salt.len()));
            }
            salt
        }
        (None, None) => format!("rollout-{id}"),
    };
    let plan = parse_plan(&draft, flag, faults)?;
    let share = |variant: Option<VariantId>, value: f64| WeightDraft {
        variant_id: variant,
        variant_key: None,
        value: Some(value),
    };
    let drafts = match &plan {
        RolloutPlan::Off => Vec::new(),
        RolloutPlan::Percentage { percentage } => {
            vec![share(boolean(flag, true), *percentage), share(boolean(flag, false), 100.0 - percentage)]
        }
        RolloutPlan::Gradual { .. } => vec![share(boolean(flag, true), 100.0)],
        RolloutPlan::Variant => draft.variants.unwrap_or_default(),
    };
    let known = previous.map_or(&[][..], |previous| &previous.weights);
    let weights = faults.at("variants", |faults| parse_weights(drafts, known, flag, now, ids, faults));
    let schedule = match schedule_draft(&plan, flag) {
        None => None,
        Some(mut draft) => {
            let known = previous.and_then(|previous| previous.schedule.as_ref());
            draft.id = known.map(|known| known.id);
            Some(parse_schedule(draft, known, Some(flag), now, ids, faults)?)
        }
    };
    let created_at = previous.map_or(now, |previous| previous.created_at);
    let rollout = Rollout { id, plan, weights, schedule, salt, reshuffled_salt, created_at, updated_at: now };
    // Asking for what is there already leaves it as it is.
    Some(match previous {
        Some(previous) if Rollout { updated_at: previous.updated_at, ..rollout.clone() } == *previous => {
            previous.clone()
        }
        _ => rollout,
    })
}

fn parse_plan(draft: &RolloutDraft, flag: &Flag, faults: &mut Faults) -> Option<RolloutPlan> {
    let strategy = draft.strategy.as_deref()?;
    let found_before = faults.len();
    let plan = match strategy {
        "off" => RolloutPlan::Off,
        "percentage" => RolloutPlan::Percentage {
            percentage: percent("percentage", draft.percentage, faults).unwrap_or_default(),
        },
        "variant" => {
            if draft.variants.as_ref().is_none_or(Vec::is_empty) {
                faults.push_at("variants", "is required; give variants with weights that sum to 100");
            }
            RolloutPlan::Variant
        }
        "gradual" => RolloutPlan::Gradual {
            target_percentage: percent("target_percentage", draft.target_percentage, faults)
                .unwrap_or_default(),
            increment: percent("increment", draft.increment, faults).unwrap_or_default(),
            interval_hours: interval_hours(draft.interval_hours, faults).unwrap_or_default(),
            start_at: draft.start_at,
        },
        other => {
            let accepted = "off, percentage, variant, gradual";
            faults.push_at("strategy", format!("{other:?} is none of {accepted}"));
            return None;
        }
    };
    let is_of_booleans = matches!(plan, RolloutPlan::Percentage { .. } | RolloutPlan::Gradual { .. });
    if is_of_booleans && flag.value_type != ValueType::Boolean {
        let message = format!("{strategy:?} is for boolean flags; give \"variant\" with weights");
        faults.push_at("strategy", message);
    }
    if let RolloutPlan::Gradual { target_percentage, increment, .. } = plan
        && increment > 0.0
        && (target_percentage / increment).ceil() > STEPS_MAX_AS_NUMBER
    {
        let message =
            format!("{increment} needs more than {STEPS_MAX} steps to reach {target_percentage}; give more");
        faults.push_at("increment", message);
    }
    (faults.len() == found_before).then_some(plan)
}

const STEPS_MAX_AS_NUMBER: f64 = 1_000.0;

fn percent(name: &str, value: Option<f64>, faults: &mut Faults) -> Option<f64> {
    match value {
        Some(value) if (0.0..=100.0).contains(&value) => return Some(value),
        Some(value) => faults.push_at(name, format!("{value} is out of range; give 0 to 100 percent")),
        None => faults.push_at(name, "is required; give 0 to 100 percent"),
    }
    None
}

fn interval_hours(value: Option<f64>, faults: &mut Faults) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "ten years of milliseconds are below 2^53")]
    let most = INTERVAL_MAX_MS as f64 / MS_PER_HOUR;
    match value {
        Some(value) if (1.0..=most).contains(&value) => return Some(value),
        Some(value) => {
            faults.push_at("interval_hours", format!("{value} is out of range; give 1 to {most} hours"));
        }
        None => faults.push_at("interval_hours", format!("is required; give 1 to {most} hours")),
    }
    None
}

/// The steps of a gradual rollout: the first increment is live at once, the last step is the target for good.
fn schedule_draft(plan: &RolloutPlan, flag: &Flag) -> Option<ScheduleDraft> {
    let RolloutPlan::Gradual { target_percentage, increment, interval_hours, start_at } = plan else {
        return None;
    };
    #[expect(clippy::cast_possible_truncation, reason = "checked to be at most ten years of milliseconds")]
    let interval_ms = (interval_hours * MS_PER_HOUR).round() as i64;
    let mut shares = Vec::new();
    if *increment > 0.0 {
        let mut share = *increment;
        let mut steps = 1.0;
        while share < *target_percentage {
            shares.push(share);
            steps += 1.0;
            // Multiplied anew each time, so that no error of rounding adds up.
            share = increment * steps;
        }
        shares.push(*target_percentage);
    } else {
        shares.push(0.0);
    }
    let last = shares.len() - 1;
    let steps = shares.into_iter().enumerate().map(|(position, share)| StepDraft {
        id: None,
        exposure_ratio: Some(share / 100.0),
        interval_ms: (position != last).then_some(interval_ms),
        is_pause_record: Some(false),
        grouped_step_index: i64::try_from(position).ok(),
    });
    Some(ScheduleDraft {
        strategy: Some(Strategy::UniformIntervals),
        autostart: Some(true),
        steps: Some(steps.collect()),
        absolute_start_time: *start_at,
        control_variant_id: boolean(flag, false),
        ..ScheduleDraft::default()
    })
}

/// The variant of a boolean flag with that value.
fn boolean(flag: &Flag, value: bool) -> Option<VariantId> {
    let value = value.to_string();
    flag.variants.iter().find(|variant| variant.value == value).map(|variant| variant.id)
}
