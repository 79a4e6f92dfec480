//! A Flaghoist process of its own, on a free port, with a data directory that is thrown away.

use datadog_api_client::datadog::{APIKey, Configuration};
use datadog_api_client::datadogV2::api_feature_flags::FeatureFlagsAPI;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);
const LOG_TAIL_LINES: usize = 60;

/// A running server and the secrets of its first start. Stopped when dropped.
pub struct Server {
    directory: TempDir,
    process: Child,
    bootstrap: Value,
}

fn binary() -> PathBuf {
    match std::env::var_os("FLAGHOIST_BINARY").filter(|path| !path.is_empty()) {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/flaghoist"),
    }
}

/// What `probe` finds, as soon as it finds it.
fn patiently<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "no {what} within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Server {
    /// Starts a server and waits until it is ready.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data_dir = directory.path().join("data");
        let log = File::create(directory.path().join("server.log")).expect("a log file");
        let process = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&data_dir)
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("the log file, twice"))
            .stdout(log)
            .spawn()
            .expect("the server, see FLAGHOIST_BINARY");
        let mut server = Self { directory, process, bootstrap: Value::Null };
        server.bootstrap = patiently("bootstrap.json", || {
            server.assert_alive();
            serde_json::from_slice(&fs::read(data_dir.join("bootstrap.json")).ok()?).ok()
        });
        let host = server.host();
        patiently("/readyz", || is_ready(&host).then_some(()));
        server
    }

    /// The client as its users set it up: its second server takes any host name.
    pub fn client(&self) -> FeatureFlagsAPI {
        self.client_with(self.secret("api_key"), self.secret("application_key"))
    }

    /// A client with other keys.
    pub fn client_with(&self, api_key: &str, application_key: &str) -> FeatureFlagsAPI {
        let mut configuration = Configuration::new();
        configuration.server_index = 1;
        configuration.server_variables =
            [("protocol".to_owned(), "http".to_owned()), ("name".to_owned(), self.host())].into();
        for (name, key) in [("apiKeyAuth", api_key), ("appKeyAuth", application_key)] {
            configuration.set_auth_key(name, APIKey { key: key.to_owned(), prefix: String::new() });
        }
        FeatureFlagsAPI::with_config(configuration)
    }

    /// The id of an environment of the first start.
    pub fn environment_id(&self, key: &str) -> uuid::Uuid {
        let environments = self.bootstrap["environments"].as_array().expect("environments");
        let found = environments.iter().find(|one| one["key"] == key).expect("that environment");
        found["id"].as_str().and_then(|id| id.parse().ok()).expect("a UUID")
    }

    /// The server SDK key of an environment of the first start.
    pub fn sdk_key(&self, environment: &str) -> &str {
        let environments = self.bootstrap["environments"].as_array().expect("environments");
        let found = environments.iter().find(|one| one["key"] == environment).expect("that environment");
        found["server_sdk_key"].as_str().expect("a key")
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.host())
    }

    /// The answer to a management request, which is done.
    pub fn manage(&self, method: &str, path: &str, body: &Value) -> Value {
        let (api_key, application_key) = (self.secret("api_key"), self.secret("application_key"));
        let keys = format!("DD-API-KEY: {api_key}\r\nDD-APPLICATION-KEY: {application_key}\r\n");
        self.ask(method, path, &keys, body)
    }

    /// The answer to a request with these headers, which is done.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &Value) -> Value {
        let (host, body) = (self.host(), body.to_string());
        let mut stream = TcpStream::connect(&host).expect("the server listens");
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        let content = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        write!(stream, "{head}{headers}{content}\r\n{body}").expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    fn secret(&self, name: &str) -> &str {
        self.bootstrap[name].as_str().expect("a secret")
    }

    fn host(&self) -> String {
        let url = self.bootstrap["url"].as_str().expect("a URL");
        url.strip_prefix("http://").expect("plain HTTP").to_owned()
    }

    fn assert_alive(&mut self) {
        if let Ok(Some(status)) = self.process.try_wait() {
            panic!("the server ended with {status}");
        }
    }

    fn log_tail(&self) -> String {
        let log = fs::read(self.directory.path().join("server.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

fn is_ready(host: &str) -> bool {
    let mut answer = String::new();
    let asked = TcpStream::connect(host).and_then(|mut stream| {
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        stream.read_to_string(&mut answer)
    });
    asked.is_ok() && answer.starts_with("HTTP/1.1 200")
}

impl Drop for Server {
    /// SIGTERM, as an operator would; SIGKILL when that does not help.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let started = Instant::now();
        let status = loop {
            match self.process.try_wait() {
                Ok(Some(status)) => break Some(status),
                _ if started.elapsed() > PATIENCE => break None,
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        if status.is_none() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
        if std::thread::panicking() {
            eprintln!("last {LOG_TAIL_LINES} lines of the server's log\n{}", self.log_tail());
        } else {
            assert!(
                status.is_some_and(|status| status.success()),
                "SIGTERM ended the server with {status:?}"
            );
        }
    }
}
