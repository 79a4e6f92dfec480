//! What tests start from: an author, a clock hand, ids that count up, and drafts that are valid.

use flaghoist_model::access::{BuiltInRole, Dialect, Principal, Proof, RoleRef};
use flaghoist_model::allocation::{AllocationContext, AllocationDraft, AllocationKind, WeightDraft};
use flaghoist_model::condition::{ConditionDraft, Operator, RuleDraft};
use flaghoist_model::flag::{Flag, FlagDraft};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::{CredentialId, EnvironmentId, ProjectId, SavedFilterId, UserId};
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::schedule::{ScheduleDraft, StepDraft, Strategy};
use flaghoist_model::value::ValueType;
use flaghoist_model::variant::VariantDraft;
use flaghoist_model::{Faults, MintId, Rejection};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Ids that count up.
#[derive(Default)]
pub(crate) struct Ids(AtomicU64);

impl MintId for Ids {
    fn mint(&self) -> Uuid {
        Uuid::from_u64_pair(7, self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-20T10:00:00Z".parse().unwrap()
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() + seconds).unwrap()
}

pub(crate) fn author() -> Principal {
    principal(2, BuiltInRole::Admin)
}

/// Somebody of the project, known by a number.
pub(crate) fn principal(number: u64, role: BuiltInRole) -> Principal {
    Principal {
        project_id: ProjectId(Uuid::from_u64_pair(1, 1)),
        user_id: UserId(Uuid::from_u64_pair(1, number)),
        proof: Proof::ApplicationKey(CredentialId(Uuid::from_u64_pair(1, 3))),
        dialect: Dialect::Native,
        role: RoleRef::BuiltIn(role),
        permissions: role.permissions(),
        is_narrowed: false,
        key_expires_at: None,
        is_installation_admin: false,
    }
}

pub(crate) fn environment_id() -> EnvironmentId {
    EnvironmentId(Uuid::from_u64_pair(1, 4))
}

pub(crate) fn no_filters() -> BTreeMap<SavedFilterId, SavedFilter> {
    BTreeMap::new()
}

pub(crate) fn variant(key: &str, value: &str) -> VariantDraft {
    VariantDraft {
        key: Some(key.to_owned()),
        name: Some(key.to_uppercase()),
        value: Some(value.to_owned()),
        ..VariantDraft::default()
    }
}

pub(crate) fn flag_draft(value_type: ValueType, variants: &[(&str, &str)]) -> FlagDraft {
    FlagDraft {
        key: Some("dark-mode".to_owned()),
        name: Some("Dark mode".to_owned()),
        value_type: Some(value_type),
        variants: Some(variants.iter().map(|(key, value)| variant(key, value)).collect()),
        ..FlagDraft::default()
    }
}

pub(crate) fn create(draft: FlagDraft) -> Result<Flag, Rejection> {
    Flag::create(draft, &author(), now(), &Ids::default(), Faults::under("/data/attributes"))
}

/// A STRING flag with variants `a`, `b` and `c`.
pub(crate) fn letters() -> Flag {
    create(flag_draft(ValueType::String, &[("a", "A"), ("b", "B"), ("c", "C")])).unwrap()
}

/// The flag in an environment, enabled, without allocations.
pub(crate) fn enabled(flag: &Flag) -> FlagEnvironment {
    FlagEnvironment::initial(flag, environment_id()).with_enabled(true, now())
}

pub(crate) fn weight(key: &str, percent: f64) -> WeightDraft {
    WeightDraft { variant_key: Some(key.to_owned()), value: Some(percent), ..WeightDraft::default() }
}

pub(crate) fn allocation(key: &str, weights: &[(&str, f64)]) -> AllocationDraft {
    AllocationDraft {
        key: Some(key.to_owned()),
        name: Some(key.to_owned()),
        kind: Some(AllocationKind::FeatureGate),
        weights: weights.iter().map(|(key, percent)| weight(key, *percent)).collect(),
        ..AllocationDraft::default()
    }
}

pub(crate) fn condition(attribute: &str, operator: Operator, values: &[&str]) -> ConditionDraft {
    ConditionDraft {
        attribute: Some(attribute.to_owned()),
        operator: Some(operator),
        values: Some(values.iter().map(ToString::to_string).collect()),
        ..ConditionDraft::default()
    }
}

pub(crate) fn rule(conditions: Vec<ConditionDraft>) -> RuleDraft {
    RuleDraft { conditions }
}

/// A schedule whose steps have these ratios, in groups of their own.
pub(crate) fn schedule(strategy: Strategy, ratios: &[f64]) -> ScheduleDraft {
    let steps = ratios.iter().zip(0..).map(|(ratio, group)| StepDraft {
        exposure_ratio: Some(*ratio),
        is_pause_record: Some(false),
        grouped_step_index: Some(group),
        ..StepDraft::default()
    });
    ScheduleDraft { strategy: Some(strategy), steps: Some(steps.collect()), ..ScheduleDraft::default() }
}

/// `entry` with its allocations replaced at `at`.
pub(crate) fn replace(
    flag: &Flag,
    entry: &FlagEnvironment,
    drafts: Vec<AllocationDraft>,
    ids: &Ids,
    at: Timestamp,
) -> Result<FlagEnvironment, Rejection> {
    let filters = no_filters();
    let context = AllocationContext {
        flag,
        default_variant_id: entry.default_variant_id,
        saved_filters: &filters,
        now: at,
        ids,
    };
    entry.with_allocations(drafts, &context, Faults::under("/data"))
}

/// An enabled environment that serves these allocations.
pub(crate) fn serving(flag: &Flag, drafts: Vec<AllocationDraft>) -> FlagEnvironment {
    replace(flag, &enabled(flag), drafts, &Ids::default(), now()).unwrap()
}

/// The faults of a rejection, as a person reads them.
pub(crate) fn faults<T: std::fmt::Debug>(result: Result<T, Rejection>) -> Vec<String> {
    match result.unwrap_err() {
        Rejection::Invalid(faults) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("expected faults, got {other:?}"),
    }
}

/// The pointers of a rejection's faults.
pub(crate) fn pointers<T: std::fmt::Debug>(result: Result<T, Rejection>) -> Vec<String> {
    match result.unwrap_err() {
        Rejection::Invalid(faults) => faults.into_iter().map(|fault| fault.pointer).collect(),
        other => panic!("expected faults, got {other:?}"),
    }
}
