//! The Flagmint API: management at root paths, and the protocols of its SDKs (`sdk/`).
//!
//! Everything here acts on the same flags as the other dialects. A targeting rule is an allocation, a segment a saved
//! filter; what this dialect cannot express it shows as what comes closest, and leaves alone when it is written back.

pub(crate) mod api_keys;
pub(crate) mod attributes;
pub(crate) mod auth;
mod conditions;
mod envelope;
pub(crate) mod environments;
mod errors;
pub(crate) mod flags;
pub(crate) mod projects;
pub(crate) mod rollouts;
pub(crate) mod sdk;
pub(crate) mod segments;
pub(crate) mod targeting_rules;
pub(crate) mod value;
pub(crate) mod variations;

/// Whether a path looks like one of this dialect.
pub(crate) fn owns(path: &str) -> bool {
    let roots = ["/projects", "/api-keys", "/api/attributes", "/auth", "/evaluator", "/ws"];
    roots
        .iter()
        .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

pub(crate) use errors::{
    FlagmintError, FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors, render, render_errors,
};
