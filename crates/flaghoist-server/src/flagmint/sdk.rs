//! The protocols of Flagmint's SDKs: one request for all flags, a WebSocket, server-sent events after a handshake, and
//! signed configurations that SDKs evaluate themselves.

pub(crate) mod config;
mod config_sync;
mod context;
pub(crate) mod evaluate;
pub(crate) mod events;
mod flags;
pub(crate) mod handshake;
mod sessions;
pub(crate) mod stream;
pub(crate) mod websocket;

pub use evaluate::AnswerShape;
pub(crate) use sessions::Connections;
