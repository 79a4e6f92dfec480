//! Ingestion of what guardrails look at: who got which variant, and what happened to whom.
//!
//! Bytes go in, [`Observation`]s come out, one at a time, whatever shape they were sent in. Pure: no HTTP, no clock; the
//! time is a parameter.

pub mod guardrail;
mod observation;

pub use observation::{
    Dropped, Event, Exposure, NAME_MAX_BYTES, OBSERVATIONS_MAX, Observation, Origin, PROPERTIES_MAX,
    PROPERTY_MAX_BYTES, RECORD_MAX_BYTES, SUBJECT_MAX_BYTES, Take, Unreadable,
};
