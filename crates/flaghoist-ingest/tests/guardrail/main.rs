//! The guardrail engine, through its public surface.

mod counting;
mod given;
mod labels;
