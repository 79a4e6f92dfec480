//! Options of the server: flags, then `FLAGHOIST_…` variables, then a TOML file, then `defaults.toml`, which
//! is compiled in and documents them.

use anyhow::{Context, Result, bail};
use clap::Args;
use flaghoist_server::FlagmintAnswerShape;
use flaghoist_server::limits::LimitsConfiguration;
use flaghoist_server::prometheus::Prometheus;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The defaults, and their documentation.
pub(crate) const DEFAULTS: &str = include_str!("defaults.toml");

/// Options as they may be given on the command line or by environment variables.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Options {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "FLAGHOIST_LISTEN", value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Address to listen on as a Datadog Agent, for tracers, without keys; off when not given.
    #[arg(long, env = "FLAGHOIST_AGENT_LISTEN", value_name = "ADDR")]
    agent_listen: Option<SocketAddr>,
    /// Key of the project whose flags tracers get there.
    #[arg(long, env = "FLAGHOIST_AGENT_PROJECT", value_name = "KEY")]
    agent_project: Option<String>,
    /// Directory of the embedded database, of bootstrap.json and of what is published.
    #[arg(long, env = "FLAGHOIST_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// PostgreSQL to use instead of the embedded database: postgres://user:password@host/database.
    #[arg(long, env = "FLAGHOIST_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Which log lines are written, as `level` or `target=level,…`.
    #[arg(long, env = "FLAGHOIST_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// Form of log lines: text or json.
    #[arg(long, env = "FLAGHOIST_LOG_FORMAT", value_name = "FORM")]
    log_format: Option<LogFormat>,
    /// Let webhooks reach addresses that are not of the public internet.
    #[arg(
        long,
        env = "FLAGHOIST_WEBHOOK_ALLOW_PRIVATE_TARGETS",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    webhook_allow_private_targets: Option<bool>,
    /// What answers of Flagmint's evaluator look like: superset, envelope or flat.
    #[arg(long, env = "FLAGHOIST_FLAGMINT_ANSWER", value_name = "SHAPE")]
    flagmint_answer: Option<FlagmintAnswerShape>,
    /// Prometheus, or what speaks its HTTP API, for metrics with Prometheus queries; off when not given.
    #[arg(long, env = "FLAGHOIST_PROMETHEUS_URL", value_name = "URL", hide_env_values = true)]
    prometheus_url: Option<String>,
    /// File with the bearer token that it asks for.
    #[arg(long, env = "FLAGHOIST_PROMETHEUS_BEARER_TOKEN_FILE", value_name = "FILE")]
    prometheus_bearer_token_file: Option<PathBuf>,
    /// TOML file with any of these options.
    #[arg(long, env = "FLAGHOIST_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// Options as a file gives them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    listen: Option<SocketAddr>,
    agent_listen: Option<SocketAddr>,
    agent_project: Option<String>,
    data_dir: Option<PathBuf>,
    database_url: Option<String>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    request_timeout_ms: Option<u64>,
    body_timeout_ms: Option<u64>,
    head_timeout_ms: Option<u64>,
    drain_timeout_ms: Option<u64>,
    client_address_header: Option<String>,
    limits: Option<LimitsConfiguration>,
    contexts: Option<GivenContexts>,
    webhook_allow_private_targets: Option<bool>,
    flagmint_answer: Option<FlagmintAnswerShape>,
    prometheus_url: Option<String>,
    prometheus_bearer_token_file: Option<PathBuf>,
}

/// Options about contexts as a file gives them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenContexts {
    sample: Option<bool>,
}

/// Options as they count.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) listen: SocketAddr,
    pub(crate) agent_listen: Option<SocketAddr>,
    pub(crate) agent_project: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: Option<String>,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    pub(crate) request_timeout_ms: u64,
    pub(crate) body_timeout_ms: u64,
    pub(crate) head_timeout_ms: u64,
    pub(crate) drain_timeout_ms: u64,
    pub(crate) client_address_header: Option<String>,
    pub(crate) limits: LimitsConfiguration,
    pub(crate) contexts_sample: bool,
    pub(crate) webhook_allow_private_targets: bool,
    pub(crate) flagmint_answer: FlagmintAnswerShape,
    pub(crate) prometheus_url: Option<String>,
    pub(crate) prometheus_bearer_token_file: Option<PathBuf>,
}

impl Configuration {
    /// The options that count, given `options`.
    pub(crate) fn resolve(options: Options) -> Result<Self> {
        let defaults: Given = toml::from_str(DEFAULTS).context("the compiled-in defaults are damaged")?;
        let file = match &options.config {
            None => Given::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("could not read the configuration {}", path.display()))?;
                toml::from_str(&text)
                    .with_context(|| format!("the configuration {} is not valid", path.display()))?
            }
        };
        let missing = |name| format!("the compiled-in defaults have no {name}");
        Ok(Self {
            listen: options.listen.or(file.listen).or(defaults.listen).with_context(|| missing("listen"))?,
            agent_listen: options.agent_listen.or(file.agent_listen),
            agent_project: options
                .agent_project
                .or(file.agent_project)
                .or(defaults.agent_project)
                .with_context(|| missing("agent_project"))?,
            data_dir: options
                .data_dir
                .or(file.data_dir)
                .or(defaults.data_dir)
                .with_context(|| missing("data_dir"))?,
            database_url: options.database_url.or(file.database_url),
            log: options.log.or(file.log).or(defaults.log).with_context(|| missing("log"))?,
            log_format: options
                .log_format
                .or(file.log_format)
                .or(defaults.log_format)
                .with_context(|| missing("log_format"))?,
            request_timeout_ms: file
                .request_timeout_ms
                .or(defaults.request_timeout_ms)
                .with_context(|| missing("request_timeout_ms"))?,
            body_timeout_ms: file
                .body_timeout_ms
                .or(defaults.body_timeout_ms)
                .with_context(|| missing("body_timeout_ms"))?,
            head_timeout_ms: file
                .head_timeout_ms
                .or(defaults.head_timeout_ms)
                .with_context(|| missing("head_timeout_ms"))?,
            drain_timeout_ms: file
                .drain_timeout_ms
                .or(defaults.drain_timeout_ms)
                .with_context(|| missing("drain_timeout_ms"))?,
            client_address_header: file.client_address_header,
            limits: file.limits.or(defaults.limits).with_context(|| missing("limits"))?,
            contexts_sample: file
                .contexts
                .and_then(|contexts| contexts.sample)
                .or(defaults.contexts.and_then(|contexts| contexts.sample))
                .with_context(|| missing("contexts.sample"))?,
            webhook_allow_private_targets: options
                .webhook_allow_private_targets
                .or(file.webhook_allow_private_targets)
                .or(defaults.webhook_allow_private_targets)
                .with_context(|| missing("webhook_allow_private_targets"))?,
            flagmint_answer: options
                .flagmint_answer
                .or(file.flagmint_answer)
                .or(defaults.flagmint_answer)
                .with_context(|| missing("flagmint_answer"))?,
            prometheus_url: options.prometheus_url.or(file.prometheus_url),
            prometheus_bearer_token_file: options
                .prometheus_bearer_token_file
                .or(file.prometheus_bearer_token_file),
        })
    }

    /// The Prometheus that the options name, with the token that its file holds now.
    pub(crate) fn prometheus(&self) -> Result<Option<Prometheus>> {
        let token = match &self.prometheus_bearer_token_file {
            None => None,
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| {
                    format!("prometheus_bearer_token_file: could not read {}", path.display())
                })?;
                Some(text.trim().to_owned())
            }
        };
        match &self.prometheus_url {
            Some(url) => Prometheus::new(url, token.as_deref()).context("prometheus_url").map(Some),
            None if token.is_some() => {
                bail!("prometheus_bearer_token_file is given without prometheus_url; give both or none")
            }
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_anything_given_the_defaults_count() {
        let configuration = Configuration::resolve(Options::default()).unwrap();
        assert_eq!(configuration.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(configuration.data_dir, PathBuf::from("./flaghoist-data"));
        assert_eq!(configuration.database_url, None);
        assert_eq!(configuration.limits, LimitsConfiguration::default(), "defaults.toml says what is so");
        assert!(!configuration.webhook_allow_private_targets);
        assert!(configuration.contexts_sample);
    }

    #[test]
    fn a_file_is_overruled_by_an_option_and_a_misspelt_member_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flaghoist.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:1\"\nlog = \"debug\"\n").unwrap();
        let options = Options {
            listen: Some("127.0.0.1:2".parse().unwrap()),
            config: Some(path.clone()),
            ..Options::default()
        };
        let configuration = Configuration::resolve(options.clone()).unwrap();
        assert_eq!((configuration.listen.port(), configuration.log.as_str()), (2, "debug"));
        std::fs::write(&path, "[limits]\nstranger = { requests = 7, seconds = 1 }\n").unwrap();
        let limits = Configuration::resolve(options.clone()).unwrap().limits;
        assert_eq!(limits.stranger.requests, 7);
        assert_eq!(limits.management, LimitsConfiguration::default().management, "the others stay");
        std::fs::write(&path, "[contexts]\nsample = false\n").unwrap();
        assert!(!Configuration::resolve(options.clone()).unwrap().contexts_sample);
        std::fs::write(&path, "lisen = \"127.0.0.1:1\"\n").unwrap();
        let error = format!("{:#}", Configuration::resolve(options).unwrap_err());
        assert!(error.contains("lisen"), "{error}");
    }

    #[test]
    fn a_prometheus_is_as_the_options_say_or_refused_without_its_secrets() {
        let directory = tempfile::tempdir().unwrap();
        let token = directory.path().join("token");
        std::fs::write(&token, "secret-token\n").unwrap();
        let of = |url: Option<&str>, file: Option<PathBuf>| {
            let options = Options {
                prometheus_url: url.map(str::to_owned),
                prometheus_bearer_token_file: file,
                ..Options::default()
            };
            Configuration::resolve(options).unwrap().prometheus().map_err(|error| format!("{error:#}"))
        };
        assert!(of(None, None).unwrap().is_none());
        let found = of(Some("https://metrics.example/prometheus"), Some(token.clone())).unwrap().unwrap();
        assert_eq!(found.origin(), "https://metrics.example");
        for (url, file, named) in [
            (None, Some(token.clone()), "without prometheus_url"),
            (Some("http://u:secret@h/"), Some(token), "one of the two"),
            (Some("http://u:secret@h/"), Some(directory.path().join("none")), "prometheus_bearer_token_file"),
            (Some("u:secret@h"), None, "prometheus_url"),
        ] {
            let Err(message) = of(url, file) else { panic!("{url:?} is taken") };
            assert!(message.contains(named) && !message.contains("secret"), "{message}");
        }
    }
}
