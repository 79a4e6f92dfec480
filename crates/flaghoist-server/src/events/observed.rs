//! What of a report guardrails want to know: exposures to flags with a guarded rollout.

use super::DropReason;
use super::report::{Kind, Record};
use super::tally::Place;
use crate::guardrails::{KnownRuns, Report};
use flaghoist_ingest::{Exposure, Observation};
use flaghoist_model::id::EnvironmentId;
use jiff::Timestamp;
use std::collections::HashMap;

/// Longest targeting key of a subject that is watched, in bytes.
const SUBJECT_MAX_BYTES: usize = flaghoist_ingest::SUBJECT_MAX_BYTES;

/// Exposures by environment.
pub(super) struct Observed {
    watched: KnownRuns,
    now: Timestamp,
    found: HashMap<EnvironmentId, Vec<Observation>>,
}

impl Observed {
    /// Nothing yet.
    pub(super) fn new(watched: KnownRuns, now: Timestamp) -> Self {
        Self { watched, now, found: HashMap::new() }
    }

    /// Takes a record if it is an exposure of a known subject to a flag that is watched.
    pub(super) fn take(&mut self, place: Option<Place<'_>>, record: Result<Record<'_>, DropReason>) {
        let (Some(place), Ok(record)) = (place, record) else { return };
        let environment_id = place.environment.id();
        let is_watched =
            record.kind == Kind::Exposure && self.watched.watch_flag(environment_id, &record.flag);
        let subject = record.subject.filter(|subject| (1..=SUBJECT_MAX_BYTES).contains(&subject.len()));
        let Some(subject) = subject.filter(|_| is_watched) else { return };
        let some = |text: std::borrow::Cow<'_, str>| Some(text.into_owned()).filter(|text| !text.is_empty());
        let exposure = Exposure {
            subject: subject.into_owned(),
            at_ms: record.last_ms.unwrap_or_else(|| self.now.as_millisecond()),
            flag: record.flag.into_owned(),
            allocation: some(record.allocation),
            variant: some(record.variant),
        };
        self.found.entry(environment_id).or_default().push(Observation::Exposure(exposure));
    }

    /// What was taken, to be recorded.
    pub(super) fn into_reports(self) -> Vec<Report> {
        let report =
            |(environment_id, observations)| Report { environment_id, observations, idempotency_key: None };
        self.found.into_iter().map(report).collect()
    }
}
