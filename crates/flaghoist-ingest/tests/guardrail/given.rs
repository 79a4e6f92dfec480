//! A rollout and its observations, as short as a test wants to read them.

use flaghoist_ingest::guardrail::{
    Evaluation, Outcome, Place, RunState, Subject, Watch, apply, close_due, evaluate,
};
use flaghoist_ingest::{Event, Exposure, Observation, Origin};
use flaghoist_model::allocation::TriggerAction;
use flaghoist_model::guard::{Arm, Guard, GuardedMetric, RunStep, Shards, Trigger, Trip};
use flaghoist_model::id::{ScheduleId, TriggerId, VariantId};
use flaghoist_model::metric::{Direction, MetricDefinition, MetricKind, MetricSource};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// When all runs of the tests begin.
pub(crate) const START_MS: i64 = 1_790_000_000_000;
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;

pub(crate) fn variant(number: u128) -> VariantId {
    VariantId(Uuid::from_u128(number))
}

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

/// A binary metric of events with its id as their name.
pub(crate) fn metric(id: &str, kind: MetricKind, direction: Direction) -> GuardedMetric {
    let definition = MetricDefinition {
        id: id.to_owned(),
        name: id.to_owned(),
        description: None,
        kind,
        direction,
        source: events(id),
        denominator: None,
        margin: 0.0,
        window_ms: None,
        winsor_quantile: 0.995,
        quantile: None,
        threshold: None,
        require_noninferior: false,
        min_subjects: 100,
        allow_abort: true,
        trust_logged_variant: false,
    };
    GuardedMetric { definition, action: TriggerAction::Abort }
}

pub(crate) fn errors() -> GuardedMetric {
    metric("error", MetricKind::Binary, Direction::IncreaseIsBad)
}

pub(crate) fn orders() -> GuardedMetric {
    metric("order", MetricKind::Binary, Direction::DecreaseIsBad)
}

pub(crate) fn events(name: &str) -> MetricSource {
    MetricSource::Events { event: name.to_owned(), filter: BTreeMap::new(), value: None }
}

/// A guard of one treatment with all of the weight, whose control is the complement. Steps are (ratio in shards, length).
pub(crate) fn guard(steps: &[(u32, i64)], metrics: Vec<GuardedMetric>) -> Guard {
    let mut from_ms = START_MS;
    let mut all: Vec<RunStep> = Vec::new();
    for (position, &(exposed_end, length_ms)) in steps.iter().enumerate() {
        let to_ms = from_ms + length_ms;
        let to = (position + 1 < steps.len()).then(|| at(to_ms));
        all.push(RunStep { position, exposed_end, from: at(from_ms), to });
        from_ms = to_ms;
    }
    Guard {
        run: 1,
        control: Arm { variant_id: variant(0), shards: None },
        treatments: vec![Arm { variant_id: variant(1), shards: Some(Shards { start: 0, end: 10_000 }) }],
        traffic_salt: "traffic".to_owned(),
        split_salt: "split".to_owned(),
        metrics,
        saved_filters: BTreeMap::new(),
        steps: all,
        triggers: Vec::new(),
        health_since: 0,
    }
}

/// A run with everything that was observed of it.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) guard: Guard,
    pub(crate) watch: Watch,
    pub(crate) state: RunState,
    pub(crate) subjects: HashMap<String, Subject>,
}

impl Run {
    pub(crate) fn of(guard: Guard) -> Self {
        let watch = watch(&guard);
        Self { guard, watch, state: RunState::default(), subjects: HashMap::new() }
    }

    /// Goes on with a changed guard.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Guard)) {
        change(&mut self.guard);
        self.watch = watch(&self.guard);
    }

    pub(crate) fn take_at(&mut self, observation: &Observation, now_ms: i64) -> Outcome {
        let key = match observation {
            Observation::Exposure(exposure) => &exposure.subject,
            Observation::Event(event) => &event.subject,
        };
        let buckets = self.watch.buckets(key);
        let subject = self.subjects.entry(key.clone()).or_default();
        apply(&self.watch, &mut self.state, subject, buckets, observation, now_ms)
    }

    /// Takes an observation at its own time.
    pub(crate) fn take(&mut self, observation: &Observation) -> Outcome {
        self.take_at(observation, time_of(observation))
    }

    /// Exposes subjects at a time, each of them again by the same events.
    pub(crate) fn take_of(&mut self, subjects: &[String], at_ms: i64, reports: &[(&str, Option<f64>)]) {
        for subject in subjects {
            self.take(&exposure(subject, at_ms));
            for (name, value) in reports {
                self.take(&event(name, subject, at_ms + 1, *value));
            }
        }
    }

    pub(crate) fn close_due(&mut self, now_ms: i64) {
        let mut keys: Vec<String> = self.subjects.keys().cloned().collect();
        keys.sort();
        for key in keys {
            close_due(&self.watch, &mut self.state, self.subjects.get_mut(&key).unwrap(), now_ms);
        }
    }

    pub(crate) fn evaluate(&self, now_ms: i64) -> Evaluation {
        evaluate(&self.watch, &self.guard, &self.state, now_ms)
    }

    /// Goes through a restart of the server: everything is written down and read again.
    pub(crate) fn restarted(&self) -> Self {
        let mut unsaved = self.clone();
        let documents = unsaved.state.changes();
        unsaved.state.kept();
        assert!(unsaved.state.changes().is_empty(), "nothing is written twice");
        let cells = documents.iter().map(|(key, document)| (*key, document.as_slice()));
        let state = RunState::decode(cells).unwrap();
        let subjects = self.subjects.iter();
        let subjects = subjects
            .map(|(key, subject)| (key.clone(), Subject::decode(&subject.encode()).unwrap()))
            .collect();
        Self { guard: self.guard.clone(), watch: watch(&self.guard), state, subjects }
    }

    /// Subjects with an event in the treatment and in the control, and new exposures.
    pub(crate) fn counts_of(&self, metric: usize, now_ms: i64) -> (u64, u64) {
        let evidence = &self.evaluate(now_ms).evidence[metric];
        (evidence.n_treatment, evidence.n_control)
    }
}

/// That somebody resumed the rollout after a metric fired, in a step.
pub(crate) fn resumed(metric_id: &str, step: usize) -> Trigger {
    let (variant_id, action) = (variant(1), TriggerAction::Pause);
    Trigger {
        id: TriggerId(Uuid::from_u128(1)),
        trip: Trip::Metric { metric_id: metric_id.to_owned(), variant_id, action, log_e: 3.0 },
        step,
        at: at(START_MS),
        restarted_in: Some(step),
    }
}

pub(crate) fn watch(guard: &Guard) -> Watch {
    let place = Place {
        schedule_id: ScheduleId(Uuid::from_u128(7)),
        flag_key: "checkout".to_owned(),
        allocation_key: "rollout".to_owned(),
        variant_keys: BTreeMap::from([
            (variant(0), "off".to_owned()),
            (variant(1), "on".to_owned()),
            (variant(2), "other".to_owned()),
        ]),
    };
    Watch::new(place, guard)
}

pub(crate) fn time_of(observation: &Observation) -> i64 {
    match observation {
        Observation::Exposure(exposure) => exposure.at_ms,
        Observation::Event(event) => event.at_ms,
    }
}

pub(crate) fn exposure(subject: &str, at_ms: i64) -> Observation {
    Observation::Exposure(Exposure {
        subject: subject.to_owned(),
        at_ms,
        flag: "checkout".to_owned(),
        allocation: Some("rollout".to_owned()),
        variant: None,
    })
}

pub(crate) fn event(name: &str, subject: &str, at_ms: i64, value: Option<f64>) -> Observation {
    Observation::Event(Event {
        origin: Origin::Event,
        name: name.to_owned(),
        subject: subject.to_owned(),
        at_ms,
        value,
        event_id: None,
        properties: BTreeMap::new(),
    })
}

/// Subjects whose traffic bucket is in a range.
pub(crate) fn subjects_in(watch: &Watch, traffic: std::ops::Range<u16>) -> impl Iterator<Item = String> {
    let keys = (0..).map(|at| format!("subject-{at}"));
    keys.filter(move |key| traffic.contains(&watch.buckets(key).traffic))
}

/// One of them.
pub(crate) fn subject_in(watch: &Watch, traffic: std::ops::Range<u16>, number: usize) -> String {
    subjects_in(watch, traffic).nth(number).unwrap()
}

/// Treated and untreated subjects of a step that exposes half.
pub(crate) fn halves(watch: &Watch, treated: usize, controls: usize) -> (Vec<String>, Vec<String>) {
    (
        subjects_in(watch, 0..5_000).take(treated).collect(),
        subjects_in(watch, 5_000..10_000).take(controls).collect(),
    )
}

/// A generator of random numbers for tests (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / 4_294_967_296.0
    }

    /// Log-normal with mean 1.
    pub(crate) fn log_normal(&mut self, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.uniform()).cos();
        (sigma * normal - sigma * sigma / 2.0).exp()
    }
}
