//! Behaviour of the domain through its public surface.

mod allocations;
mod compilation;
mod environments;
mod flags;
mod given;
mod schedules;
