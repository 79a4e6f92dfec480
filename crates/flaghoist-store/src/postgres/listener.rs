//! Hears of the revisions that any server commits.

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Where revisions are announced, as `<project id> <revision>`.
pub(super) const CHANNEL: &str = "flaghoist_revision";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that is silent for that long is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A task that listens on a connection of its own, and connects again when it is lost.
///
/// What it hears may be missing something (a lost connection) and never something wrong: it only says "look".
pub(super) struct Listener {
    /// Counts reasons to look.
    heard: watch::Receiver<u64>,
    /// How many of them [`Listener::changed`] has given.
    given: AtomicU64,
    task: JoinHandle<()>,
}

impl Listener {
    pub(super) fn start(options: PgConnectOptions) -> Self {
        let (sender, heard) = watch::channel(0);
        let task = tokio::spawn(listen_forever(options, sender));
        Self { heard, given: AtomicU64::new(0), task }
    }

    pub(super) fn stop(&self) {
        self.task.abort();
    }

    /// Waits for a reason to look since the last call, or until `limit` is over.
    pub(super) async fn changed(&self, limit: Duration) {
        let mut heard = self.heard.clone();
        let given = self.given.load(Ordering::Relaxed);
        let waiting = async {
            match heard.wait_for(|count| *count != given).await.map(|count| *count) {
                Ok(count) => self.given.store(count, Ordering::Relaxed),
                // The listener was stopped: from now on only time passes.
                Err(_) => sleep(limit).await,
            }
        };
        // Running out of time is as good an answer.
        let _ = timeout(limit, waiting).await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn listen_forever(options: PgConnectOptions, heard: watch::Sender<u64>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let Err(error) = listen(&options, &heard, &mut pause).await;
        tracing::warn!(%error, retry_ms = pause.as_millis(), "not listening for revisions of other servers");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn listen(
    options: &PgConnectOptions,
    heard: &watch::Sender<u64>,
    pause: &mut Duration,
) -> sqlx::Result<Infallible> {
    // A new pool each time: a connection that hangs must not hold the only place in it.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    *pause = FIRST_PAUSE;
    // Whatever was announced while nobody listened.
    heard.send_modify(|count| *count += 1);
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(_))) => heard.send_modify(|count| *count += 1),
            Ok(Ok(None)) => return Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into())),
            Ok(Err(error)) => return Err(error),
            Err(_) => ask(&mut listener).await?,
        }
    }
}

/// Fails when the connection has silently gone.
async fn ask(listener: &mut PgListener) -> sqlx::Result<()> {
    match timeout(CONNECT_TIMEOUT, listener.execute("SELECT 1")).await {
        Ok(answer) => answer.map(|_| ()),
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}
