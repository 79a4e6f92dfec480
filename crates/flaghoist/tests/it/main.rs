//! The product as its users have it: the real binary, real sockets, real signals, real databases.

#![expect(clippy::unwrap_used, reason = "a test gives up by panicking")]

mod crash;
mod dice;
mod management;
mod process;
mod reader;
mod server;
