//! The server through its real router, on a real embedded database, with a clock and ids of the tests' own.

#![expect(clippy::unwrap_used, reason = "a test fails where something it relies on does")]

mod access;
mod app;
mod documents;
mod evaluation;
mod management;
mod openapi;
mod operation;
