//! Our evaluation beside that of `eppo_core`: the same document, the same subjects, the same run.
//!
//! Each group measures one question by both engines; compare the two lines of a group, never lines of different runs.
//! `mixed` asks seven questions of different kinds one after another, `explained` the same with every step told. The
//! question against a list of 500 accounts is left out of both: it alone would decide the comparison.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use eppo_core::eval::{get_assignment, get_assignment_details};
use eppo_core::timestamp::Timestamp as TheirTimestamp;
use eppo_core::ufc::UniversalFlagConfig;
use eppo_core::{Attributes as TheirAttributes, Configuration, SdkMetadata, Str};
use flaghoist_eval::{Attributes, Dialect, Expected, Snapshot, Subject};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// As many flags as the other figures of this project are measured with.
const FLAGS: usize = 350;

const NOW: &str = "2026-06-15T12:00:00Z";

fn flag(key: &str, allocations: &Value) -> Value {
    json!({
        "key": key, "enabled": true, "variationType": "STRING", "totalShards": 10_000,
        "variations": {
            "control": {"key": "control", "value": "control"},
            "short": {"key": "short", "value": "short form"},
            "long": {"key": "long", "value": "long form"},
        },
        "allocations": allocations,
    })
}

fn everybody(variation: &str) -> Value {
    json!([{"variationKey": variation, "shards": []}])
}

fn rule(conditions: &Value) -> Value {
    json!([{"conditions": conditions}])
}

fn test(attribute: &str, operator: &str, value: impl Into<Value>) -> Value {
    json!({"attribute": attribute, "operator": operator, "value": value.into()})
}

/// Three variations at half exposure, as an experiment has them.
fn experiment() -> Value {
    let split = |variation: &str, start: u32, end: u32| {
        json!({"variationKey": variation, "shards": [
            {"salt": "traffic-onboarding-6f1a50ba", "ranges": [{"start": 0, "end": 9000}]},
            {"salt": "split-onboarding-6f1a50ba", "ranges": [{"start": start, "end": end}]},
        ]})
    };
    json!([split("control", 0, 3400), split("short", 3400, 6700), split("long", 6700, 10_000)])
}

fn document() -> Vec<u8> {
    let staff = json!({"key": "staff", "rules": rule(&json!([test("plan", "ONE_OF", vec!["staff", "beta"])])),
        "splits": everybody("long"), "doLog": true});
    let rest = json!({"key": "rest", "splits": everybody("control"), "doLog": false});
    let accounts: Vec<String> = (0..500).map(|number| format!("account-{number}")).collect();
    let mut flags = Map::new();
    let mut add = |key: &str, allocations: Value| flags.insert(key.to_owned(), flag(key, &allocations));
    add("simple", json!([rest]));
    add(
        "targeted",
        json!([staff, {"key": "adults", "rules": rule(&json!([
        test("age", "GTE", 18), test("country", "ONE_OF", vec!["DE", "FR", "AT", "CH"]),
    ])), "splits": everybody("short"), "doLog": true}, rest]),
    );
    add(
        "mail",
        json!([{"key": "colleagues", "rules": rule(&json!([
        test("email", "MATCHES", "@example\\.(com|org)$"),
    ])), "splits": everybody("short"), "doLog": true}, rest]),
    );
    add(
        "app",
        json!([{"key": "new", "rules": rule(&json!([
        test("version", "GTE", "2.1.0"), test("version", "LT", "3.0.0"),
    ])), "splits": everybody("short"), "doLog": true}, rest]),
    );
    add(
        "accounts",
        json!([{"key": "listed", "rules": rule(&json!([test("id", "ONE_OF", accounts)])),
        "splits": everybody("short"), "doLog": true}, rest]),
    );
    add("experiment", json!([staff, {"key": "experiment", "splits": experiment(), "doLog": true}]));
    add(
        "waterfall",
        json!([
            {"key": "past", "endAt": "2026-01-01T00:00:00Z", "splits": everybody("long"), "doLog": true},
            staff,
            {"key": "pilot", "rules": rule(&json!([
                test("age", "IS_NULL", false), test("country", "NOT_ONE_OF", vec!["US"]), test("plan", "MATCHES", "^ent"),
            ])), "splits": everybody("long"), "doLog": true},
            {"key": "experiment", "rules": rule(&json!([test("age", "GT", 17)])), "splits": experiment(), "doLog": true},
            rest,
        ]),
    );
    for number in 0..FLAGS {
        add(&format!("other-{number}"), json!([staff, rest]));
    }
    json!({"createdAt": "2026-06-01T00:00:00Z", "format": "SERVER", "environment": {"name": "bench"}, "flags": flags})
        .to_string()
        .into_bytes()
}

/// What is asked: flag and targeting key. The last one is left out of the mixed groups.
const QUESTIONS: [(&str, &str); 8] = [
    ("simple", "alice"),
    ("targeted", "alice"),
    ("mail", "alice"),
    ("app", "alice"),
    ("experiment", "alice"),
    ("waterfall", "bob"),
    ("absent", "alice"),
    ("accounts", "account-499"),
];

const MIXED: usize = QUESTIONS.len() - 1;

struct Ours<'a> {
    snapshot: Snapshot,
    attributes: Attributes<'a>,
    now: Timestamp,
}

impl Ours<'_> {
    fn subject<'s>(&'s self, key: &'s str) -> Subject<'s> {
        Subject { targeting_key: Some(key), attributes: &self.attributes }
    }

    fn decide(&self, flag: &str, key: &str) {
        black_box(self.snapshot.decide(
            black_box(flag),
            Expected::String,
            &self.subject(black_box(key)),
            self.now,
        ));
    }

    fn explain(&self, flag: &str, key: &str) {
        black_box(self.snapshot.explain(
            black_box(flag),
            Expected::String,
            &self.subject(black_box(key)),
            self.now,
        ));
    }
}

struct Theirs {
    configuration: Configuration,
    attributes: Arc<TheirAttributes>,
    now: TheirTimestamp,
    keys: Vec<Str>,
}

impl Theirs {
    fn decide(&self, flag: &str, key: &Str) {
        let expected = Some(eppo_core::ufc::VariationType::String);
        let (configuration, attributes) = (Some(&self.configuration), &self.attributes);
        let _ = black_box(get_assignment(
            configuration,
            black_box(flag),
            black_box(key),
            attributes,
            expected,
            self.now,
        ));
    }

    fn explain(&self, flag: &str, key: &Str) {
        let expected = Some(eppo_core::ufc::VariationType::String);
        let (configuration, attributes) = (Some(&self.configuration), &self.attributes);
        black_box(get_assignment_details(
            configuration,
            black_box(flag),
            black_box(key),
            attributes,
            expected,
            self.now,
        ));
    }
}

fn engines(bytes: Vec<u8>) -> (Ours<'static>, Theirs) {
    let snapshot = Snapshot::from_json(&bytes, Dialect::Eppo).expect("the document is valid");
    let metadata = SdkMetadata { name: "bench", version: "0" };
    let config = UniversalFlagConfig::from_json(metadata, bytes).expect("the document is valid");
    let texts =
        [("plan", "enterprise"), ("country", "DE"), ("email", "alice@example.com"), ("version", "2.4.1")];
    let mut attributes = Attributes::new();
    let mut theirs = TheirAttributes::new();
    for (name, text) in texts {
        attributes.insert(name, text);
        theirs.insert(name.into(), text.into());
    }
    attributes.insert("age", 17);
    theirs.insert("age".into(), 17.0.into());
    attributes.insert("beta", true);
    theirs.insert("beta".into(), true.into());
    let now: Timestamp = NOW.parse().expect("the instant is valid");
    let their_now = TheirTimestamp::from_timestamp(now.as_second(), 0).expect("the instant is valid");
    (
        Ours { snapshot, attributes, now },
        Theirs {
            configuration: Configuration::from_server_response(config, None),
            attributes: Arc::new(theirs),
            now: their_now,
            keys: QUESTIONS.iter().map(|(_, key)| (*key).into()).collect(),
        },
    )
}

fn evaluation(criterion: &mut Criterion) {
    let (ours, theirs) = engines(document());
    for (index, (flag, key)) in QUESTIONS.iter().enumerate() {
        let mut group = criterion.benchmark_group(*flag);
        group.bench_function("flaghoist", |bencher| bencher.iter(|| ours.decide(flag, key)));
        group
            .bench_function("eppo_core", |bencher| bencher.iter(|| theirs.decide(flag, &theirs.keys[index])));
        group.finish();
    }

    let mut group = criterion.benchmark_group("mixed");
    group.throughput(criterion::Throughput::Elements(MIXED as u64));
    group.bench_function("flaghoist", |bencher| {
        bencher.iter(|| QUESTIONS[..MIXED].iter().for_each(|(flag, key)| ours.decide(flag, key)));
    });
    group.bench_function("eppo_core", |bencher| {
        bencher.iter(|| {
            QUESTIONS[..MIXED].iter().zip(&theirs.keys).for_each(|((flag, _), key)| theirs.decide(flag, key));
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("explained");
    group.throughput(criterion::Throughput::Elements(MIXED as u64));
    group.bench_function("flaghoist", |bencher| {
        bencher.iter(|| QUESTIONS[..MIXED].iter().for_each(|(flag, key)| ours.explain(flag, key)));
    });
    group.bench_function("eppo_core", |bencher| {
        bencher.iter(|| {
            QUESTIONS[..MIXED]
                .iter()
                .zip(&theirs.keys)
                .for_each(|((flag, _), key)| theirs.explain(flag, key));
        });
    });
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let bytes = document();
    let mut group = criterion.benchmark_group("document");
    group.throughput(criterion::Throughput::Bytes(bytes.len() as u64));
    group.bench_function("flaghoist", |bencher| {
        bencher.iter(|| Snapshot::from_json(black_box(&bytes), Dialect::Eppo));
    });
    group.bench_function("eppo_core", |bencher| {
        let metadata = SdkMetadata { name: "bench", version: "0" };
        bencher.iter(|| UniversalFlagConfig::from_json(metadata, black_box(bytes.clone())));
    });
    group.finish();
}

criterion_group!(benches, evaluation, reading);
criterion_main!(benches);
