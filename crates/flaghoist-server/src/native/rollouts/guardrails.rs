//! `GET /api/v1/rollouts/{exposure_schedule_id}/guardrails`

use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::Filters;
use crate::decode::{self, PathOf, path_id};
use crate::guardrails::{WatchedRun, evaluation_of};
use crate::native::ProblemErrors;
use axum::extract::State;
use flaghoist_ingest::guardrail::{ALPHA, Evaluation, Evidence, EvidenceState, HealthCheck, Hold};
use flaghoist_model::Faults;
use flaghoist_model::flag::Flag;
use flaghoist_model::guard::{GuardedMetric, RunStep, Trigger, Trip};
use flaghoist_model::id::VariantId;
use flaghoist_model::metric::Direction;
use flaghoist_store::GuardedRun;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RunQuery {
    run: Option<String>,
}

impl RunQuery {
    /// The number of the run, if one is asked for.
    pub(super) fn number(self) -> Result<Option<i64>, ApiError> {
        let mut faults = Faults::under("/query");
        let number = decode::whole_number(self.run, "run", 1..=i64::MAX, &mut faults);
        faults.check()?;
        Ok(number)
    }
}

/// What guardrails know of a run of a rollout.
#[derive(Serialize, ToSchema)]
pub(crate) struct GuardrailsOut {
    /// The run that this is about; null when no run of the rollout was guarded.
    run: Option<i64>,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    /// Null while it is on.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// All guarded runs of the rollout, the last first.
    runs: Vec<i64>,
    /// Whom the treatments are compared with.
    control: Option<VariantRef>,
    /// Share of harmless rollouts in which any guardrail may ever fire.
    alpha: f64,
    /// What was in force, and how many subjects were exposed in it.
    steps: Vec<RunStepOut>,
    /// What is watched.
    metrics: Vec<WatchedMetricOut>,
    /// Guardrail metrics of the allocation that have no metric definition: they hold nothing.
    undefined_metrics: Vec<String>,
    /// Whether what is reported can be trusted.
    health: Vec<HealthCheckOut>,
    /// Share of reported variants that are others than the ones of the configuration, minutes after a step. More than 0.01
    /// deserves a look.
    mismatched_share: Option<f64>,
    /// Why the next step waits.
    holds: Vec<HoldOut>,
    /// What fired, the first first.
    triggers: Vec<TriggerOut>,
}

/// A variant.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardrailVariantRef)]
pub(crate) struct VariantRef {
    #[schema(format = Uuid)]
    id: String,
    /// Null when it is gone.
    key: Option<String>,
}

/// A step as it was.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardrailRunStep)]
pub(crate) struct RunStepOut {
    /// The step of the schedule.
    position: usize,
    /// Share of the traffic that was in, 0 to 1.
    exposure_ratio: f64,
    #[schema(format = DateTime)]
    from: String,
    /// Null while it is in force.
    #[schema(format = DateTime)]
    to: Option<String>,
    /// Subjects first exposed in it, by key of the variant that their hash gives.
    exposures: std::collections::BTreeMap<String, u64>,
}

/// A metric that is watched.
#[derive(Serialize, ToSchema)]
pub(crate) struct WatchedMetricOut {
    metric_id: String,
    name: String,
    /// `increase_is_bad` or `decrease_is_bad`.
    #[schema(example = "increase_is_bad")]
    direction: &'static str,
    /// Relative harm that is tolerated.
    margin: f64,
    /// What happens when it shows harm: `PAUSE` or `ABORT`.
    action: &'static str,
    /// By variant.
    evidence: Vec<EvidenceOut>,
}

/// What a metric says of a variant.
#[derive(Serialize, ToSchema)]
pub(crate) struct EvidenceOut {
    variant: VariantRef,
    /// How it is tested: `events`, `values`, `ratios`, `prometheus` or `threshold`. The last three are asymptotic or no test.
    #[schema(example = "events")]
    lane: &'static str,
    /// What was counted in the variant: subjects with an event, with a value, or blocks of a minute.
    n_treatment: u64,
    /// The same in the control.
    n_control: u64,
    /// Relative change against the control: 0.1 is 10 % more.
    change: Option<f64>,
    /// Lower end of an interval for the change that holds at every look.
    change_lower: Option<f64>,
    /// Upper end.
    change_upper: Option<f64>,
    /// Log e-value: the evidence against harmlessness.
    log_e: f64,
    /// The same, adjusted for all that is looked at.
    adjusted: f64,
    /// At which value it fires.
    threshold: f64,
    /// `no_data`, `not_enough_data`, `watching`, `untrustworthy`, `fired`, or `found_late`: it shows harm by what was reported
    /// after the run had ended.
    #[schema(example = "watching")]
    state: &'static str,
    /// Since which of the steps it is watched: it begins anew when somebody resumes the rollout after it fired.
    since_step: usize,
    /// In a sentence.
    summary: String,
}

/// A check of what is reported.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthCheckOut {
    /// `sample_ratio_mismatch`, `exposure_timing` or `reporting`.
    #[schema(example = "sample_ratio_mismatch")]
    check: &'static str,
    variant: VariantRef,
    n_treatment: u64,
    n_control: u64,
    log_e: f64,
    threshold: f64,
    /// Whether it failed.
    has_failed: bool,
}

/// Why the next step waits.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardrailHold)]
pub(crate) struct HoldOut {
    /// `no_metric_events`, `no_aggregates` or `harm_not_ruled_out`.
    reason: &'static str,
    metric_id: Option<String>,
    variant: Option<VariantRef>,
}

/// What fired.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardrailTrigger)]
pub(crate) struct TriggerOut {
    #[schema(format = Uuid)]
    id: String,
    /// The metric, or none for a check of health.
    metric_id: Option<String>,
    /// The check, or none for a metric.
    check: Option<&'static str>,
    variant: VariantRef,
    /// `PAUSE` or `ABORT`.
    action: &'static str,
    log_e: f64,
    /// The step it was in.
    step: usize,
    #[schema(format = DateTime)]
    at: String,
    /// Since which step the same is watched again, once the rollout was resumed.
    restarted_in: Option<usize>,
}

/// What guardrails know of a rollout
///
/// The evidence of a run as it stands now: counts, changes with intervals that hold at every look, why it holds or fired.
#[utoipa::path(
    get,
    path = "/api/v1/rollouts/{exposure_schedule_id}/guardrails",
    operation_id = "get_rollout_guardrails",
    tag = "Rollouts",
    params(
        ("exposure_schedule_id" = String, Path, description = "The schedule's id", format = Uuid),
        ("run" = Option<i64>, Query, description = "Which run, counting from 1; the last when absent"),
    ),
    responses((status = 200, description = "The evidence", body = GuardrailsOut), ProblemErrors)
)]
pub(crate) async fn get_rollout_guardrails(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(id): PathOf<String>,
    Filters(query): Filters<RunQuery>,
) -> Result<axum::Json<GuardrailsOut>, ApiError> {
    let id = path_id(&id, "exposure schedule")?;
    let number = query.number()?;
    let view = commands::view_guarded_runs(&app, &caller.principal, id).await?;
    let runs: Vec<i64> = view.runs.iter().map(|run| run.guard.run).collect();
    let chosen = chosen(view.runs, number)?;
    let undefined_metrics = view.undefined_metrics;
    let Some(run) = chosen else {
        return Ok(axum::Json(GuardrailsOut {
            run: None,
            started_at: None,
            ended_at: None,
            runs,
            control: None,
            alpha: ALPHA,
            steps: Vec::new(),
            metrics: Vec::new(),
            undefined_metrics,
            health: Vec::new(),
            mismatched_share: None,
            holds: Vec::new(),
            triggers: Vec::new(),
        }));
    };
    let watched = WatchedRun::new(run, view.flag.into());
    let (state, evaluation) = evaluation_of(&app, &watched).await?;
    let exposures = |step: usize| {
        let counted = state.exposures_in(step).into_iter();
        watched.variant_keys.iter().cloned().zip(counted.chain(std::iter::repeat(0))).collect()
    };
    let run = &watched.run;
    let steps = run.guard.steps.iter().enumerate();
    Ok(axum::Json(GuardrailsOut {
        run: Some(run.guard.run),
        started_at: Some(run.started_at.to_string()),
        ended_at: run.ended_at.map(|at| at.to_string()),
        runs,
        control: Some(variant_ref(&watched.flag, run.guard.control.variant_id)),
        alpha: ALPHA,
        steps: steps.map(|(place, step)| step_out(step, exposures(place))).collect(),
        metrics: run.guard.metrics.iter().map(|metric| metric_out(&watched, metric, &evaluation)).collect(),
        undefined_metrics,
        health: evaluation.health.iter().map(|check| health_out(&watched.flag, check)).collect(),
        mismatched_share: evaluation.mismatched_share,
        holds: evaluation.holds.iter().map(|hold| hold_out(&watched.flag, hold)).collect(),
        triggers: run.guard.triggers.iter().map(|trigger| trigger_out(&watched.flag, trigger)).collect(),
    }))
}

/// The run of that number, or the last.
pub(super) fn chosen(runs: Vec<GuardedRun>, number: Option<i64>) -> Result<Option<GuardedRun>, ApiError> {
    let Some(number) = number else { return Ok(runs.into_iter().next()) };
    let known: Vec<String> = runs.iter().map(|run| run.guard.run.to_string()).collect();
    let run = runs.into_iter().find(|run| run.guard.run == number);
    run.map(Some).ok_or_else(|| {
        let mut faults = Faults::under("/query");
        let known = if known.is_empty() { "none was guarded".to_owned() } else { known.join(", ") };
        faults.push_at("run", format!("{number} is no guarded run of the rollout; there are: {known}"));
        ApiError::Invalid(faults.into_vec())
    })
}

fn variant_ref(flag: &Flag, id: VariantId) -> VariantRef {
    VariantRef { id: id.to_string(), key: flag.variant(id).map(|variant| variant.key.clone()) }
}

fn step_out(step: &RunStep, exposures: std::collections::BTreeMap<String, u64>) -> RunStepOut {
    RunStepOut {
        position: step.position,
        exposure_ratio: f64::from(step.exposed_end) / f64::from(flaghoist_model::compile::TOTAL_SHARDS),
        from: step.from.to_string(),
        to: step.to.map(|to| to.to_string()),
        exposures,
    }
}

fn metric_out(run: &WatchedRun, metric: &GuardedMetric, evaluation: &Evaluation) -> WatchedMetricOut {
    let definition = &metric.definition;
    let own = evaluation.evidence.iter().filter(|evidence| evidence.metric_id == definition.id);
    WatchedMetricOut {
        metric_id: definition.id.clone(),
        name: definition.name.clone(),
        direction: definition.direction.as_str(),
        margin: definition.margin,
        action: metric.action.as_str(),
        evidence: own.map(|evidence| evidence_out(run, definition.direction, evidence)).collect(),
    }
}

fn evidence_out(run: &WatchedRun, direction: Direction, evidence: &Evidence) -> EvidenceOut {
    let has_fired = run.run.guard.metric_triggers().any(|(_, metric_id, variant_id, _)| {
        metric_id == evidence.metric_id && variant_id == evidence.variant_id
    });
    let is_late = evidence.state == EvidenceState::Fired && !run.is_on() && !has_fired;
    let relative = |log_ratio: Option<f64>| log_ratio.map(f64::exp_m1);
    EvidenceOut {
        variant: variant_ref(&run.flag, evidence.variant_id),
        lane: evidence.lane.as_str(),
        n_treatment: evidence.n_treatment,
        n_control: evidence.n_control,
        change: relative(evidence.effect),
        change_lower: relative(evidence.lower),
        change_upper: relative(evidence.upper),
        log_e: evidence.log_e,
        adjusted: evidence.adjusted,
        threshold: -ALPHA.ln(),
        state: if is_late { "found_late" } else { evidence.state.as_str() },
        since_step: run.run.guard.watched_since(&evidence.metric_id, evidence.variant_id),
        summary: summary(direction, evidence),
    }
}

/// The evidence in a sentence.
fn summary(direction: Direction, evidence: &Evidence) -> String {
    let counts = format!("{} against {} of the control", evidence.n_treatment, evidence.n_control);
    let change =
        evidence.effect.map_or_else(String::new, |effect| format!(", {:+.1} %", 100.0 * effect.exp_m1()));
    let harm = match direction {
        Direction::IncreaseIsBad => "an increase",
        Direction::DecreaseIsBad => "a decrease",
    };
    match evidence.state {
        EvidenceState::NoData => "Nothing was reported yet.".to_owned(),
        EvidenceState::NotEnoughData => format!("Not enough yet to tell: {counts}."),
        EvidenceState::Watching => format!("No sign of {harm} so far: {counts}{change}."),
        EvidenceState::Untrustworthy => {
            format!(
                "It may look like {harm}, but exposures of the arms are reported differently: {counts}{change}."
            )
        }
        EvidenceState::Fired => format!("It shows {harm}: {counts}{change}."),
    }
}

fn health_out(flag: &Flag, check: &HealthCheck) -> HealthCheckOut {
    HealthCheckOut {
        check: check.finding.as_str(),
        variant: variant_ref(flag, check.variant_id),
        n_treatment: check.n_treatment,
        n_control: check.n_control,
        log_e: check.log_e,
        threshold: check.threshold,
        has_failed: check.is_found,
    }
}

fn hold_out(flag: &Flag, hold: &Hold) -> HoldOut {
    match hold {
        Hold::NoMetricEvents => HoldOut { reason: "no_metric_events", metric_id: None, variant: None },
        Hold::NoAggregates { metric_id } => {
            HoldOut { reason: "no_aggregates", metric_id: Some(metric_id.clone()), variant: None }
        }
        Hold::HarmNotRuledOut { metric_id, variant_id } => HoldOut {
            reason: "harm_not_ruled_out",
            metric_id: Some(metric_id.clone()),
            variant: Some(variant_ref(flag, *variant_id)),
        },
    }
}

fn trigger_out(flag: &Flag, trigger: &Trigger) -> TriggerOut {
    let (metric_id, check, variant_id, log_e) = match &trigger.trip {
        Trip::Metric { metric_id, variant_id, log_e, .. } => {
            (Some(metric_id.clone()), None, variant_id, log_e)
        }
        Trip::Health { finding, variant_id, log_e } => (None, Some(finding.as_str()), variant_id, log_e),
    };
    TriggerOut {
        id: trigger.id.to_string(),
        metric_id,
        check,
        variant: variant_ref(flag, *variant_id),
        action: trigger.trip.action().as_str(),
        log_e: *log_e,
        step: trigger.step,
        at: trigger.at.to_string(),
        restarted_in: trigger.restarted_in,
    }
}
