//! `GET /api/v1/flags/{flag_id}/evaluations`

use super::ProblemErrors;
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::Filters;
use crate::decode::{self, PathOf, path_id};
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::id::EnvironmentId;
use flaghoist_store::{EvaluationBucket, EvaluationCounts, EvaluationTotal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far back buckets go when the client does not say, in seconds.
const SINCE_DEFAULT_SECONDS: i64 = 24 * 3_600;
/// Most buckets of an environment in one answer.
const BUCKETS_MAX: i64 = 10_000;

/// Which buckets.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct EvaluationFilters {
    environment_id: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

/// How often a flag was evaluated, and what it served.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlagEvaluations {
    /// One entry for each environment.
    environments: Vec<EnvironmentEvaluations>,
}

/// The same in one environment.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnvironmentEvaluations {
    #[schema(format = Uuid)]
    environment_id: String,
    environment_key: String,
    /// When it was last seen to be evaluated or exposed; null for never.
    #[schema(format = DateTime)]
    last_evaluated_at: Option<String>,
    /// Since the beginning.
    totals: Vec<TotalOut>,
    /// In the time that was asked for, oldest first; of minutes, and of hours after two days.
    buckets: Vec<BucketOut>,
    /// Whether older buckets of that time are left out because there are too many.
    is_truncated: bool,
}

/// How often.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountsOut {
    evaluations: i64,
    exposures: i64,
    /// Evaluations that served the default of the code.
    defaults: i64,
    errors: i64,
}

/// Of an allocation and a variant since the beginning.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotalOut {
    /// Null when none let the subject in; `(unknown)` for keys that the flag does not know.
    allocation_key: Option<String>,
    /// Null for the default of the code.
    variant_key: Option<String>,
    #[serde(flatten)]
    counts: CountsOut,
    #[schema(format = DateTime)]
    first_at: String,
    #[schema(format = DateTime)]
    last_at: String,
}

/// Of an allocation and a variant in a stretch of time.
#[derive(Serialize, ToSchema)]
pub(crate) struct BucketOut {
    #[schema(format = DateTime)]
    start: String,
    length_seconds: i64,
    allocation_key: Option<String>,
    variant_key: Option<String>,
    #[serde(flatten)]
    counts: CountsOut,
}

impl From<EvaluationCounts> for CountsOut {
    fn from(counts: EvaluationCounts) -> Self {
        let EvaluationCounts { evaluations, exposures, defaults, errors } = counts;
        Self { evaluations, exposures, defaults, errors }
    }
}

fn key(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl From<EvaluationTotal> for TotalOut {
    fn from(total: EvaluationTotal) -> Self {
        Self {
            allocation_key: key(total.series.allocation),
            variant_key: key(total.series.variant),
            counts: total.counts.into(),
            first_at: total.first_at.to_string(),
            last_at: total.last_at.to_string(),
        }
    }
}

impl From<EvaluationBucket> for BucketOut {
    fn from(bucket: EvaluationBucket) -> Self {
        let start = Timestamp::from_second(bucket.start_minute.saturating_mul(60)).unwrap_or_default();
        Self {
            start: start.to_string(),
            length_seconds: bucket.length_minutes.saturating_mul(60),
            allocation_key: key(bucket.series.allocation),
            variant_key: key(bucket.series.variant),
            counts: bucket.counts.into(),
        }
    }
}

/// Show how often a flag was evaluated, and what it served
///
/// Evaluations by this server are counted within ten seconds; those that SDKs report when they report them.
#[utoipa::path(
    get,
    path = "/api/v1/flags/{flag_id}/evaluations",
    operation_id = "get_flag_evaluations",
    tag = "Explanations",
    params(
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = Option<String>, Query, description = "Only in this environment", format = Uuid),
        ("since" = Option<String>, Query, description = "Buckets not before this moment; a day ago by default", format = DateTime),
        ("until" = Option<String>, Query, description = "Buckets before this moment; now by default", format = DateTime),
    ),
    responses((status = 200, description = "The counts", body = FlagEvaluations), ProblemErrors)
)]
pub(crate) async fn get_flag_evaluations(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(flag_id): PathOf<String>,
    Filters(filters): Filters<EvaluationFilters>,
) -> Result<axum::Json<FlagEvaluations>, ApiError> {
    let flag_id = path_id(&flag_id, "flag")?;
    let now = app.clock.now().as_second();
    let mut faults = Faults::new();
    let only: Option<EnvironmentId> = decode::id(filters.environment_id, "environment_id", &mut faults);
    let since = decode::moment(filters.since, "since", &mut faults);
    let until = decode::moment(filters.until, "until", &mut faults);
    faults.check()?;
    let since = since.map_or(now - SINCE_DEFAULT_SECONDS, Timestamp::as_second).div_euclid(60);
    let until = until.map_or(now, Timestamp::as_second).div_euclid(60) + 1;
    let view = commands::view_flag(&app, &caller.principal, flag_id).await?;
    let mut environments = Vec::new();
    for (environment, _) in view.environments {
        if only.is_some_and(|only| only != environment.id) {
            continue;
        }
        let totals = app.events.evaluation_totals(environment.id, flag_id).await?;
        let buckets =
            app.events.evaluation_buckets(environment.id, flag_id, since..until, BUCKETS_MAX).await?;
        environments.push(EnvironmentEvaluations {
            environment_id: environment.id.to_string(),
            environment_key: environment.key,
            last_evaluated_at: totals.iter().map(|total| total.last_at).max().map(|at| at.to_string()),
            totals: totals.into_iter().map(TotalOut::from).collect(),
            is_truncated: i64::try_from(buckets.len()).is_ok_and(|count| count >= BUCKETS_MAX),
            buckets: buckets.into_iter().map(BucketOut::from).collect(),
        });
    }
    Ok(axum::Json(FlagEvaluations { environments }))
}
