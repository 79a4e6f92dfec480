//! Cleans up after a process, however it ends.

use super::binaries::Binaries;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of its input, which comes with the end of our process at the latest. In a process group of its
/// own, so that what interrupts the tests does not interrupt the cleaning.
const SCRIPT: &str = r#"
cat > /dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null) && kill -QUIT "$pid"
tries=0
while [ -n "$pid" ] && [ "$tries" -lt 100 ] && kill -0 "$pid" 2> /dev/null; do
    tries=$((tries + 1))
    sleep 0.05
done
rm -rf "$1"
"#;

/// A shell that stops the server of a directory and removes the directory, as soon as we let go.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
}

impl Guard {
    pub(super) fn watch(binaries: &Binaries, directory: &Path) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "flaghoist-postgres-guard"])
            .arg(directory)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        binaries.lower(&mut command);
        Self { shell: command.spawn().expect("every Unix has sh") }
    }

    /// Cleans up now. Returns when it is done.
    pub(super) fn release(&mut self) {
        drop(self.shell.stdin.take());
        // A failure leaves something in the temporary directory; a panic here would hide why a test failed.
        let _ = self.shell.wait();
    }
}
