//! Random configurations and subjects, the same for the same seed, written in both dialects.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::given::{at, document};

/// SplitMix64: small, and no seed is a bad one.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// Once in `n`.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn shard_bound(&mut self) -> u32 {
        self.pick(&[0, 1, 2500, 5000, 7500, 9999, 10_000])
    }
}

/// One configuration in both dialects, and how many flags `flag-<n>` it has.
pub(crate) struct Configuration {
    pub eppo: Value,
    pub datadog: Value,
    pub flags: usize,
    /// Versions are compared, of which the Datadog dialect reads more than the Eppo dialect.
    pub compares_versions: bool,
}

/// Who asks, when.
pub(crate) struct Asking {
    pub targeting_key: String,
    pub attributes: Map<String, Value>,
    pub now: Timestamp,
}

const ATTRIBUTES: [&str; 6] = ["plan", "age", "version", "country", "beta", "id"];
const TEXTS: [&str; 9] = ["pro", "free", "42", "true", "DE", "", "user-1", "user-2", "1.5.0"];
const NUMBERS: [&str; 6] = ["0", "18", "42", "-1.5", "0.1", "1e3"];
/// Without build metadata: the Rust core of Eppo orders versions by it, semantic versioning ignores it.
const VERSIONS: [&str; 7] = ["1.5.0", "1.10.0", "2.0.0-rc.1", "2.0.0-rc.10", "2.0.0", "0.0.1", "1.5.0-a.b"];
const LOOSE_VERSIONS: [&str; 3] = ["1.5", "v1.5.0", "1.5.0.1"];
const PATTERNS: [&str; 6] = ["^pro$", "user-\\d", "e", "(?i)de", "^\\d+(\\.\\d+)?$", "^$"];
const INSTANTS: [&str; 4] =
    ["2026-01-01T00:00:00Z", "2026-06-15T12:00:00Z", "2026-06-15T12:00:00.001Z", "2027-01-01T00:00:00Z"];
const SALTS: [&str; 4] =
    ["traffic-a", "split-a", "traffic-b", "a salt that is rather long, longer than one block of the hash"];

pub(crate) fn configuration(dice: &mut Dice) -> Configuration {
    let flags = 1 + dice.below(3);
    let mut compares_versions = false;
    let (mut eppo, mut datadog) = (Map::new(), Map::new());
    for index in 0..flags {
        let key = format!("flag-{index}");
        let (in_eppo, in_datadog) = flag(dice, &key, &mut compares_versions);
        eppo.insert(key.clone(), in_eppo);
        datadog.insert(key, in_datadog);
    }
    Configuration {
        eppo: document(&eppo.into()),
        datadog: document(&datadog.into()),
        flags,
        compares_versions,
    }
}

fn flag(dice: &mut Dice, key: &str, compares_versions: &mut bool) -> (Value, Value) {
    let variation_type = dice.pick(&["STRING", "INTEGER", "NUMERIC", "BOOLEAN", "JSON"]);
    let (mut in_eppo, mut in_datadog) = (Map::new(), Map::new());
    for index in 0..3 {
        let variation = format!("v{index}");
        let (text, native) = match variation_type {
            "STRING" => (json!(format!("text {index}")), json!(format!("text {index}"))),
            "INTEGER" => (json!(index), json!(index)),
            "NUMERIC" => (json!(f64::from(index) / 2.0), json!(f64::from(index) / 2.0)),
            "BOOLEAN" => (json!(index == 0), json!(index == 0)),
            _ => (json!(format!("{{\"index\": {index}}}")), json!({"index": index})),
        };
        in_eppo.insert(variation.clone(), json!({"key": variation, "value": text}));
        in_datadog.insert(variation.clone(), json!({"key": variation, "value": native}));
    }
    let (allocations_eppo, allocations_datadog): (Vec<Value>, Vec<Value>) =
        (0..dice.below(5)).map(|index| allocation(dice, index, compares_versions)).unzip();
    let enabled = !dice.once_in(12);
    (
        json!({"key": key, "enabled": enabled, "variationType": variation_type, "totalShards": 10_000,
            "variations": in_eppo, "allocations": allocations_eppo}),
        json!({"key": key, "enabled": enabled, "variationType": variation_type,
            "variations": in_datadog, "allocations": allocations_datadog}),
    )
}

fn allocation(dice: &mut Dice, index: usize, compares_versions: &mut bool) -> (Value, Value) {
    let (rules_eppo, rules_datadog): (Vec<Value>, Vec<Value>) = (0..dice.below(3))
        .map(|_| {
            let (eppo, datadog): (Vec<Value>, Vec<Value>) =
                (0..dice.below(3)).map(|_| condition(dice, compares_versions)).unzip();
            (json!({"conditions": eppo}), json!({"conditions": datadog}))
        })
        .unzip();
    let (splits_eppo, splits_datadog): (Vec<Value>, Vec<Value>) =
        (0..dice.below(4)).map(|_| split(dice)).unzip();
    let bound = |dice: &mut Dice| if dice.once_in(4) { json!(dice.pick(&INSTANTS)) } else { Value::Null };
    let (start, end, logged) = (bound(dice), bound(dice), dice.once_in(2));
    let whole = |rules: Vec<Value>, splits: Vec<Value>| {
        json!({"key": format!("allocation-{index}"), "rules": rules, "splits": splits,
            "startAt": start, "endAt": end, "doLog": logged})
    };
    (whole(rules_eppo, splits_eppo), whole(rules_datadog, splits_datadog))
}

fn split(dice: &mut Dice) -> (Value, Value) {
    let (eppo, datadog): (Vec<Value>, Vec<Value>) = (0..dice.below(3))
        .map(|_| {
            let salt = dice.pick(&SALTS);
            // Several ranges never hold everybody together: only one of the engines would notice that nothing
            // needs to be hashed then, and explanations would list different buckets.
            let ranges = if dice.once_in(3) {
                json!([{"start": 0, "end": 2000}, {"start": 6000, "end": dice.shard_bound()}])
            } else {
                json!([{"start": dice.shard_bound(), "end": dice.shard_bound()}])
            };
            (
                json!({"salt": salt, "ranges": ranges}),
                json!({"salt": salt, "ranges": ranges, "totalShards": 10_000}),
            )
        })
        .unzip();
    let variation = format!("v{}", dice.below(3));
    let extra = if dice.once_in(3) { json!({"holdout": variation}) } else { json!({}) };
    (
        json!({"variationKey": variation, "shards": eppo, "extraLogging": extra}),
        json!({"variationKey": variation, "shards": datadog, "extraLogging": extra}),
    )
}

/// A condition in both dialects. What only one dialect can say is translated.
fn condition(dice: &mut Dice, compares_versions: &mut bool) -> (Value, Value) {
    let attribute = dice.pick(&ATTRIBUTES);
    let both = |operator: &str, value: Value| {
        let condition = json!({"attribute": attribute, "operator": operator, "value": value});
        (condition.clone(), condition)
    };
    match dice.below(8) {
        0 | 1 => {
            let (number, operator) = (dice.pick(&NUMBERS), dice.pick(&["LT", "LTE", "GT", "GTE"]));
            let (_, datadog) = both(operator, json!(number.parse::<f64>().unwrap()));
            // Eppo also takes the number as text.
            if dice.once_in(2) {
                (both(operator, json!(number)).0, datadog)
            } else {
                (datadog.clone(), datadog)
            }
        }
        2 => {
            *compares_versions = true;
            let (version, operator) = (dice.pick(&VERSIONS), dice.pick(&["LT", "LTE", "GT", "GTE"]));
            // What Eppo says by the look of the comparand, Datadog says by the operator.
            (both(operator, json!(version)).0, both(&format!("SEMVER_{operator}"), json!(version)).1)
        }
        3 => both(dice.pick(&["MATCHES", "NOT_MATCHES"]), json!(dice.pick(&PATTERNS))),
        4 | 5 => {
            let many = if dice.once_in(3) { 12 } else { 3 };
            let values: Vec<&str> = (0..dice.below(many)).map(|_| dice.pick(&TEXTS)).collect();
            both(dice.pick(&["ONE_OF", "NOT_ONE_OF"]), json!(values))
        }
        6 => both("IS_NULL", json!(dice.once_in(2))),
        // Eppo reads this as never holding; Datadog would break the flag and gets a condition that never holds.
        _ => (both("MATCHES", json!("(")).0, both("ONE_OF", json!([])).1),
    }
}

pub(crate) fn asking(dice: &mut Dice) -> Asking {
    let mut attributes = Map::new();
    for name in &ATTRIBUTES[..5] {
        if dice.once_in(4) {
            continue;
        }
        attributes.insert((*name).to_owned(), attribute(dice));
    }
    if dice.once_in(6) {
        attributes.insert("id".to_owned(), attribute(dice));
    }
    Asking {
        targeting_key: if dice.once_in(20) { String::new() } else { format!("user-{}", dice.below(1000)) },
        attributes,
        now: at(dice.pick(&INSTANTS)),
    }
}

fn attribute(dice: &mut Dice) -> Value {
    match dice.below(8) {
        0 => json!(dice.pick(&[0, 18, 42, -7, 1000])),
        1 => json!(dice.pick(&[0.1, -1.5, 42.0, 1e21, 1e-7, -0.0])),
        2 => json!(dice.once_in(2)),
        3 => Value::Null,
        4 => json!(dice.pick(&NUMBERS)),
        5 => json!(dice.pick(&VERSIONS)),
        6 if dice.once_in(3) => json!(dice.pick(&LOOSE_VERSIONS)),
        _ => json!(dice.pick(&TEXTS)),
    }
}
