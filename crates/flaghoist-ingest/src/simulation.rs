//! A made-up population that a rollout is played to, in made-up time, through the engine that decides in production.
//!
//! It answers two questions before a rollout begins: how often would its guardrails stop it although nothing is wrong, and
//! how soon would they notice harm of a given size?
//!
//! Subjects visit as a Poisson process. Who visits is drawn by weights, which are even or heavy-tailed: then a few come
//! all the time. Each visit is reported as an exposure once per step, as SDKs do whose caches hear of every step, and may
//! send each of the [`Signal`]s. The arm is the one of the engine's hash; in the treatment, rates and values are
//! multiplied by the signal's factor.
//!
//! Everything is a function of the scenario and the number of the rollout: the same seed gives the same report.

mod population;
mod random;
mod rollout;

use flaghoist_model::guard::{GuardedMetric, Trip};
use std::collections::BTreeMap;

/// A step of the rollout that is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScenarioStep {
    /// Share of all subjects that is exposed, 0 to 1.
    pub exposure_ratio: f64,
    /// How long, in milliseconds.
    pub duration_ms: i64,
}

/// How unequally often subjects come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Visitors {
    /// All alike.
    Even,
    /// Weights follow a Pareto distribution of this shape, cut at a thousand times the smallest: at 1.5 the busiest hundredth
    /// makes about a fifth of all visits. Has to be positive.
    HeavyTailed {
        /// The smaller, the more unequal.
        shape: f64,
    },
}

/// What a visit may report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Behaviour {
    /// An event without a value, by chance.
    Chance {
        /// In how many of all visits, 0 to 1.
        rate: f64,
    },
    /// An event with a value in each visit, log-normal.
    Value {
        /// Mean of all values.
        mean: f64,
        /// Standard deviation of the logarithm within a subject.
        sigma: f64,
        /// Standard deviation of the logarithm between subjects.
        subject_sigma: f64,
    },
}

/// Events of one name that visits send.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Their name, by which metrics select them.
    pub event: String,
    /// What is sent.
    pub behaviour: Behaviour,
    /// What the rate or the values are multiplied by in the treatment: 1 without an effect, 2 for twice the errors.
    pub treatment_factor: f64,
    /// What they are multiplied by in both arms during the last step: the trend that analyses of pooled steps take for an
    /// effect.
    pub last_step_factor: f64,
}

/// What is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The steps of the rollout, the first first.
    pub steps: Vec<ScenarioStep>,
    /// How many subjects there are.
    pub subjects: u32,
    /// How many visits they make together; none for 0 and below.
    pub visits_per_hour: f64,
    /// How unequally often they come.
    pub visitors: Visitors,
    /// What their visits report.
    pub signals: Vec<Signal>,
    /// What watches.
    pub metrics: Vec<GuardedMetric>,
    /// How often the evidence is looked at, in milliseconds; at least 1.
    pub look_interval_ms: i64,
    /// What all chance comes from.
    pub seed: u64,
}

/// That a rollout was stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// How long after it began, in milliseconds.
    pub after_ms: i64,
    /// How many subjects had been exposed.
    pub after_subjects: u64,
    /// What fired, the strongest evidence first.
    pub trips: Vec<Trip>,
}

/// How rollouts of a scenario went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// How many were played.
    pub rollouts: u32,
    /// Those that were stopped, in the order of time.
    pub stops: Vec<Stop>,
}

impl Report {
    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rollouts += other.rollouts;
        self.stops.extend(other.stops);
        self.stops.sort_by_key(|stop| stop.after_ms);
        self
    }

    /// Share of the rollouts that were stopped; 0 when none was played.
    pub fn stopped_share(&self) -> f64 {
        u32::try_from(self.stops.len()).map_or(1.0, f64::from) / f64::from(self.rollouts.max(1))
    }

    /// After which time a share of all rollouts was stopped, in milliseconds; none if fewer were.
    pub fn stopped_after_ms(&self, share: f64) -> Option<i64> {
        self.nth(share).map(|at| self.stops[at].after_ms)
    }

    /// After how many exposed subjects a share of all rollouts was stopped; none if fewer were.
    pub fn stopped_after_subjects(&self, share: f64) -> Option<u64> {
        let mut subjects: Vec<u64> = self.stops.iter().map(|stop| stop.after_subjects).collect();
        subjects.sort_unstable();
        self.nth(share).map(|at| subjects[at])
    }

    /// How many rollouts each metric, by its id, and each check of health, by its name, stopped.
    pub fn causes(&self) -> BTreeMap<&str, usize> {
        let mut causes = BTreeMap::new();
        for trip in self.stops.iter().flat_map(|stop| &stop.trips) {
            let cause = match trip {
                Trip::Metric { metric_id, .. } => metric_id.as_str(),
                Trip::Health { finding, .. } => finding.as_str(),
            };
            *causes.entry(cause).or_default() += 1;
        }
        causes
    }

    /// The place of the stop by which a share of all rollouts was stopped.
    fn nth(&self, share: f64) -> Option<usize> {
        let wanted = share * f64::from(self.rollouts);
        let mut places = (0..self.stops.len()).zip(1_u32..);
        places.find(|(_, stopped)| wanted <= f64::from(*stopped)).map(|(at, _)| at)
    }
}

/// Plays rollouts of a scenario, each by its number: parts of a range can be played at the same time and
/// [put together](Report::and).
///
/// Whatever fires stops a rollout, pauses too.
pub fn simulate(scenario: &Scenario, rollouts: std::ops::Range<u32>) -> Report {
    let count = rollouts.end.saturating_sub(rollouts.start);
    let mut stops: Vec<Stop> = rollouts.filter_map(|rollout| rollout::play(scenario, rollout)).collect();
    stops.sort_by_key(|stop| stop.after_ms);
    Report { rollouts: count, stops }
}
