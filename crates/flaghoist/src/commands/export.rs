//! `flaghoist export`

use crate::bootstrap_file;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use flaghoist_server::clock::{Clock as _, SystemClock};
use flaghoist_server::outgoing;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// What to export.
#[derive(Args)]
pub(crate) struct Export {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The UFC document of an environment, as server SDKs evaluate it. Asks the running server.
    Ufc(Source),
    /// The same in Eppo's dialect, in the form that Eppo's SDKs start from without a server ("configuration wire").
    EppoWire(Source),
}

/// Which environment of which server.
#[derive(Args)]
pub(crate) struct Source {
    /// Key of the environment.
    #[arg(long)]
    environment: String,
    /// Data directory of the server, whose bootstrap.json names its address and keys.
    #[arg(long, env = "FLAGHOIST_DATA_DIR", default_value = "./flaghoist-data", value_name = "DIR")]
    data_dir: PathBuf,
    /// Address of the server, instead of the one in bootstrap.json.
    #[arg(long, value_name = "URL", requires = "sdk_key")]
    url: Option<String>,
    /// Server SDK key of the environment, instead of the one in bootstrap.json.
    #[arg(long, env = "FLAGHOIST_SDK_KEY", value_name = "KEY", hide_env_values = true)]
    sdk_key: Option<String>,
}

/// Writes the document to standard output.
pub(crate) fn run(export: &Export) -> Result<()> {
    let (source, path) = match &export.what {
        What::Ufc(source) => (source, "/sdk/v1/config"),
        What::EppoWire(source) => (source, "/api/flag-config/v1/config"),
    };
    let (url, key) = address(source)?;
    super::block_on(async {
        let (etag, document) = fetch(&url, path, &key).await?;
        let document = match &export.what {
            What::Ufc(_) => document,
            What::EppoWire(_) => wire(&etag, &document),
        };
        let mut output = std::io::stdout().lock();
        output.write_all(document.as_bytes())?;
        writeln!(output)?;
        Ok(())
    })
}

fn address(source: &Source) -> Result<(String, String)> {
    if let (Some(url), Some(key)) = (&source.url, &source.sdk_key) {
        return Ok((url.clone(), key.clone()));
    }
    let bootstrap = bootstrap_file::read(&source.data_dir)?.with_context(|| {
        format!(
            "there is no {}; give the server's --data-dir, or --url and --sdk-key",
            bootstrap_file::path(&source.data_dir).display()
        )
    })?;
    let keys: Vec<&str> = bootstrap.environments.iter().map(|environment| environment.key.as_str()).collect();
    let known = bootstrap.environments.iter().find(|environment| environment.key == source.environment);
    match (&source.sdk_key, known) {
        (Some(key), _) => Ok((bootstrap.url, key.clone())),
        (None, Some(environment)) => Ok((bootstrap.url.clone(), environment.server_sdk_key.clone())),
        (None, None) => {
            bail!(
                "bootstrap.json has no environment {:?}, only {}; give --sdk-key",
                source.environment,
                keys.join(", ")
            )
        }
    }
}

/// A configuration wire: the document as text, with its tag and when it was fetched.
fn wire(etag: &str, document: &str) -> String {
    let fetched_at = SystemClock.now().to_string();
    let config = json!({"response": document, "etag": etag, "fetchedAt": fetched_at});
    json!({"version": 1, "config": config}).to_string()
}

/// A document and its entity tag.
async fn fetch(url: &str, path: &str, key: &str) -> Result<(String, String)> {
    let url = format!("{}{path}", url.trim_end_matches('/'));
    let response = outgoing::client(reqwest::Client::builder)?
        .get(&url)
        .header("x-api-key", key)
        .send()
        .await
        .with_context(|| format!("could not reach {url}; is the server running?"))?;
    let status = response.status();
    let etag =
        response.headers().get("etag").and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
    let body = response.text().await?;
    if !status.is_success() {
        bail!("{url} answered {status}: {body}");
    }
    Ok((etag, body))
}
