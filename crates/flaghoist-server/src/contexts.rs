//! What applications were evaluated with lately: a sample of contexts, for people who write rules and want to try them
//! out. It is kept in memory only, by each server of what it saw itself, and nothing ever writes it down.
//!
//! Evaluations pass by here, so taking a sample never waits: most look at one number, at most twenty in a second of an
//! environment are copied, and one that finds somebody else copying leaves.

use arc_swap::ArcSwap;
use flaghoist_eval::{AttributeValue, Subject};
use flaghoist_model::id::EnvironmentId;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The member of a context that holds the targeting key.
const TARGETING_KEY: &str = "targetingKey";
/// Most samples of a second.
const SAMPLES_A_SECOND: u64 = 20;
/// Most contexts of an environment, each of another targeting key.
const CONTEXTS_MAX: usize = 500;
/// Largest context, in bytes of its names and texts.
const CONTEXT_MAX_BYTES: usize = 4 * 1024;
/// Most attributes of an environment.
const NAMES_MAX: usize = 200;
/// Most values of an attribute.
const VALUES_MAX: usize = 20;
/// Longest text among the values of an attribute, in characters.
const VALUE_MAX_CHARS: usize = 100;
/// Most environments. Whoever has more sees the contexts of those that were evaluated first.
const ENVIRONMENTS_MAX: usize = 1_000;

type ByEnvironment = HashMap<EnvironmentId, Arc<Samples>, foldhash::fast::RandomState>;

/// What applications were evaluated with lately.
pub struct ContextSamples {
    is_sampling: bool,
    of_environments: ArcSwap<ByEnvironment>,
}

/// A context that was seen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeenContext {
    /// The targeting key and the attributes.
    pub(crate) context: Map<String, Value>,
    /// When it was last seen.
    pub(crate) seen_at: Timestamp,
}

/// An attribute that was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SeenAttribute {
    /// The JSON types of its values.
    pub(crate) types: BTreeSet<&'static str>,
    /// The first values, and how often each was seen.
    pub(crate) values: Vec<(Value, u64)>,
    /// How often it was seen.
    pub(crate) seen_count: u64,
}

/// The samples of an environment.
#[derive(Default)]
struct Samples {
    /// A second since 1970, times 256, and how many samples were taken in it.
    taken: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The last seen at the end.
    contexts: VecDeque<(Option<String>, SeenContext)>,
    attributes: BTreeMap<String, SeenAttribute>,
}

impl Default for ContextSamples {
    fn default() -> Self {
        Self::new(true)
    }
}

impl ContextSamples {
    /// No samples yet; none ever unless `is_sampling`.
    pub fn new(is_sampling: bool) -> Self {
        Self { is_sampling, of_environments: ArcSwap::default() }
    }

    /// Whether samples are taken.
    pub(crate) fn is_sampling(&self) -> bool {
        self.is_sampling
    }

    /// Takes a sample, or not.
    pub(crate) fn take(&self, environment_id: EnvironmentId, now: Timestamp, subject: &Subject<'_>) {
        self.take_with(environment_id, now, |take| take(subject));
    }

    /// The same for a subject that has to be made first.
    pub(crate) fn take_with(
        &self,
        environment_id: EnvironmentId,
        now: Timestamp,
        make: impl FnOnce(&mut dyn FnMut(&Subject<'_>)),
    ) {
        if !self.is_sampling {
            return;
        }
        let known = self.of_environments.load();
        match known.get(&environment_id) {
            Some(samples) => samples.take(now, make),
            None if known.len() < ENVIRONMENTS_MAX => {
                drop(known);
                let samples = Arc::new(Samples::default());
                samples.take(now, make);
                self.of_environments.rcu(|known| {
                    let mut more = ByEnvironment::clone(known);
                    more.entry(environment_id).or_insert_with(|| Arc::clone(&samples));
                    more
                });
            }
            None => {}
        }
    }

    /// The contexts of an environment, the last seen first, at most `limit`.
    pub(crate) fn contexts(&self, environment_id: EnvironmentId, limit: usize) -> Vec<SeenContext> {
        self.read(environment_id, |kept| {
            kept.contexts.iter().rev().take(limit).map(|(_, seen)| seen.clone()).collect()
        })
    }

    /// The attributes of an environment, by name; their values with the most frequent first.
    pub(crate) fn attributes(&self, environment_id: EnvironmentId) -> BTreeMap<String, SeenAttribute> {
        let mut attributes = self.read(environment_id, |kept| kept.attributes.clone());
        for attribute in attributes.values_mut() {
            attribute.values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        }
        attributes
    }

    fn read<T: Default>(&self, environment_id: EnvironmentId, read: impl FnOnce(&Kept) -> T) -> T {
        let known = self.of_environments.load();
        let samples = known.get(&environment_id);
        samples
            .map(|samples| read(&samples.kept.lock().unwrap_or_else(PoisonError::into_inner)))
            .unwrap_or_default()
    }
}

impl Samples {
    fn take(&self, now: Timestamp, make: impl FnOnce(&mut dyn FnMut(&Subject<'_>))) {
        let second = now.as_second().unsigned_abs();
        let taken = self.taken.load(Ordering::Relaxed);
        let is_same_second = taken >> 8 == second;
        if is_same_second && taken & 0xff >= SAMPLES_A_SECOND {
            return;
        }
        let next = if is_same_second { taken + 1 } else { (second << 8) | 1 };
        // Whoever comes second at the same moment is left out.
        if self.taken.compare_exchange(taken, next, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let Ok(mut kept) = self.kept.try_lock() else { return };
        make(&mut |subject| kept.take(now, subject));
    }
}

impl Kept {
    fn take(&mut self, now: Timestamp, subject: &Subject<'_>) {
        let key = subject.targeting_key;
        let attributes = || subject.attributes.iter().filter(|(name, _)| *name != TARGETING_KEY);
        let text_bytes = |value: &AttributeValue<'_>| match value {
            AttributeValue::String(text) => text.len(),
            _ => size_of::<f64>(),
        };
        let bytes: usize = attributes().map(|(name, value)| name.len() + text_bytes(value)).sum();
        if bytes + key.map_or(0, str::len) > CONTEXT_MAX_BYTES || (key.is_none() && bytes == 0) {
            return;
        }
        let mut context = Map::new();
        if let Some(key) = key {
            context.insert(TARGETING_KEY.to_owned(), Value::from(key));
        }
        for (name, value) in attributes() {
            let value = json(value);
            self.see(name, &value);
            context.insert(name.to_owned(), value);
        }
        if let Some(position) = self.contexts.iter().position(|(known, _)| known.as_deref() == key) {
            self.contexts.remove(position);
        }
        if self.contexts.len() >= CONTEXTS_MAX {
            self.contexts.pop_front();
        }
        self.contexts.push_back((key.map(str::to_owned), SeenContext { context, seen_at: now }));
    }

    fn see(&mut self, name: &str, value: &Value) {
        if !self.attributes.contains_key(name) {
            if self.attributes.len() >= NAMES_MAX {
                return;
            }
            self.attributes.insert(name.to_owned(), SeenAttribute::default());
        }
        let Some(seen) = self.attributes.get_mut(name) else { return };
        seen.seen_count += 1;
        seen.types.insert(type_of(value));
        if let Some((_, count)) = seen.values.iter_mut().find(|(known, _)| known == value) {
            *count += 1;
            return;
        }
        let is_short = value.as_str().is_none_or(|text| text.chars().count() <= VALUE_MAX_CHARS);
        if is_short && !value.is_null() && seen.values.len() < VALUES_MAX {
            seen.values.push((value.clone(), 1));
        }
    }
}

fn json(value: &AttributeValue<'_>) -> Value {
    match value {
        AttributeValue::String(text) => Value::from(text.as_ref()),
        AttributeValue::Integer(integer) => Value::from(*integer),
        AttributeValue::Number(number) => Value::from(*number),
        AttributeValue::Boolean(boolean) => Value::from(*boolean),
        AttributeValue::Null => Value::Null,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flaghoist_eval::Attributes;
    use flaghoist_model::MintId;
    use flaghoist_testkit::ids::SeededIds;
    use jiff::SignedDuration;

    fn environment() -> EnvironmentId {
        EnvironmentId(SeededIds::new(1).mint())
    }

    fn take(samples: &ContextSamples, at: Timestamp, context: &str) {
        let attributes: Attributes<'_> = serde_json::from_str(context).unwrap();
        let targeting_key = match attributes.get(TARGETING_KEY) {
            Some(AttributeValue::String(key)) => Some(key.as_ref()),
            _ => None,
        };
        samples.take(environment(), at, &Subject { targeting_key, attributes: &attributes });
    }

    fn second(number: i64) -> Timestamp {
        Timestamp::from_second(number).unwrap()
    }

    #[test]
    fn twenty_contexts_of_a_second_are_kept() {
        let samples = ContextSamples::default();
        for number in 0..30 {
            take(&samples, second(1), &format!(r#"{{"targetingKey": "{number}"}}"#));
        }
        assert_eq!(samples.contexts(environment(), 100).len(), 20);
        take(&samples, second(2), r#"{"targetingKey": "next"}"#);
        let newest = &samples.contexts(environment(), 1)[0];
        assert_eq!((&newest.context[TARGETING_KEY], newest.seen_at), (&Value::from("next"), second(2)));
    }

    #[test]
    fn the_last_five_hundred_keys_are_kept_each_once() {
        let samples = ContextSamples::default();
        for number in 0..600 {
            take(&samples, second(number), &format!(r#"{{"targetingKey": "{number}", "plan": "old"}}"#));
        }
        take(&samples, second(601), r#"{"targetingKey": "300", "plan": "new"}"#);
        let contexts = samples.contexts(environment(), 1_000);
        assert_eq!(contexts.len(), 500);
        assert_eq!(contexts[0].context["plan"], "new");
        assert_eq!(contexts.iter().filter(|seen| seen.context[TARGETING_KEY] == "300").count(), 1);
        assert_eq!(contexts[499].context[TARGETING_KEY], "100");
    }

    #[test]
    fn what_is_large_is_left_out() {
        let samples = ContextSamples::default();
        take(&samples, second(1), &format!(r#"{{"targetingKey": "a", "text": "{}"}}"#, "x".repeat(5_000)));
        assert!(samples.contexts(environment(), 10).is_empty());
        take(&samples, second(1), &format!(r#"{{"targetingKey": "a", "text": "{}"}}"#, "x".repeat(101)));
        let text = &samples.attributes(environment())["text"];
        assert_eq!((text.seen_count, text.values.len()), (1, 0), "it was seen, and is no value to offer");
        for number in 0..1_000 {
            let at = second(10) + SignedDuration::from_secs(number);
            take(&samples, at, &format!(r#"{{"name-{number}": {number}, "number": {number}}}"#));
        }
        let attributes = samples.attributes(environment());
        assert_eq!((attributes.len(), attributes["number"].values.len()), (200, 20));
        assert_eq!(attributes["number"].seen_count, 1_000);
    }

    #[test]
    fn attributes_are_known_with_types_and_the_most_frequent_values_first() {
        let samples = ContextSamples::default();
        for plan in [r#""free""#, r#""pro""#, r#""pro""#, "7", "true"] {
            take(&samples, second(1), &format!(r#"{{"targetingKey": "a", "plan": {plan}, "tags": ["x"]}}"#));
        }
        let attributes = samples.attributes(environment());
        let plan = &attributes["plan"];
        assert_eq!(plan.types.iter().copied().collect::<Vec<_>>(), ["boolean", "number", "string"]);
        assert_eq!((&plan.values[0], plan.values.len()), (&(Value::from("pro"), 2), 4));
        assert!(!attributes.contains_key(TARGETING_KEY));
    }

    #[test]
    fn nothing_is_kept_where_it_is_switched_off() {
        let samples = ContextSamples::new(false);
        take(&samples, second(1), r#"{"targetingKey": "a"}"#);
        assert!(samples.contexts(environment(), 10).is_empty());
    }
}
