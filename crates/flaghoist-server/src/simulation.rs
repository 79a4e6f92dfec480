//! What exposure schedules would do, read from the text that somebody is about to send.

use crate::datadog::allocations::ExposureScheduleIn;
use crate::decode::Object;
use flaghoist_model::schedule::{Schedule, Timeline};
use flaghoist_model::{Fault, Faults, MintId};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// A schedule and what it would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// The key of its allocation, if the text has one.
    pub allocation_key: Option<String>,
    /// When it was taken to be started.
    pub start: Timestamp,
    /// What it would do.
    pub timeline: Timeline,
}

/// Simulates every exposure schedule in `text`: a schedule by itself, an allocation, or the whole body of a request with
/// one or several allocations. It is started at `start`, or else at its `absolute_start_time`, or else `now`.
pub fn simulate(text: &str, start: Option<Timestamp>, now: Timestamp) -> Result<Vec<Simulation>, Vec<Fault>> {
    let whole: Value = serde_json::from_str(text)
        .map_err(|error| vec![Fault { pointer: String::new(), message: format!("is no JSON: {error}") }])?;
    let mut found = Vec::new();
    collect(&whole, String::new(), None, &mut found);
    if found.is_empty() {
        let message =
            "has no exposure schedule; give one, an allocation with one, or a request with allocations";
        return Err(vec![Fault { pointer: String::new(), message: message.to_owned() }]);
    }
    let mut simulations = Vec::with_capacity(found.len());
    let mut wrong = Vec::new();
    for Found { pointer, allocation_key, schedule } in found {
        let mut faults = Faults::under(&pointer);
        let schedule = match serde_json::from_str::<Object<ExposureScheduleIn>>(&schedule.to_string()) {
            Ok(Object(schedule)) => {
                let draft = schedule.into_draft(&mut faults);
                Schedule::of_no_flag(draft, now, &Nameless, &mut faults)
            }
            Err(error) => {
                faults.push(error.to_string());
                None
            }
        };
        match schedule.filter(|_| faults.is_empty()) {
            Some(schedule) => {
                let start = start.or(schedule.absolute_start_time).unwrap_or(now);
                let timeline = schedule.timeline(start);
                simulations.push(Simulation { allocation_key, start, timeline });
            }
            None => wrong.extend(faults.into_vec()),
        }
    }
    if wrong.is_empty() { Ok(simulations) } else { Err(wrong) }
}

/// What is only simulated is never found by an id.
struct Nameless;

impl MintId for Nameless {
    fn mint(&self) -> Uuid {
        Uuid::nil()
    }
}

struct Found<'a> {
    pointer: String,
    allocation_key: Option<String>,
    schedule: &'a Value,
}

/// Looks only where requests have allocations: nothing deep inside is taken for a schedule.
fn collect<'a>(value: &'a Value, pointer: String, key: Option<String>, found: &mut Vec<Found<'a>>) {
    if let Some(elements) = value.as_array() {
        for (index, element) in elements.iter().enumerate() {
            collect(element, format!("{pointer}/{index}"), None, found);
        }
        return;
    }
    if value.get("rollout_steps").is_some() {
        found.push(Found { pointer, allocation_key: key, schedule: value });
        return;
    }
    let key = value.get("key").and_then(Value::as_str).map(ToOwned::to_owned);
    for member in ["exposure_schedule", "attributes", "data"] {
        if let Some(inner) = value.get(member).filter(|inner| !inner.is_null()) {
            collect(inner, format!("{pointer}/{member}"), key.clone(), found);
        }
    }
}
