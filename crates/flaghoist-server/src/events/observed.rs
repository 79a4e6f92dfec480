//! What of a report guardrails want to know: exposures to flags with a guarded rollout, and events that a metric of one
//! selects.

use super::DropReason;
use super::report::{Kind, Record};
use super::tally::{Place, Tally};
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::guardrails::{KnownRuns, Report};
use crate::publish::PublishedEnvironment;
use flaghoist_ingest::guardrail::{FUTURE_MS, LATE_MS};
use flaghoist_ingest::{Dropped, Event, Exposure, Observation};
use flaghoist_model::compile::Channel;
use flaghoist_model::id::EnvironmentId;
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

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
        let some = |text: Cow<'_, str>| Some(text.into_owned()).filter(|text| !text.is_empty());
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
        // Whoever reports sees the flags of its exposures, or they were not taken.
        let report = |(environment_id, observations)| Report {
            environment_id,
            channel: Channel::Server,
            observations,
            idempotency_key: None,
        };
        self.found.into_iter().map(report).collect()
    }
}

/// What a body of observations says, for counts and guardrails.
pub(super) struct Observations {
    watched: KnownRuns,
    environment: Arc<PublishedEnvironment>,
    channel: Channel,
    now: Timestamp,
    tally: Tally,
    watchable: Vec<Observation>,
    events: u64,
    dropped: BTreeMap<&'static str, u64>,
}

impl Observations {
    /// Nothing yet, of the reader's environment.
    pub(super) fn new(watched: KnownRuns, reader: &SdkKey, now: Timestamp) -> Self {
        Self {
            watched,
            environment: Arc::clone(&reader.environment),
            channel: reader.channel,
            now,
            tally: Tally::new(now),
            watchable: Vec::new(),
            events: 0,
            dropped: BTreeMap::new(),
        }
    }

    /// When it is read, in milliseconds since 1970.
    pub(super) fn now_ms(&self) -> i64 {
        self.now.as_millisecond()
    }

    /// Takes an observation, or why there is none.
    pub(super) fn take(&mut self, observation: Result<Observation, Dropped>) {
        match observation {
            Ok(Observation::Exposure(exposure)) => self.take_exposure(exposure),
            Ok(Observation::Event(event)) => self.take_event(event),
            Err(reason) => self.drop_for(reason.as_str()),
        }
    }

    fn take_exposure(&mut self, exposure: Exposure) {
        let text = |text: &Option<String>| Cow::Owned(text.clone().unwrap_or_default());
        let record = Record {
            kind: Kind::Exposure,
            flag: Cow::Borrowed(&exposure.flag),
            allocation: text(&exposure.allocation),
            variant: text(&exposure.variant),
            subject: None,
            written: None,
            count: 1,
            is_error: false,
            first_ms: Some(exposure.at_ms),
            last_ms: Some(exposure.at_ms),
        };
        let place = Place { environment: &self.environment, channel: self.channel };
        let is_counted = self.tally.count(Some(place), Ok(&record));
        if is_counted && self.watched.watch_flag(self.environment.id(), &exposure.flag) {
            self.watchable.push(Observation::Exposure(exposure));
        }
    }

    fn take_event(&mut self, event: Event) {
        let age_ms = self.now_ms() - event.at_ms;
        if !(-FUTURE_MS..=LATE_MS).contains(&age_ms) {
            return self.drop_for(DropReason::OutOfTime.as_str());
        }
        self.events += 1;
        if self.watched.watch_event(self.environment.id(), self.channel, &event) {
            self.watchable.push(Observation::Event(event));
        }
    }

    fn drop_for(&mut self, reason: &'static str) {
        *self.dropped.entry(reason).or_default() += 1;
    }

    /// Refuses a body with more counts than one may have.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        self.tally.check()
    }

    /// The counts of exposures, what guardrails want to know, how many events were taken, and what was dropped.
    pub(super) fn into_parts(
        self,
        idempotency_key: Option<String>,
    ) -> (Tally, Report, u64, BTreeMap<&'static str, u64>) {
        let environment_id = self.environment.id();
        let channel = self.channel;
        let report = Report { environment_id, channel, observations: self.watchable, idempotency_key };
        (self.tally, report, self.events, self.dropped)
    }
}
