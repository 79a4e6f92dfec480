//! Behaviour of the domain through its public surface.

#![expect(clippy::unwrap_used, reason = "a test fails where something it relies on does")]

mod allocations;
mod approvals;
mod compilation;
mod environments;
mod flags;
mod given;
mod guards;
mod metrics;
mod policies;
mod roles;
mod rollouts;
mod schedules;
mod staleness;
