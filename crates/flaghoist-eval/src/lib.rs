//! Evaluation of feature flags described by a *Universal Flag Configuration* (UFC) document.
//!
//! A document goes in, an immutable [`Snapshot`] comes out; a snapshot answers "what does this flag
//! serve to this subject?" with a [`Decision`], and "why?" with an [`Explanation`].
//!
//! ```text
//! UFC bytes ──Snapshot::from_json──▶ Snapshot ──decide──▶ Decision (borrowed from the snapshot)
//! wire::Flag ──Flag::compile──▶ Arc<Flag> ──from_flags──┘  └─explain─▶ (Decision, Explanation)
//! ```
//!
//! ```
//! use flaghoist_eval::{Attributes, Dialect, Expected, Reason, Snapshot, Subject};
//!
//! let document = br#"{"createdAt":"2026-11-20T10:00:00Z","format":"SERVER","environment":{"name":"prod"},
//!   "flags":{"dark-mode":{"key":"dark-mode","enabled":true,"variationType":"BOOLEAN",
//!     "variations":{"on":{"key":"on","value":true}},
//!     "allocations":[{"key":"staff","doLog":true,
//!       "rules":[{"conditions":[{"attribute":"plan","operator":"ONE_OF","value":["staff"]}]}],
//!       "splits":[{"variationKey":"on","shards":[]}]}]}}}"#;
//! let snapshot = Snapshot::from_json(document, Dialect::Datadog)?;
//!
//! let mut attributes = Attributes::new();
//! attributes.insert("plan", "staff");
//! let subject = Subject { targeting_key: Some("alice"), attributes: &attributes };
//! let now = "2026-11-21T00:00:00Z".parse()?;
//! let decision = snapshot.decide("dark-mode", Expected::Boolean, &subject, now);
//! assert_eq!(decision.variant, Some("on"));
//! assert_eq!(decision.reason, Reason::TargetingMatch);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds everywhere
//!
//! - **Pure.** No I/O, no clock, no randomness that shows, no logging: the time is a parameter and the answer
//!   depends on the arguments only.
//! - **Compiled once.** Patterns, versions, times and values are checked and parsed when a flag is compiled.
//!   Deciding allocates nothing and every result borrows from the snapshot.
//! - **A broken flag harms only itself.** It stays in the snapshot as a [`FlagFault`] and answers
//!   [`ErrorCode::ParseError`]; its neighbours are untouched.
//! - **Explanations are a [`Visitor`]** on the same code that decides, so that they cannot drift apart.
//!
//! # Modules
//!
//! [`wire`] is the typed document as we emit it. Everything else is reached from the crate root.
//!
//! What is deliberately absent: fetching and storing documents, exposure logging, bandits, and the obfuscated
//! Eppo format for browsers (`format` = `CLIENT`).

mod attributes;
mod condition;
mod decision;
mod document;
mod eppo;
pub mod eppo_document;
mod explain;
mod fault;
mod flag;
mod pattern;
mod shard;
mod snapshot;
mod value;
mod version;
pub mod wire;

pub use attributes::{AttributeValue, Attributes, Subject};
pub use condition::{Comparand, Condition};
pub use decision::{Decision, ErrorCode, Expected, Reason};
pub use document::Dialect;
pub use explain::{AllocationExplanation, Bucket, Explanation, FailedCondition, Outcome, Passage, Visitor};
pub use fault::{DocumentFault, FlagFault};
pub use flag::{Allocation, Flag, Split};
pub use pattern::{
    PATTERN_COMPILED_MAX_BYTES, PATTERN_LAZY_DFA_MAX_BYTES, PATTERN_MAX_BYTES, PATTERN_NEST_MAX_LEVELS,
    PatternFault, check_pattern,
};
pub use shard::{Shard, shard};
pub use snapshot::Snapshot;
pub use value::{Value, VariationType};
pub use version::{Version, check_version, parse_version};
