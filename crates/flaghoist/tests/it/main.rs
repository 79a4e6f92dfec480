//! The product as its users have it: the real binary, real sockets, real signals, real databases.

#![expect(clippy::unwrap_used, reason = "a test gives up by panicking")]
#![expect(clippy::print_stdout, reason = "seeds and measurements stand beside a failure")]

mod access_commands;
mod architecture;
mod command_line;
mod crash;
mod database_away;
mod dice;
mod doctor;
mod evaluate;
mod export;
mod first_start;
mod guarded_rollouts;
mod limits;
mod logging;
mod management;
mod metrics;
mod nodes;
mod process;
mod reader;
mod rollouts;
mod secrets;
mod server;
mod shutdown;
mod stalling_link;
mod usage;
mod webhooks;
mod wire;
mod writers;
