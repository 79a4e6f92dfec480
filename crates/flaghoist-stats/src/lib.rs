//! Anytime-valid statistics of guardrails: is a rollout harmful, and is its traffic split as designed?
//!
//! Evidence is an *e-value*, kept as its logarithm: a number whose expectation is at most 1 as long as nothing is
//! wrong, however often it is looked at and whenever one stops. Reaching `ln(1/alpha)` is an alarm, and in the long
//! run at most a share `alpha` of harmless rollouts ever gets there.
//!
//! ```text
//! one event per subject ──▶ events   ─┐
//! one value per subject ──▶ values   ─┤
//! sums per hash bucket  ──▶ ratios   ─┼─ log e ─▶ family ─▶ which guardrails trigger
//! sums per minute       ──▶ blocks   ─┘
//! first exposures       ──▶ sample_ratio ─▶ is the split itself broken
//! ```
//!
//! ```
//! use flaghoist_stats::{Direction, Harm, events, family};
//!
//! // Half of the traffic is treated; 60 treated subjects saw an error, and 30 others.
//! let errors = [events::Stratum { p: 0.5, treatment: 60, control: 30 }];
//! let harm = Harm { direction: Direction::IncreaseIsBad, log_margin: 0.0 };
//! let evidence = [events::log_e(&errors, harm), -0.4];
//! let adjusted = family::adjusted(&evidence);
//! assert!(!family::rejects(adjusted[0], 0.05), "enough alone, and not beside a second metric");
//! assert!(events::harm_lower_bound(&errors, Direction::IncreaseIsBad, 0.05) > 0.0);
//! ```
//!
//! # What holds everywhere
//!
//! - **Pure.** Numbers in, numbers out: no clock, no randomness, no I/O.
//! - **Stratified by step.** Every step of a rollout is a stratum with its own design probability. Counts of
//!   different steps must not be added up: with a ramp and a metric that drifts, pooled arms differ although nothing
//!   happened (Simpson's paradox).
//! - **One mixture.** Every test bets on the same seven sizes of harm ([`GRID`]) with equal weights, so nothing has to
//!   be tuned to the effect or the traffic.
//!
//! [`power`] says how long a classical test would need, [`mod@reference`] holds formulas of the literature and of other
//! products, against which this crate is checked.

pub mod blocks;
mod counting;
pub mod events;
pub mod family;
mod harm;
mod mixture;
mod normal;
pub mod power;
pub mod ratios;
pub mod reference;
mod root;
pub mod sample_ratio;
pub mod values;
pub mod wallace;

pub use harm::{Direction, Harm};
pub use mixture::{GRID, SAMPLE_RATIO_GRID};
