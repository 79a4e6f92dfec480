//! Variants: operations 7 to 9.
//!
//! The odd ones out: official clients send and read flat JSON, the migration tool sends and reads the envelope.
//! Both are accepted; answers are flat and carry the envelope's `data` beside.

pub(crate) mod create;
pub(crate) mod delete;
mod resource;
pub(crate) mod update;

pub(crate) use create::variant_draft;
pub(crate) use update::variant_patch;
