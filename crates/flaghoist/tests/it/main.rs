//! The product as its users have it: the real binary, real sockets, real signals, real databases.

#![expect(clippy::unwrap_used, reason = "a test gives up by panicking")]

mod command_line;
mod crash;
mod database_away;
mod dice;
mod first_start;
mod limits;
mod management;
mod nodes;
mod process;
mod reader;
mod secrets;
mod server;
mod shutdown;
mod wire;
mod writers;
