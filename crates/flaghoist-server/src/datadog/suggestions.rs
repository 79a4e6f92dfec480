//! Changes that wait for approval.

pub(crate) mod create;
pub(crate) mod decide;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
mod proposal;
mod resource;
pub(crate) mod update;

pub(crate) use resource::{SuggestionOut, suggestion_out};
