//! The domain of Flaghoist: environments, flags, variants, allocations and schedules, who may change them,
//! and what of it readers get.
//!
//! Everything here is a pure function of its arguments. The time is a `now` parameter, ids come from a
//! [`MintId`], and nothing is read or written. A change is a method on the aggregate it changes: it takes a
//! *draft* (what somebody asked for, already decoded from its dialect), returns the changed aggregate or a
//! [`Rejection`], and never changes anything half-way.
//!
//! The road from a stored aggregate to what readers evaluate is [`compile::compile_flag`].
//!
//! This crate knows nothing of HTTP, SQL or async runtimes; an architecture test in the binary enforces that.

pub mod access;
pub mod allocation;
pub mod clause;
pub mod compile;
pub mod condition;
pub mod context_attribute;
pub mod credential;
pub mod definition;
pub mod difference;
pub mod environment;
pub mod fault;
pub mod flag;
pub mod flag_environment;
pub mod guard;
pub mod history;
pub mod id;
pub mod json_schema;
pub mod key;
pub mod metric;
pub mod migration_metadata;
mod names;
pub mod nesting;
pub mod patch;
pub mod project;
pub mod rollout;
pub mod saved_filter;
pub mod schedule;
pub mod staleness;
pub mod suggestion;
pub mod user;
pub mod value;
pub mod variant;
pub mod webhook;

pub use fault::{Fault, Faults, Rejection};
pub use id::MintId;
pub use patch::Patch;
