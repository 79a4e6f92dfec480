//! `/api/v1/metrics`: what the guardrails of rollouts watch. The metrics of this server itself are in `metrics.rs`.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
mod names;
pub(crate) mod replace;
mod request;
mod resource;
