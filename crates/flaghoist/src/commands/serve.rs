//! `flaghoist serve`

use crate::bootstrap_file;
use crate::configuration::{Configuration, LogFormat, Options};
use anyhow::{Context, Result};
use clap::Args;
use flaghoist_model::MintId;
use flaghoist_server::app::{self, App};
use flaghoist_server::bootstrap::{Bootstrap, BootstrapError, GivenSecrets, first_start};
use flaghoist_server::clock::{Clock, Stopwatch, SystemClock};
use flaghoist_server::contexts::ContextSamples;
use flaghoist_server::lifecycle::Patience;
use flaghoist_server::limits::Limits;
use flaghoist_server::secret::TimeOrderedIds;
use flaghoist_server::streams::Streams;
use flaghoist_server::webhooks::Courier;
use flaghoist_server::{access, demo, events, guardrails, lifecycle, publish, rollouts, webhooks};
use flaghoist_store::{EventStore, PostgresEvents, PostgresStore, SqliteEvents, SqliteStore, Store};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Log lines that wait for their reader; what comes beyond is dropped.
const LOG_LINES_MAX: usize = 10_000;
/// How long the listener for tracers waits for its project.
const PROJECT_PAUSE: Duration = Duration::from_secs(1);

/// Options of the command.
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    options: Options,
    /// Add a small set of flags to look at, on the first start.
    #[arg(long)]
    demo: bool,
    /// API key of the first start, instead of a random one.
    #[arg(long, env = "FLAGHOIST_BOOTSTRAP_API_KEY", value_name = "SECRET", hide_env_values = true)]
    bootstrap_api_key: Option<String>,
    /// Application key of the first start, instead of a random one.
    #[arg(long, env = "FLAGHOIST_BOOTSTRAP_APPLICATION_KEY", value_name = "SECRET", hide_env_values = true)]
    bootstrap_application_key: Option<String>,
}

/// Runs the server until it is told to stop.
pub(crate) fn run(serve: Serve) -> Result<()> {
    let configuration = Configuration::resolve(serve.options)?;
    let flush_log = start_logging(&configuration)?;
    let given =
        GivenSecrets { api_key: serve.bootstrap_api_key, application_key: serve.bootstrap_application_key };
    let stop = Stop::default();
    let at_once = stop.at_once.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let ended =
        runtime.block_on(at_once.run_until_cancelled(run_server(configuration, given, serve.demo, stop)));
    let Some(result) = ended else {
        // The last log lines still leave; nothing else is waited for.
        drop(flush_log);
        std::process::exit(1);
    };
    result
}

/// What signals ask for.
#[derive(Clone, Default)]
struct Stop {
    /// Stop when the requests that are running are done.
    softly: CancellationToken,
    /// Stop now.
    at_once: CancellationToken,
}

async fn run_server(
    configuration: Configuration,
    given: GivenSecrets,
    with_demo: bool,
    stop: Stop,
) -> Result<()> {
    // Signals are caught from here on: a stop during the start is a stop, not a crash.
    let soft = stop.softly.clone();
    listen_for_signals(stop)?;
    let client_address_header = match &configuration.client_address_header {
        None => None,
        Some(name) => {
            Some(name.parse().with_context(|| format!("client_address_header: {name:?} names no header"))?)
        }
    };
    let prometheus = configuration.prometheus()?;
    let listener = TcpListener::bind(configuration.listen)
        .await
        .with_context(|| format!("could not listen on {}", configuration.listen))?;
    let url = format!("http://{}", listener.local_addr().context("the listener has no address")?);
    let agent_listener = match configuration.agent_listen {
        None => None,
        Some(address) => {
            let listener = TcpListener::bind(address).await;
            Some(listener.with_context(|| format!("could not listen on {address} for tracers"))?)
        }
    };
    let kept = configuration.data_dir.join("published");
    let (store, events) = open_stores(&configuration).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn MintId> = Arc::new(TimeOrderedIds::new(Arc::clone(&clock)));
    let data_dir = configuration.data_dir.clone();
    let made = first_start(store.as_ref(), clock.as_ref(), ids.as_ref(), &url, given, |bootstrap| {
        bootstrap_file::keep(&data_dir, bootstrap).map_err(|error| format!("{error:#}"))
    })
    .await;

    let mut app = App::new(store, events, clock, ids);
    app.request_timeout = Duration::from_millis(configuration.request_timeout_ms);
    app.body_timeout = Duration::from_millis(configuration.body_timeout_ms);
    app.limits = Limits::new(&configuration.limits, Arc::new(Stopwatch::default()));
    app.client_address_header = client_address_header;
    app.streams = Streams::new(soft.clone());
    app.flagmint_answer = configuration.flagmint_answer;
    app.contexts = Arc::new(ContextSamples::new(configuration.contexts_sample));
    app.courier = Courier::new(configuration.webhook_allow_private_targets);
    app.prometheus = prometheus;
    let app = Arc::new(app);
    let made = match made {
        Ok(made) => {
            app.publisher.refresh().await.context("could not read the flags")?;
            made
        }
        Err(error) => {
            answer_from(&kept, &app, &configuration, error)?;
            None
        }
    };
    match &made {
        Some(bootstrap) => {
            if with_demo {
                demo::add(&app, &bootstrap.application_key)
                    .await
                    .context("could not add the demonstration")?;
            }
            announce(&configuration, bootstrap);
        }
        None => update_url(&configuration, &app, &url)?,
    }

    let tasks = TaskTracker::new();
    tasks.spawn(publish::follow(Arc::clone(&app.publisher), soft.clone()));
    // Requests that are finished after the stop count too.
    let drained = CancellationToken::new();
    tasks.spawn(access::write_down_uses(Arc::clone(&app), drained.clone()));
    tasks.spawn(publish::keep(Arc::clone(&app.publisher), kept, drained.clone()));
    tasks.spawn(events::count(Arc::clone(&app), drained.clone()));
    tasks.spawn(guardrails::record(Arc::clone(&app), drained.clone()));
    tasks.spawn(guardrails::watch(Arc::clone(&app), soft.clone()));
    tasks.spawn(guardrails::gather(Arc::clone(&app), soft.clone()));
    let drain = Duration::from_millis(configuration.drain_timeout_ms);
    tasks.spawn(rollouts::run(Arc::clone(&app), soft.clone()));
    tasks.spawn(webhooks::deliver(Arc::clone(&app), soft.clone(), drain));
    tasks.close();
    tracing::info!(url, engine = app.store.engine().await.unwrap_or_default(), "listening");
    let patience = Patience { head: Duration::from_millis(configuration.head_timeout_ms), drain };
    let as_agent = async {
        if let Some(listener) = agent_listener {
            serve_as_agent(listener, &configuration, &app, soft.clone(), patience).await;
        }
    };
    let routes = app::build(Arc::clone(&app)).merge(flaghoist_console::router());
    tokio::join!(lifecycle::serve(listener, routes, soft.clone(), patience), as_agent);
    drained.cancel();
    tasks.wait().await;
    tracing::info!("stopped");
    Ok(())
}

/// Opens the database of flags, and the one of counts. PostgreSQL may be away: whoever needs it finds out.
async fn open_stores(configuration: &Configuration) -> Result<(Arc<dyn Store>, Arc<dyn EventStore>)> {
    if let Some(url) = &configuration.database_url {
        let store = PostgresStore::connect_later(url).context("could not open the PostgreSQL database")?;
        let events = PostgresEvents::connect_later(url).context("could not open the PostgreSQL database")?;
        return Ok((Arc::new(store), Arc::new(events)));
    }
    let directory = &configuration.data_dir;
    let failed = || format!("could not open the database in {}", directory.display());
    let store = SqliteStore::open(directory).await.with_context(failed)?;
    let events = SqliteEvents::open(directory).await.with_context(failed)?;
    Ok((Arc::new(store), Arc::new(events)))
}

/// Answers readers from what was kept on disk, because the database is away. Fails when that is not why, or nothing was
/// kept.
fn answer_from(kept: &Path, app: &App, configuration: &Configuration, error: BootstrapError) -> Result<()> {
    let is_away = matches!(error, BootstrapError::Store(flaghoist_store::Error::Unavailable(_)));
    if !is_away || configuration.database_url.is_none() {
        return Err(error).context("the first start failed");
    }
    let restored =
        app.publisher.restore(kept).with_context(|| format!("could not read {}", kept.display()))?;
    if !restored {
        return Err(error).context("could not open the PostgreSQL database");
    }
    tracing::warn!(cause = %error, "the database is away; readers get what was last published here");
    Ok(())
}

/// Answers tracers as an Agent would, once the project that it does so for is there.
async fn serve_as_agent(
    listener: TcpListener,
    configuration: &Configuration,
    app: &Arc<App>,
    soft: CancellationToken,
    patience: Patience,
) {
    let address = listener.local_addr().map_or_else(|_| String::new(), |address| address.to_string());
    let key = &configuration.agent_project;
    let mut is_told = false;
    let project_id = loop {
        if let Some(id) = app.publisher.published().project_id(key) {
            break id;
        }
        if !is_told {
            tracing::warn!(project = key, "there is no such project; tracers get no answer");
            is_told = true;
        }
        tokio::select! {
            () = soft.cancelled() => return,
            () = tokio::time::sleep(PROJECT_PAUSE) => {}
        }
    };
    tracing::info!(address, project = key, "listening as an Agent");
    lifecycle::serve(listener, app::build_agent(Arc::clone(app), project_id), soft, patience).await;
}

/// Logs until the guard is dropped. Lines that a full pipe does not take are dropped, never waited for.
fn start_logging(configuration: &Configuration) -> Result<WorkerGuard> {
    let filter = EnvFilter::try_new(&configuration.log)
        .with_context(|| format!("{:?} is no log filter", configuration.log))?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LOG_LINES_MAX)
        .lossy(true)
        .finish(std::io::stderr());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(std::io::stderr().is_terminal());
    match configuration.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(guard)
}

/// The first signal stops softly, the second at once.
fn listen_for_signals(stop: Stop) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("could not catch SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("could not catch SIGTERM")?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if stop.softly.is_cancelled() {
                tracing::warn!("stopping at once");
                stop.at_once.cancel();
                return;
            }
            tracing::info!("stopping; once more stops at once");
            stop.softly.cancel();
        }
    });
    Ok(())
}

/// Tells where the secrets of the first start are: a person at a terminal sees them, a log file does not.
fn announce(configuration: &Configuration, bootstrap: &Bootstrap) {
    let path = bootstrap_file::path(&configuration.data_dir);
    tracing::info!(path = %path.display(), "first start: the keys are in this file");
    if !std::io::stdout().is_terminal() {
        return;
    }
    super::say(format_args!("\n  Flaghoist is at {}/", bootstrap.url));
    super::say(format_args!("  Sign in as {} with {}\n", bootstrap.admin.email, bootstrap.admin.password));
    super::say(format_args!("  DD-API-KEY          {}", bootstrap.api_key));
    super::say(format_args!("  DD-APPLICATION-KEY  {}", bootstrap.application_key));
    for environment in &bootstrap.environments {
        super::say(format_args!(
            "  {:<19} {}",
            format!("{} server", environment.key),
            environment.server_sdk_key
        ));
        super::say(format_args!(
            "  {:<19} {}",
            format!("{} client", environment.key),
            environment.client_sdk_key
        ));
    }
    super::say(format_args!("\n  All of it is in {} too.\n", path.display()));
}

/// The address may be another one than at the first start. A file of another database is left alone.
fn update_url(configuration: &Configuration, app: &App, url: &str) -> Result<()> {
    let is_ours = |bootstrap: &Bootstrap| {
        app.publisher
            .published()
            .revisions()
            .any(|(project_id, _)| project_id.to_string() == bootstrap.project_id)
    };
    if let Some(mut bootstrap) = bootstrap_file::read(&configuration.data_dir)?
        && bootstrap.url != url
        && is_ours(&bootstrap)
    {
        url.clone_into(&mut bootstrap.url);
        bootstrap_file::write(&configuration.data_dir, &bootstrap)?;
    }
    Ok(())
}
