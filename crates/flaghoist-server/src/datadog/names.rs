//! Closed sets of names, as the OpenAPI document shows them. The names themselves are read by the model.

use utoipa::ToSchema;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident { $($member:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        #[expect(dead_code, reason = "documents a set of names")]
        pub(crate) enum $name {
            $(#[schema(rename = $text)] $member),+
        }
    )+};
}

names! {
    /// Type of a flag's values.
    ValueTypeName { Boolean = "BOOLEAN", Integer = "INTEGER", Numeric = "NUMERIC", String = "STRING", Json = "JSON" }
    /// Which readers see a flag.
    DistributionChannelName { All = "ALL", Client = "CLIENT", Server = "SERVER" }
    /// Whether a flag is still needed.
    StalenessStatusName { Active = "ACTIVE", Permanent = "PERMANENT" }
    /// What an allocation is in the interface.
    AllocationTypeName { FeatureGate = "FEATURE_GATE", Canary = "CANARY" }
    /// How steps follow one another.
    StrategyName { UniformIntervals = "UNIFORM_INTERVALS", NoRollout = "NO_ROLLOUT" }
    /// What a guardrail does when it fires.
    TriggerActionName { Pause = "PAUSE", Abort = "ABORT" }
    /// How a condition compares.
    OperatorName {
        Lt = "LT", Lte = "LTE", Gt = "GT", Gte = "GTE", Matches = "MATCHES", NotMatches = "NOT_MATCHES",
        OneOf = "ONE_OF", NotOneOf = "NOT_ONE_OF", IsNull = "IS_NULL", Equals = "EQUALS",
        SemverEq = "SEMVER_EQ", SemverNeq = "SEMVER_NEQ", SemverLt = "SEMVER_LT", SemverLte = "SEMVER_LTE",
        SemverGt = "SEMVER_GT", SemverGte = "SEMVER_GTE",
    }
}
