//! What can be wrong with a document or with one of its flags.

use serde::{Serialize, Serializer};

use crate::wire::Operator;
use crate::{PatternFault, VariationType};

/// Why one flag cannot be evaluated. Evaluating it answers [`ErrorCode::ParseError`](crate::ErrorCode::ParseError).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagFault {
    /// Not the JSON of a flag: a member is missing, has a wrong type, or names an unknown operator or type.
    #[error("not a flag of this configuration format: {detail}")]
    Shape {
        /// What the parser says.
        detail: Box<str>,
    },
    /// The flag stands in the map under another key than its own.
    #[error("`key` is `{found}`, but the flag stands under `{expected}`; both must be the same")]
    FlagKey {
        /// The key of the map.
        expected: Box<str>,
        /// The key in the flag.
        found: Box<str>,
    },
    /// A variation stands in the map under another key than its own.
    #[error("`variations.{expected}.key` is `{found}`; it must be `{expected}`")]
    VariationKey {
        /// The key of the map.
        expected: Box<str>,
        /// The key in the variation.
        found: Box<str>,
    },
    /// A variation's value does not have the flag's type.
    #[error("`variations.{variation}.value` is {value}; a value of type {expected} is accepted", expected = expected.as_str())]
    VariationValue {
        /// Key of the variation.
        variation: Box<str>,
        /// The value as JSON, shortened.
        value: Box<str>,
        /// The flag's type.
        expected: VariationType,
    },
    /// A split serves a variation that the flag does not have.
    #[error("allocation `{allocation}` serves variation `{variation}`, which is not in `variations`")]
    UnknownVariation {
        /// Key of the allocation.
        allocation: Box<str>,
        /// Key that was not found.
        variation: Box<str>,
    },
    /// A shard has no buckets.
    #[error(
        "allocation `{allocation}` has a shard with salt `{salt}` and `totalShards` 0; 1 to 4294967295 are accepted"
    )]
    NoShards {
        /// Key of the allocation.
        allocation: Box<str>,
        /// Salt of the shard.
        salt: Box<str>,
    },
    /// A time bound is no time.
    #[error("`{member}` of allocation `{allocation}` is `{value}`; RFC 3339 with an offset is accepted")]
    Time {
        /// Key of the allocation.
        allocation: Box<str>,
        /// `startAt` or `endAt`.
        member: &'static str,
        /// The text.
        value: Box<str>,
    },
    /// A condition's value does not suit its operator.
    #[error("value of `{attribute}` {operator} in allocation `{allocation}` is {value}; {accepted} is accepted", operator = operator.as_str())]
    ConditionValue {
        /// Key of the allocation.
        allocation: Box<str>,
        /// The attribute that the condition tests.
        attribute: Box<str>,
        /// The operator.
        operator: Operator,
        /// The value as JSON, shortened.
        value: Box<str>,
        /// What would do.
        accepted: &'static str,
    },
    /// A condition's pattern cannot be used.
    #[error("pattern for `{attribute}` in allocation `{allocation}`: {fault}")]
    Pattern {
        /// Key of the allocation.
        allocation: Box<str>,
        /// The attribute that the condition tests.
        attribute: Box<str>,
        /// What is wrong with the pattern.
        #[source]
        fault: PatternFault,
    },
}

impl FlagFault {
    pub(crate) fn shape(detail: &impl ToString) -> FlagFault {
        FlagFault::Shape { detail: detail.to_string().into() }
    }
}

impl Serialize for FlagFault {
    /// As its message.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// JSON for a message, cut so that a message stays a message.
pub(crate) fn shown(value: &serde_json::Value) -> Box<str> {
    const LONGEST: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// Why a whole document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    /// Not JSON, or a member of the document itself has a wrong type.
    #[error("not a configuration document: {detail}")]
    Json {
        /// What the parser says.
        detail: Box<str>,
    },
    /// A member that readers rely on is absent.
    #[error("the document has no `{member}`")]
    Missing {
        /// Its name.
        member: &'static str,
    },
    /// `format` names something that is not read here, such as the obfuscated `CLIENT`.
    #[error("`format` is `{found}`; `SERVER` is accepted")]
    Format {
        /// The format.
        found: Box<str>,
    },
    /// `createdAt` is no time.
    #[error("`createdAt` is `{found}`; RFC 3339 with an offset is accepted")]
    CreatedAt {
        /// The text.
        found: Box<str>,
    },
}
