//! PostgreSQL servers for tests: the system's own binaries on a temporary directory and a free port.

mod binaries;
mod guard;

use crate::free_port;
use binaries::Binaries;
use guard::Guard;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// How a server is set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether commits reach the disk. Only a crash of the whole machine would tell.
    pub fsync: bool,
}

/// A PostgreSQL server. It and its files are gone when this is dropped, and also when the process ends in any
/// other way.
#[derive(Debug)]
pub struct Postgres {
    binaries: &'static Binaries,
    port: u16,
    options: Options,
    databases: AtomicU32,
    /// Stops the server before the directory goes: fields are dropped in this order.
    guard: Guard,
    dir: TempDir,
}

impl Postgres {
    /// The server that the tests of this process share; started by the first caller. None when PostgreSQL is not
    /// installed: the test says so and returns. Panics instead where `CI` is `true`.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(|| Self::launch(Options::default())).as_ref()
    }

    /// A server of one's own, to be stopped and killed. None (or a panic) as for [`Postgres::shared`].
    pub fn launch(options: Options) -> Option<Self> {
        let binaries = Binaries::find()?;
        let dir =
            tempfile::Builder::new().prefix("flaghoist-postgres-").tempdir().expect("a temporary directory");
        binaries.own(dir.path());
        let guard = Guard::watch(binaries, dir.path());
        let server = Self { binaries, port: free_port(), options, databases: AtomicU32::new(0), guard, dir };
        server.initialise();
        server.start();
        Some(server)
    }

    /// Where its first database is reached.
    pub fn url(&self) -> String {
        self.database_url("postgres")
    }

    /// Makes an empty database, and says where it is reached.
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE DATABASE {name}"));
        self.database_url(&name)
    }

    /// Runs statements in its first database, as a superuser.
    pub fn sql(&self, statements: &str) {
        let mut psql = self.binaries.command("psql", self.dir.path());
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", statements, &self.url()]);
        run(&mut psql);
    }

    /// Starts the server after [`Postgres::stop`] or [`Postgres::kill`], on the same port. Waits until it answers.
    pub fn start(&self) {
        let settings = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200 \
             -c shared_buffers=16MB -c fsync={fsync} -c full_page_writes={fsync}",
            self.port,
            fsync = if self.options.fsync { "on" } else { "off" },
        );
        let mut start = self.pg_ctl("start");
        start.arg("--log").arg(self.dir.path().join("log")).arg("--options").arg(settings);
        run(&mut start);
    }

    /// Shuts the server down in good order: clients are told.
    pub fn stop(&self) {
        run(self.pg_ctl("stop").args(["--mode", "fast"]));
    }

    /// Ends the server at once, as a crash would: it recovers at the next start.
    pub fn kill(&self) {
        run(self.pg_ctl("stop").args(["--mode", "immediate"]));
    }

    fn initialise(&self) {
        let mut initdb = self.binaries.command("initdb", self.dir.path());
        initdb.arg("--pgdata").arg(self.data_dir()).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        run(&mut initdb);
    }

    fn pg_ctl(&self, action: &str) -> Command {
        let mut command = self.binaries.command("pg_ctl", self.dir.path());
        command.args([action, "--silent", "--wait", "--pgdata"]).arg(self.data_dir());
        command
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn database_url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.guard.release();
    }
}

/// Runs a program to its end. Its output goes to a file-less nowhere unless it fails: a server it leaves behind
/// would otherwise hold our pipes open.
fn run(command: &mut Command) {
    let output = tempfile::tempfile().expect("a temporary file");
    let same = |file: &std::fs::File| file.try_clone().expect("one more handle of a file");
    let status =
        command.stdin(std::process::Stdio::null()).stdout(same(&output)).stderr(same(&output)).status();
    let status = status.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    if !status.success() {
        use std::io::{Read as _, Seek as _};
        let mut text = String::new();
        let mut output = output;
        output.rewind().expect("a file can be read from its start");
        output.read_to_string(&mut text).expect("programs write text");
        panic!("{command:?} ended with {status}: {text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(server: &Postgres) -> bool {
        std::net::TcpStream::connect(("127.0.0.1", server.port)).is_ok()
    }

    #[test]
    fn a_server_comes_and_goes_as_told_and_leaves_nothing_behind() {
        let Some(server) = Postgres::launch(Options::default()) else { return };
        assert_ne!(server.create_database(), server.create_database());
        for end in [Postgres::stop, Postgres::kill] {
            assert!(answers(&server));
            end(&server);
            assert!(!answers(&server));
            server.start();
        }
        let (port, dir) = (server.port, server.dir.path().to_owned());
        drop(server);
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
        assert!(!dir.exists());
    }
}
