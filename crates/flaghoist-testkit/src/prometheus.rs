//! Prometheus servers for tests: the system's own binaries on a temporary directory and a free port, with samples of the
//! past, so that nothing has to be waited for.

use crate::free_port;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Runs the server until the end of its input, which comes with the end of our process at the latest, and then removes
/// the directory. The server must not keep the input open, or its end would never come.
const SCRIPT: &str = r#"
prometheus --config.file="$1/prometheus.yml" --storage.tsdb.path="$1/data" --storage.tsdb.retention.time=100y \
    --web.listen-address="127.0.0.1:$2" --log.level=warn > "$1/log" 2>&1 < /dev/null &
cat > /dev/null
kill "$!"
wait "$!"
rm -rf "$1"
"#;

/// A Prometheus server. It and its files are gone when this is dropped, and also when the process ends in any other way.
#[derive(Debug)]
pub struct Prometheus {
    port: u16,
    shell: Child,
    dir: TempDir,
}

impl Prometheus {
    /// A server that holds these samples, written as OpenMetrics with timestamps, and scrapes nothing. None when Prometheus
    /// is not installed: the test says so and returns. Panics instead where `CI` is `true`.
    pub fn launch(samples: &str) -> Option<Self> {
        if !is_installed() {
            complain();
            return None;
        }
        let dir = tempfile::Builder::new().prefix("flaghoist-prometheus-").tempdir().expect("a directory");
        std::fs::write(dir.path().join("prometheus.yml"), "scrape_configs: []\n").expect("a file");
        let input = dir.path().join("samples");
        std::fs::write(&input, samples).expect("a file");
        let mut promtool = Command::new("promtool");
        promtool.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&input).arg(dir.path().join("data"));
        let output = promtool.output().expect("promtool runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

        let port = free_port();
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "flaghoist-prometheus"])
            .arg(dir.path())
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What interrupts the tests must not interrupt the cleaning.
            .process_group(0)
            .spawn()
            .expect("every Unix has sh");
        let server = Self { port, shell, dir };
        server.wait();
        Some(server)
    }

    /// Where it is reached.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn wait(&self) {
        let deadline = Instant::now() + START_LIMIT;
        while !self.is_ready() {
            let log = || std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "Prometheus does not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_ready(&self) -> bool {
        let ask = || {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.write_all(b"GET /-/ready HTTP/1.0\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok::<_, std::io::Error>(answer.contains(" 200 "))
        };
        ask().unwrap_or(false)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // A failure leaves something in the temporary directory; a panic here would hide why a test failed.
        let _ = self.shell.wait();
    }
}

fn is_installed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let finds = |program| std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
    finds("prometheus") && finds("promtool")
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests has to see that some did not run")]
fn complain() {
    let message = "Prometheus is not installed (no prometheus and promtool in PATH)";
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{message}, and CI tests with it");
    eprintln!("SKIPPED: {message}");
}
