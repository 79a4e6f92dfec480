//! `/api/v1/session`: log-ins of people.

pub(crate) mod create;
pub(crate) mod delete;
