//! `/projects/{project_id}/flags`

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
mod resource;
pub(crate) mod update;

pub(super) use resource::type_name;
