//! What is learned from the control before anything is compared.

use super::real::real_len;
use super::selection::Part;
use serde::{Deserialize, Serialize};

/// What is learned from the control before a test begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Learned<T> {
    /// The values so far.
    Learning(Vec<f64>),
    /// Done; whoever was first exposed, or whatever happened, before that time takes no part.
    Since { at_ms: i64, what: T },
}

impl<T> Default for Learned<T> {
    fn default() -> Self {
        Self::Learning(Vec::new())
    }
}

/// From how many of the control's numbers a limit is learned, and which quantile of them it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) size: usize,
    pub(crate) quantile: f64,
}

impl Learned<f64> {
    /// The limit for what happened at a time: none as long as it is learned, and for what happened before it was.
    pub(crate) fn limit(&self, at_ms: i64) -> Option<f64> {
        match self {
            Self::Since { at_ms: since_ms, what } if *since_ms <= at_ms => Some(*what),
            _ => None,
        }
    }

    /// Whether there is more to learn.
    pub(crate) fn is_learning(&self) -> bool {
        matches!(self, Self::Learning(_))
    }

    /// Learns from a number of the control that is known at `now_ms`.
    pub(crate) fn learn(&mut self, number: f64, sample: Sample, now_ms: i64) {
        let Self::Learning(numbers) = self else { return };
        numbers.push(number);
        if numbers.len() >= sample.size {
            numbers.sort_unstable_by(f64::total_cmp);
            *self = Self::Since { at_ms: now_ms, what: order_statistic(numbers, sample.quantile) };
        }
    }
}

/// The limits of a metric: the threshold of a quantile, or caps of what is added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Limits {
    numerator: Learned<f64>,
    denominator: Learned<f64>,
}

impl Limits {
    pub(crate) fn of(&self, part: Part) -> &Learned<f64> {
        match part {
            Part::Numerator => &self.numerator,
            Part::Denominator => &self.denominator,
        }
    }

    pub(crate) fn change(&mut self, part: Part) -> &mut Learned<f64> {
        match part {
            Part::Numerator => &mut self.numerator,
            Part::Denominator => &mut self.denominator,
        }
    }
}

/// The value that at least a share `quantile` of ascending values is not above.
fn order_statistic(ascending: &[f64], quantile: f64) -> f64 {
    let rank = (quantile * real_len(ascending.len())).ceil();
    let below = (1..ascending.len()).take_while(|at| real_len(*at) < rank).count();
    ascending[below]
}
