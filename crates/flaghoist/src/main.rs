//! `flaghoist`: commands and the composition root. Everything else lives in the libraries.

mod bootstrap_file;
mod commands;
mod configuration;
mod server_client;
mod table;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Feature flags and progressive delivery on your own machines.
#[derive(Parser)]
#[command(name = "flaghoist", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(commands::serve::Serve),
    /// Print the OpenAPI document of the server.
    Openapi,
    /// Look at an installation and say what is wrong with it.
    Doctor(commands::doctor::Doctor),
    /// Evaluate flags of a file or of a server, now or as of a past moment: one JSON request a line in, one answer a
    /// line out.
    Evaluate(commands::evaluate::Evaluate),
    /// Write what a server has to a file.
    Export(commands::export::Export),
    /// Show what happened, or export it.
    History(commands::history::History),
    /// Make, list and revoke keys.
    Keys(commands::keys::Keys),
    /// Add, list, change and remove members of the project.
    Users(commands::users::Users),
    /// Make, list, change and remove roles.
    Roles(commands::roles::Roles),
    /// Make, list, show and remove the metrics that guardrails watch.
    Metrics(commands::metrics::Metrics),
    /// Look at rollouts, before they start and while they run.
    Rollouts(commands::rollouts::Rollouts),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Serve(serve) => commands::serve::run(serve),
        Command::Openapi => commands::openapi::run(),
        Command::Doctor(doctor) => commands::doctor::run(&doctor),
        Command::Evaluate(evaluate) => commands::evaluate::run(&evaluate),
        Command::Export(export) => commands::export::run(&export),
        Command::History(history) => commands::history::run(&history),
        Command::Keys(keys) => commands::keys::run(&keys),
        Command::Users(users) => commands::users::run(&users),
        Command::Roles(roles) => commands::roles::run(&roles),
        Command::Metrics(metrics) => commands::metrics::run(&metrics),
        Command::Rollouts(rollouts) => commands::rollouts::run(&rollouts),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if commands::is_reader_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            commands::complain(&error);
            ExitCode::FAILURE
        }
    }
}
