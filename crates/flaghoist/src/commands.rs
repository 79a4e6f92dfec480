//! One file per command.

pub(crate) mod doctor;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod history;
pub(crate) mod keys;
pub(crate) mod metrics;
pub(crate) mod openapi;
pub(crate) mod roles;
pub(crate) mod rollouts;
pub(crate) mod serve;
pub(crate) mod users;

/// Writes a line to standard output. A reader that went away (`| head`) is no error.
pub(crate) fn say(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Runs what asks a server.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Whether an error is only that nobody reads standard output any more.
pub(crate) fn is_reader_gone(error: &anyhow::Error) -> bool {
    let gone = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(gone))
}

/// Writes an error with its causes to standard error.
#[expect(clippy::print_stderr, reason = "this is how commands fail")]
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("flaghoist: {error:#}");
}
