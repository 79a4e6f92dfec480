//! `flaghoist evaluate`

use crate::server_client::{Connection, Question};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use flaghoist_eval::{Attributes, Dialect, ErrorCode, Expected, Explanation, Reason, Snapshot, Subject};
use flaghoist_server::clock::{Clock, SystemClock};
use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::io::{BufRead, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Options of the command.
#[derive(Args)]
pub(crate) struct Evaluate {
    /// The UFC document, bare or in its envelope.
    #[arg(long, value_name = "FILE", required_unless_present = "environment")]
    config: Option<PathBuf>,
    /// Dialect of the document in the file.
    #[arg(long, value_enum, default_value = "datadog")]
    dialect: DialectName,
    /// Key or id of an environment of a running server, instead of a file.
    #[arg(long, value_name = "KEY", conflicts_with_all = ["config", "dialect"])]
    environment: Option<String>,
    /// What the environment served at a past moment: a revision, or a time (RFC 3339), for which is then evaluated.
    #[arg(long, value_name = "MOMENT", requires = "environment")]
    at: Option<String>,
    #[command(flatten)]
    connection: Connection,
    /// Also say how every allocation fared.
    #[arg(long)]
    explain: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum DialectName {
    Datadog,
    Eppo,
}

/// One line of input.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    flag: String,
    #[serde(default)]
    variation_type: Option<String>,
    #[serde(borrow, default, deserialize_with = "given")]
    default_value: Option<&'a RawValue>,
    #[serde(default)]
    targeting_key: Option<String>,
    #[serde(borrow, default)]
    attributes: Option<Attributes<'a>>,
}

/// A member that is there, also when it is null.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// One line of output. Members that do not apply are absent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    flag: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<AnsweredValue<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    do_log: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum AnsweredValue<'a> {
    Served(&'a flaghoist_eval::Value),
    Default(&'a RawValue),
}

/// A line that could not be read.
#[derive(Serialize)]
struct Unreadable {
    error: String,
}

/// Answers every line of standard input.
pub(crate) fn run(evaluate: &Evaluate) -> Result<()> {
    let snapshot = match (&evaluate.environment, &evaluate.config) {
        (Some(environment), _) => of_server(evaluate, environment)?,
        (None, Some(path)) => of_file(path, evaluate.dialect)?,
        (None, None) => bail!("give --config or --environment"),
    };
    // A past time is also the time for which is evaluated: dates of allocations count as they did then.
    let past: Option<Timestamp> = evaluate.at.as_ref().and_then(|at| at.parse().ok());
    let input = std::io::stdin().lock();
    let mut output = BufWriter::new(std::io::stdout().lock());
    for line in input.split(b'\n') {
        let line = line.context("standard input broke off")?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let now = past.unwrap_or_else(|| SystemClock.now());
        answer(&snapshot, &line, evaluate.explain, now, &mut output)?;
        // One answer a line, at once: the caller may be waiting for it before it asks again.
        output.flush()?;
    }
    Ok(())
}

fn of_file(path: &Path, dialect: DialectName) -> Result<Snapshot> {
    let shown = path.display();
    let document = std::fs::read(path).with_context(|| format!("could not read {shown}"))?;
    let dialect = match dialect {
        DialectName::Datadog => Dialect::Datadog,
        DialectName::Eppo => Dialect::Eppo,
    };
    Snapshot::from_json(&document, dialect).with_context(|| format!("{shown} is no UFC document"))
}

fn of_server(evaluate: &Evaluate, environment: &str) -> Result<Snapshot> {
    let server = evaluate.connection.open()?;
    let path = ["api", "v1", "environments", environment, "document"];
    let question = Question::new(Method::GET, &path).with("at", evaluate.at.as_ref());
    let document = super::block_on(server.ask_text(question))?;
    Snapshot::from_json(document.as_bytes(), Dialect::Datadog)
        .context("the server's answer is no UFC document")
}

fn answer(
    snapshot: &Snapshot,
    line: &[u8],
    explain: bool,
    now: Timestamp,
    output: &mut impl Write,
) -> Result<()> {
    match serde_json::from_slice::<Request<'_>>(line).map_err(|error| error.to_string()).and_then(|request| {
        let expected = expected(request.variation_type.as_deref())?;
        Ok((request, expected))
    }) {
        Ok((request, expected)) => write_answer(snapshot, &request, expected, explain, now, output)?,
        Err(cause) => {
            serde_json::to_writer(
                &mut *output,
                &Unreadable { error: format!("the request is not valid: {cause}") },
            )?;
        }
    }
    output.write_all(b"\n")?;
    Ok(())
}

fn write_answer(
    snapshot: &Snapshot,
    request: &Request<'_>,
    expected: Expected,
    explain: bool,
    now: Timestamp,
    output: &mut impl Write,
) -> Result<()> {
    let none = Attributes::new();
    let attributes = request.attributes.as_ref().unwrap_or(&none);
    let subject = Subject { targeting_key: request.targeting_key.as_deref(), attributes };
    let (decision, explanation) = if explain {
        let (decision, explanation) = snapshot.explain(&request.flag, expected, &subject, now);
        (decision, Some(explanation))
    } else {
        (snapshot.decide(&request.flag, expected, &subject, now), None)
    };
    let served = decision.value.map(AnsweredValue::Served);
    let fell_back = decision.reason == Reason::Error || decision.value.is_none();
    let answer = Answer {
        flag: &request.flag,
        value: served.or_else(|| request.default_value.filter(|_| fell_back).map(AnsweredValue::Default)),
        variant: decision.variant,
        reason: decision.reason.as_str(),
        allocation_key: decision.allocation_key,
        error_code: decision.error_code.map(ErrorCode::as_str),
        do_log: decision.variant.map(|_| decision.do_log),
        explanation,
    };
    serde_json::to_writer(output, &answer)?;
    Ok(())
}

/// The type that the application asks for. `NUMBER` is what JavaScript asks: whole or not.
fn expected(variation_type: Option<&str>) -> Result<Expected, String> {
    Ok(match variation_type {
        None => Expected::Any,
        Some("STRING") => Expected::String,
        Some("INTEGER") => Expected::Integer,
        Some("NUMERIC") => Expected::Numeric,
        Some("NUMBER") => Expected::Number,
        Some("BOOLEAN") => Expected::Boolean,
        Some("JSON") => Expected::Json,
        Some(other) => {
            return Err(format!(
                "variationType {other:?} is none of STRING, INTEGER, NUMERIC, NUMBER, BOOLEAN, JSON"
            ));
        }
    })
}
