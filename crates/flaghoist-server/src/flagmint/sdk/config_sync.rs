//! Signed configurations, section 9 of `flagmint.md`: what SDKs evaluate themselves.
//!
//! A payload is signed with HMAC-SHA256 over its canonical JSON, by a key that client and server agree on in the
//! handshake. What the format cannot express is named in `warnings`; SDKs bucket otherwise than this server.

use crate::access::sdk_key::SdkKey;
use crate::flagmint::conditions::Shown;
use crate::publish::{FlagSource, PublishedFlag};
use flaghoist_model::allocation::{Allocation, VariantWeight};
use flaghoist_model::condition::{Operator, TargetingRule, Test};
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::SavedFilterId;
use flaghoist_model::rollout::{Rollout, RolloutPlan};
use flaghoist_model::saved_filter::SavedFilter;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;

/// How long a configuration counts without being renewed, in milliseconds.
const LIFE_MS: i64 = 24 * 3_600_000;
/// What message authentication keys are derived for.
const KEY_INFO: &[u8] = b"flagmint-asl-config-sync-mac-v1";

/// An X25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PublicKey(pub(super) [u8; 32]);

impl PublicKey {
    /// The key that 64 hexadecimal digits say.
    pub(super) fn of_hex(digits: &str) -> Option<Self> {
        let mut key = [0; 32];
        hex::decode_to_slice(digits, &mut key).ok()?;
        Some(Self(key))
    }

    /// 64 hexadecimal digits.
    pub(super) fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

/// What a client and this server agreed on.
pub(super) struct Agreement {
    server_key: PublicKey,
    salt: [u8; 16],
    mac_key: [u8; 32],
}

impl Agreement {
    /// Keys from the server's secret and the client's public key.
    pub(super) fn new(server_secret: [u8; 32], client_key: PublicKey, salt: [u8; 16]) -> Self {
        let server_key = PublicKey(x25519_dalek::x25519(server_secret, x25519_dalek::X25519_BASEPOINT_BYTES));
        let shared = x25519_dalek::x25519(server_secret, client_key.0);
        let mut mac_key = [0; 32];
        let expanded = Hkdf::<Sha256>::new(Some(&salt), &shared).expand(KEY_INFO, &mut mac_key);
        expanded.expect("32 bytes are no more than HKDF can give");
        Self { server_key, salt, mac_key }
    }

    /// The server's public key.
    pub(super) fn server_key(&self) -> PublicKey {
        self.server_key
    }

    /// The salt of the derivation.
    pub(super) fn salt(&self) -> [u8; 16] {
        self.salt
    }

    /// A payload with its signature.
    fn sign(&self, payload: Map<String, Value>) -> Payload {
        let mut payload = Value::Object(payload);
        whole_numbers(&mut payload);
        let mac = Hmac::<Sha256>::new_from_slice(&self.mac_key);
        let mut mac = mac.expect("HMAC takes keys of any length");
        mac.update(canonical(&payload).as_bytes());
        payload["signature"] = hex::encode(mac.finalize().into_bytes()).into();
        Payload(payload)
    }
}

/// Whole numbers are written without a point and with the digits that JavaScript gives them: clients sign what they
/// read, and some read integers beyond 2^53 exactly while others read the nearest double.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let nearest = number.as_f64().unwrap_or_default();
            *value = match nearest.to_string().parse::<i64>() {
                Ok(whole) => whole.into(),
                Err(_) => nearest.into(),
            };
        }
        Value::Array(elements) => elements.iter_mut().for_each(whole_numbers),
        Value::Object(members) => members.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// Compact JSON with members in the order of their names' UTF-16 units, as JavaScript sorts and writes it.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            let members: Vec<String> = sorted
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        Value::Number(number) if number.is_f64() => double(number.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}

/// A double as ECMAScript's `Number::toString` writes it.
fn double(number: f64) -> String {
    if number == 0.0 || (1e-6..1e21).contains(&number.abs()) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}

/// Whether any object in it has a name that is a whole number: JavaScript puts these first, whatever order they had.
fn has_index_names(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| {
            let is_index = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
            is_index || has_index_names(value)
        }),
        Value::Array(elements) => elements.iter().any(has_index_names),
        _ => false,
    }
}

/// A signed payload.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Payload(Value);

impl Payload {
    /// Its type, which is the name of its event.
    pub(super) fn kind(&self) -> &str {
        self.0["type"].as_str().unwrap_or_default()
    }
}

/// What a reader may be sent at a moment.
pub(super) struct ConfigPayloads<'a> {
    reader: &'a SdkKey,
    now: Timestamp,
}

impl<'a> ConfigPayloads<'a> {
    pub(super) fn of(reader: &'a SdkKey, now: Timestamp) -> Self {
        Self { reader, now }
    }

    /// The present version; it only grows.
    pub(super) fn version(&self) -> i64 {
        self.reader.environment.environment().content_revision
    }

    /// What a client of a version needs: all of it, and a lease. None while it cannot be told: flags that were
    /// restored from disk are evaluated, but not known as they were configured.
    pub(super) fn since(&self, version: i64, agreement: &Agreement) -> Option<Vec<Payload>> {
        let lease = self.lease(agreement);
        if version == self.version() {
            return Some(vec![lease]);
        }
        let mut flags = self.reader.environment.channel(self.reader.channel).flags.iter();
        flags.all(|flag| flag.source.is_some()).then(|| vec![self.full(agreement), lease])
    }

    fn base(&self, kind: &str) -> Map<String, Value> {
        let expires_at_ms = self.now.as_millisecond() + LIFE_MS;
        let mut base = Map::new();
        base.insert("type".to_owned(), kind.into());
        base.insert("version".to_owned(), self.version().into());
        base.insert("expiresAt".to_owned(), expires_at_ms.into());
        base
    }

    fn lease(&self, agreement: &Agreement) -> Payload {
        let mut lease = self.base("lease");
        lease.insert("serverNow".to_owned(), self.now.as_millisecond().into());
        agreement.sign(lease)
    }

    fn full(&self, agreement: &Agreement) -> Payload {
        let environment = &self.reader.environment;
        let mut warnings = Vec::new();
        let sources: Vec<(&PublishedFlag, &FlagSource)> = environment
            .channel(self.reader.channel)
            .flags
            .iter()
            .filter_map(|flag| Some((flag, flag.source.as_ref()?)))
            .collect();
        let used: BTreeSet<SavedFilterId> =
            sources.iter().flat_map(|(_, source)| source.entry.saved_filter_ids()).collect();
        let mut flags: Vec<Value> =
            sources.iter().map(|(flag, source)| flag_config(flag, source, &mut warnings)).collect();
        flags.retain(|flag| {
            let is_said = !has_index_names(&flag["default_value"]) && !has_index_names(&flag["variations"]);
            if !is_said {
                warnings.push(format!("{}: members named by numbers cannot be signed", flag["key"]));
            }
            is_said
        });
        let filters = environment.saved_filters().values().filter(|filter| used.contains(&filter.id));
        let segments: Map<String, Value> =
            filters.map(|filter| (filter.id.to_string(), segment(filter))).collect();
        let mut full = self.base("fullConfig");
        let compiled_at_ms = environment.environment().content_at.as_millisecond();
        full.insert("compiledAt".to_owned(), compiled_at_ms.into());
        full.insert("flags".to_owned(), flags.into());
        full.insert("segments".to_owned(), segments.into());
        if !warnings.is_empty() {
            full.insert("warnings".to_owned(), warnings.into());
        }
        agreement.sign(full)
    }
}

/// A flag.
fn flag_config(published: &PublishedFlag, source: &FlagSource, warnings: &mut Vec<String>) -> Value {
    let FlagSource { flag, entry } = source;
    if entry.override_variant_id.is_some() && entry.enabled {
        return overridden(flag, entry);
    }
    let mut rules = Vec::new();
    let mut rollouts: Map<String, Value> =
        entry.rollouts.iter().map(|rollout| (rollout.id.to_string(), rollout_config(rollout))).collect();
    for (index, (_, rule)) in entry.targeting_rules().enumerate() {
        if let Some(id) = rule.rollout_id().filter(|id| id.0 == rule.id.0) {
            rollouts.insert(id.to_string(), variant_rollout(&rule.weights, &rule.split_salt));
            if rule.exposure_ratio() < 1.0 {
                warnings
                    .push(format!("{}: rule {} exposes a share, which is not said here", flag.key, rule.key));
            }
        }
        rules.extend(rule_configs(index, rule, &flag.key, warnings));
    }
    let variations = flag.variants.iter().map(|variant| {
        let value = flag.value_type.parse_quietly(&variant.value).unwrap_or_default();
        json!({"id": variant.id, "key": variant.key, "name": variant.name, "value": value})
    });
    let mut config = json!({
        "key": flag.key,
        "type": crate::flagmint::flags::type_name(flag.value_type),
        "is_active": entry.enabled,
        "default_value": *published.default_value,
        "targeting_rules": rules,
        "variations": variations.collect::<Vec<_>>(),
        "rollouts": rollouts,
        "analytics_enabled": flag.analytics_enabled,
    });
    if let Some(id) = entry.off_variant_id {
        config["off_variation_id"] = json!(id);
    }
    config
}

/// A flag that serves one variant to everybody.
fn overridden(flag: &Flag, entry: &FlagEnvironment) -> Value {
    let variant = entry.override_variant_id.and_then(|id| flag.variant(id));
    let value = variant.and_then(|variant| flag.value_type.parse_quietly(&variant.value)).unwrap_or_default();
    json!({
        "key": flag.key,
        "type": crate::flagmint::flags::type_name(flag.value_type),
        "is_active": true,
        "default_value": value,
        "targeting_rules": [],
        "variations": [],
        "rollouts": {},
        "analytics_enabled": flag.analytics_enabled,
    })
}

/// Operators of other dialects that this format has.
const SAID: [Operator; 5] = [Operator::Equals, Operator::Gt, Operator::IsNull, Operator::Lt, Operator::OneOf];

/// An allocation as rules. What another dialect wrote becomes one for each of its alternatives.
fn rule_configs(index: usize, rule: &Allocation, flag_key: &str, warnings: &mut Vec<String>) -> Vec<Value> {
    let served = |mut config: Value| {
        if let Some(id) = rule.variation_id() {
            config["variation_id"] = json!(id);
        } else if let Some(id) = rule.rollout_id() {
            config["rollout_id"] = json!(id);
        }
        config
    };
    let base = |kind: &str, id: String| json!({"id": id, "kind": kind, "order_index": index});
    if let Some(id) = rule.segment_id() {
        let mut config = base("segment", rule.id.to_string());
        config["segment_id"] = json!(id);
        return vec![served(config)];
    }
    let custom = |id: String, shown: &Shown| {
        let mut config = base("custom", id);
        config["conditions"] = json!(shown.conditions);
        config["logical_op"] = shown.combinator.as_str().into();
        served(config)
    };
    if let Some(clauses) = &rule.clauses {
        return vec![custom(rule.id.to_string(), &Shown::of(Some(clauses), &[]))];
    }
    if rule.rules.is_empty() {
        // Everybody: this format has no rule without conditions that matches.
        warnings.push(format!("{flag_key}: rule {} is for everybody, which is not said here", rule.key));
        return Vec::new();
    }
    let is_said = |rule: &TargetingRule| {
        rule.conditions.iter().all(|condition| {
            let Test::Inline { operator, values, .. } = &condition.test else { return false };
            SAID.contains(operator) && !values.is_empty()
        })
    };
    let (said, unsaid): (Vec<&TargetingRule>, Vec<&TargetingRule>) =
        rule.rules.iter().partition(|one| is_said(one));
    if !unsaid.is_empty() {
        warnings.push(format!("{flag_key}: some conditions of rule {} are not said here", rule.key));
    }
    said.into_iter()
        .map(|one| custom(one.id.to_string(), &Shown::of(None, std::slice::from_ref(one))))
        .collect()
}

fn variant_rollout(weights: &[VariantWeight], salt: &str) -> Value {
    let variants =
        weights.iter().map(|weight| json!({"variation_id": weight.variant_id, "weight": weight.value}));
    json!({"strategy": "variant", "variants": variants.collect::<Vec<_>>(), "salt": salt})
}

/// A rollout as it is now: a gradual one is a share that is said anew at every step.
fn rollout_config(rollout: &Rollout) -> Value {
    let percentage =
        |percentage: f64| json!({"strategy": "percentage", "percentage": percentage, "salt": rollout.salt});
    match &rollout.plan {
        RolloutPlan::Off => json!({"strategy": "off"}),
        RolloutPlan::Percentage { percentage: share } => percentage(*share),
        RolloutPlan::Variant => variant_rollout(&rollout.weights, &rollout.salt),
        RolloutPlan::Gradual { .. } => {
            let ratio =
                rollout.schedule.as_ref().map_or(0.0, flaghoist_model::schedule::Schedule::exposure_ratio);
            if ratio > 0.0 { percentage(ratio * 100.0) } else { json!({"strategy": "off"}) }
        }
    }
}

fn segment(filter: &SavedFilter) -> Value {
    let shown = Shown::of(filter.clauses.as_ref(), &filter.rules);
    json!({
        "id": filter.id,
        "rules": shown.segment_rules(),
        "logical_op": shown.combinator.as_str(),
        "force": filter.clauses.as_ref().is_some_and(|clauses| clauses.force),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_signatures_are_those_of_the_test_vector() {
        let client_key = PublicKey(x25519_dalek::x25519([1; 32], x25519_dalek::X25519_BASEPOINT_BYTES));
        assert_eq!(client_key.to_hex(), "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209");
        let mut salt = [0; 16];
        hex::decode_to_slice("000102030405060708090a0b0c0d0e0f", &mut salt).unwrap();
        let agreement = Agreement::new([2; 32], client_key, salt);
        assert_eq!(
            agreement.server_key().to_hex(),
            "ce8d3ad1ccb633ec7b70c17814a5c76ecd029685050d344745ba05870e587d59"
        );
        assert_eq!(
            hex::encode(agreement.mac_key),
            "1640eae50eb2e5ab2dcb651d0ec80a882f41077018236123a75921ab08a7fb2d"
        );
        let lease = json!({"type": "lease", "version": 3, "serverNow": 1_700_000_000_000_i64, "expiresAt": 1_700_086_400_000_i64});
        let Value::Object(lease) = lease else { unreachable!() };
        let Payload(signed) = agreement.sign(lease);
        assert_eq!(signed["signature"], "511a69bab5a3b25cdecc1e0b7ce1710b942782fc0690bcecb147db6f840c481a");
    }

    #[test]
    fn numbers_without_a_fraction_are_signed_without_a_point() {
        let mut value = json!({"b": [10.0, 2.5, {"z": 1, "a": {}}], "a": "é/\"", "c": -0.0});
        whole_numbers(&mut value);
        assert_eq!(canonical(&value), r#"{"a":"é/\"","b":[10,2.5,{"a":{},"z":1}],"c":0}"#);
    }

    #[test]
    fn numbers_and_names_are_signed_as_javascript_writes_them() {
        // What `JSON.stringify(JSON.parse(…))` of Node 20 gives.
        for (read, written) in [
            ("1e16", "10000000000000000"),
            ("123456789012345680000", "123456789012345680000"),
            ("9007199254740993", "9007199254740992"),
            ("1152921504606846976", "1152921504606847000"),
            ("-9223372036854775808", "-9223372036854776000"),
            ("1e21", "1e+21"),
            ("-2.5e-7", "-2.5e-7"),
            ("0.000001", "0.000001"),
            ("1.5e300", "1.5e+300"),
        ] {
            let mut value: Value = serde_json::from_str(read).unwrap();
            whole_numbers(&mut value);
            assert_eq!(canonical(&value), written, "{read}");
        }
        assert_eq!(canonical(&json!({"\u{fffd}": 1, "\u{1f600}": 2})), "{\"\u{1f600}\":2,\"\u{fffd}\":1}");
        assert!(has_index_names(&json!([{"a": {"10": 1}}])) && !has_index_names(&json!({"a1": "10"})));
    }
}
