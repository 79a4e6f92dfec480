//! The server: every dialect as an adapter over the domain, publication to readers, and the loops around them.
//!
//! [`app::build`] makes the router from an [`app::App`]; [`lifecycle::serve`] runs it on a listener until it is
//! told to stop. Everything that reaches outside comes in through `App`: the store, the clock, the ids.
//!
//! A change goes the same way in every dialect: the handler decodes its request into a draft, calls one
//! function of `commands`, and renders what it gave. A read of an application goes to [`publish`] only.

pub mod access;
mod agent;
pub mod app;
pub mod bootstrap;
pub mod clock;
mod commands;
pub mod contexts;
mod cross_origin;
mod datadog;
mod datadog_sdk;
mod decode;
pub mod demo;
mod drained_body;
mod eppo_sdk;
mod error;
pub mod events;
mod flagmint;
pub mod guardrails;
mod if_match;
pub mod lifecycle;
pub mod limits;
mod native;
mod ofrep;
mod openapi;
pub mod outgoing;
pub mod prometheus;
pub mod publish;
pub mod rollouts;
pub mod secret;
pub mod simulation;
pub mod streams;
mod telemetry;
pub mod webhooks;

pub use error::ApiError;
pub use flagmint::sdk::AnswerShape as FlagmintAnswerShape;
