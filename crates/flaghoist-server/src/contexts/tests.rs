//! Tests of what is kept of contexts, and for how long.

use super::*;
use flaghoist_eval::Attributes;
use flaghoist_model::MintId;
use flaghoist_testkit::ids::SeededIds;

fn environment() -> EnvironmentId {
    EnvironmentId(SeededIds::new(1).mint())
}

fn take_in(samples: &ContextSamples, environment_id: EnvironmentId, at: Timestamp, context: &str) {
    let attributes: Attributes<'_> = serde_json::from_str(context).unwrap();
    let targeting_key = match attributes.get(TARGETING_KEY) {
        Some(AttributeValue::String(key)) => Some(key.as_ref()),
        _ => None,
    };
    samples.take(environment_id, at, &Subject { targeting_key, attributes: &attributes });
}

fn take(samples: &ContextSamples, at: Timestamp, context: &str) {
    take_in(samples, environment(), at, context);
}

fn second(number: i64) -> Timestamp {
    Timestamp::from_second(number).unwrap()
}

/// Whether a context is kept.
fn is_kept(context: &str) -> bool {
    let samples = ContextSamples::default();
    take(&samples, second(1), context);
    !samples.contexts(environment(), 10).is_empty()
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
fn what_is_not_kept_takes_no_turn_of_a_second() {
    let samples = ContextSamples::default();
    let large = format!(r#"{{"text": "{}"}}"#, "x".repeat(5_000));
    for _ in 0..30 {
        take(&samples, second(1), "{}");
        take(&samples, second(1), &large);
        samples.take_with(environment(), second(1), |_| {});
    }
    assert!(samples.of_environments.load().is_empty(), "nothing was kept of it");
    for number in 0..30 {
        take(&samples, second(1), "{}");
        take(&samples, second(1), &large);
        take(&samples, second(1), &format!(r#"{{"targetingKey": "{number}"}}"#));
    }
    assert_eq!(samples.contexts(environment(), 100).len(), 20);
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
    let text = |length: usize| format!(r#"{{"targetingKey": "a", "text": "{}"}}"#, "x".repeat(length));
    assert!(is_kept(&text(3_900)));
    assert!(!is_kept(&text(4_000)), "an attribute costs more than its text");
    let many = |count: usize, value: &str| {
        let members: Vec<String> = (0..count).map(|number| format!(r#""{number}": {value}"#)).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(is_kept(&many(50, "1")));
    assert!(!is_kept(&many(70, "1")), "numbers cost something, too");
    assert!(!is_kept(&many(70, "null")));
    assert!(!is_kept(&many(101, r#""""#)));
    let nested = format!(r#"{{"plan": "pro", "nested": {{"text": ["{}"]}}}}"#, "x".repeat(5_000));
    let samples = ContextSamples::default();
    take(&samples, second(1), &nested);
    let kept = &samples.contexts(environment(), 1)[0].context;
    assert_eq!(Value::from(kept.clone()), serde_json::json!({"plan": "pro"}));
}

#[test]
fn attributes_are_known_with_types_and_the_most_frequent_values_first() {
    let samples = ContextSamples::default();
    for (key, plan) in [r#""free""#, r#""pro""#, r#""pro""#, "7", "true", "null"].iter().enumerate() {
        let context = format!(r#"{{"targetingKey": "{key}", "plan": {plan}, "tags": ["x"]}}"#);
        take(&samples, second(1), &context);
    }
    let attributes = samples.attributes(environment());
    let plan = &attributes["plan"];
    assert_eq!(plan.types.iter().copied().collect::<Vec<_>>(), ["boolean", "null", "number", "string"]);
    assert_eq!((&plan.values[0], plan.values.len()), (&(Value::from("pro"), 2), 4));
    assert_eq!((plan.seen_count, attributes.len()), (6, 1), "no targeting key, and nothing nested");
}

#[test]
fn attributes_are_those_of_the_contexts_that_are_kept_now() {
    let samples = ContextSamples::default();
    let take_at = |number: i64, attributes: &str| {
        take(&samples, second(number), &format!(r#"{{"targetingKey": "{number}", {attributes}}}"#));
    };
    take_at(1, r#""forgotten": 1, "plan": "old""#);
    for number in 2..=501 {
        take_at(number, &format!(r#""name-{number}": true, "number": {number}, "plan": "new""#));
    }
    let attributes = samples.attributes(environment());
    assert_eq!(attributes["plan"].values, [(Value::from("new"), 500)]);
    assert!(!attributes.contains_key("forgotten"));
    assert_eq!((attributes.len(), attributes["number"].values.len()), (200, 20));
    assert_eq!(attributes["number"].values[0].0, 501, "of values as frequent, the last seen");
    take_at(502, &format!(r#""text": "{}""#, "x".repeat(101)));
    take_at(503, &format!(r#""text": "{}""#, "x".repeat(101)));
    let text = &samples.attributes(environment())["text"];
    assert_eq!((text.seen_count, text.values.len()), (2, 0), "it was seen, and is no value to offer");
}

#[test]
fn contexts_older_than_a_day_are_forgotten() {
    let samples = ContextSamples::default();
    let published = HashSet::from([environment()]);
    let keys = || samples.contexts(environment(), 10).len();
    take(&samples, second(1), r#"{"targetingKey": "a", "plan": "pro"}"#);
    take(&samples, second(10), r#"{"targetingKey": "b"}"#);
    samples.forget(second(1) + KEPT_FOR, &published);
    assert_eq!(keys(), 2);
    samples.forget(second(2) + KEPT_FOR, &published);
    assert_eq!((keys(), samples.attributes(environment()).len()), (1, 0));
    take(&samples, second(11) + KEPT_FOR, r#"{"targetingKey": "c"}"#);
    assert_eq!(keys(), 1, "even when nobody asks");
}

#[test]
fn environments_that_are_gone_are_forgotten() {
    let samples = ContextSamples::default();
    let gone = EnvironmentId(SeededIds::new(2).mint());
    for id in [environment(), gone] {
        take_in(&samples, id, second(1), r#"{"targetingKey": "a"}"#);
    }
    samples.forget(second(1), &HashSet::from([environment()]));
    let known = samples.of_environments.load();
    assert_eq!(known.keys().collect::<Vec<_>>(), [&environment()]);
}

#[test]
fn an_environment_finds_room_among_a_thousand_when_another_is_quiet() {
    let samples = ContextSamples::default();
    let ids = SeededIds::new(3);
    let mint = || EnvironmentId(ids.mint());
    let (deleted, others) = (mint(), (1..ENVIRONMENTS_MAX).map(|_| mint()).collect::<Vec<_>>());
    take_in(&samples, deleted, second(1), r#"{"targetingKey": "a"}"#);
    for id in &others {
        take_in(&samples, *id, second(60), r#"{"targetingKey": "a"}"#);
    }
    let contexts = |id: EnvironmentId| samples.contexts(id, 10).len();
    take(&samples, second(60), r#"{"targetingKey": "a"}"#);
    assert_eq!((contexts(environment()), contexts(deleted)), (0, 1), "all of them are evaluated");
    take(&samples, second(61), r#"{"targetingKey": "a"}"#);
    assert_eq!((contexts(environment()), contexts(deleted)), (1, 0));
    assert_eq!(samples.of_environments.load().len(), ENVIRONMENTS_MAX);
}

#[test]
fn nothing_is_kept_where_it_is_switched_off() {
    let samples = ContextSamples::new(false);
    take(&samples, second(1), r#"{"targetingKey": "a"}"#);
    assert!(samples.contexts(environment(), 10).is_empty());
}
