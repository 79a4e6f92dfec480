//! When a flag is stale.

use crate::given::{author, create, environment_id, flag_draft, now};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::{Flag, StalenessStatus};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::staleness::{Evaluations, StaleReason, Staleness, staleness};
use flaghoist_model::value::ValueType;
use jiff::{SignedDuration, Timestamp};

fn in_days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

fn production() -> Environment {
    Environment {
        id: environment_id(),
        project_id: author().project_id,
        key: "production".to_owned(),
        name: "Production".to_owned(),
        description: None,
        queries: vec!["prod".to_owned()],
        is_production: true,
        require_feature_flag_approval: false,
        created_at: now(),
        updated_at: now(),
        revision: 1,
        content_revision: 1,
        content_at: now(),
    }
}

/// A flag of day 0 that is enabled and serves its default to everybody, and nothing changes since.
fn flag() -> (Flag, FlagEnvironment) {
    let flag = create(flag_draft(ValueType::Boolean, &[("on", "true"), ("off", "false")])).unwrap();
    let entry = FlagEnvironment::initial(&flag, environment_id()).with_enabled(true, now());
    (flag, entry)
}

fn judged(flag: &Flag, entry: &FlagEnvironment, evaluations: Evaluations, day: i64) -> Staleness {
    staleness(flag, [(&production(), entry)].into_iter(), evaluations, in_days(day))
}

/// Evaluated a day before `day`.
fn evaluated(day: i64) -> Evaluations {
    Evaluations { of_flag: Some(in_days(day - 1)), of_any: Some(in_days(day - 1)) }
}

#[test]
fn one_variant_for_everybody_in_production_is_stale_after_thirty_days() {
    let (flag, entry) = flag();
    assert_eq!(judged(&flag, &entry, evaluated(29), 29), Staleness::Active);
    assert_eq!(judged(&flag, &entry, evaluated(30), 30), Staleness::Stale(StaleReason::FullyRolledOut));
    let touched = FlagEnvironment { updated_at: in_days(10), ..entry.clone() };
    assert_eq!(judged(&flag, &touched, evaluated(39), 39), Staleness::Active, "thirty days since the change");
    let off = FlagEnvironment { enabled: false, ..entry };
    let served = judged(&flag, &off, evaluated(30), 30);
    assert_eq!(served, Staleness::Stale(StaleReason::NoActivity), "the default of the code is no variant");
}

#[test]
fn nobody_evaluating_it_counts_only_where_somebody_reports() {
    let (flag, entry) = flag();
    let entry = FlagEnvironment { enabled: false, updated_at: in_days(20), ..entry };
    let nothing = Evaluations::default();
    assert_eq!(judged(&flag, &entry, nothing, 40), Staleness::Active, "nobody reports anything");
    let others = Evaluations { of_flag: None, of_any: Some(in_days(39)) };
    assert_eq!(judged(&flag, &entry, others, 40), Staleness::Stale(StaleReason::NoEvaluations));
    let long_ago = Evaluations { of_flag: Some(in_days(10)), ..others };
    assert_eq!(judged(&flag, &entry, long_ago, 40), Staleness::Stale(StaleReason::NoEvaluations));
    let lately = Evaluations { of_flag: Some(in_days(11)), ..others };
    assert_eq!(judged(&flag, &entry, lately, 40), Staleness::Active);
}

#[test]
fn permanent_archived_and_young_flags_are_never_stale() {
    let (flag, entry) = flag();
    let permanent = Flag { staleness_status: StalenessStatus::Permanent, ..flag.clone() };
    assert_eq!(judged(&permanent, &entry, evaluated(90), 90), Staleness::Permanent);
    let archived = Flag { archived_at: Some(now()), ..flag.clone() };
    assert_eq!(judged(&archived, &entry, evaluated(90), 90), Staleness::Active);
    let young = Flag { created_at: in_days(70), ..flag };
    assert_eq!(judged(&young, &entry, evaluated(90), 90), Staleness::Active);
}
