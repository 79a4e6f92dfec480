//! The Datadog Feature Flags management API (v2).
//!
//! One file per operation: its request, its handler and its documentation stand together. What several
//! operations answer stands in a `resource` file beside them.

pub(crate) mod allocations;
pub(crate) mod current_user;
mod envelope;
pub(crate) mod environments;
mod errors;
pub(crate) mod exposure_schedules;
pub(crate) mod flags;
pub(crate) mod names;
pub(crate) mod restriction_policies;
pub(crate) mod saved_filters;
pub(crate) mod suggestions;
pub(crate) mod teams;
pub(crate) mod variants;

pub(crate) use envelope::{Document, Filters, JsonApi, List, Meta, Page, Resource};
pub(crate) use errors::render;
pub(crate) use errors::{
    ConflictErrors, ErrorBody, Errors, MatchErrors, PathErrors, WriteErrors, render_errors,
};

/// The media type of every answer.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.api+json";
