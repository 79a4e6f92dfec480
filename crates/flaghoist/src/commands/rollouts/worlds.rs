//! A rollout in two worlds: one in which the treatment does nothing, and one in which it does harm.

use super::percent;
use crate::table::{table, visible};
use flaghoist_ingest::simulation::{Behaviour, Report, Scenario, Signal, simulate};
use flaghoist_model::metric::Direction;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The shares of all rollouts whose time until they were stopped is told.
const SHARES: [f64; 3] = [0.1, 0.5, 0.9];

/// How the rollouts of a scenario went.
pub(super) struct Worlds {
    scenario: Scenario,
    without_effect: Report,
    with_effect: Report,
}

impl Worlds {
    /// Plays so many rollouts in each world.
    pub(super) fn play(scenario: Scenario, rollouts: u32) -> Self {
        let mut harmless = scenario.clone();
        for signal in &mut harmless.signals {
            signal.treatment_factor = 1.0;
        }
        let without_effect = play(&harmless, rollouts);
        let with_effect = play(&scenario, rollouts);
        Self { scenario, without_effect, with_effect }
    }

    /// All of it, for programs. Durations are in milliseconds.
    pub(super) fn as_json(&self, allocation_key: Option<&str>) -> Value {
        let Scenario { steps, signals, metrics, .. } = &self.scenario;
        let steps = steps
            .iter()
            .map(|step| json!({"exposure_ratio": step.exposure_ratio, "duration_ms": step.duration_ms}));
        let metrics = signals.iter().zip(metrics).map(|(signal, metric)| {
            json!({
                "name": signal.event,
                "kind": metric.definition.kind.as_str(),
                "direction": metric.definition.direction.as_str(),
                "base": base(signal),
                "factor": signal.treatment_factor,
            })
        });
        json!({
            "allocation_key": allocation_key,
            "subjects": self.scenario.subjects,
            "visits_per_hour": self.scenario.visits_per_hour,
            "look_interval_ms": self.scenario.look_interval_ms,
            "seed": self.scenario.seed,
            "steps": steps.collect::<Value>(),
            "metrics": metrics.collect::<Value>(),
            "without_effect": report_as_json(&self.without_effect),
            "with_effect": report_as_json(&self.with_effect),
        })
    }

    /// All of it, for people.
    pub(super) fn as_text(&self) -> String {
        let Scenario { steps, signals, metrics, .. } = &self.scenario;
        let steps = steps.iter().enumerate().map(|(position, step)| {
            vec![position.to_string(), percent(step.exposure_ratio), duration(step.duration_ms)]
        });
        let metrics = signals.iter().zip(metrics).map(|(signal, metric)| {
            let base = match signal.behaviour {
                Behaviour::Chance { rate } => format!("{rate} of visits"),
                Behaviour::Value { mean, .. } => format!("mean {mean}"),
            };
            let harm = match metric.definition.direction {
                Direction::IncreaseIsBad => "increase",
                Direction::DecreaseIsBad => "decrease",
            };
            let effect = format!("x {}", signal.treatment_factor);
            vec![visible(&signal.event), harm.to_owned(), base, effect]
        });
        let paragraphs = [
            format!(
                "{} subjects, {:.0} visits an hour, a look every {}; {} rollouts in each world, seed {}",
                self.scenario.subjects,
                self.scenario.visits_per_hour,
                duration(self.scenario.look_interval_ms),
                self.with_effect.rollouts,
                self.scenario.seed,
            ),
            table(&["step", "share", "lasts"], &steps.collect::<Vec<_>>()),
            table(&["metric", "harm", "base", "effect"], &metrics.collect::<Vec<_>>()),
            table(&["rollouts", "without effect", "with effect"], &self.outcome_rows()),
        ];
        paragraphs.join("\n\n")
    }

    /// What became of the rollouts, world beside world.
    fn outcome_rows(&self) -> Vec<Vec<String>> {
        let row = |title: String, of: &dyn Fn(&Report) -> String| {
            vec![title, of(&self.without_effect), of(&self.with_effect)]
        };
        let mut rows = vec![row("stopped".to_owned(), &|report| counted(report.stops.len(), report))];
        rows.extend(SHARES.map(|share| {
            row(format!("{} stopped after", percent(share)), &|report| {
                let stopped = report.stopped_after_ms(share).zip(report.stopped_after_subjects(share));
                stopped.map_or_else(
                    || "-".to_owned(),
                    |(after_ms, subjects)| format!("{}, {subjects} in both arms", duration(after_ms)),
                )
            })
        }));
        let stopped_by = |cause: &str, report: &Report| report.causes().get(cause).copied().unwrap_or(0);
        rows.extend(self.causes().into_iter().map(|cause| {
            row(format!("stopped by {}", visible(cause)), &|report| {
                counted(stopped_by(cause, report), report)
            })
        }));
        rows
    }

    /// All metrics, and the checks of health that stopped a rollout.
    fn causes(&self) -> Vec<&str> {
        let metrics: Vec<&str> = self.scenario.signals.iter().map(|signal| signal.event.as_str()).collect();
        let causes: BTreeSet<&str> = [&self.without_effect, &self.with_effect]
            .into_iter()
            .flat_map(|report| report.causes().into_keys())
            .collect();
        let others: Vec<&str> = causes.into_iter().filter(|cause| !metrics.contains(cause)).collect();
        [metrics, others].concat()
    }
}

/// On two threads, each of which plays half of the rollouts.
fn play(scenario: &Scenario, rollouts: u32) -> Report {
    std::thread::scope(|scope| {
        let half = scope.spawn(|| simulate(scenario, 0..rollouts / 2));
        let other = simulate(scenario, rollouts / 2..rollouts);
        half.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).and(other)
    })
}

fn report_as_json(report: &Report) -> Value {
    let stopped_after = SHARES.map(|share| {
        json!({
            "share": share,
            "after_ms": report.stopped_after_ms(share),
            "subjects_of_both_arms": report.stopped_after_subjects(share),
        })
    });
    json!({
        "rollouts": report.rollouts,
        "stopped": report.stops.len(),
        "stopped_share": report.stopped_share(),
        "stopped_after": stopped_after,
        "stopped_by": report.causes(),
    })
}

fn base(signal: &Signal) -> f64 {
    match signal.behaviour {
        Behaviour::Chance { rate } => rate,
        Behaviour::Value { mean, .. } => mean,
    }
}

fn counted(count: usize, report: &Report) -> String {
    let share = u32::try_from(count).map_or(1.0, f64::from) / f64::from(report.rollouts.max(1));
    format!("{count} of {} ({})", report.rollouts, percent(share))
}

/// To the second, as in `7h 10m`.
fn duration(ms: i64) -> String {
    format!("{:#}", SignedDuration::from_millis(ms))
}
