//! What happened.

pub(crate) mod get;
pub(crate) mod list;
mod resource;
pub(crate) mod revert;
pub(crate) mod stream;
