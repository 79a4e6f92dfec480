//! Who visits, and what a visit reports.

use super::random::Random;
use super::{Behaviour, Scenario, Signal, Visitors};

/// How many times the smallest weight the largest may be.
const WEIGHT_MAX: f64 = 1_000.0;

/// An event that a visit sends.
pub(crate) struct Sent {
    pub(crate) value: Option<f64>,
}

/// The subjects of one rollout.
pub(crate) struct Population {
    /// Sums of the weights up to each subject.
    cumulative: Vec<f64>,
    /// What each signal's values are multiplied by, subject by subject; empty for signals without values.
    tempers: Vec<Vec<f64>>,
}

impl Population {
    pub(crate) fn new(scenario: &Scenario, random: &mut Random) -> Self {
        let mut sum = 0.0;
        let cumulative = (0..scenario.subjects)
            .map(|_| {
                sum += match scenario.visitors {
                    Visitors::Even => 1.0,
                    Visitors::HeavyTailed { shape } => random.uniform().powf(-1.0 / shape).min(WEIGHT_MAX),
                };
                sum
            })
            .collect();
        let tempers = scenario
            .signals
            .iter()
            .map(|signal| match signal.behaviour {
                Behaviour::Chance { .. } => Vec::new(),
                Behaviour::Value { subject_sigma, .. } => {
                    (0..scenario.subjects).map(|_| log_normal(subject_sigma, random)).collect()
                }
            })
            .collect();
        Self { cumulative, tempers }
    }

    /// Who comes next; none when nobody is there.
    pub(crate) fn visitor(&self, random: &mut Random) -> Option<usize> {
        let last = self.cumulative.len().checked_sub(1)?;
        let point = random.uniform() * self.cumulative[last];
        Some(self.cumulative.partition_point(|sum| *sum < point).min(last))
    }

    /// What a visit reports of a signal, whose rate or values are multiplied by `factor`; none when nothing is sent.
    pub(crate) fn report(
        &self,
        (at, signal): (usize, &Signal),
        subject: usize,
        factor: f64,
        random: &mut Random,
    ) -> Option<Sent> {
        match signal.behaviour {
            Behaviour::Chance { rate } => (random.uniform() <= rate * factor).then_some(Sent { value: None }),
            Behaviour::Value { mean, sigma, .. } => {
                let temper = self.tempers.get(at).and_then(|of| of.get(subject)).copied().unwrap_or(1.0);
                Some(Sent { value: Some(mean * factor * temper * log_normal(sigma, random)) })
            }
        }
    }
}

/// Log-normal with mean 1.
fn log_normal(sigma: f64, random: &mut Random) -> f64 {
    (sigma * random.normal() - sigma * sigma / 2.0).exp()
}
