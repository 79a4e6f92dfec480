//! Flags as people look through them.

pub(crate) mod list;
mod resource;
pub(crate) mod tags;
