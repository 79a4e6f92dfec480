//! The guardrail engine, through its public surface.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is all there is to say")]
#![expect(clippy::print_stdout, reason = "long simulations print their figures")]

mod acceptance;
mod aggregates;
mod cost;
mod counting;
mod documents;
mod given;
mod labels;
mod robustness;
mod simulations;
mod sums;
mod values;
mod verdicts;
