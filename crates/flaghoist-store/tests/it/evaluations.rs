//! Counts of what readers evaluated.

use crate::engines::{Home, on_both_engines};
use flaghoist_model::id::{EnvironmentId, FlagId};
use flaghoist_store::{CountedEvaluations, EvaluationCounts, EvaluationSeries, EventStore};
use jiff::Timestamp;
use std::sync::Arc;
use uuid::Uuid;

on_both_engines!(
    counts_of_a_minute_add_up_and_totals_keep_the_first_and_the_last_moment,
    minutes_fold_into_hours_once_and_old_hours_go,
    counts_survive_a_restart,
    servers_that_add_at_once_lose_nothing,
    a_flag_was_last_seen_when_any_of_its_variants_was,
);

const ENVIRONMENT: EnvironmentId = EnvironmentId(Uuid::from_u128(1));
const FLAG: FlagId = FlagId(Uuid::from_u128(2));
/// 2026-11-20T10:00:00Z, in minutes since 1970.
const TEN_O_CLOCK: i64 = 29_919_480;

fn series(variant: &str) -> EvaluationSeries {
    let (allocation, variant) = ("beta".to_owned(), variant.to_owned());
    EvaluationSeries { environment_id: ENVIRONMENT, flag_id: FLAG, allocation, variant }
}

fn seen(variant: &str, minute: i64, evaluations: i64) -> CountedEvaluations {
    let at = Timestamp::from_second(minute * 60 + 7).unwrap();
    let counts = EvaluationCounts { evaluations, exposures: 1, defaults: 2, errors: 3 };
    CountedEvaluations { series: series(variant), minute, counts, first_at: at, last_at: at }
}

/// Start, length and evaluations of all buckets.
async fn buckets(events: &dyn EventStore) -> Vec<(i64, i64, i64)> {
    let buckets = events.evaluation_buckets(ENVIRONMENT, FLAG, 0..i64::MAX, 1_000).await.unwrap();
    let shape = |bucket: &flaghoist_store::EvaluationBucket| {
        (bucket.start_minute - TEN_O_CLOCK, bucket.length_minutes, bucket.counts.evaluations)
    };
    buckets.iter().map(shape).collect()
}

async fn counts_of_a_minute_add_up_and_totals_keep_the_first_and_the_last_moment(home: Home) {
    let events = home.open_events().await;
    events.add_evaluations(&[seen("on", TEN_O_CLOCK + 1, 5), seen("on", TEN_O_CLOCK, 3)]).await.unwrap();
    events.add_evaluations(&[seen("on", TEN_O_CLOCK + 1, 4)]).await.unwrap();
    assert_eq!(buckets(&*events).await, [(0, 1, 3), (1, 1, 9)]);
    let totals = events.evaluation_totals(ENVIRONMENT, FLAG).await.unwrap();
    assert_eq!(totals.len(), 1);
    assert_eq!(totals[0].counts, EvaluationCounts { evaluations: 12, exposures: 3, defaults: 6, errors: 9 });
    assert_eq!(totals[0].first_at.to_string(), "2026-11-20T10:00:07Z");
    assert_eq!(totals[0].last_at.to_string(), "2026-11-20T10:01:07Z");
}

async fn minutes_fold_into_hours_once_and_old_hours_go(home: Home) {
    let events = home.open_events().await;
    let minutes = [-61, -60, -1, 0].map(|minute| seen("on", TEN_O_CLOCK + minute, 2));
    events.add_evaluations(&minutes).await.unwrap();
    for _ in 0..2 {
        events.compact_evaluations(TEN_O_CLOCK, 0).await.unwrap();
        assert_eq!(buckets(&*events).await, [(-120, 60, 2), (-60, 60, 4), (0, 1, 2)]);
    }
    events.add_evaluations(&[seen("on", TEN_O_CLOCK - 60, 1)]).await.unwrap();
    events.compact_evaluations(TEN_O_CLOCK, TEN_O_CLOCK - 60).await.unwrap();
    assert_eq!(buckets(&*events).await, [(-60, 60, 5), (0, 1, 2)]);
    let totals = events.evaluation_totals(ENVIRONMENT, FLAG).await.unwrap();
    assert_eq!(totals[0].counts.evaluations, 9, "folding changes no total");
}

async fn counts_survive_a_restart(home: Home) {
    let events = home.open_events().await;
    events.add_evaluations(&[seen("on", TEN_O_CLOCK, 1)]).await.unwrap();
    events.close().await;
    assert_eq!(buckets(&*home.open_events().await).await, [(0, 1, 1)]);
}

async fn servers_that_add_at_once_lose_nothing(home: Home) {
    // SQLite has one server.
    let servers = if matches!(home, Home::Sqlite(_)) { 1 } else { 3 };
    let mut adding = tokio::task::JoinSet::new();
    for _ in 0..servers {
        let events = Arc::new(home.open_events().await);
        adding.spawn(async move {
            for round in 0..20 {
                let mut counted: Vec<_> = (0..10).map(|minute| seen("on", TEN_O_CLOCK + minute, 1)).collect();
                if round % 2 == 0 {
                    counted.reverse();
                }
                events.add_evaluations(&counted).await.unwrap();
            }
        });
    }
    adding.join_all().await;
    let totals = home.open_events().await.evaluation_totals(ENVIRONMENT, FLAG).await.unwrap();
    assert_eq!(totals[0].counts.evaluations, servers * 200);
}

async fn a_flag_was_last_seen_when_any_of_its_variants_was(home: Home) {
    let events = home.open_events().await;
    events.add_evaluations(&[seen("on", TEN_O_CLOCK + 9, 1), seen("off", TEN_O_CLOCK, 1)]).await.unwrap();
    let last = events.last_evaluations(ENVIRONMENT).await.unwrap();
    assert_eq!(last, [(FLAG, "2026-11-20T10:09:07Z".parse().unwrap())]);
    assert_eq!(events.last_evaluations(EnvironmentId(Uuid::from_u128(9))).await.unwrap(), []);
}
