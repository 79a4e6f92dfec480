//! What Datadog's SDKs read: documents without an Agent, and assignments made here for browsers and mobile applications.

pub(crate) mod configuration;
pub(crate) mod events;
mod hiding;
pub(crate) mod precomputed;
