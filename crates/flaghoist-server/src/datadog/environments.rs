//! Environments: operations 14 to 18.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
mod resource;
pub(crate) mod update;
