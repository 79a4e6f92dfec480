//! Behaviour of the crate through its public surface.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is all there is to say")]

mod arbitrary;
mod exported;
mod limits;
mod logs;
mod metric_events;
mod names;
mod reading;
mod spans;
mod speed;
mod tracking;
mod unreadable;
