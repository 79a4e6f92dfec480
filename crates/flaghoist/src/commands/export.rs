//! `flaghoist export`

use crate::bootstrap_file;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use flaghoist_server::outgoing;
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
    Ufc(Ufc),
}

/// Which environment of which server.
#[derive(Args)]
pub(crate) struct Ufc {
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
    let What::Ufc(ufc) = &export.what;
    let (url, key) = address(ufc)?;
    super::block_on(async {
        let document = fetch(&url, &key).await?;
        let mut output = std::io::stdout().lock();
        output.write_all(document.as_bytes())?;
        writeln!(output)?;
        Ok(())
    })
}

fn address(ufc: &Ufc) -> Result<(String, String)> {
    if let (Some(url), Some(key)) = (&ufc.url, &ufc.sdk_key) {
        return Ok((url.clone(), key.clone()));
    }
    let bootstrap = bootstrap_file::read(&ufc.data_dir)?.with_context(|| {
        format!(
            "there is no {}; give the server's --data-dir, or --url and --sdk-key",
            bootstrap_file::path(&ufc.data_dir).display()
        )
    })?;
    let keys: Vec<&str> = bootstrap.environments.iter().map(|environment| environment.key.as_str()).collect();
    let known = bootstrap.environments.iter().find(|environment| environment.key == ufc.environment);
    match (&ufc.sdk_key, known) {
        (Some(key), _) => Ok((bootstrap.url, key.clone())),
        (None, Some(environment)) => Ok((bootstrap.url.clone(), environment.server_sdk_key.clone())),
        (None, None) => {
            bail!(
                "bootstrap.json has no environment {:?}, only {}; give --sdk-key",
                ufc.environment,
                keys.join(", ")
            )
        }
    }
}

async fn fetch(url: &str, key: &str) -> Result<String> {
    let url = format!("{}/sdk/v1/config", url.trim_end_matches('/'));
    let response = outgoing::client(reqwest::Client::builder)?
        .get(&url)
        .header("x-api-key", key)
        .send()
        .await
        .with_context(|| format!("could not reach {url}; is the server running?"))?;
    let status = response.status();
    let body = response.text().await?;
    if !status.is_success() {
        bail!("{url} answered {status}: {body}");
    }
    Ok(body)
}
