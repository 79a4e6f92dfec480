//! What every store promises, checked on both engines; then what only one of them can get wrong.

#![expect(clippy::unwrap_used, reason = "a test gives up by panicking")]

mod borders;
mod corruption;
mod deletion;
mod engines;
mod evaluations;
mod evidence;
mod listings;
mod metrics;
mod pages;
mod postgres;
mod revisions;
mod rollouts;
mod round_trips;
mod rules_and_segments;
mod schema;
mod sqlite;
mod uniqueness;
mod writers;
