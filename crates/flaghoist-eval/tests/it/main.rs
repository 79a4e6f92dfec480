//! Behaviour of the crate through its public surface.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is all there is to say")]
#![expect(clippy::print_stderr, reason = "random tests tell what they covered and which case failed")]

mod allocations;
mod arbitrary;
mod attributes;
mod bucketing;
mod conditions;
mod differential;
mod documents;
mod eppo_dialect;
mod explanations;
mod faults;
mod fixture;
mod given;
mod patterns;
mod properties;
mod scenario;
mod values;
mod versions;
mod wire_form;
