//! Our own API: what no dialect covers. Errors are RFC 9457 problem documents.

pub(crate) mod config;
pub(crate) mod contexts;
pub(crate) mod copy;
pub(crate) mod evaluations;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod flags;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod instances;
pub(crate) mod keys;
pub(crate) mod me;
pub(crate) mod metric_definitions;
pub(crate) mod metric_events;
pub(crate) mod metrics;
pub(crate) mod otlp;
mod problem;
pub(crate) mod projects;
pub(crate) mod restriction_policy;
pub(crate) mod roles;
pub(crate) mod rollouts;
pub(crate) mod saved_filter_uses;
pub(crate) mod sdk_keys;
pub(crate) mod serving;
pub(crate) mod session;
pub(crate) mod stream;
pub(crate) mod teams;
mod told;
pub(crate) mod users;
pub(crate) mod webhooks;

pub(crate) use problem::{Problem, render};
pub(crate) use problem::{
    ProblemBodyErrors, ProblemConflict, ProblemErrors, ProblemMatchErrors, render_errors,
};

use flaghoist_model::Faults;

/// What roles are called in messages.
pub(crate) const A_ROLE: &str = "viewer, editor, admin or the id of a custom role";

/// Records that a member is missing which new things need.
pub(crate) fn require(is_given: bool, name: &str, accepted: &str, faults: &mut Faults) {
    if !is_given {
        faults.push_at(name, format!("is required; give {accepted}"));
    }
}
