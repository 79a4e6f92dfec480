//! `flaghoist rollouts`

mod population;
mod show;
mod worlds;

use self::population::Population;
use self::worlds::Worlds;
use super::{block_on, say};
use crate::server_client::{Connection, Question};
use crate::table::{cell, table, visible};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use flaghoist_model::schedule::{ScheduleStatus, TimelineEntry};
use flaghoist_server::clock::{Clock, SystemClock};
use flaghoist_server::simulation::{Simulation, simulate};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Read;
use std::path::PathBuf;

/// Rollouts.
#[derive(Args)]
pub(crate) struct Rollouts {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print what an exposure schedule would do if it were started: step, time and share. With --guardrails, how often they
    /// would stop it although nothing is wrong, and how soon they would notice harm. Asks no server.
    Simulate(Box<Simulate>),
    /// Show where a rollout stands and what its guardrails know.
    Show(show::Show),
    /// List the rollouts of the project and where they stand.
    List(List),
}

#[derive(Args)]
struct Simulate {
    /// JSON with the schedule: by itself, in an allocation, or in the body of a request. `-` for standard input.
    file: PathBuf,
    /// When it is started (RFC 3339): its absolute_start_time or now when absent.
    #[arg(long, value_name = "TIME")]
    start: Option<Timestamp>,
    /// Play made-up populations to it, through the engine that decides in production, instead of printing its times.
    #[arg(long)]
    guardrails: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    population: Population,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    connection: Connection,
    /// Only those that stand so, such as RUNNING.
    #[arg(long)]
    status: Option<String>,
    /// Print the server's JSON.
    #[arg(long)]
    json: bool,
}

/// Does what was asked.
pub(crate) fn run(rollouts: &Rollouts) -> Result<()> {
    match &rollouts.what {
        What::Simulate(options) => show_simulation(options),
        What::Show(show) => block_on(show::run(show)),
        What::List(list) => block_on(show_list(list)),
    }
}

fn show_simulation(options: &Simulate) -> Result<()> {
    let text = if options.file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input broke off")?;
        text
    } else {
        std::fs::read_to_string(&options.file)
            .with_context(|| format!("reading {}", options.file.display()))?
    };
    let simulations = match simulate(&text, options.start, SystemClock.now()) {
        Ok(simulations) => simulations,
        Err(faults) => {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            bail!("{}: {}", options.file.display(), faults.join("; "));
        }
    };
    if options.guardrails {
        return show_worlds(options, &simulations);
    }
    if options.json {
        say(simulations.iter().map(as_json).collect::<Value>());
        return Ok(());
    }
    for simulation in &simulations {
        if let Some(key) = &simulation.allocation_key {
            say(format_args!("allocation {}", visible(key)));
        }
        let entries = simulation.timeline.entries.iter();
        let rows: Vec<Vec<String>> = entries.map(|entry| row(entry, simulation.start)).collect();
        say(table(&["step", "time", "after", "share", "then"], &rows));
    }
    Ok(())
}

/// Plays a population to each schedule. What cannot be played is said before anything is, because playing takes a while.
fn show_worlds(options: &Simulate, simulations: &[Simulation]) -> Result<()> {
    let scenarios = simulations.iter().map(|simulation| options.population.scenario(&simulation.timeline));
    let scenarios = scenarios.collect::<Result<Vec<_>>>()?;
    let played = simulations.iter().zip(scenarios).map(|(simulation, scenario)| {
        (simulation.allocation_key.as_deref(), Worlds::play(scenario, options.population.rollouts))
    });
    if options.json {
        say(played.map(|(allocation_key, worlds)| worlds.as_json(allocation_key)).collect::<Value>());
        return Ok(());
    }
    for (allocation_key, worlds) in played {
        if let Some(key) = allocation_key {
            say(format_args!("allocation {}", visible(key)));
        }
        say(worlds.as_text());
    }
    Ok(())
}

fn row(entry: &TimelineEntry, start: Timestamp) -> Vec<String> {
    let then = match entry.status {
        ScheduleStatus::Completed => "completed",
        _ if entry.waits_for_resume => "waits until somebody resumes it",
        ScheduleStatus::Paused => "pauses",
        _ => "runs",
    };
    vec![
        entry.position.to_string(),
        entry.at.to_string(),
        format!("{:#}", entry.at.duration_since(start)),
        percent(entry.exposure_ratio),
        then.to_owned(),
    ]
}

/// A share in percent to the hundredth, which is what buckets resolve.
fn percent(share: f64) -> String {
    format!("{} %", (share * 10_000.0).round() / 100.0)
}

fn as_json(simulation: &Simulation) -> Value {
    let entries = simulation.timeline.entries.iter().map(|entry| {
        json!({
            "step_position": entry.position,
            "at": entry.at.to_string(),
            "exposure_ratio": entry.exposure_ratio,
            "status": entry.status.as_str(),
            "waits_for_resume": entry.waits_for_resume,
        })
    });
    json!({
        "allocation_key": simulation.allocation_key,
        "start": simulation.start.to_string(),
        "runs_by_itself": simulation.timeline.runs_by_itself(),
        "timeline": entries.collect::<Value>(),
    })
}

async fn show_list(list: &List) -> Result<()> {
    let path = ["api", "v1", "rollouts"];
    let question = Question::new(Method::GET, &path).with("status", list.status.as_ref());
    let answer = list.connection.open()?.ask(question.with("limit", Some(500))).await?;
    if list.json {
        say(answer);
        return Ok(());
    }
    let rows: Vec<Vec<String>> = answer["data"].as_array().into_iter().flatten().map(rollout_row).collect();
    say(table(&TITLES, &rows));
    Ok(())
}

/// Titles of [`rollout_row`].
const TITLES: [&str; 9] =
    ["id", "flag", "environment", "allocation", "status", "step", "share", "next", "last"];

fn rollout_row(rollout: &Value) -> Vec<String> {
    let step = match rollout["current_step_position"].as_u64() {
        Some(position) => format!("{}/{}", position + 1, rollout["step_count"]),
        None => format!("-/{}", rollout["step_count"]),
    };
    let status = match rollout["pause_reason"].as_str() {
        Some(reason) => format!("{} ({})", cell(rollout, "status"), visible(reason)),
        None => cell(rollout, "status"),
    };
    let share = rollout["current_exposure_ratio"].as_f64().unwrap_or_default();
    let last = &rollout["last_transition"];
    let last = match last["deed"].as_str() {
        Some(deed) => format!("{} by {}", visible(deed), cell(last, "cause")),
        None => "-".to_owned(),
    };
    vec![
        cell(rollout, "id"),
        cell(&rollout["flag"], "key"),
        cell(&rollout["environment"], "key"),
        cell(&rollout["allocation"], "key"),
        status,
        step,
        percent(share),
        cell(rollout, "next_transition_at"),
        last,
    ]
}
