//! `flaghoist rollouts show`

use super::{TITLES, percent, rollout_row, say};
use crate::server_client::{Connection, Question};
use crate::table::{cell, table, visible};
use anyhow::Result;
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

#[derive(Args)]
pub(super) struct Show {
    #[command(flatten)]
    connection: Connection,
    /// Id of its exposure schedule, as `rollouts list` prints it.
    rollout: String,
    /// Guardrails of this run, counting from 1: the last guarded one when absent.
    #[arg(long, value_name = "N")]
    run: Option<i64>,
    /// Print the server's JSON, of the rollout and of its guardrails.
    #[arg(long)]
    json: bool,
}

/// Does what was asked.
pub(super) async fn run(show: &Show) -> Result<()> {
    let server = show.connection.open()?;
    let path = ["api", "v1", "rollouts", &show.rollout];
    let rollout = server.ask(Question::new(Method::GET, &path)).await?;
    let path = ["api", "v1", "rollouts", &show.rollout, "guardrails"];
    let guardrails = server.ask(Question::new(Method::GET, &path).with("run", show.run)).await?;
    if show.json {
        say(json!({"rollout": rollout, "guardrails": guardrails}));
        return Ok(());
    }
    say(table(&TITLES, &[rollout_row(&rollout)]));
    for paragraph in paragraphs(&guardrails) {
        say(format_args!("\n{paragraph}"));
    }
    Ok(())
}

/// What guardrails know, in parts that stand apart.
fn paragraphs(guardrails: &Value) -> Vec<String> {
    let mut paragraphs = Vec::new();
    if guardrails["run"].is_null() {
        paragraphs.push("No run of it was guarded.".to_owned());
    } else {
        paragraphs.push(run_line(guardrails));
        let steps: Vec<Vec<String>> = items(&guardrails["steps"]).map(step_row).collect();
        paragraphs.push(table(&["step", "share", "from", "to", "exposed"], &steps));
        let evidence: Vec<Vec<String>> = items(&guardrails["metrics"]).flat_map(evidence_rows).collect();
        let titles = [
            "metric", "variant", "count", "control", "change", "interval", "log e", "adjusted", "fires at",
            "state", "summary",
        ];
        paragraphs.push(table(&titles, &evidence));
    }
    let failed = items(&guardrails["health"]).filter(|check| check["has_failed"] == true);
    paragraphs.extend(listed("Failed checks of health:", failed.map(health_line)));
    paragraphs.extend(listed("The next step waits:", items(&guardrails["holds"]).map(hold_line)));
    paragraphs.extend(listed("Fired:", items(&guardrails["triggers"]).map(trigger_line)));
    if items(&guardrails["undefined_metrics"]).next().is_some() {
        let names = cell(guardrails, "undefined_metrics");
        paragraphs.push(format!("Metrics without a definition, which hold nothing: {names}"));
    }
    paragraphs
}

fn run_line(guardrails: &Value) -> String {
    let runs: Vec<String> = items(&guardrails["runs"]).map(ToString::to_string).collect();
    format!(
        "run {} of guarded runs {}, from {} to {}, compared with {}",
        guardrails["run"],
        runs.join(","),
        cell(guardrails, "started_at"),
        cell(guardrails, "ended_at"),
        variant(&guardrails["control"]),
    )
}

fn step_row(step: &Value) -> Vec<String> {
    let exposures = step["exposures"].as_object().into_iter().flatten();
    let exposed: Vec<String> = exposures.map(|(key, count)| format!("{} {count}", visible(key))).collect();
    vec![
        cell(step, "position"),
        percent(step["exposure_ratio"].as_f64().unwrap_or_default()),
        cell(step, "from"),
        cell(step, "to"),
        exposed.join(", "),
    ]
}

/// A row for each variant that the metric is watched in.
fn evidence_rows(metric: &Value) -> impl Iterator<Item = Vec<String>> {
    items(&metric["evidence"]).map(move |evidence| {
        vec![
            cell(metric, "metric_id"),
            variant(&evidence["variant"]),
            cell(evidence, "n_treatment"),
            cell(evidence, "n_control"),
            change(&evidence["change"]),
            interval(evidence),
            decimal(&evidence["log_e"]),
            decimal(&evidence["adjusted"]),
            decimal(&evidence["threshold"]),
            cell(evidence, "state"),
            cell(evidence, "summary"),
        ]
    })
}

fn health_line(check: &Value) -> String {
    format!(
        "{} of {}: {} against {} of the control, log e {} from {} on",
        cell(check, "check"),
        variant(&check["variant"]),
        check["n_treatment"],
        check["n_control"],
        decimal(&check["log_e"]),
        decimal(&check["threshold"]),
    )
}

fn hold_line(hold: &Value) -> String {
    let metric = cell(hold, "metric_id");
    match hold["reason"].as_str() {
        Some("no_metric_events") => {
            "subjects are exposed, but no metric hears of anybody; look at what sends the events".to_owned()
        }
        Some("no_aggregates") => format!("Prometheus has had nothing to say of {metric} for some minutes"),
        Some("harm_not_ruled_out") => {
            let variant = variant(&hold["variant"]);
            format!("{metric} asks for certainty, and harm by {variant} beyond its margin is not ruled out")
        }
        _ => cell(hold, "reason"),
    }
}

fn trigger_line(trigger: &Value) -> String {
    let cause = if trigger["metric_id"].is_null() { "check" } else { "metric_id" };
    let again = trigger["restarted_in"].as_u64();
    format!(
        "{} {}: {} of {} in step {}, log e {}{}",
        cell(trigger, "at"),
        cell(trigger, "action"),
        cell(trigger, cause),
        variant(&trigger["variant"]),
        trigger["step"],
        decimal(&trigger["log_e"]),
        again.map_or_else(String::new, |step| format!("; watched again since step {step}")),
    )
}

/// A title and its lines; none without lines.
fn listed(title: &str, lines: impl Iterator<Item = String>) -> Option<String> {
    let lines: Vec<String> = lines.map(|line| format!("  {line}")).collect();
    (!lines.is_empty()).then(|| format!("{title}\n{}", lines.join("\n")))
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A variant by its key, or by its id when it is gone.
fn variant(variant: &Value) -> String {
    cell(variant, if variant["key"].is_null() { "id" } else { "key" })
}

/// A relative change in percent; a dash when nothing can be said.
fn change(relative: &Value) -> String {
    relative.as_f64().map_or_else(|| "-".to_owned(), |relative| format!("{:+.1} %", 100.0 * relative))
}

/// Both ends of the interval for the change; an end that is not known yet is a dash.
fn interval(evidence: &Value) -> String {
    match (&evidence["change_lower"], &evidence["change_upper"]) {
        (Value::Null, Value::Null) => "-".to_owned(),
        (lower, upper) => format!("{} to {}", change(lower), change(upper)),
    }
}

fn decimal(number: &Value) -> String {
    number.as_f64().map_or_else(|| "-".to_owned(), |number| format!("{number:.2}"))
}
