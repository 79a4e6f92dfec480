//! Flags: operations 1 to 6.

pub(crate) mod archive;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
mod resource;
pub(crate) mod update;

pub(crate) use resource::VariantOut;
