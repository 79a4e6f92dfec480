//! What a guardrail calls harm.

use serde::{Deserialize, Serialize};

/// Which way a metric must not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is harm: errors, latency.
    IncreaseIsBad,
    /// Less is harm: conversions, revenue.
    DecreaseIsBad,
}

impl Direction {
    /// The factor that turns a log ratio of treatment to control into log units of harm: 1 or -1.
    pub fn sign(self) -> f64 {
        match self {
            Direction::IncreaseIsBad => 1.0,
            Direction::DecreaseIsBad => -1.0,
        }
    }

    /// The direction whose harm is this one's benefit.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Direction::IncreaseIsBad => Direction::DecreaseIsBad,
            Direction::DecreaseIsBad => Direction::IncreaseIsBad,
        }
    }
}

/// The hypothesis that a test speaks against: "the harm is at most the margin".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Harm {
    /// Which way is harm.
    pub direction: Direction,
    /// Tolerated harm as a natural logarithm: `ln(1.1)` tolerates a metric that is 10 % worse (with
    /// [`Direction::DecreaseIsBad`], divided by 1.1). Guardrails use 0 or more; a negative one demands a benefit.
    pub log_margin: f64,
}
