//! `flaghoist openapi`

use std::io::Write;

/// Prints the OpenAPI document.
pub(crate) fn run() -> anyhow::Result<()> {
    let document = flaghoist_server::app::describe().to_pretty_json()?;
    let mut output = std::io::stdout().lock();
    writeln!(output, "{document}")?;
    Ok(())
}
