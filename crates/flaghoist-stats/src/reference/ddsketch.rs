//! DDSketch (Masson and others, arXiv 1908.10693): quantiles with a relative accuracy from counts on a logarithmic scale.
//!
//! Bucket counts are exact at bucket edges, and sketches merge without loss. Keys are those of Datadog's own libraries.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::counting::real;

/// The logarithmic scale: value `v > 0` has the key `ceil(log_gamma v)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    gamma: f64,
    /// Keys per doubling.
    per_doubling: f64,
}

impl Mapping {
    /// The scale whose values are off by at most a share `relative_accuracy` in (0, 1).
    pub fn new(relative_accuracy: f64) -> Self {
        let mantissa = 2.0 * relative_accuracy / (1.0 - relative_accuracy);
        Self { gamma: 1.0 + mantissa, per_doubling: std::f64::consts::LN_2 / mantissa.ln_1p() }
    }

    /// How much larger a bucket's upper edge is than its lower one: `(1 + accuracy) / (1 - accuracy)`.
    pub fn gamma(&self) -> f64 {
        self.gamma
    }

    /// The key of a positive finite value.
    pub fn key(&self, value: f64) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "at most 1024 doublings; a cast saturates")]
        let key = (value.log2() * self.per_doubling).ceil() as i32;
        key
    }

    /// The value that stands for all with this key: `2 gamma^key / (gamma + 1)`.
    pub fn value(&self, key: i32) -> f64 {
        (f64::from(key) / self.per_doubling).exp2() * 2.0 / (1.0 + self.gamma)
    }

    /// Upper edge of the values with this key: `gamma^key`.
    pub fn upper_edge(&self, key: i32) -> f64 {
        (f64::from(key) / self.per_doubling).exp2()
    }

    /// Values that are not larger count as 0.
    fn smallest(&self) -> f64 {
        f64::MIN_POSITIVE * self.gamma
    }
}

/// Two sketches count by different keys, so their counts cannot be added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MappingsDiffer {
    here: Mapping,
    there: Mapping,
}

impl fmt::Display for MappingsDiffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { here, there } = self;
        write!(f, "gamma of the other sketch is {}, but must be {}, as here", there.gamma, here.gamma)
    }
}

impl std::error::Error for MappingsDiffer {}

/// Counts of values by key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    mapping: Mapping,
    positive: BTreeMap<i32, u64>,
    negative: BTreeMap<i32, u64>,
    zero: u64,
    sum: f64,
}

impl Sketch {
    /// An empty sketch.
    pub fn new(mapping: Mapping) -> Self {
        Self { mapping, positive: BTreeMap::new(), negative: BTreeMap::new(), zero: 0, sum: 0.0 }
    }

    /// Counts a value; one that is not finite is ignored.
    pub fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.sum += value;
        if value > self.mapping.smallest() {
            *self.positive.entry(self.mapping.key(value)).or_default() += 1;
        } else if value < -self.mapping.smallest() {
            *self.negative.entry(self.mapping.key(-value)).or_default() += 1;
        } else {
            self.zero += 1;
        }
    }

    /// Takes over what another sketch of the same mapping counted; otherwise nothing is changed.
    pub fn merge(&mut self, other: &Sketch) -> Result<(), MappingsDiffer> {
        let (here, there) = (self.mapping, other.mapping);
        if here != there {
            return Err(MappingsDiffer { here, there });
        }
        for (mine, theirs) in [(&mut self.positive, &other.positive), (&mut self.negative, &other.negative)] {
            for (key, count) in theirs {
                *mine.entry(*key).or_default() += count;
            }
        }
        self.zero += other.zero;
        self.sum += other.sum;
        Ok(())
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.negative.values().sum::<u64>() + self.zero + self.positive.values().sum::<u64>()
    }

    /// Their exact sum.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The value of rank `q (count - 1)`, for `q` in [0, 1]; `None` for an empty sketch.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let rank = q.clamp(0.0, 1.0) * (real(self.count()) - 1.0);
        let negative = self.negative.iter().rev().map(|(key, count)| (-self.mapping.value(*key), *count));
        let positive = self.positive.iter().map(|(key, count)| (self.mapping.value(*key), *count));
        let mut seen = 0;
        let mut ascending =
            negative.chain([(0.0, self.zero)]).chain(positive).filter(|(_, count)| *count > 0);
        let reached = ascending.by_ref().find(|(_, count)| {
            seen += count;
            real(seen) > rank
        });
        reached.map(|(value, _)| value)
    }
}
