//! `flaghoist doctor`

use super::say;
use crate::bootstrap_file;
use crate::configuration::{Configuration, Options};
use anyhow::{Result, bail};
use clap::Args;
use flaghoist_server::outgoing;
use flaghoist_store::SchemaState;
use std::fmt::Display;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// Options of the command.
#[derive(Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    options: Options,
}

/// What was found, one line each.
#[derive(Default)]
struct Findings {
    good: usize,
    bad: usize,
}

impl Findings {
    fn good(&mut self, what: impl Display) {
        self.good += 1;
        say(format_args!("ok    {what}"));
    }

    fn bad(&mut self, what: impl Display, remedy: impl Display) {
        self.bad += 1;
        say(format_args!("BAD   {what}\n      {remedy}"));
    }
}

/// Looks at the configuration, the data directory, the database and the running server. Changes nothing.
pub(crate) fn run(doctor: &Doctor) -> Result<()> {
    let configuration = Configuration::resolve(doctor.options.clone())?;
    let mut findings = Findings::default();
    findings.good("the configuration is valid");
    check_data_dir(&configuration.data_dir, &mut findings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = check_bootstrap(&configuration.data_dir, &mut findings)
        .unwrap_or_else(|| format!("http://{}", configuration.listen));
    runtime.block_on(check_server(&url, &mut findings));
    if let Some(database_url) = &configuration.database_url {
        runtime.block_on(check_postgres(database_url, &mut findings));
    }
    runtime.block_on(check_prometheus(&configuration, &mut findings));
    say(format_args!("\n{} ok, {} to mend", findings.good, findings.bad));
    match findings.bad {
        0 => Ok(()),
        count => bail!("{count} thing(s) to mend"),
    }
}

fn check_data_dir(data_dir: &Path, findings: &mut Findings) {
    let shown = data_dir.display();
    match std::fs::metadata(data_dir) {
        Ok(metadata) if metadata.is_dir() => findings.good(format_args!("the data directory {shown} exists")),
        Ok(_) => findings
            .bad(format_args!("{shown} is no directory"), "move the file away, or give another --data-dir"),
        Err(error) => findings.bad(
            format_args!("the data directory {shown} cannot be read: {error}"),
            "start the server once, or give the --data-dir it runs with",
        ),
    }
}

/// The address in `bootstrap.json`, if there is one.
fn check_bootstrap(data_dir: &Path, findings: &mut Findings) -> Option<String> {
    let path = bootstrap_file::path(data_dir);
    let shown = path.display();
    let bootstrap = match bootstrap_file::read(data_dir) {
        Ok(Some(bootstrap)) => bootstrap,
        Ok(None) => {
            findings
                .good(format_args!("there is no {shown}; the secrets of the first start are kept elsewhere"));
            return None;
        }
        Err(error) => {
            findings.bad(format_args!("{error:#}"), "restore it from a backup, or remove it");
            return None;
        }
    };
    let mode = std::fs::metadata(&path).map_or(0, |metadata| metadata.permissions().mode() & 0o777);
    // The lowest six bits are the rights of the group and of others.
    if mode.trailing_zeros() >= 6 {
        findings.good(format_args!("{shown} is readable by its owner only"));
    } else {
        findings.bad(format_args!("{shown} has mode {mode:o}: others may read the secrets"), "chmod 600 it");
    }
    Some(bootstrap.url)
}

async fn check_server(url: &str, findings: &mut Findings) {
    let client = outgoing::client(|| reqwest::Client::builder().timeout(Duration::from_secs(5)));
    let response = match client {
        Ok(client) => client.get(format!("{url}/readyz")).send().await,
        Err(error) => Err(error),
    };
    match response {
        Ok(response) if response.status().is_success() => {
            findings.good(format_args!("the server at {url} is ready"));
        }
        Ok(response) => {
            let body = response.text().await.unwrap_or_default();
            findings.bad(format_args!("the server at {url} is not ready: {body}"), "look at its log");
        }
        Err(_) => findings.bad(format_args!("no server answers at {url}"), "start it with `flaghoist serve`"),
    }
}

async fn check_postgres(database_url: &str, findings: &mut Findings) {
    match flaghoist_store::PostgresStore::inspect(database_url).await {
        Ok(SchemaState::Current) => findings.good("PostgreSQL can be reached and its schema is current"),
        Ok(SchemaState::Empty) => {
            findings.good("PostgreSQL can be reached; the first server will make the schema");
        }
        Ok(SchemaState::Older { version }) => {
            findings.good(format_args!(
                "PostgreSQL can be reached; the next server will bring its schema {version} up to date"
            ));
        }
        Ok(SchemaState::Newer { version }) => findings.bad(
            format_args!("the schema {version} of the database is newer than this program"),
            "use the program that made it, or a newer one",
        ),
        Err(error) => findings.bad(
            format_args!("PostgreSQL cannot be used: {error}"),
            "check --database-url, the server, and the user's rights",
        ),
    }
}

async fn check_prometheus(configuration: &Configuration, findings: &mut Findings) {
    let prometheus = match configuration.prometheus() {
        Ok(None) => return,
        Ok(Some(prometheus)) => prometheus,
        Err(error) => {
            findings.bad(format_args!("{error:#}"), "without it the server does not start");
            return;
        }
    };
    let origin = prometheus.origin();
    match prometheus.check().await {
        Ok(()) => findings.good(format_args!("Prometheus at {origin} answers queries")),
        Err(error) => findings.bad(
            format_args!("{error} (at {origin})"),
            "check --prometheus-url with its path, the credentials, and that it runs",
        ),
    }
}
