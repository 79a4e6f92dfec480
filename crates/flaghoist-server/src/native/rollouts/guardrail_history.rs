//! `GET /api/v1/rollouts/{exposure_schedule_id}/guardrails/history`

use super::guardrails::{RunQuery, chosen};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::Filters;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;
use flaghoist_store::{EvidencePoint, RunKey};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Most points that are shown.
const POINTS_MAX: i64 = 200_000;

/// How the evidence of a run stood over time.
#[derive(Serialize, ToSchema)]
pub(crate) struct GuardrailHistoryOut {
    /// The run; null when no run of the rollout was guarded.
    run: Option<i64>,
    /// By metric and variant.
    series: Vec<EvidenceSeriesOut>,
}

/// How the evidence of a metric and a variant stood over time.
#[derive(Serialize, ToSchema)]
pub(crate) struct EvidenceSeriesOut {
    metric_id: String,
    #[schema(format = Uuid)]
    variant_id: String,
    /// The first first. A point stands for the end of a stretch of half a minute, and longer ones as the run gets older.
    #[schema(value_type = Vec<EvidencePointOut>)]
    points: Vec<Value>,
}

/// How it stood.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what was written down as JSON")]
pub(crate) struct EvidencePointOut {
    #[schema(format = DateTime)]
    at: String,
    n_treatment: u64,
    n_control: u64,
    /// Log ratio of the variant to the control, with the ends of its interval.
    effect: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    log_e: f64,
    adjusted: f64,
    /// As in the evidence.
    state: String,
}

/// How the evidence of a rollout stood over time
#[utoipa::path(
    get,
    path = "/api/v1/rollouts/{exposure_schedule_id}/guardrails/history",
    operation_id = "get_rollout_guardrail_history",
    tag = "Rollouts",
    params(
        ("exposure_schedule_id" = String, Path, description = "The schedule's id", format = Uuid),
        ("run" = Option<i64>, Query, description = "Which run, counting from 1; the last when absent"),
    ),
    responses((status = 200, description = "The evidence over time", body = GuardrailHistoryOut), ProblemErrors)
)]
pub(crate) async fn get_rollout_guardrail_history(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(id): PathOf<String>,
    Filters(query): Filters<RunQuery>,
) -> Result<axum::Json<GuardrailHistoryOut>, ApiError> {
    let id = path_id(&id, "exposure schedule")?;
    let number = query.number()?;
    let view = commands::view_guarded_runs(&app, &caller.principal, id).await?;
    let Some(run) = chosen(view.runs, number)? else {
        return Ok(axum::Json(GuardrailHistoryOut { run: None, series: Vec::new() }));
    };
    let key = RunKey { schedule_id: id, run: run.guard.run };
    let points = app.events.evidence_points(key, POINTS_MAX).await?;
    let series = points.chunk_by(|a, b| (&a.metric_id, a.variant_id) == (&b.metric_id, b.variant_id));
    Ok(axum::Json(GuardrailHistoryOut {
        run: Some(key.run),
        series: series.filter_map(series_out).collect(),
    }))
}

fn series_out(points: &[EvidencePoint]) -> Option<EvidenceSeriesOut> {
    let first = points.first()?;
    let point = |point: &EvidencePoint| {
        let mut document = point.document.clone();
        document["at"] = Value::from(point.at.to_string());
        document
    };
    Some(EvidenceSeriesOut {
        metric_id: first.metric_id.clone(),
        variant_id: first.variant_id.to_string(),
        points: points.iter().map(point).collect(),
    })
}
