//! `/api/v1/me`: the caller themself.

pub(crate) mod change_password;
pub(crate) mod get;
pub(crate) mod keys;
