//! The server through its real router, on a real embedded database, with a clock and ids of the tests' own.

#![expect(clippy::unwrap_used, reason = "a test fails where something it relies on does")]

mod access;
mod agent;
mod app;
mod approvals;
mod approvals_bind;
mod approvals_hold;
mod changes;
mod contexts;
mod data_plane;
mod documents;
mod evaluation;
mod events;
mod flag_list;
mod flagmint;
mod guardrails;
mod history;
mod intake;
mod key_uses;
mod keys;
mod limits;
mod lost_updates;
mod management;
mod members;
mod metrics;
mod openapi;
mod operation;
mod passwords;
mod policies;
mod prometheus;
mod rollout_games;
mod rollouts;
mod sessions;
mod streams;
mod trials;
mod webhooks;
