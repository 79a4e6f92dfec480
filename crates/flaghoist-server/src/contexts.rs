//! What applications were evaluated with lately: a sample of contexts, for people who write rules and want to try them
//! out. It is kept in memory only, by each server of what it saw itself, for a day, and nothing ever writes it down.
//!
//! Evaluations pass by here, so taking a sample never waits: most look at one number, at most twenty in a second of an
//! environment are copied, and one that finds somebody else copying leaves.

use arc_swap::ArcSwap;
use flaghoist_eval::{AttributeValue, Subject};
use flaghoist_model::id::EnvironmentId;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The member of a context that holds the targeting key.
const TARGETING_KEY: &str = "targetingKey";
/// Most samples of a second.
const SAMPLES_A_SECOND: u64 = 20;
/// Most contexts of an environment, each of another targeting key.
const CONTEXTS_MAX: usize = 500;
/// How long a context is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Largest context, in bytes of memory.
const CONTEXT_MAX_BYTES: usize = 4 * 1024;
/// What an attribute costs beside its name and its text.
const ATTRIBUTE_BYTES: usize = 64;
/// Most attributes of a context.
const ATTRIBUTES_MAX: usize = 100;
/// Most attributes of an answer.
const NAMES_MAX: usize = 200;
/// Most values of an attribute.
const VALUES_MAX: usize = 20;
/// Longest text among the values of an attribute, in characters.
const VALUE_MAX_CHARS: usize = 100;
/// Most environments.
const ENVIRONMENTS_MAX: usize = 1_000;
/// An environment of which nothing was kept for so long makes room for another when there are too many.
const QUIET_SECONDS: u64 = 60;

type ByEnvironment = HashMap<EnvironmentId, Arc<Samples>, foldhash::fast::RandomState>;

/// What applications were evaluated with lately.
pub struct ContextSamples {
    is_sampling: bool,
    of_environments: ArcSwap<ByEnvironment>,
    /// The second since 1970 in which room was last looked for.
    room_sought: AtomicU64,
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
    /// The most frequent values, and in how many contexts each is.
    pub(crate) values: Vec<(Value, u64)>,
    /// In how many contexts it is.
    pub(crate) seen_count: u64,
}

/// The samples of an environment.
#[derive(Default)]
struct Samples {
    /// The second since 1970 of the last sample, times 256, and how many were kept in it. Written by who holds `kept`.
    taken: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The last seen at the end.
    contexts: VecDeque<SeenContext>,
}

impl Default for ContextSamples {
    fn default() -> Self {
        Self::new(true)
    }
}

impl ContextSamples {
    /// No samples yet; none ever unless `is_sampling`.
    pub fn new(is_sampling: bool) -> Self {
        Self { is_sampling, of_environments: ArcSwap::default(), room_sought: AtomicU64::default() }
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
        if let Some(samples) = known.get(&environment_id) {
            samples.take(now, make);
            return;
        }
        let is_full = known.len() >= ENVIRONMENTS_MAX;
        drop(known);
        if is_full && !self.make_room(now) {
            return;
        }
        let samples = Arc::new(Samples::default());
        samples.take(now, make);
        if samples.is_empty() {
            return;
        }
        self.of_environments.rcu(|known| {
            let mut more = ByEnvironment::clone(known);
            more.entry(environment_id).or_insert_with(|| Arc::clone(&samples));
            more
        });
    }

    /// Forgets the environment of which nothing was kept for the longest time. Nobody reads from one that was deleted, so
    /// those go first. Evaluations wait for this, so it looks once in a second.
    fn make_room(&self, now: Timestamp) -> bool {
        let second = second_of(now);
        if self.room_sought.swap(second, Ordering::Relaxed) == second {
            return false;
        }
        let known = self.of_environments.load();
        let quietest = known.iter().map(|(id, samples)| (samples.last_second(), *id)).min();
        let quietest = quietest.filter(|(last, _)| last.saturating_add(QUIET_SECONDS) <= second);
        let Some((_, quietest)) = quietest else { return false };
        self.keep_only(|id| id != quietest);
        true
    }

    /// Forgets contexts that are too old, and all of the environments that are not among those `published`.
    pub(crate) fn forget(&self, now: Timestamp, published: &HashSet<EnvironmentId>) {
        for samples in self.of_environments.load().values() {
            samples.locked(|kept| kept.forget(now));
        }
        if self.of_environments.load().keys().any(|id| !published.contains(id)) {
            self.keep_only(|id| published.contains(&id));
        }
    }

    fn keep_only(&self, is_kept: impl Fn(EnvironmentId) -> bool) {
        self.of_environments.rcu(|known| {
            let mut rest = ByEnvironment::clone(known);
            rest.retain(|id, _| is_kept(*id));
            rest
        });
    }

    /// The contexts of an environment, the last seen first, at most `limit`. [`forget`](Self::forget) what is too old
    /// before.
    pub(crate) fn contexts(&self, environment_id: EnvironmentId, limit: usize) -> Vec<SeenContext> {
        self.read(environment_id, |kept| kept.contexts.iter().rev().take(limit).cloned().collect())
    }

    /// The attributes that most contexts of an environment have, by name; their values with the most frequent first.
    /// [`forget`](Self::forget) what is too old before.
    pub(crate) fn attributes(&self, environment_id: EnvironmentId) -> BTreeMap<String, SeenAttribute> {
        self.read(environment_id, Kept::attributes)
    }

    fn read<T: Default>(&self, environment_id: EnvironmentId, read: impl FnOnce(&Kept) -> T) -> T {
        let known = self.of_environments.load();
        known.get(&environment_id).map(|samples| samples.locked(|kept| read(kept))).unwrap_or_default()
    }
}

impl Samples {
    fn take(&self, now: Timestamp, make: impl FnOnce(&mut dyn FnMut(&Subject<'_>))) {
        if self.taken_in(now) >= SAMPLES_A_SECOND {
            return;
        }
        make(&mut |subject| {
            if !is_worth_keeping(subject) {
                return;
            }
            let Ok(mut kept) = self.kept.try_lock() else { return };
            // Somebody else may have kept one since.
            let taken = self.taken_in(now);
            if taken < SAMPLES_A_SECOND {
                self.taken.store((second_of(now) << 8) | (taken + 1), Ordering::Relaxed);
                kept.put(now, subject);
            }
        });
    }

    /// How many samples were kept in the second of `now`.
    fn taken_in(&self, now: Timestamp) -> u64 {
        let taken = self.taken.load(Ordering::Relaxed);
        if taken >> 8 == second_of(now) { taken & 0xff } else { 0 }
    }

    /// The second since 1970 in which a sample was last kept.
    fn last_second(&self) -> u64 {
        self.taken.load(Ordering::Relaxed) >> 8
    }

    fn is_empty(&self) -> bool {
        self.taken.load(Ordering::Relaxed) == 0
    }

    fn locked<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn put(&mut self, now: Timestamp, subject: &Subject<'_>) {
        let key = subject.targeting_key;
        let mut context = Map::new();
        if let Some(key) = key {
            context.insert(TARGETING_KEY.to_owned(), Value::from(key));
        }
        for (name, value) in attributes_of(subject) {
            context.insert(name.to_owned(), json(value));
        }
        let key_of = |seen: &SeenContext| seen.context.get(TARGETING_KEY).and_then(Value::as_str) == key;
        if let Some(position) = self.contexts.iter().position(key_of) {
            self.contexts.remove(position);
        }
        let is_old = |seen: &SeenContext| now.duration_since(seen.seen_at) > KEPT_FOR;
        while self.contexts.len() >= CONTEXTS_MAX || self.contexts.front().is_some_and(is_old) {
            self.contexts.pop_front();
        }
        self.contexts.push_back(SeenContext { context, seen_at: now });
    }

    fn forget(&mut self, now: Timestamp) {
        self.contexts.retain(|seen| now.duration_since(seen.seen_at) <= KEPT_FOR);
    }

    fn attributes(&self) -> BTreeMap<String, SeenAttribute> {
        let mut values_by_name: HashMap<&str, Vec<&Value>> = HashMap::new();
        for (name, value) in self.contexts.iter().rev().flat_map(|seen| &seen.context) {
            if name != TARGETING_KEY {
                values_by_name.entry(name).or_default().push(value);
            }
        }
        let mut attributes: Vec<_> = values_by_name.into_iter().collect();
        attributes.sort_by_key(|(name, values)| (Reverse(values.len()), *name));
        attributes.truncate(NAMES_MAX);
        attributes.into_iter().map(|(name, values)| (name.to_owned(), SeenAttribute::of(&values))).collect()
    }
}

impl SeenAttribute {
    /// The attribute that has these values, the last seen first.
    fn of(all: &[&Value]) -> Self {
        let is_short = |value: &Value| {
            value
                .as_str()
                .is_none_or(|text| text.chars().take(VALUE_MAX_CHARS + 1).count() <= VALUE_MAX_CHARS)
        };
        let mut counts: HashMap<&Value, (u64, usize)> = HashMap::new();
        for (position, value) in
            all.iter().enumerate().filter(|(_, value)| !value.is_null() && is_short(value))
        {
            counts.entry(value).or_insert((0, position)).0 += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, (count, position))| (Reverse(*count), *position));
        counts.truncate(VALUES_MAX);
        Self {
            types: all.iter().map(|value| type_of(value)).collect(),
            values: counts.into_iter().map(|(value, (count, _))| (value.clone(), count)).collect(),
            seen_count: all.len() as u64,
        }
    }
}

fn second_of(now: Timestamp) -> u64 {
    now.as_second().unsigned_abs()
}

/// The attributes without the targeting key. Nested values are none of them: readers leave them out, and so do samples.
fn attributes_of<'s>(subject: &Subject<'s>) -> impl Iterator<Item = (&'s str, &'s AttributeValue<'s>)> {
    subject.attributes.iter().filter(|(name, _)| *name != TARGETING_KEY)
}

/// Whether a context says something, and costs no more memory than one may.
fn is_worth_keeping(subject: &Subject<'_>) -> bool {
    // Asked first: going through thousands of attributes for nothing costs time.
    if subject.attributes.len() > ATTRIBUTES_MAX {
        return false;
    }
    let text_bytes = |value: &AttributeValue<'_>| match value {
        AttributeValue::String(text) => text.len(),
        _ => 0,
    };
    let attributes =
        attributes_of(subject).map(|(name, value)| ATTRIBUTE_BYTES + name.len() + text_bytes(value));
    let key = subject.targeting_key.map(|key| ATTRIBUTE_BYTES + TARGETING_KEY.len() + key.len());
    (1..=CONTEXT_MAX_BYTES).contains(&attributes.chain(key).sum())
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
mod tests;
