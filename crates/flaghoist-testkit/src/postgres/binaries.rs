//! The PostgreSQL programs of this machine, and whom to run them as.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the programs are.
#[derive(Debug)]
pub(super) struct Binaries {
    directory: PathBuf,
    /// User and group to run them as; none when we are not root. PostgreSQL refuses to run as root.
    user: Option<(u32, u32)>,
}

impl Binaries {
    /// The newest installed version.
    pub(super) fn find() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Binaries>> = OnceLock::new();
        let found = FOUND.get_or_init(|| Some(Self { directory: find_directory()?, user: lesser_user() }));
        if found.is_none() {
            complain();
        }
        found.as_ref()
    }

    /// The program, to be run in `directory`.
    pub(super) fn command(&self, program: &str, directory: &Path) -> Command {
        let mut command = Command::new(self.directory.join(program));
        command.current_dir(directory);
        self.lower(&mut command);
        command
    }

    /// Makes the command run as the user that PostgreSQL runs as.
    pub(super) fn lower(&self, command: &mut Command) {
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
    }

    /// Gives a file to the user that PostgreSQL runs as.
    pub(super) fn own(&self, path: &Path) {
        if let Some((user, group)) = self.user {
            std::os::unix::fs::chown(path, Some(user), Some(group)).expect("root gives files away");
        }
    }
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests has to see that some did not run")]
fn complain() {
    let message = "PostgreSQL is not installed (no initdb in PATH or /usr/lib/postgresql/*/bin)";
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{message}, and CI tests with it");
    eprintln!("SKIPPED: {message}");
}

fn find_directory() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let newest_first = versions.into_iter().rev().map(|(_, directory)| directory);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates: Vec<PathBuf> = newest_first.chain(std::env::split_paths(&path)).collect();
    candidates.into_iter().find(|directory| {
        ["initdb", "pg_ctl", "postgres", "psql"].iter().all(|program| directory.join(program).is_file())
    })
}

/// When we are root: `postgres`, or else `nobody`.
fn lesser_user() -> Option<(u32, u32)> {
    let whoami = Command::new("id").arg("-u").output().expect("every Unix has id");
    if whoami.stdout.trim_ascii() != b"0" {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").expect("the accounts of this machine");
    let find = |wanted: &str| {
        let mut fields = accounts.lines().map(|line| line.split(':')).find(|fields| {
            let mut fields = fields.clone();
            fields.next() == Some(wanted)
        })?;
        Some((fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(find("postgres").or_else(|| find("nobody")).expect("an account that is not root"))
}
