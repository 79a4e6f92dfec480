//! The management client of commands: which server, which key, and answers as JSON.

use crate::bootstrap_file;
use crate::table::visible;
use anyhow::{Context, Result, bail};
use clap::Args;
use flaghoist_server::outgoing;
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;
use std::path::PathBuf;

/// Which server, and who asks.
#[derive(Args, Clone, Debug)]
pub(crate) struct Connection {
    /// Data directory of the server, whose bootstrap.json names its address and the first application key.
    #[arg(long, env = "FLAGHOIST_DATA_DIR", default_value = "./flaghoist-data", value_name = "DIR")]
    data_dir: PathBuf,
    /// Address of the server, instead of the one in bootstrap.json.
    #[arg(long, env = "FLAGHOIST_URL", value_name = "URL")]
    url: Option<String>,
    /// Application key, instead of the one in bootstrap.json.
    #[arg(long, env = "FLAGHOIST_APPLICATION_KEY", value_name = "KEY", hide_env_values = true)]
    application_key: Option<String>,
}

/// A server that can be asked.
pub(crate) struct ServerClient {
    http: reqwest::Client,
    base: Url,
    application_key: String,
}

impl Connection {
    /// The server, which is not asked yet.
    pub(crate) fn open(&self) -> Result<ServerClient> {
        let (url, application_key) = match (&self.url, &self.application_key) {
            (Some(url), Some(key)) => (url.clone(), key.clone()),
            // A key is shown to the server it is of and to no other.
            (Some(_), None) => bail!("--url needs --application-key, or FLAGHOIST_APPLICATION_KEY"),
            (None, key) => {
                let bootstrap = bootstrap_file::read(&self.data_dir)?.with_context(|| {
                    format!(
                        "there is no {}; give the server's --data-dir, or --url and --application-key",
                        bootstrap_file::path(&self.data_dir).display()
                    )
                })?;
                (bootstrap.url, key.clone().unwrap_or(bootstrap.application_key))
            }
        };
        let mut base: Url = url.parse().context("--url is no URL; give one such as http://127.0.0.1:3000")?;
        if base.cannot_be_a_base() || !base.username().is_empty() || base.password().is_some() {
            bail!("--url is no plain address of a server; give one such as http://127.0.0.1:3000");
        }
        base.set_query(None);
        Ok(ServerClient { http: outgoing::client(reqwest::Client::builder)?, base, application_key })
    }
}

/// A request to a path of the server, put together.
pub(crate) struct Question<'a> {
    method: Method,
    segments: Vec<&'a str>,
    query: Vec<(&'a str, String)>,
    body: Option<Value>,
}

impl<'a> Question<'a> {
    /// A request to the path of these segments, which are encoded.
    pub(crate) fn new(method: Method, segments: &[&'a str]) -> Self {
        Self { method, segments: segments.to_vec(), query: Vec::new(), body: None }
    }

    /// The same with a parameter, when there is one.
    pub(crate) fn with(mut self, name: &'a str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// The same with a JSON body.
    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

impl ServerClient {
    /// The answer to a request, or what the server says is wrong. Null when the answer has no body.
    pub(crate) async fn ask(&self, question: Question<'_>) -> Result<Value> {
        let text = self.ask_text(question).await?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).context("the server's answer is no JSON")
    }

    /// The same as text.
    pub(crate) async fn ask_text(&self, question: Question<'_>) -> Result<String> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&question.segments);
        }
        url.query_pairs_mut().extend_pairs(&question.query);
        if question.query.is_empty() {
            url.set_query(None);
        }
        let mut request = self.http.request(question.method, url).bearer_auth(&self.application_key);
        if let Some(body) = &question.body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("could not reach {}; is the server running?", self.base))?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            bail!("{}", complaint(status, &text));
        }
        Ok(text)
    }
}

/// What an error answer says, for people.
fn complaint(status: StatusCode, body: &str) -> String {
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    let Some(detail) = problem["detail"].as_str() else {
        return format!("the server answered {status}: {}", visible(body));
    };
    let faults = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let faults: Vec<String> = faults
        .iter()
        .map(|fault| {
            let text = |name: &str| fault[name].as_str().unwrap_or_default();
            format!("{} {}", text("pointer").trim_start_matches('/'), text("message")).trim().to_owned()
        })
        .collect();
    visible(&if faults.is_empty() { detail.to_owned() } else { faults.join("; ") })
}
