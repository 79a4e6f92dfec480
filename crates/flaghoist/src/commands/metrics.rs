//! `flaghoist metrics`

use super::{block_on, say};
use crate::server_client::{Connection, Question};
use crate::table::{cell, table};
use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Metrics of a project.
#[derive(Args)]
pub(crate) struct Metrics {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the metrics of the project.
    List(List),
    /// Print all of a metric as JSON.
    Show(One),
    /// Make a metric: of events by options, any other from JSON.
    Create(Box<Create>),
    /// Remove a metric. Rollouts that run go on watching it.
    Delete(One),
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    connection: Connection,
    /// Print the server's JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct One {
    #[command(flatten)]
    connection: Connection,
    /// Id of the metric.
    metric: String,
}

#[derive(Args)]
struct Create {
    #[command(flatten)]
    connection: Connection,
    /// Id by which guardrails name it.
    #[arg(required_unless_present = "file", requires = "event")]
    metric: Option<String>,
    /// JSON with all of the metric instead of options. `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["metric", "event"])]
    file: Option<PathBuf>,
    /// Name of the events it is made of.
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// Which way is harm. May be left out for errors, crashes, timeouts, latencies, failures and exceptions.
    #[arg(long, requires = "event")]
    direction: Option<Harm>,
    /// What is made of the events: binary (the default), count, sum or mean.
    #[arg(long, requires = "event")]
    kind: Option<String>,
    /// Only events with this property; several texts with commas. May be given several times.
    #[arg(long, value_name = "PROPERTY=TEXT,...", value_parser = parse_filter, requires = "event")]
    filter: Vec<(String, Vec<String>)>,
    /// Property that holds the number, instead of the event's value.
    #[arg(long, value_name = "PROPERTY", requires = "event")]
    value: Option<String>,
    /// For people.
    #[arg(long, requires = "event")]
    name: Option<String>,
    /// Harm that is tolerated, as a share: 0.1 is 10 %.
    #[arg(long, value_name = "SHARE", requires = "event")]
    margin: Option<f64>,
}

/// Which way is harm.
#[derive(Clone, Copy, ValueEnum)]
enum Harm {
    /// More is worse.
    Increase,
    /// Less is worse.
    Decrease,
}

const PATH: [&str; 3] = ["api", "v1", "metrics"];
const COLUMNS: [&str; 6] = ["id", "name", "kind", "source", "direction", "lane"];

/// Does what was asked.
pub(crate) fn run(metrics: &Metrics) -> Result<()> {
    block_on(async {
        match &metrics.what {
            What::List(list) => show_list(list).await,
            What::Show(one) => {
                let server = one.connection.open()?;
                let metric = server.ask(Question::new(Method::GET, &path_of(&one.metric))).await?;
                say(format_args!("{metric:#}"));
                Ok(())
            }
            What::Create(create) => {
                let body = match &create.file {
                    Some(file) => read(file)?,
                    None => body_of(create),
                };
                let server = create.connection.open()?;
                let metric = server.ask(Question::new(Method::POST, &PATH).body(body)).await?;
                say(metric["id"].as_str().unwrap_or_default());
                Ok(())
            }
            What::Delete(one) => {
                let server = one.connection.open()?;
                server.ask(Question::new(Method::DELETE, &path_of(&one.metric))).await?;
                say(format_args!("removed {}", one.metric));
                Ok(())
            }
        }
    })
}

fn path_of(metric: &str) -> [&str; 4] {
    let [api, version, metrics] = PATH;
    [api, version, metrics, metric]
}

async fn show_list(list: &List) -> Result<()> {
    let answer = list.connection.open()?.ask(Question::new(Method::GET, &PATH)).await?;
    if list.json {
        say(answer);
        return Ok(());
    }
    let metrics = answer["metrics"].as_array().into_iter().flatten();
    let cell_of = |metric: &Value, column: &str| match column {
        "source" => cell(&metric["source"], "type"),
        column => cell(metric, column),
    };
    let rows: Vec<Vec<String>> =
        metrics.map(|metric| COLUMNS.iter().map(|column| cell_of(metric, column)).collect()).collect();
    say(table(&COLUMNS, &rows));
    Ok(())
}

/// The metric of a file, which the server judges.
fn read(file: &Path) -> Result<Value> {
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input broke off")?;
        text
    } else {
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?
    };
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))
}

/// The metric that options say. What was not said is the server's to fill in.
fn body_of(create: &Create) -> Value {
    let mut source = Map::from_iter([("type".to_owned(), json!("events"))]);
    let mut say_of_source = |name: &str, value: Option<Value>| {
        source.extend(value.map(|value| (name.to_owned(), value)));
    };
    say_of_source("event", create.event.as_ref().map(|event| json!(event)));
    say_of_source("value", create.value.as_ref().map(|property| json!(property)));
    let filter: Map<String, Value> =
        create.filter.iter().map(|(property, texts)| (property.clone(), json!(texts))).collect();
    say_of_source("filter", (!filter.is_empty()).then_some(Value::Object(filter)));
    let direction = create.direction.map(|harm| match harm {
        Harm::Increase => json!("increase_is_bad"),
        Harm::Decrease => json!("decrease_is_bad"),
    });
    let members = [
        ("id", create.metric.as_ref().map(|id| json!(id))),
        ("name", create.name.as_ref().map(|name| json!(name))),
        ("kind", create.kind.as_ref().map(|kind| json!(kind))),
        ("direction", direction),
        ("margin", create.margin.map(|margin| json!({"relative": margin}))),
        ("source", Some(Value::Object(source))),
    ];
    let said = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(said.collect())
}

fn parse_filter(text: &str) -> Result<(String, Vec<String>), String> {
    match text.split_once('=') {
        Some((property, texts)) if !property.is_empty() => {
            Ok((property.to_owned(), texts.split(',').map(str::to_owned).collect()))
        }
        _ => Err("give a property and its texts, such as severity=error,fatal".to_owned()),
    }
}
