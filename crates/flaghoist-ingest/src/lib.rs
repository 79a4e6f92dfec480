//! Ingestion of what guardrails look at: who got which variant, and what happened to whom.
//!
//! Bytes go in, [`Observation`]s come out, one at a time, whatever shape they were sent in. Pure: no HTTP, no clock; the
//! time is a parameter.
//!
//! [`guardrail`] makes evidence of them, and [`simulation`] plays made-up populations through it.
//!
//! ```
//! use flaghoist_ingest::{Observation, read_metric_events};
//!
//! let body = br#"{"events": [{"name": "checkout.error", "subject": "alice", "timestamp": 1795209533986}, {"name": "?"}]}"#;
//! let (mut events, mut dropped) = (Vec::new(), 0);
//! read_metric_events(body, 1_795_209_540_000, &mut |record| match record {
//!     Ok(Observation::Event(event)) => events.push(event),
//!     Ok(Observation::Exposure(_)) => {}
//!     Err(_) => dropped += 1,
//! })?;
//! assert_eq!((events[0].subject.as_str(), events[0].at_ms, dropped), ("alice", 1_795_209_533_986, 1));
//! # Ok::<(), flaghoist_ingest::Unreadable>(())
//! ```

pub mod guardrail;
mod json;
mod limits;
mod metric_events;
mod observation;
mod otlp;
mod scalar;
pub mod simulation;

pub use metric_events::read_metric_events;
pub use observation::{
    Dropped, Event, Exposure, NAME_MAX_BYTES, OBSERVATIONS_MAX, Observation, Origin, PROPERTIES_MAX,
    PROPERTY_MAX_BYTES, RECORD_MAX_BYTES, SUBJECT_MAX_BYTES, Take, Unreadable,
};
pub use otlp::{OtlpEncoding, OtlpReport, otlp_answer, read_otlp_logs, read_otlp_traces};
