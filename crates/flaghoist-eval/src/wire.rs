//! The UFC document as we emit it: the Datadog dialect with `format` = `SERVER`, typed.
//!
//! Serialising gives exactly what the SDKs read: camel-case members, `rules` and `shards` always arrays,
//! `startAt`, `endAt` and `serialId` left out when unset. Reading is the same types with the defaults that the
//! SDKs apply to absent members; unknown members are ignored.
//!
//! Deserialising a whole [`Document`] fails as one when a single flag is malformed. Readers that must keep the
//! healthy flags use [`Snapshot::from_json`](crate::Snapshot::from_json).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::VariationType;

/// Everything one environment serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// When this content was committed, RFC 3339 with an offset.
    pub created_at: String,
    /// Always [`Document::SERVER`]; strict readers reject anything else.
    pub format: String,
    /// The environment the flags belong to.
    pub environment: EnvironmentName,
    /// Whether SDKs should report evaluations in full. False when absent.
    #[serde(default)]
    pub observe_full_evaluation_data: bool,
    /// Flags by key; each map key equals [`Flag::key`].
    pub flags: BTreeMap<String, Flag>,
}

impl Document {
    /// The only value of [`Document::format`] in this dialect.
    pub const SERVER: &'static str = "SERVER";
}

/// Name of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentName {
    /// The name as people know it.
    pub name: String,
}

/// One flag with everything that decides what it serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flag {
    /// Unique within the document.
    pub key: String,
    /// False serves the coded default with reason `DISABLED`.
    pub enabled: bool,
    /// Type that every variation's value must have.
    pub variation_type: VariationType,
    /// Variations by key; each map key equals [`Variation::key`].
    pub variations: BTreeMap<String, Variation>,
    /// Tried in order; the first that lets the subject through decides.
    pub allocations: Vec<Allocation>,
}

/// A named value that a flag can serve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variation {
    /// Unique within the flag.
    pub key: String,
    /// Native JSON; for `JSON` flags an object (not text that contains one).
    pub value: Value,
}

/// One step of the waterfall: who is meant, when, and what they get.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allocation {
    /// Unique within the flag.
    pub key: String,
    /// Any one matching is enough; none at all lets everybody in. Always written, may be absent when read.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// RFC 3339; skipped before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<String>,
    /// RFC 3339; skipped after this instant, not at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_at: Option<String>,
    /// Tried in order; the first whose shards all match wins.
    pub splits: Vec<Split>,
    /// Whether an exposure is to be logged. True when absent, as in the Rust SDKs; always written.
    #[serde(default = "logged_unless_told_otherwise")]
    pub do_log: bool,
}

pub(crate) fn logged_unless_told_otherwise() -> bool {
    true
}

/// Conditions that must all hold. No condition holds for everybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Joined by AND.
    pub conditions: Vec<Condition>,
}

/// One test of one attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Exact name of the attribute; `id` falls back to the targeting key.
    pub attribute: String,
    /// What is asked of the attribute.
    pub operator: Operator,
    /// Its type depends on the operator, see [`Operator`].
    pub value: Value,
}

/// What a condition asks of an attribute. There is no equality: it is `ONE_OF` with one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Operator {
    /// Attribute < value, a JSON number.
    Lt,
    /// Attribute <= value, a JSON number.
    Lte,
    /// Attribute > value, a JSON number.
    Gt,
    /// Attribute >= value, a JSON number.
    Gte,
    /// The pattern, a string, is found somewhere in the attribute.
    Matches,
    /// The attribute is present and the pattern, a string, is not found in it.
    NotMatches,
    /// The attribute as text is in the value, an array of strings.
    OneOf,
    /// The attribute is present and as text not in the value, an array of strings.
    NotOneOf,
    /// The attribute is absent or null (value `true`), or neither (value `false`).
    IsNull,
    /// Same version precedence as the value, a version string.
    SemverEq,
    /// A version of other precedence than the value, a version string.
    SemverNeq,
    /// A version before the value, a version string.
    SemverLt,
    /// A version before or like the value, a version string.
    SemverLte,
    /// A version after the value, a version string.
    SemverGt,
    /// A version after or like the value, a version string.
    SemverGte,
}

impl Operator {
    /// Every operator, in the order of declaration.
    pub const ALL: [Operator; 15] = [
        Operator::Lt,
        Operator::Lte,
        Operator::Gt,
        Operator::Gte,
        Operator::Matches,
        Operator::NotMatches,
        Operator::OneOf,
        Operator::NotOneOf,
        Operator::IsNull,
        Operator::SemverEq,
        Operator::SemverNeq,
        Operator::SemverLt,
        Operator::SemverLte,
        Operator::SemverGt,
        Operator::SemverGte,
    ];

    /// The name in the document, such as `NOT_ONE_OF`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Operator::Lt => "LT",
            Operator::Lte => "LTE",
            Operator::Gt => "GT",
            Operator::Gte => "GTE",
            Operator::Matches => "MATCHES",
            Operator::NotMatches => "NOT_MATCHES",
            Operator::OneOf => "ONE_OF",
            Operator::NotOneOf => "NOT_ONE_OF",
            Operator::IsNull => "IS_NULL",
            Operator::SemverEq => "SEMVER_EQ",
            Operator::SemverNeq => "SEMVER_NEQ",
            Operator::SemverLt => "SEMVER_LT",
            Operator::SemverLte => "SEMVER_LTE",
            Operator::SemverGt => "SEMVER_GT",
            Operator::SemverGte => "SEMVER_GTE",
        }
    }
}

/// A share of the subjects and the variation they get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Split {
    /// Key of a variation of the flag.
    pub variation_key: String,
    /// All must match; none matches everybody. Always written and required when read.
    pub shards: Vec<Shard>,
    /// Identifies this version of the split in span tags and exposures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_id: Option<i64>,
    /// Copied into exposures.
    #[serde(default)]
    pub extra_logging: BTreeMap<String, String>,
}

/// A slice of the subjects, cut by hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shard {
    /// Makes this slice independent of slices with other salts.
    pub salt: String,
    /// Number of buckets, at least 1.
    pub total_shards: u32,
    /// Buckets that belong to the slice; any range is enough.
    pub ranges: Vec<ShardRange>,
}

/// Buckets from `start` up to but not including `end`. Empty when `start` >= `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRange {
    /// First bucket of the range.
    pub start: u32,
    /// First bucket past the range.
    pub end: u32,
}

impl ShardRange {
    /// Whether `bucket` lies in the range.
    pub const fn contains(self, bucket: u32) -> bool {
        self.start <= bucket && bucket < self.end
    }
}
