//! Guardrails: what watches rollouts while they run.
//!
//! ```text
//! reports ──observations──▶ recorder ──one transaction──▶ evidence (subjects, cells)
//!                                                              │
//!                              monitor ──look──▶ evaluate ──trips──▶ commands::trip_rollout
//!                              scheduler ──before each step──┘
//! Prometheus ◀──aggregates──▶ evidence
//! ```
//!
//! The engine is `flaghoist_ingest::guardrail`, which is pure. Here its states are loaded and saved: whoever changes
//! those of a run holds the run, so any node may record and look. What a look finds is done by the same
//! compare-and-swap as every other move of a rollout, so it is done once. A report is acknowledged when it is durable.

mod aggregates;
mod evidence;
mod monitor;
mod recorder;
mod runs;

pub use aggregates::{gather, gather_now};
pub(crate) use evidence::{Ledger, evaluation_of};
pub(crate) use monitor::{Clearance, clear_next_step};
pub use monitor::{look_at_all, watch};
pub use recorder::record;
pub(crate) use recorder::{Recorder, Report};
pub(crate) use runs::{KnownRuns, Runs, WatchedRun};

use tokio::sync::Notify;

/// What the server knows of guarded rollouts.
#[derive(Default)]
pub(crate) struct Guardrails {
    /// The runs that are on, as of the last look at the store.
    pub(crate) runs: Runs,
    /// Observations on their way to the store.
    pub(crate) recorder: Recorder,
    /// What was last read of the store, and the key of hashes.
    pub(crate) ledger: Ledger,
    /// Says that something was observed.
    pub(crate) observed: Notify,
}
