//! What a flag serves to a subject, and in which words that is reported.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Value, VariationType};

/// The type that the caller asks for. Anything else is answered with [`ErrorCode::TypeMismatch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Whatever the flag has.
    Any,
    /// `STRING` only.
    String,
    /// `INTEGER` only.
    Integer,
    /// `NUMERIC` only, as the float calls of the typed SDKs.
    Numeric,
    /// `INTEGER` or `NUMERIC`, as the number call of the JavaScript SDKs.
    Number,
    /// `BOOLEAN` only.
    Boolean,
    /// `JSON` only.
    Json,
}

impl Expected {
    /// Whether a flag of type `found` answers the call.
    pub const fn accepts(self, found: VariationType) -> bool {
        match self {
            Expected::Any => true,
            Expected::String => matches!(found, VariationType::String),
            Expected::Integer => matches!(found, VariationType::Integer),
            Expected::Numeric => matches!(found, VariationType::Numeric),
            Expected::Number => matches!(found, VariationType::Integer | VariationType::Numeric),
            Expected::Boolean => matches!(found, VariationType::Boolean),
            Expected::Json => matches!(found, VariationType::Json),
        }
    }
}

/// Why a decision came out as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// An allocation with at least one rule let the subject in.
    TargetingMatch,
    /// An allocation without rules chose by hash: several splits, or one with shards.
    Split,
    /// An allocation without rules, shards or time bounds serves one variation to everybody.
    Static,
    /// Nothing let the subject in and the caller's default applies; or an allocation without rules and shards
    /// but with a time bound serves one variation to everybody.
    Default,
    /// The flag is not enabled; the caller's default applies.
    Disabled,
    /// See [`Decision::error_code`]; the caller's default applies.
    Error,
}

impl Reason {
    /// The name that SDKs and OFREP report, such as `TARGETING_MATCH`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::TargetingMatch => "TARGETING_MATCH",
            Reason::Split => "SPLIT",
            Reason::Static => "STATIC",
            Reason::Default => "DEFAULT",
            Reason::Disabled => "DISABLED",
            Reason::Error => "ERROR",
        }
    }
}

/// What went wrong when the reason is [`Reason::Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// There is no configuration yet. A snapshot never says so; whoever holds none does.
    ProviderNotReady,
    /// The configuration has no such flag.
    FlagNotFound,
    /// The flag's configuration is broken, see [`FlagFault`](crate::FlagFault).
    ParseError,
    /// The flag has another type than the caller asked for.
    TypeMismatch,
    /// The subject would be chosen by hash but has no targeting key.
    TargetingKeyMissing,
}

impl ErrorCode {
    /// The name that SDKs and OFREP report, such as `FLAG_NOT_FOUND`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorCode::ProviderNotReady => "PROVIDER_NOT_READY",
            ErrorCode::FlagNotFound => "FLAG_NOT_FOUND",
            ErrorCode::ParseError => "PARSE_ERROR",
            ErrorCode::TypeMismatch => "TYPE_MISMATCH",
            ErrorCode::TargetingKeyMissing => "TARGETING_KEY_MISSING",
        }
    }
}

/// For decisions that no split made.
static NOTHING_TO_LOG: BTreeMap<String, String> = BTreeMap::new();

/// What a flag serves to a subject. Everything is borrowed from the snapshot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision<'s> {
    /// The value to serve; `None` means the caller's default.
    pub value: Option<&'s Value>,
    /// Key of the variation that was chosen.
    pub variant: Option<&'s str>,
    /// Key of the allocation that let the subject in.
    pub allocation_key: Option<&'s str>,
    /// Type of the flag, if there is a readable one.
    pub variation_type: Option<VariationType>,
    /// Why.
    pub reason: Reason,
    /// What went wrong; present exactly when the reason is [`Reason::Error`].
    pub error_code: Option<ErrorCode>,
    /// Whether an exposure is to be logged.
    pub do_log: bool,
    /// Serial id of the split that was chosen, if it has one.
    pub serial_id: Option<i64>,
    /// What the chosen split adds to an exposure.
    pub extra_logging: &'s BTreeMap<String, String>,
}

impl Decision<'_> {
    /// The caller's default, because of an error. `variation_type` is that of the flag, if there is a readable one.
    pub fn error(code: ErrorCode, variation_type: Option<VariationType>) -> Self {
        Decision { error_code: Some(code), ..Self::coded_default(Reason::Error, variation_type) }
    }

    /// The caller's default, without an error.
    pub(crate) fn coded_default(reason: Reason, variation_type: Option<VariationType>) -> Self {
        Decision {
            value: None,
            variant: None,
            allocation_key: None,
            variation_type,
            reason,
            error_code: None,
            do_log: false,
            serial_id: None,
            extra_logging: &NOTHING_TO_LOG,
        }
    }
}
