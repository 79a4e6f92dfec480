//! Rollouts: how they stand, what they would do, and what happens to them.

pub(crate) mod get;
pub(crate) mod guardrail_history;
pub(crate) mod guardrails;
pub(crate) mod list;
pub(crate) mod preview;
mod resource;
pub(crate) mod stream;
