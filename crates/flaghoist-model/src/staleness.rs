//! Whether a flag is still needed, as far as that can be seen from outside.
//!
//! A flag is stale when it is neither archived nor permanent and, for thirty days, it served one variant to everybody in
//! every production environment, or nobody evaluated it, or nobody changed it (section 4 of the management API).

use crate::allocation::Allocation;
use crate::environment::Environment;
use crate::flag::{Flag, StalenessStatus};
use crate::flag_environment::FlagEnvironment;
use crate::id::VariantId;
use jiff::{SignedDuration, Timestamp};

/// For how long something must have been so.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What weights of everybody sum to, in percent, less the tolerance of sums.
const EVERYBODY_PERCENT: f64 = 100.0 - 1e-6;

/// Why a flag is stale. Where several are true, the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleReason {
    /// Every production environment serves the same variant to everybody.
    FullyRolledOut,
    /// Nobody evaluated it.
    NoEvaluations,
    /// Nobody changed it.
    NoActivity,
}

/// Whether a flag is still needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staleness {
    /// It is in use.
    Active,
    /// It is kept on purpose.
    Permanent,
    /// It is probably not.
    Stale(StaleReason),
}

/// What is known of evaluations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evaluations {
    /// When the flag was last evaluated, anywhere.
    pub of_flag: Option<Timestamp>,
    /// When any flag of the project was. If nobody reports evaluations, that one flag has none says nothing.
    pub of_any: Option<Timestamp>,
}

/// Whether a flag is still needed at `now`, given what it serves and what is known of its evaluations.
pub fn staleness<'a>(
    flag: &Flag,
    entries: impl Iterator<Item = (&'a Environment, &'a FlagEnvironment)> + Clone,
    evaluations: Evaluations,
    now: Timestamp,
) -> Staleness {
    let is_long_ago = |at: Timestamp| now.duration_since(at) >= STALE_AFTER;
    if flag.staleness_status == StalenessStatus::Permanent {
        return Staleness::Permanent;
    }
    if flag.archived_at.is_some() || !is_long_ago(flag.created_at) {
        return Staleness::Active;
    }
    let mut production = entries.clone().filter(|(environment, _)| environment.is_production).peekable();
    if let Some((_, first)) = production.peek()
        && let Some(variant) = served_to_everybody(first)
        && production
            .all(|(_, entry)| served_to_everybody(entry) == Some(variant) && is_long_ago(entry.updated_at))
    {
        return Staleness::Stale(StaleReason::FullyRolledOut);
    }
    if evaluations.of_any.is_some_and(|at| !is_long_ago(at)) && evaluations.of_flag.is_none_or(is_long_ago) {
        return Staleness::Stale(StaleReason::NoEvaluations);
    }
    let mut changes = entries.map(|(_, entry)| entry.updated_at).chain([flag.updated_at]);
    if changes.all(is_long_ago) {
        return Staleness::Stale(StaleReason::NoActivity);
    }
    Staleness::Active
}

/// The variant that everybody gets, if there is one.
pub fn served_to_everybody(entry: &FlagEnvironment) -> Option<VariantId> {
    if !entry.enabled {
        return entry.off_variant_id;
    }
    if entry.override_variant_id.is_some() {
        return entry.override_variant_id;
    }
    let mut served = None;
    // Without weights an allocation lets everybody pass.
    for allocation in entry.allocations.iter().filter(|allocation| !allocation.weights.is_empty()) {
        let variant = only_variant(allocation)?;
        if served.is_some_and(|served| served != variant) {
            return None;
        }
        served = Some(variant);
        if allocation.rules.is_empty() && allocation.exposure_ratio() >= 1.0 {
            return served;
        }
    }
    match (served, entry.default_variant_id) {
        (Some(served), Some(default)) if served != default => None,
        (_, default) => default,
    }
}

/// The variant that all of an allocation's subjects get.
fn only_variant(allocation: &Allocation) -> Option<VariantId> {
    let whole = allocation.weights.iter().find(|weight| weight.value >= EVERYBODY_PERCENT);
    whole.map(|weight| weight.variant_id)
}

impl StaleReason {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FullyRolledOut => "FULLY_ROLLED_OUT",
            Self::NoEvaluations => "NO_EVALUATIONS",
            Self::NoActivity => "NO_ACTIVITY",
        }
    }
}

impl Staleness {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Permanent => "PERMANENT",
            Self::Stale(_) => "STALE",
        }
    }

    /// Why, if it is stale.
    pub fn reason(self) -> Option<StaleReason> {
        match self {
            Self::Stale(reason) => Some(reason),
            Self::Active | Self::Permanent => None,
        }
    }
}
