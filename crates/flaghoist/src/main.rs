//! `flaghoist`: commands and the composition root. Everything else lives in the libraries.

mod bootstrap_file;
mod commands;
mod configuration;

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
    /// Evaluate flags of a configuration file: one JSON request a line in, one answer a line out.
    Evaluate(commands::evaluate::Evaluate),
    /// Write what a server has to a file.
    Export(commands::export::Export),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Serve(serve) => commands::serve::run(serve),
        Command::Openapi => commands::openapi::run(),
        Command::Doctor(doctor) => commands::doctor::run(&doctor),
        Command::Evaluate(evaluate) => commands::evaluate::run(&evaluate),
        Command::Export(export) => commands::export::run(&export),
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
