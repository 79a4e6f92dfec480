//! Our own API: what no dialect covers. Errors are RFC 9457 problem documents.

pub(crate) mod config;
pub(crate) mod copy;
pub(crate) mod explain;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod metrics;
mod problem;
pub(crate) mod sdk_keys;
pub(crate) mod serving;
pub(crate) mod webhooks;

pub(crate) use problem::{Problem, render};
pub(crate) use problem::{ProblemBodyErrors, ProblemErrors, render_errors};
