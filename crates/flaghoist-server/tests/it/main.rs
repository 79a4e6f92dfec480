//! The server through its real router, on a real embedded database, with a clock and ids of the tests' own.

mod access;
mod app;
mod documents;
mod evaluation;
mod management;
mod openapi;
mod operation;
