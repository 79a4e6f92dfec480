//! Servers: the real binary on a place of its own.

use crate::management::Management;
use crate::process::{Process, flaghoist};
use crate::reader::Reader;
use flaghoist_testkit::postgres::Postgres;
use serde::Deserialize;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Where the data of a server is. Empty at first.
pub(crate) struct Place {
    directory: TempDir,
    database_url: Option<String>,
    logs: AtomicU32,
}

impl Place {
    /// A data directory with the embedded database.
    pub(crate) fn sqlite() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), database_url: None, logs: AtomicU32::new(0) }
    }

    /// A new database of the PostgreSQL server that tests share. None when PostgreSQL is not installed, which was
    /// said on standard error.
    pub(crate) fn postgres() -> Option<Self> {
        Some(Self::on_database(Postgres::shared()?.create_database()))
    }

    /// The PostgreSQL database of that address, and an empty data directory.
    pub(crate) fn on_database(url: String) -> Self {
        Self { database_url: Some(url), ..Self::sqlite() }
    }

    /// The address of the PostgreSQL database.
    pub(crate) fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// The data directory, which the server makes itself.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A file beside the data directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where `bootstrap.json` is.
    pub(crate) fn bootstrap_path(&self) -> PathBuf {
        self.data_dir().join("bootstrap.json")
    }

    /// What `bootstrap.json` says.
    pub(crate) fn bootstrap(&self) -> Bootstrap {
        serde_json::from_slice(&fs::read(self.bootstrap_path()).unwrap()).unwrap()
    }

    /// The options of every command that runs here.
    pub(crate) fn options(&self, command: &mut Command) {
        command.arg("--data-dir").arg(self.data_dir());
        if let Some(url) = &self.database_url {
            command.args(["--database-url", url]);
        }
    }

    /// Starts a server without further options, and waits until it listens.
    pub(crate) fn start(&self) -> Server {
        Launch::at(self).start()
    }
}

/// `bootstrap.json`, as documented.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bootstrap {
    pub(crate) url: String,
    pub(crate) project_id: String,
    pub(crate) api_key: String,
    pub(crate) application_key: String,
    pub(crate) admin: Admin,
    pub(crate) environments: Vec<Environment>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Admin {
    pub(crate) email: String,
    pub(crate) password: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Environment {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) queries: Vec<String>,
    pub(crate) server_sdk_key: String,
    pub(crate) client_sdk_key: String,
}

impl Bootstrap {
    /// The environment of that key.
    pub(crate) fn environment(&self, key: &str) -> &Environment {
        self.environments.iter().find(|environment| environment.key == key).unwrap()
    }

    /// Everything that nobody else may know.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let sdk_keys = self.environments.iter().flat_map(|environment| {
            [environment.server_sdk_key.as_str(), environment.client_sdk_key.as_str()]
        });
        [self.api_key.as_str(), &self.application_key, &self.admin.password]
            .into_iter()
            .chain(sdk_keys)
            .collect()
    }
}

/// A server about to be started. Listens on a free port and logs to a file.
pub(crate) struct Launch {
    command: Command,
    log: PathBuf,
}

impl Launch {
    pub(crate) fn at(place: &Place) -> Self {
        let log = place.beside(&format!("log-{}", place.logs.fetch_add(1, Ordering::Relaxed)));
        let file = File::create(&log).unwrap();
        let mut command = flaghoist();
        command.arg("serve");
        place.options(&mut command);
        command.args(["--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { command, log }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it without waiting.
    pub(crate) fn begin(mut self) -> Starting {
        Starting { process: Process::spawn(&mut self.command), log: self.log }
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(self) -> Server {
        self.begin().listening()
    }

    /// Starts it, and waits until it gives up. How it ended, and what it said.
    pub(crate) fn refused(self) -> (ExitStatus, String) {
        let mut starting = self.begin();
        let status = starting.process.wait(START_LIMIT);
        (status, read_log(&starting.log))
    }
}

/// A server that may not listen yet.
pub(crate) struct Starting {
    process: Process,
    log: PathBuf,
}

impl Starting {
    /// Waits until it listens.
    pub(crate) fn listening(mut self) -> Server {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let log = read_log(&self.log);
            if let Some(url) = address_in(&log) {
                let url = url.to_owned();
                return Server { process: self.process, url, log: self.log };
            }
            let ended = self.process.ended();
            assert!(ended.is_none(), "the server did not start: {ended:?}\n{}", read_log(&self.log));
            assert!(Instant::now() < deadline, "the server does not listen\n{log}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The log names the address once the server listens.
fn address_in(log: &str) -> Option<&str> {
    let address = |line: &'_ str| -> Option<std::ops::Range<usize>> {
        let start = line.find("http://").filter(|_| line.contains("listening"))?;
        Some(start..start + line[start..].find('"')?)
    };
    log.lines().find_map(|line| address(line).map(|range| &line[range]))
}

fn read_log(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// A server that listens. Killed when dropped.
pub(crate) struct Server {
    pub(crate) process: Process,
    url: String,
    log: PathBuf,
}

impl Server {
    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Everything it wrote to standard output and standard error.
    pub(crate) fn log(&self) -> String {
        read_log(&self.log)
    }

    /// A management client with the keys of the first start.
    pub(crate) fn management(&self, keys: &Bootstrap) -> Management {
        Management::new(self.url(), &keys.api_key, &keys.application_key)
    }

    /// A reader of that environment, with its server SDK key.
    pub(crate) fn reader(&self, keys: &Bootstrap, environment: &str) -> Reader {
        Reader::new(self.url(), &keys.environment(environment).server_sdk_key)
    }

    /// Stops it as an operator does, and expects it to end well.
    pub(crate) fn stop(mut self) {
        self.process.signal("TERM");
        let status = self.process.wait(Duration::from_secs(12));
        assert!(status.success(), "the server ended with {status}\n{}", self.log());
    }
}
