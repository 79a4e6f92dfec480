//! The guardrail engine, through its public surface.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is all there is to say")]

mod counting;
mod given;
mod labels;
mod simulations;
