//! UFC documents in Eppo's dialect, rendered from ours.
//!
//! The dialects differ in few places (`sdk-protocols.md` 8.2): JSON values are text, the number of shards stands at
//! the flag, and versions are compared by the operators of numbers. Clients get the `CLIENT` format (8.4), in which
//! names are hashed and the rest is base64, so that a page's source does not tell what is tested.

use crate::wire::{Allocation, Condition, Document, Flag, Operator, Rule, Split};
use crate::{VariationType, parse_version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Shards of a flag that splits nothing.
const SHARDS_WITHOUT_SPLITS: u32 = 10_000;

/// The document for servers.
pub fn server_document(document: &Document) -> Value {
    render(document, "SERVER", &Plain)
}

/// The obfuscated document for browsers and mobile applications.
pub fn client_document(document: &Document) -> Value {
    render(document, "CLIENT", &Obfuscated)
}

/// Base64 of text, with padding.
pub fn encode(text: &str) -> String {
    STANDARD.encode(text)
}

/// A value as text: what strings hold, and JSON of everything else.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// How the parts of a document are written.
trait Writing {
    /// A name that readers only compare: of a flag, an attribute, an operator.
    fn name(&self, name: &str) -> String;
    /// Text that readers need back.
    fn text(&self, text: &str) -> String;
    /// A variation's value.
    fn value(&self, value: &Value, kind: VariationType) -> Value;
    /// What a condition compares with.
    fn comparand(&self, operator: Operator, value: &Value) -> Value;
}

struct Plain;

impl Writing for Plain {
    fn name(&self, name: &str) -> String {
        name.to_owned()
    }

    fn text(&self, text: &str) -> String {
        text.to_owned()
    }

    fn value(&self, value: &Value, kind: VariationType) -> Value {
        match kind {
            VariationType::Json => Value::from(value.to_string()),
            _ => value.clone(),
        }
    }

    fn comparand(&self, operator: Operator, value: &Value) -> Value {
        match operator {
            Operator::SemverEq | Operator::SemverNeq => json!([value]),
            _ => in_three_parts(operator, value),
        }
    }
}

struct Obfuscated;

impl Writing for Obfuscated {
    fn name(&self, name: &str) -> String {
        hash(name)
    }

    fn text(&self, text: &str) -> String {
        encode(text)
    }

    fn value(&self, value: &Value, _: VariationType) -> Value {
        Value::from(encode(&text_of(value)))
    }

    fn comparand(&self, operator: Operator, value: &Value) -> Value {
        let hashes = |values: &[Value]| values.iter().map(|value| hash(&text_of(value))).collect();
        match (operator, value) {
            (Operator::OneOf | Operator::NotOneOf, Value::Array(values)) => hashes(values),
            (Operator::SemverEq | Operator::SemverNeq, value) => hashes(std::slice::from_ref(value)),
            (Operator::IsNull, value) => Value::from(hash(&text_of(value))),
            (operator, value) => Value::from(encode(&text_of(&in_three_parts(operator, value)))),
        }
    }
}

/// What versions are compared with, in full: readers of this dialect take `2.1` for a number. What does not fit into
/// three parts stays, and matches nothing there.
fn in_three_parts(operator: Operator, value: &Value) -> Value {
    let is_order = matches!(
        operator,
        Operator::SemverLt | Operator::SemverLte | Operator::SemverGt | Operator::SemverGte
    );
    let version = value.as_str().filter(|_| is_order).and_then(parse_version);
    version.and_then(|version| version.in_three_parts()).map_or_else(|| value.clone(), Value::from)
}

/// How names are hidden that are compared: MD5, in hexadecimal.
pub fn hash(text: &str) -> String {
    format!("{:x}", md5::compute(text))
}

fn render(document: &Document, format: &str, writing: &dyn Writing) -> Value {
    let flags: Map<String, Value> =
        document.flags.iter().map(|(key, flag)| (writing.name(key), render_flag(flag, writing))).collect();
    json!({
        "createdAt": document.created_at,
        "format": format,
        "environment": {"name": document.environment.name},
        "flags": flags,
    })
}

fn render_flag(flag: &Flag, writing: &dyn Writing) -> Value {
    let variations: Map<String, Value> = flag
        .variations
        .values()
        .map(|variation| {
            let key = writing.text(&variation.key);
            let value = writing.value(&variation.value, flag.variation_type);
            (key.clone(), json!({"key": key, "value": value}))
        })
        .collect();
    let shards =
        flag.allocations.iter().flat_map(|allocation| &allocation.splits).flat_map(|split| &split.shards);
    let total_shards = shards.map(|shard| shard.total_shards).next().unwrap_or(SHARDS_WITHOUT_SPLITS);
    let allocations: Vec<Value> =
        flag.allocations.iter().map(|allocation| render_allocation(allocation, writing)).collect();
    json!({
        "key": writing.name(&flag.key),
        "enabled": flag.enabled,
        "variationType": flag.variation_type.as_str(),
        "totalShards": total_shards,
        "variations": variations,
        "allocations": allocations,
    })
}

fn render_allocation(allocation: &Allocation, writing: &dyn Writing) -> Value {
    let rules: Vec<Value> = allocation.rules.iter().map(|rule| render_rule(rule, writing)).collect();
    let splits: Vec<Value> = allocation.splits.iter().map(|split| render_split(split, writing)).collect();
    let mut rendered = json!({
        "key": writing.text(&allocation.key),
        "rules": rules,
        "splits": splits,
        "doLog": allocation.do_log,
    });
    for (member, at) in [("startAt", &allocation.start_at), ("endAt", &allocation.end_at)] {
        if let Some(at) = at {
            rendered[member] = Value::from(writing.text(at));
        }
    }
    rendered
}

fn render_rule(rule: &Rule, writing: &dyn Writing) -> Value {
    let conditions: Vec<Value> =
        rule.conditions.iter().map(|condition| render_condition(condition, writing)).collect();
    json!({"conditions": conditions})
}

fn render_condition(condition: &Condition, writing: &dyn Writing) -> Value {
    json!({
        "attribute": writing.name(&condition.attribute),
        "operator": writing.name(operator_of(condition.operator)),
        "value": writing.comparand(condition.operator, &condition.value),
    })
}

/// The operator that comes closest. Equal versions have none in this dialect: their texts are compared instead.
fn operator_of(operator: Operator) -> &'static str {
    match operator {
        Operator::SemverEq => Operator::OneOf.as_str(),
        Operator::SemverNeq => Operator::NotOneOf.as_str(),
        Operator::SemverLt => Operator::Lt.as_str(),
        Operator::SemverLte => Operator::Lte.as_str(),
        Operator::SemverGt => Operator::Gt.as_str(),
        Operator::SemverGte => Operator::Gte.as_str(),
        other => other.as_str(),
    }
}

fn render_split(split: &Split, writing: &dyn Writing) -> Value {
    let shards: Vec<Value> = split
        .shards
        .iter()
        .map(|shard| {
            let ranges: Vec<Value> =
                shard.ranges.iter().map(|range| json!({"start": range.start, "end": range.end})).collect();
            json!({"salt": writing.text(&shard.salt), "totalShards": shard.total_shards, "ranges": ranges})
        })
        .collect();
    let logging: Map<String, Value> = split
        .extra_logging
        .iter()
        .map(|(name, value)| (writing.text(name), Value::from(writing.text(value))))
        .collect();
    json!({
        "variationKey": writing.text(&split.variation_key),
        "shards": shards,
        "extraLogging": logging,
    })
}
