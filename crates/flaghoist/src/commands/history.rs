//! `flaghoist history`

use super::{block_on, say};
use crate::server_client::{Connection, Question, ServerClient};
use crate::table::{cell, table};
use anyhow::{Result, bail};
use clap::Args;
use reqwest::Method;
use serde_json::Value;
use std::io::Write;

/// Entries that are asked for at once.
const PAGE: usize = 500;

/// Which entries, and how.
#[derive(Args)]
pub(crate) struct History {
    #[command(flatten)]
    connection: Connection,
    /// Only of the flag of this key or id.
    #[arg(long)]
    flag: Option<String>,
    /// Only in the environment of this key or id.
    #[arg(long)]
    environment: Option<String>,
    /// Only by the member of this e-mail or id.
    #[arg(long)]
    user: Option<String>,
    /// Only of this kind of thing, such as flag_environment; several with commas.
    #[arg(long)]
    aggregate: Option<String>,
    /// Not before this moment (RFC 3339).
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this moment (RFC 3339).
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many entries, the newest first; all of them with --ndjson.
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Export: one JSON object a line with everything before and after, the newest first.
    #[arg(long)]
    ndjson: bool,
}

/// Prints the entries.
pub(crate) fn run(history: &History) -> Result<()> {
    block_on(async {
        let server = history.connection.open()?;
        let scope = Scope::of(history, &server).await?;
        let mut left = history.limit.unwrap_or(if history.ndjson { usize::MAX } else { 50 });
        let mut cursor: Option<String> = None;
        let mut rows = Vec::new();
        while left > 0 {
            let page = scope.page(history, &server, left.min(PAGE), cursor.as_ref()).await?;
            let entries = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            for entry in entries {
                if history.ndjson {
                    writeln!(std::io::stdout(), "{entry}")?;
                } else {
                    rows.push(row(entry));
                }
            }
            left -= entries.len().min(left);
            cursor = page["next_cursor"].as_str().map(ToOwned::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        if !history.ndjson {
            say(table(&["revision", "at", "action", "flag", "environment", "by", "reason"], &rows));
        }
        Ok(())
    })
}

fn row(entry: &Value) -> Vec<String> {
    let mut cells: Vec<String> =
        ["revision", "at", "action", "flag_key", "environment_key"].map(|name| cell(entry, name)).into();
    let actor = &entry["actor"];
    cells.push(if actor["email"].is_null() { cell(actor, "kind") } else { cell(actor, "email") });
    cells.push(cell(entry, "reason"));
    cells
}

/// The ids of what the filters name.
struct Scope {
    flag: Option<String>,
    environment: Option<String>,
    user: Option<String>,
}

impl Scope {
    async fn of(history: &History, server: &ServerClient) -> Result<Self> {
        Ok(Self {
            flag: match &history.flag {
                Some(flag) => Some(flag_id(server, flag).await?),
                None => None,
            },
            environment: match &history.environment {
                Some(environment) => Some(super::keys::environment_id(server, environment).await?),
                None => None,
            },
            user: match &history.user {
                Some(user) => Some(super::users::find(server, user).await?),
                None => None,
            },
        })
    }

    async fn page(
        &self,
        history: &History,
        server: &ServerClient,
        limit: usize,
        cursor: Option<&String>,
    ) -> Result<Value> {
        let question = Question::new(Method::GET, &["api", "v1", "history"])
            .with("flag_id", self.flag.as_ref())
            .with("environment_id", self.environment.as_ref())
            .with("user_id", self.user.as_ref())
            .with("aggregate", history.aggregate.as_ref())
            .with("since", history.since.as_ref())
            .with("until", history.until.as_ref())
            .with("whole", history.ndjson.then_some("true"))
            .with("limit", Some(limit))
            .with("cursor", cursor);
        server.ask(question).await
    }
}

/// The id of the flag of that key or id.
async fn flag_id(server: &ServerClient, flag: &str) -> Result<String> {
    let path = ["api", "v2", "feature-flags"];
    let question = Question::new(Method::GET, &path).with("key", Some(flag)).with("limit", Some(1_000));
    let list = server.ask(question).await?;
    let flags = list["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = flags.iter().find(|one| one["attributes"]["key"] == flag).and_then(|one| one["id"].as_str());
    if let Some(id) = found {
        return Ok(id.to_owned());
    }
    let path = ["api", "v2", "feature-flags", flag];
    match server.ask(Question::new(Method::GET, &path)).await {
        Ok(one) if one["data"]["id"] == flag => Ok(flag.to_owned()),
        _ => bail!("there is no flag {flag:?}"),
    }
}
