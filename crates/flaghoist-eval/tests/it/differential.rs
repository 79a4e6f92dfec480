//! Our answers beside those of `eppo_core`, the Rust core of the Eppo SDKs, on random configurations.
//!
//! What the specification makes different is left out of the configurations ([`crate::scenario`]), one by one:
//!
//! - a null targeting key: `eppo_core` always has a subject;
//! - `totalShards` 0: `eppo_core` divides by it;
//! - faults of variations (missing, of another type, under another key): `eppo_core` fails only for the subjects that
//!   would get them, here the flag is broken;
//! - build metadata of versions: `eppo_core` orders by it, semantic versioning ignores it;
//! - integers beyond 2^53: `eppo_core` keeps every number as a double.
//!
//! And what it words differently is translated: disabled flags answer `DISABLED` here and "no assignment" there, a
//! type clash is an error in both.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use eppo_core::eval::eval_details::{AllocationEvaluationCode, AllocationEvaluationDetails};
use eppo_core::eval::{get_assignment, get_assignment_details};
use eppo_core::timestamp::Timestamp;
use eppo_core::ufc::{AssignmentValue, UniversalFlagConfig, VariationType as EppoType};
use eppo_core::{AttributeValue, Attributes, Configuration, EvaluationError, SdkMetadata, Str};
use flaghoist_eval::{
    AllocationExplanation, Decision, Dialect, ErrorCode, Expected, Outcome, Reason, Snapshot, Subject, Value,
    check_version, eppo_document, wire,
};

use crate::given;
use crate::scenario::{self, Asking, Dice};

const CONFIGURATIONS: u64 = 1200;
const SUBJECTS: u64 = 16;

struct Theirs {
    configuration: Configuration,
    subject: Str,
    attributes: Arc<Attributes>,
    now: Timestamp,
}

fn their_configuration(document: &serde_json::Value) -> Configuration {
    let metadata = SdkMetadata { name: "test", version: "0" };
    let config = UniversalFlagConfig::from_json(metadata, document.to_string().into_bytes()).unwrap();
    Configuration::from_server_response(config, None)
}

fn their_attribute(value: &serde_json::Value) -> AttributeValue {
    match value {
        serde_json::Value::Null => AttributeValue::null(),
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Number(value) => value.as_f64().unwrap().into(),
        serde_json::Value::String(value) => value.as_str().into(),
        nested => panic!("{nested} is no attribute"),
    }
}

impl Theirs {
    fn ask(&mut self, asking: &Asking) {
        let attributes = &asking.attributes;
        self.subject = asking.targeting_key.as_str().into();
        self.attributes = Arc::new(
            attributes.iter().map(|(name, value)| (name.as_str().into(), their_attribute(value))).collect(),
        );
        self.now = Timestamp::from_timestamp_micros(asking.now.as_microsecond()).unwrap();
    }
}

fn their_type(expected: Expected) -> Option<EppoType> {
    match expected {
        Expected::String => Some(EppoType::String),
        Expected::Integer => Some(EppoType::Integer),
        Expected::Numeric => Some(EppoType::Numeric),
        Expected::Boolean => Some(EppoType::Boolean),
        Expected::Json => Some(EppoType::Json),
        Expected::Any | Expected::Number => None,
    }
}

fn same_value(ours: &Value, theirs: &AssignmentValue) -> bool {
    match (ours, theirs) {
        (Value::String(a), AssignmentValue::String(b)) => **a == *b.as_str(),
        (Value::Integer(a), AssignmentValue::Integer(b)) => a == b,
        (Value::Numeric(a), AssignmentValue::Numeric(b)) => a.to_bits() == b.to_bits(),
        (Value::Boolean(a), AssignmentValue::Boolean(b)) => a == b,
        (Value::Json(a), AssignmentValue::Json { parsed, .. }) => a.get() == parsed.to_string(),
        _ => false,
    }
}

/// Compares the decision; what was compared is the key under which it is counted.
fn compare_decision(key: &str, expected: Expected, ours: &Decision<'_>, theirs: &Theirs) -> &'static str {
    let Theirs { configuration, subject, attributes, now } = theirs;
    match get_assignment(Some(configuration), key, subject, attributes, their_type(expected), *now) {
        Err(EvaluationError::TypeMismatch { .. }) => {
            assert_eq!(ours.error_code, Some(ErrorCode::TypeMismatch));
            "mismatch"
        }
        Err(other) => panic!("{other}"),
        Ok(None) => {
            assert!(matches!(ours.reason, Reason::Default | Reason::Disabled), "{ours:?}");
            assert_eq!((ours.value, ours.variant), (None, None));
            if ours.reason == Reason::Disabled { "disabled" } else { "default" }
        }
        Ok(Some(assignment)) => {
            let value = ours.value.unwrap_or_else(|| panic!("they serve {:?}", assignment.value));
            assert!(same_value(value, &assignment.value), "{value:?} {:?}", assignment.value);
            assert_eq!(ours.do_log, assignment.event.is_some());
            if let Some(event) = &assignment.event {
                assert_eq!(ours.allocation_key, Some(event.base.allocation.as_str()));
                assert_eq!(ours.variant, Some(event.base.variation.as_str()));
                let extra: HashMap<String, String> = ours.extra_logging.clone().into_iter().collect();
                assert_eq!(extra, event.base.extra_logging);
            }
            ours.reason.as_str()
        }
    }
}

fn code(outcome: &Outcome<'_>) -> AllocationEvaluationCode {
    match outcome {
        Outcome::Matched { .. } => AllocationEvaluationCode::Match,
        Outcome::RulesFailed { .. } => AllocationEvaluationCode::FailingRule,
        Outcome::BeforeStart { .. } => AllocationEvaluationCode::BeforeStartTime,
        Outcome::AfterEnd { .. } => AllocationEvaluationCode::AfterEndTime,
        Outcome::TrafficMiss { .. } => AllocationEvaluationCode::TrafficExposureMiss,
        Outcome::NotReached => AllocationEvaluationCode::Unevaluated,
        Outcome::TargetingKeyMissing { .. } => panic!("every subject has a targeting key"),
    }
}

/// Compares what is told about one allocation: its fate, the rule that matched or the condition at which each rule
/// failed, and every bucket in order.
fn compare_allocation(ours: &AllocationExplanation<'_>, theirs: &AllocationEvaluationDetails) {
    assert_eq!(ours.key, theirs.key.as_str());
    assert_eq!(code(&ours.outcome), theirs.allocation_evaluation_code);
    let their_rule = theirs.evaluated_rules.iter().position(|rule| rule.matched);
    let their_buckets = theirs
        .evaluated_splits
        .iter()
        .flat_map(|split| split.shards.iter().map(|shard| (shard.shard_value, shard.matched)));
    match &ours.outcome {
        Outcome::Matched { rule, buckets, .. } | Outcome::TrafficMiss { rule, buckets } => {
            assert_eq!(*rule, their_rule);
            let our_buckets = buckets.iter().map(|bucket| (bucket.bucket, bucket.held));
            assert!(our_buckets.eq(their_buckets), "{buckets:?}");
        }
        Outcome::RulesFailed { failed } => {
            for failed in failed.iter().filter(|failed| failed.operator.is_some()) {
                let conditions = &theirs.evaluated_rules[failed.rule].conditions;
                assert_eq!(
                    conditions.iter().position(|condition| !condition.matched),
                    Some(failed.condition)
                );
            }
            assert_eq!(failed.len(), theirs.evaluated_rules.len());
        }
        _ => {}
    }
}

fn compare_explanations(key: &str, ours: &[AllocationExplanation<'_>], theirs: &Theirs) -> usize {
    let Theirs { configuration, subject, attributes, now } = theirs;
    let (result, _) = get_assignment_details(Some(configuration), key, subject, attributes, None, *now);
    let details = &result.evaluation_details.allocations;
    assert_eq!(ours.len(), details.len());
    ours.iter().zip(details).for_each(|(ours, theirs)| compare_allocation(ours, theirs));
    ours.len()
}

/// Whether the Datadog dialect reads a version where the Eppo dialect, which wants exactly three parts, sees none.
fn has_extended_version(asking: &Asking) -> bool {
    let extended = |text: &str| check_version(text) && semver::Version::parse(text).is_err();
    asking.attributes.values().filter_map(serde_json::Value::as_str).any(extended)
        || extended(&asking.targeting_key)
}

/// Says which case fails before the panic goes on.
struct Case<'a> {
    seed: u64,
    flag: &'a str,
    document: &'a serde_json::Value,
    asking: &'a Asking,
}

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Case { seed, flag, document, asking } = self;
            let Asking { targeting_key, attributes, now } = asking;
            eprintln!(
                "seed {seed}: {flag} for `{targeting_key}` with {} at {now} in\n{document}",
                serde_json::Value::from(attributes.clone())
            );
        }
    }
}

#[test]
fn decisions_and_explanations_equal_those_of_eppo_core() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut allocations, mut in_datadog, mut rendered) = (0, 0, 0);
    for seed in 0..CONFIGURATIONS {
        let mut dice = Dice::new(seed);
        let configuration = scenario::configuration(&mut dice);
        let eppo = Snapshot::from_json(configuration.eppo.to_string().as_bytes(), Dialect::Eppo).unwrap();
        let datadog =
            Snapshot::from_json(configuration.datadog.to_string().as_bytes(), Dialect::Datadog).unwrap();
        let mut theirs = Theirs {
            configuration: their_configuration(&configuration.eppo),
            subject: "".into(),
            attributes: Arc::default(),
            now: Timestamp::default(),
        };
        // The Datadog document as we render it for Eppo's SDKs is one that means the same to them.
        let document: wire::Document = serde_json::from_value(configuration.datadog.clone()).unwrap();
        let mut theirs_rendered = Theirs {
            configuration: their_configuration(&eppo_document::server_document(&document)),
            subject: "".into(),
            attributes: Arc::default(),
            now: Timestamp::default(),
        };
        for _ in 0..SUBJECTS {
            let asking = scenario::asking(&mut dice);
            theirs.ask(&asking);
            theirs_rendered.ask(&asking);
            let attributes = given::attributes(&asking.attributes.clone().into());
            let subject = Subject { targeting_key: Some(&asking.targeting_key), attributes: &attributes };
            let key = format!("flag-{}", dice.below(configuration.flags));
            let expected = if dice.once_in(3) {
                dice.pick(&[
                    Expected::String,
                    Expected::Integer,
                    Expected::Numeric,
                    Expected::Boolean,
                    Expected::Json,
                ])
            } else {
                Expected::Any
            };
            let _case = Case { seed, flag: &key, document: &configuration.eppo, asking: &asking };

            let ours = eppo.decide(&key, expected, &subject, asking.now);
            let compared = compare_decision(&key, expected, &ours, &theirs);
            *counts.entry(compared).or_default() += 1;
            compare_decision(&key, expected, &ours, &theirs_rendered);
            rendered += 1;

            let (any, explanation) = eppo.explain(&key, Expected::Any, &subject, asking.now);
            if any.reason != Reason::Disabled {
                allocations += compare_explanations(&key, &explanation.allocations, &theirs);
            }

            if !(configuration.compares_versions && has_extended_version(&asking)) {
                assert_eq!(
                    datadog.decide(&key, expected, &subject, asking.now),
                    ours,
                    "in the Datadog dialect"
                );
                in_datadog += 1;
            }
        }
    }
    eprintln!("compared {counts:?}, {allocations} allocations, {in_datadog} in the Datadog dialect");
    for compared in ["TARGETING_MATCH", "SPLIT", "STATIC", "DEFAULT", "default", "disabled", "mismatch"] {
        assert!(counts.get(compared).is_some_and(|count| *count >= 100), "too few of {compared}: {counts:?}");
    }
    assert!(allocations > 10_000 && in_datadog > 8000, "{allocations} {in_datadog}");
    assert!(rendered > 10_000, "{rendered}");
}

#[test]
fn a_flag_that_neither_engine_can_read_serves_the_default_in_both() {
    let document = given::document(&serde_json::json!({"flag-0": {"key": "flag-0", "enabled": true}}));
    let ours = Snapshot::from_json(document.to_string().as_bytes(), Dialect::Eppo).unwrap();
    let theirs = their_configuration(&document);
    let now = Timestamp::default();
    for (key, code) in [("flag-0", ErrorCode::ParseError), ("flag-1", ErrorCode::FlagNotFound)] {
        let assignment = get_assignment(Some(&theirs), key, &"a".into(), &Arc::default(), None, now);
        assert_eq!(assignment.is_err(), code == ErrorCode::ParseError, "an unknown flag is no error there");
        let attributes = flaghoist_eval::Attributes::new();
        let subject = Subject { targeting_key: Some("a"), attributes: &attributes };
        assert_eq!(ours.decide(key, Expected::Any, &subject, given::now()).error_code, Some(code));
    }
}
