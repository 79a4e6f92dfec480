//! One file per command.

pub(crate) mod doctor;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod openapi;
pub(crate) mod serve;

/// Writes a line to standard output. A reader that went away (`| head`) is no error.
#[expect(clippy::print_stdout, reason = "this is how commands answer")]
pub(crate) fn say(line: impl std::fmt::Display) {
    println!("{line}");
}

/// Writes an error with its causes to standard error.
#[expect(clippy::print_stderr, reason = "this is how commands fail")]
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("flaghoist: {error:#}");
}
