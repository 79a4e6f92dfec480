//! One rollout, from its first exposure to its end or to whatever stops it.

use super::population::Population;
use super::random::Random;
use super::{Scenario, Stop};
use crate::guardrail::{Buckets, Place, RunState, Subject, Watch, apply, close_due, trips};
use crate::{Event, Exposure, Observation, Origin};
use flaghoist_model::compile::TOTAL_SHARDS;
use flaghoist_model::guard::{Arm, Guard, RunStep, Shards, Trip};
use flaghoist_model::id::{ScheduleId, VariantId};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// The identifiers of what is made up.
const SCHEDULE: ScheduleId = ScheduleId(uuid::Uuid::from_u128(1));
const CONTROL: VariantId = VariantId(uuid::Uuid::from_u128(2));
const TREATMENT: VariantId = VariantId(uuid::Uuid::from_u128(3));

/// Plays a rollout by its number. None when nothing stopped it.
pub(crate) fn play(scenario: &Scenario, rollout: u32) -> Option<Stop> {
    let mut random = Random::new(scenario.seed, rollout);
    let population = Population::new(scenario, &mut random);
    let mut run = Run::new(scenario, rollout);
    let mut now_ms = 0.0;
    for step in 0..scenario.steps.len() {
        run.begin_step(step);
        let end_ms = run.step_ends_ms;
        loop {
            let visit_ms = now_ms + random.exponential() * 3_600_000.0 / scenario.visits_per_hour.max(0.0);
            // A process without memory: what falls beyond the step is drawn again in the next.
            if visit_ms >= real_ms(end_ms) {
                break;
            }
            now_ms = visit_ms;
            let at_ms = whole_ms(now_ms);
            if let Some(stop) = run.look_until(at_ms) {
                return Some(stop);
            }
            let Some(visitor) = population.visitor(&mut random) else { break };
            run.visit(&population, visitor, at_ms, &mut random);
        }
        now_ms = real_ms(end_ms);
        if let Some(stop) = run.look_until(end_ms) {
            return Some(stop);
        }
    }
    None
}

/// A visitor, as far as the engine and the visitor's SDK know it.
#[derive(Clone, Default)]
struct Visitor {
    buckets: Option<Buckets>,
    subject: Subject,
    /// The step in which the SDK last reported it as exposed.
    reported_in: Option<usize>,
    /// When it is to be looked at again.
    due_at_ms: Option<i64>,
}

/// The rollout while it is played. Times are milliseconds since it began.
struct Run<'s> {
    scenario: &'s Scenario,
    guard: Guard,
    watch: Watch,
    state: RunState,
    visitors: Vec<Visitor>,
    due: BinaryHeap<Reverse<(i64, usize)>>,
    exposure: Observation,
    /// One event per signal, sent again and again with another time and value.
    events: Vec<Observation>,
    step: usize,
    step_ends_ms: i64,
    exposed: u64,
    next_look_ms: i64,
}

impl<'s> Run<'s> {
    fn new(scenario: &'s Scenario, rollout: u32) -> Self {
        let guard = Guard {
            run: 1,
            control: Arm { variant_id: CONTROL, shards: None },
            treatments: vec![Arm {
                variant_id: TREATMENT,
                shards: Some(Shards { start: 0, end: TOTAL_SHARDS }),
            }],
            traffic_salt: format!("traffic-{:x}-{rollout}", scenario.seed),
            split_salt: format!("split-{:x}-{rollout}", scenario.seed),
            metrics: scenario.metrics.clone(),
            saved_filters: BTreeMap::new(),
            steps: Vec::new(),
            triggers: Vec::new(),
            health_since: 0,
        };
        let exposure = Exposure {
            subject: String::new(),
            at_ms: 0,
            flag: "flag".to_owned(),
            allocation: None,
            variant: None,
        };
        let event = |name: &str| Event {
            origin: Origin::Event,
            name: name.to_owned(),
            subject: String::new(),
            at_ms: 0,
            value: None,
            event_id: None,
            properties: BTreeMap::new(),
        };
        Self {
            scenario,
            watch: watch(&guard),
            guard,
            state: RunState::default(),
            visitors: vec![Visitor::default(); usize::try_from(scenario.subjects).unwrap_or(usize::MAX)],
            due: BinaryHeap::new(),
            exposure: Observation::Exposure(exposure),
            events: scenario.signals.iter().map(|signal| Observation::Event(event(&signal.event))).collect(),
            step: 0,
            step_ends_ms: 0,
            exposed: 0,
            next_look_ms: scenario.look_interval_ms.max(1),
        }
    }

    fn begin_step(&mut self, step: usize) {
        let from = timestamp(self.step_ends_ms);
        if let Some(last) = self.guard.steps.last_mut() {
            last.to = Some(from);
        }
        let of = self.scenario.steps[step];
        let exposed_end = exposed_end(of.exposure_ratio);
        self.guard.steps.push(RunStep { position: step, exposed_end, from, to: None });
        self.watch = watch(&self.guard);
        self.step = step;
        self.step_ends_ms += of.duration_ms.max(0);
    }

    fn visit(&mut self, population: &Population, number: usize, at_ms: i64, random: &mut Random) {
        let Self { scenario, watch, state, step, .. } = self;
        let visitor = &mut self.visitors[number];
        let buckets = *visitor.buckets.get_or_insert_with(|| watch.buckets(&format!("subject-{number}")));
        if visitor.reported_in != Some(*step) {
            self.exposed += u64::from(visitor.reported_in.is_none());
            visitor.reported_in = Some(*step);
            if let Observation::Exposure(exposure) = &mut self.exposure {
                exposure.at_ms = at_ms;
            }
            apply(watch, state, &mut visitor.subject, buckets, &self.exposure, at_ms);
        }
        let is_last_step = *step + 1 == scenario.steps.len();
        let is_treated = watch.step_at(at_ms).and_then(|step| watch.label(buckets, step)) == Some(1);
        for (at, signal) in scenario.signals.iter().enumerate() {
            let factor = if is_treated { signal.treatment_factor } else { 1.0 }
                * if is_last_step { signal.last_step_factor } else { 1.0 };
            let Some(sent) = population.report((at, signal), number, factor, random) else { continue };
            if let Observation::Event(event) = &mut self.events[at] {
                event.at_ms = at_ms;
                event.value = sent.value;
            }
            apply(watch, state, &mut visitor.subject, buckets, &self.events[at], at_ms);
        }
        self.remember_due(number);
    }

    fn remember_due(&mut self, number: usize) {
        let visitor = &mut self.visitors[number];
        let due_at_ms = visitor.subject.due_at_ms(&self.watch);
        if due_at_ms != visitor.due_at_ms {
            visitor.due_at_ms = due_at_ms;
            self.due.extend(due_at_ms.map(|due_at_ms| Reverse((due_at_ms, number))));
        }
    }

    /// Closes what is due and looks at the evidence, each at its time.
    fn look_until(&mut self, until_ms: i64) -> Option<Stop> {
        while self.next_look_ms <= until_ms {
            let now_ms = self.next_look_ms;
            self.close_until(now_ms);
            self.next_look_ms += self.scenario.look_interval_ms.max(1);
            let mut trips = trips(&self.watch, &self.guard, &self.state, now_ms);
            if !trips.is_empty() {
                trips.sort_by(|a, b| log_e(b).total_cmp(&log_e(a)));
                return Some(Stop { after_ms: now_ms, after_subjects: self.exposed, trips });
            }
        }
        self.close_until(until_ms);
        None
    }

    fn close_until(&mut self, until_ms: i64) {
        while let Some(&Reverse((due_at_ms, number))) = self.due.peek().filter(|next| next.0.0 <= until_ms) {
            self.due.pop();
            close_due(&self.watch, &mut self.state, &mut self.visitors[number].subject, due_at_ms);
            self.remember_due(number);
        }
    }
}

fn watch(guard: &Guard) -> Watch {
    let place = Place {
        schedule_id: SCHEDULE,
        flag_key: "flag".to_owned(),
        allocation_key: "allocation".to_owned(),
        variant_keys: BTreeMap::new(),
    };
    Watch::new(place, guard)
}

fn log_e(trip: &Trip) -> f64 {
    match trip {
        Trip::Metric { log_e, .. } | Trip::Health { log_e, .. } => *log_e,
    }
}

/// The buckets that a ratio exposes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=TOTAL_SHARDS")]
fn exposed_end(ratio: f64) -> u32 {
    (ratio * f64::from(TOTAL_SHARDS)).round().clamp(0.0, f64::from(TOTAL_SHARDS)) as u32
}

/// Rollouts begin in 1970 and are over long before the last time there is.
fn timestamp(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a rollout are far below 2^53")]
fn real_ms(ms: i64) -> f64 {
    ms as f64
}

#[expect(clippy::cast_possible_truncation, reason = "the time within a millisecond does not matter")]
fn whole_ms(ms: f64) -> i64 {
    ms as i64
}
