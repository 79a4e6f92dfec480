//! A child process that does not outlive its test.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// The binary under test, without options that happen to be in our own environment.
pub(crate) fn flaghoist() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flaghoist"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FLAGHOIST_") {
            command.env_remove(name);
        }
    }
    command
}

/// A running child. Killed when dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// The pipes, where there are any.
    pub(crate) fn pipes(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status();
        assert!(sent.unwrap().success(), "SIG{name} was not sent");
    }

    /// Ends it at once, as a crash would. Returns when it is gone.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }

    /// How it ends. Panics when it does not within `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(Instant::now() < deadline, "the process still runs after {limit:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
