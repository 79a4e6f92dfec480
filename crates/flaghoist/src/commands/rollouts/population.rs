//! The made-up population that `flaghoist rollouts simulate --guardrails` plays to a schedule.

use anyhow::{Result, bail};
use clap::{Args, value_parser};
use flaghoist_ingest::simulation::{Behaviour, Scenario, ScenarioStep, Signal, Visitors};
use flaghoist_model::allocation::TriggerAction;
use flaghoist_model::guard::GuardedMetric;
use flaghoist_model::metric::{
    Direction, EVENT_MAX_BYTES, MIN_SUBJECTS_DEFAULT, MetricDefinition, MetricKind, MetricSource,
    WINDOW_DEFAULT_MS, WINSOR_QUANTILE_DEFAULT,
};
use flaghoist_model::schedule::Timeline;
use std::collections::{BTreeMap, BTreeSet};

/// How often each subject comes when nothing else is said, over the whole rollout.
const VISITS_PER_SUBJECT: f64 = 3.0;
/// The busiest hundredth makes about a fifth of all visits.
const HEAVY_TAIL_SHAPE: f64 = 1.5;
/// Spread of the logarithm of values, within a subject and between subjects alike: what latencies usually have.
const VALUE_SIGMA: f64 = 0.5;
/// The longest that a step is made to last, in hours: a year.
const HOURS_MAX: f64 = 8_760.0;
/// Largest mean, factor and number of visits an hour: far beyond what is real, far below where doubles lose whole numbers.
const NUMBER_MAX: f64 = 1e9;

/// Who comes, what they report, and how it is watched.
#[derive(Args)]
#[command(next_help_heading = "Made-up populations, with --guardrails")]
pub(super) struct Population {
    /// What visits report and a guardrail watches; may be given several times. KIND is increase (an event whose increase is
    /// bad), decrease (an event whose decrease is bad) or value (one log-normal value per subject, whose increase is bad).
    /// BASE is the share of visits with the event, or the mean of the values. FACTOR is what the treatment multiplies it by:
    /// 1 when absent.
    #[arg(
        long = "metric",
        value_name = "NAME=KIND:BASE[:FACTOR]",
        value_parser = parse_metric,
        default_value = "errors=increase:0.02:2",
        requires = "guardrails"
    )]
    metrics: Vec<SimulatedMetric>,
    /// How many subjects there are, of whom the share of each step is exposed.
    #[arg(long, value_name = "N", default_value_t = 12_000, value_parser = value_parser!(u32).range(1..=1_000_000), requires = "guardrails")]
    subjects: u32,
    /// How many visits all of them make: so many that each comes about three times over the rollout when absent.
    #[arg(long, value_name = "N", value_parser = parse_positive, requires = "guardrails")]
    visits_per_hour: Option<f64>,
    /// A few come all the time: the busiest hundredth makes about a fifth of all visits.
    #[arg(long, requires = "guardrails")]
    heavy_tailed: bool,
    /// How many rollouts are played, without effect and with it.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = value_parser!(u32).range(1..=100_000), requires = "guardrails")]
    pub(super) rollouts: u32,
    /// What all chance comes from: the same seed gives the same figures.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "guardrails")]
    seed: u64,
    /// How long a last step below 100 % is watched. One of 100 % is not: nobody is left to compare with.
    #[arg(long, value_name = "HOURS", default_value_t = 24.0, value_parser = parse_hours, requires = "guardrails")]
    last_step_hours: f64,
    /// How long a step lasts that waits until somebody resumes it.
    #[arg(long, value_name = "HOURS", default_value_t = 12.0, value_parser = parse_hours, requires = "guardrails")]
    gate_hours: f64,
    /// How often the evidence is looked at.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = value_parser!(u32).range(1..=86_400), requires = "guardrails")]
    look_seconds: u32,
    /// What the last compared step multiplies all rates and values by, in both arms alike: a trend that is nobody's fault.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = parse_positive, requires = "guardrails")]
    trend: f64,
}

/// A metric of made-up events, and what the treatment does to it.
#[derive(Clone, Debug)]
struct SimulatedMetric {
    name: String,
    kind: SimulatedKind,
    base: f64,
    factor: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum SimulatedKind {
    Increase,
    Decrease,
    Value,
}

impl Population {
    /// What is played for a schedule, with the effects of the options.
    pub(super) fn scenario(&self, timeline: &Timeline) -> Result<Scenario> {
        let mut names = BTreeSet::new();
        if let Some(twice) = self.metrics.iter().find(|metric| !names.insert(&metric.name)) {
            bail!("--metric {:?} is given twice; give each metric a name of its own", twice.name);
        }
        let steps = self.steps(timeline);
        if steps.is_empty() {
            bail!("the schedule has no step below 100 %, so nobody is left to compare with; add one");
        }
        let hours: f64 = steps.iter().map(|step| hours(step.duration_ms)).sum();
        let usual = VISITS_PER_SUBJECT * f64::from(self.subjects) / hours;
        Ok(Scenario {
            steps,
            subjects: self.subjects,
            visits_per_hour: self.visits_per_hour.unwrap_or(usual),
            visitors: if self.heavy_tailed {
                Visitors::HeavyTailed { shape: HEAVY_TAIL_SHAPE }
            } else {
                Visitors::Even
            },
            signals: self.metrics.iter().map(|metric| metric.signal(self.trend)).collect(),
            metrics: self.metrics.iter().map(SimulatedMetric::guarded).collect(),
            look_interval_ms: i64::from(self.look_seconds) * 1_000,
            seed: self.seed,
        })
    }

    /// The steps in which there is a control, each as long as it would last.
    fn steps(&self, timeline: &Timeline) -> Vec<ScenarioStep> {
        let later = timeline.entries.get(1..).unwrap_or_default();
        let ends = later.iter().map(|next| Some(next.at)).chain([None]);
        let compared = timeline.entries.iter().zip(ends).filter(|(entry, _)| entry.exposure_ratio < 1.0);
        let steps = compared.map(|(entry, end)| {
            let duration_ms = match end {
                _ if entry.waits_for_resume => milliseconds(self.gate_hours),
                Some(end) => end.as_millisecond() - entry.at.as_millisecond(),
                None => milliseconds(self.last_step_hours),
            };
            ScenarioStep { exposure_ratio: entry.exposure_ratio, duration_ms }
        });
        steps.collect()
    }
}

impl SimulatedMetric {
    /// What visits send.
    fn signal(&self, last_step_factor: f64) -> Signal {
        let behaviour = match self.kind {
            SimulatedKind::Increase | SimulatedKind::Decrease => Behaviour::Chance { rate: self.base },
            SimulatedKind::Value => {
                Behaviour::Value { mean: self.base, sigma: VALUE_SIGMA, subject_sigma: VALUE_SIGMA }
            }
        };
        Signal { event: self.name.clone(), behaviour, treatment_factor: self.factor, last_step_factor }
    }

    /// What watches it: a metric with everything as it is when nothing else is asked for.
    fn guarded(&self) -> GuardedMetric {
        let (kind, window_ms) = match self.kind {
            SimulatedKind::Increase | SimulatedKind::Decrease => (MetricKind::Binary, None),
            SimulatedKind::Value => (MetricKind::Mean, Some(WINDOW_DEFAULT_MS)),
        };
        let direction = match self.kind {
            SimulatedKind::Increase | SimulatedKind::Value => Direction::IncreaseIsBad,
            SimulatedKind::Decrease => Direction::DecreaseIsBad,
        };
        let event = self.name.clone();
        let definition = MetricDefinition {
            id: self.name.clone(),
            name: self.name.clone(),
            description: None,
            kind,
            direction,
            source: MetricSource::Events { event, filter: BTreeMap::new(), value: None },
            denominator: None,
            margin: 0.0,
            window_ms,
            winsor_quantile: WINSOR_QUANTILE_DEFAULT,
            quantile: None,
            threshold: None,
            require_noninferior: false,
            min_subjects: MIN_SUBJECTS_DEFAULT,
            allow_abort: true,
            trust_logged_variant: false,
        };
        GuardedMetric { definition, action: TriggerAction::Abort }
    }
}

fn parse_metric(text: &str) -> Result<SimulatedMetric, String> {
    let shape = "give NAME=KIND:BASE[:FACTOR] such as errors=increase:0.02:2";
    let (name, rest) = text.split_once('=').ok_or_else(|| format!("has no '='; {shape}"))?;
    if name.is_empty() || name.len() > EVENT_MAX_BYTES {
        return Err(format!("its name has {} bytes; give 1 to {EVENT_MAX_BYTES}", name.len()));
    }
    let parts: Vec<&str> = rest.split(':').collect();
    let (kind, base, factor) = match parts[..] {
        [kind, base] => (kind, base, "1"),
        [kind, base, factor] => (kind, base, factor),
        _ => return Err(format!("has {} parts after the '='; {shape}", parts.len())),
    };
    let kind = match kind {
        "increase" => SimulatedKind::Increase,
        "decrease" => SimulatedKind::Decrease,
        "value" => SimulatedKind::Value,
        other => return Err(format!("kind {other:?} is not known; give increase, decrease or value")),
    };
    let base = parse_positive(base).map_err(|message| format!("base {message}"))?;
    let factor = number(factor)
        .filter(|factor| (0.0..=NUMBER_MAX).contains(factor))
        .ok_or_else(|| format!("factor {factor:?} is no factor; give a number from 0 to {NUMBER_MAX}"))?;
    if kind != SimulatedKind::Value && base * factor.max(1.0) > 1.0 {
        let message = format!("base {base} with factor {factor} is more than every visit");
        return Err(format!("{message}; give shares up to 1, with the factor and without"));
    }
    Ok(SimulatedMetric { name: name.to_owned(), kind, base, factor })
}

fn parse_positive(text: &str) -> Result<f64, String> {
    let accepted = number(text).filter(|number| *number > 0.0 && *number <= NUMBER_MAX);
    accepted.ok_or_else(|| format!("{text:?} is out of range; give a number above 0, up to {NUMBER_MAX}"))
}

fn parse_hours(text: &str) -> Result<f64, String> {
    let accepted = number(text).filter(|hours| *hours > 0.0 && *hours <= HOURS_MAX);
    accepted.ok_or_else(|| format!("{text:?} is out of range; give hours above 0, up to {HOURS_MAX}"))
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[expect(clippy::cast_possible_truncation, reason = "hours of a year at most")]
fn milliseconds(hours: f64) -> i64 {
    // A step that lasts no time at all would have no visits an hour.
    ((hours * 3_600_000.0).round() as i64).max(1)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a rollout are far below 2^53")]
fn hours(duration_ms: i64) -> f64 {
    duration_ms as f64 / 3_600_000.0
}
