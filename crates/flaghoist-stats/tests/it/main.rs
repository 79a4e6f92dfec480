//! Behaviour of the crate through its public surface.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is all there is to say")]

mod dice;
mod lanes;
mod properties;
mod simulations;
mod vectors;
