//! The guardrail engine: from what readers report to evidence, and from evidence to "this fired".
//!
//! ```text
//! Guard + Place ──▶ Watch            what is compared, and with which design probability
//! Observation ──▶ apply ──▶ Subject  what is known of one subject
//!                    └────▶ RunState counts, sums and tests of the run
//! Watch + Guard + RunState ──▶ evaluate ──▶ Evaluation   evidence, holds, trips
//! ```
//!
//! All state is one small [`Subject`] per exposure schedule and subject, and the [`RunState`] of a run; everything else is a
//! pure function. The server keeps both as binary documents: it loads the subjects that a batch touches, applies it, and
//! writes what changed in the same transaction. The simulator keeps them in memory. So the same code decides in both.
//!
//! Three rules carry the statistics (`guardrails.md`, section 2.2):
//!
//! - A subject belongs to the arm that its hash and the step in force **at the time of the observation** say, never to the
//!   variant that was logged. Then the arm is a coin with the design probability, whatever the metric does.
//! - Every step is a stratum of its own; nothing is ever added up over steps.
//! - What is counted does not depend on the order of arrival: an earlier observation that comes late takes the place of the
//!   later one.

mod apply;
mod blocks;
mod cells;
mod evaluate;
mod evidence;
mod health;
mod learning;
mod measure;
mod real;
mod run_state;
mod selection;
mod subject;
mod watch;
mod windows;

pub use apply::{Ignored, Outcome, apply};
pub use blocks::Block;
pub use cells::Counts;
pub use evaluate::{ALPHA, Evaluation, Hold, evaluate, trips};
pub use evidence::{Evidence, EvidenceState};
pub use health::HealthCheck;
pub use measure::Lane;
pub use run_state::{CellKey, RunState, StateError};
pub use selection::{Part, Selected};
pub use subject::{PENDING_MAX, Subject};
pub use watch::{ArmIndex, Buckets, Place, Watch};
pub use windows::close_due;

/// How much later than an event its subject may have been exposed, in milliseconds: clocks differ.
pub const SKEW_MS: i64 = 5_000;
/// How long after they happened observations are taken, in milliseconds.
pub const LATE_MS: i64 = 24 * 3_600 * 1_000;
/// How far ahead of our clock an observation may be, in milliseconds.
pub const FUTURE_MS: i64 = 5 * 60_000;
/// How long after a window's end values are waited for, in milliseconds.
pub const GRACE_MS: i64 = 10_000;
/// How long after a step SDKs may still serve the one before, in milliseconds: logged variants are not compared.
pub const STALE_MS: i64 = 5 * 60_000;
