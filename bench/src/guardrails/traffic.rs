//! What is reported, and what is to be counted of it.

use super::RECORDS;
use super::rollout::allocation_of;
use crate::load::{Connection, Request};
use serde_json::Value;
use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

/// Applications that report at the same time.
pub(super) const CONNECTIONS: usize = 8;
/// Subjects of each of them.
pub(super) const SUBJECTS_OF_ONE: usize = 6_250;
/// All subjects.
pub(super) const SUBJECTS: usize = CONNECTIONS * SUBJECTS_OF_ONE;
/// How late what is late is: two hours.
const LATE_MS: i64 = 2 * 3_600 * 1_000;
/// How many records before a repeated one the one stood that it repeats: in the body before.
const REPEATED_AFTER: u64 = 1_003;

/// The targeting key of an application's subject.
pub(super) fn subject(connection: usize, own: usize) -> String {
    format!("user-{connection}-{own}")
}

/// What an event says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Order,
    Latency,
    Request,
    Retry,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "bench.error",
            Self::Order => "bench.order",
            Self::Latency => "bench.latency",
            Self::Request => "bench.request",
            Self::Retry => "bench.retry",
        }
    }
}

/// An event by its number, the same whenever it is asked for.
struct Event {
    kind: Kind,
    own: usize,
    value: u64,
}

impl Event {
    fn of(connection: usize, number: u64) -> Self {
        let random = mixed(((connection as u64) << 40) | number);
        let own = (random % SUBJECTS_OF_ONE as u64) as usize;
        let kind = match (random >> 32) % 10 {
            // Few subjects have any.
            0 if own.is_multiple_of(10) => Kind::Error,
            1 if own.is_multiple_of(2) => Kind::Order,
            0..=5 => Kind::Latency,
            6 | 7 => Kind::Request,
            _ => Kind::Retry,
        };
        Self { kind, own, value: 50 + (random >> 48) % 100 }
    }
}

/// SplitMix64 of a number (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// An application that reports over one connection.
pub(super) struct Reporter {
    connection: Connection,
    sdk_key: String,
    flag_key: String,
    place: usize,
    /// By own subject.
    is_treated: Vec<bool>,
    /// When each body of a kind was made, in milliseconds since 1970.
    exposures_at_ms: Vec<i64>,
    events_at_ms: Vec<i64>,
    first_exposed: usize,
    expected: Expected,
}

impl Reporter {
    pub(super) fn new(
        connection: Connection,
        sdk_key: String,
        flag_key: String,
        place: usize,
        is_treated: Vec<bool>,
    ) -> Self {
        let mut expected = Expected::default();
        for is_treated in &is_treated {
            expected.exposed[usize::from(*is_treated)] += 1;
        }
        let (exposures_at_ms, events_at_ms) = (Vec::new(), Vec::new());
        Self {
            connection,
            sdk_key,
            flag_key,
            place,
            is_treated,
            exposures_at_ms,
            events_at_ms,
            first_exposed: 0,
            expected,
        }
    }

    /// Whether the first exposures of all its subjects were made.
    pub(super) fn has_exposed_all(&self) -> bool {
        self.first_exposed >= SUBJECTS_OF_ONE
    }

    /// Exposures of the next of its subjects; after the last, of the first again.
    pub(super) fn first_exposures(&mut self) -> Request {
        let at_ms = now_ms();
        let first = self.first_exposed;
        self.first_exposed += RECORDS as usize;
        let exposures = (first..self.first_exposed).map(|own| self.exposure(own % SUBJECTS_OF_ONE, at_ms));
        self.exposures_of(exposures.collect())
    }

    /// The next exposures: of each subject again and again.
    pub(super) fn exposures(&mut self) -> Request {
        let range = next_body(&mut self.exposures_at_ms);
        let exposures = range.map(|number| {
            let original = original(number);
            // One further in every round, so that not the same are late every time.
            let own = (original * 7_919 + original / SUBJECTS_OF_ONE as u64) % SUBJECTS_OF_ONE as u64;
            self.exposure(own as usize, at_ms(&self.exposures_at_ms, original))
        });
        self.exposures_of(exposures.collect())
    }

    fn exposure(&self, own: usize, at_ms: i64) -> String {
        let (subject, flag) = (subject(self.place, own), &self.flag_key);
        let variant = if self.is_treated[own] { "on" } else { "off" };
        let allocation = allocation_of(flag);
        format!(
            r#"{{"flag":"{flag}","allocation":"{allocation}","variant":"{variant}","subject":"{subject}","timestamp":{at_ms}}}"#
        )
    }

    fn exposures_of(&mut self, exposures: Vec<String>) -> Request {
        self.expected.exposures += exposures.len() as i64;
        let body = format!(r#"{{"exposures":[{}]}}"#, exposures.join(","));
        Request::post("/sdk/v1/events", &[("x-api-key", &self.sdk_key)], &body)
    }

    /// The next events.
    pub(super) fn events(&mut self) -> Request {
        let range = next_body(&mut self.events_at_ms);
        let events: Vec<String> = range
            .map(|number| {
                let original = original(number);
                let Event { kind, own, value } = Event::of(self.place, original);
                if number == original && !is_late(original) {
                    self.expected.take(kind, (self.place, own), usize::from(self.is_treated[own]));
                }
                let (name, subject, place) = (kind.name(), subject(self.place, own), self.place);
                let at_ms = at_ms(&self.events_at_ms, original);
                // Numbers are capped at what is learned from the first ones; plain events count as one from the first on.
                let value = match kind {
                    Kind::Request | Kind::Retry => String::new(),
                    _ => format!(r#""value":{value},"#),
                };
                format!(
                    r#"{{"name":"{name}","subject":"{subject}",{value}"timestamp":{at_ms},"event_id":"{place:08}-0000-0000-0000-{original:012}"}}"#
                )
            })
            .collect();
        let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
        Request::post("/sdk/v1/metric-events", &[("x-api-key", &self.sdk_key)], &body)
    }

    /// Sends a report, and fails unless all of it is acknowledged.
    pub(super) async fn send(&mut self, request: &Request) {
        let head = self.connection.ask(request).await;
        let body = String::from_utf8_lossy(self.connection.body()).into_owned();
        let is_whole = body.starts_with(&format!(r#"{{"accepted":{RECORDS},"dropped":{{}}"#));
        assert!(head.starts_with("HTTP/1.1 202") && is_whole, "{head}\n{body}");
    }

    pub(super) fn into_expected(self) -> Expected {
        self.expected
    }
}

/// The numbers of the records of the next body, which is made now.
fn next_body(made_at_ms: &mut Vec<i64>) -> std::ops::Range<u64> {
    let first = made_at_ms.len() as u64 * RECORDS;
    made_at_ms.push(now_ms());
    first..first + RECORDS
}

/// Which record a record is: a fifth repeat one of the body before.
fn original(number: u64) -> u64 {
    if number % 5 == 4 && number >= REPEATED_AFTER { number - REPEATED_AFTER } else { number }
}

/// A tenth, and none that is repeated.
fn is_late(original: u64) -> bool {
    original % 10 == 3
}

fn at_ms(made_at_ms: &[i64], original: u64) -> i64 {
    let made_at_ms = made_at_ms[(original / RECORDS) as usize];
    if is_late(original) { made_at_ms - LATE_MS } else { made_at_ms }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64
}

/// What is to be counted, the control first.
#[derive(Default)]
pub(super) struct Expected {
    /// Exposures of all kinds, for the counts of evaluations.
    exposures: i64,
    exposed: [u64; 2],
    with_error: [HashSet<(usize, usize)>; 2],
    with_order: [HashSet<(usize, usize)>; 2],
    in_ratio: [HashSet<(usize, usize)>; 2],
    retries: [u64; 2],
    requests: [u64; 2],
}

impl Expected {
    /// An event that is to be counted.
    fn take(&mut self, kind: Kind, subject: (usize, usize), arm: usize) {
        match kind {
            Kind::Error => _ = self.with_error[arm].insert(subject),
            Kind::Order => _ = self.with_order[arm].insert(subject),
            // Values and quantiles are counted after what is learned from the first ones; keys keep repeated ones from
            // all of them alike.
            Kind::Latency => {}
            Kind::Request => {
                self.in_ratio[arm].insert(subject);
                self.requests[arm] += 1;
            }
            Kind::Retry => {
                self.in_ratio[arm].insert(subject);
                self.retries[arm] += 1;
            }
        }
    }

    /// What other subjects did.
    pub(super) fn add(&mut self, other: Self) {
        self.exposures += other.exposures;
        for arm in 0..2 {
            self.exposed[arm] += other.exposed[arm];
            self.with_error[arm].extend(&other.with_error[arm]);
            self.with_order[arm].extend(&other.with_order[arm]);
            self.in_ratio[arm].extend(&other.in_ratio[arm]);
            self.retries[arm] += other.retries[arm];
            self.requests[arm] += other.requests[arm];
        }
    }

    /// Prints whether that was counted, and fails if it was not.
    pub(super) fn compare(&self, evidence: &Value, exposures: i64) {
        let step = &evidence["steps"][0]["exposures"];
        let exposed = ["off", "on"].map(|key| step[key].as_u64().expect("a number"));
        let of = |id: &str| {
            let metrics = evidence["metrics"].as_array().expect("metrics");
            metrics.iter().find(|metric| metric["metric_id"] == id).expect("the metric")["evidence"][0]
                .clone()
        };
        let counted =
            |id: &str| ["n_control", "n_treatment"].map(|arm| of(id)[arm].as_u64().expect("a number"));
        let sizes = |sets: &[HashSet<_>; 2]| [0, 1].map(|arm: usize| sets[arm].len() as u64);
        assert_eq!(exposures, self.exposures, "exposures that are counted");
        assert_eq!(exposed, self.exposed, "subjects that were exposed");
        assert_eq!(counted("errors"), sizes(&self.with_error), "subjects with an error");
        assert_eq!(counted("orders"), sizes(&self.with_order), "subjects with an order");
        assert_eq!(counted("retries"), sizes(&self.in_ratio), "subjects in the ratio");
        let [control, treatment] =
            [0, 1].map(|arm: usize| self.retries[arm] as f64 / self.requests[arm] as f64);
        let (change, expected) =
            (of("retries")["change"].as_f64().expect("a change"), treatment / control - 1.0);
        assert!((change - expected).abs() < 1e-9, "the ratio changed by {change}, which is to be {expected}");
        println!(
            "counted as sent without what was repeated or late: {exposures} exposures, {exposed:?} subjects, {:?} with an error, {:?} with an order, {:?} in the ratio, which changed by {change:+.9}",
            counted("errors"),
            counted("orders"),
            counted("retries")
        );
    }
}
