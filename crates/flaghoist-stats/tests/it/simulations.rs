//! Monte Carlo with fixed seeds: how often the tests raise a false alarm when somebody looks at every event, and how
//! long they take to see harm that is there.
//!
//! The fast form is part of the test command. `FLAGHOIST_LONG=1` runs the full one and prints its figures as tables:
//!
//! ```text
//! FLAGHOIST_LONG=1 cargo test -p flaghoist-stats --release --test it simulations -- --nocapture --test-threads 1
//! ```

#![expect(clippy::print_stdout, reason = "the full form tells its figures")]

mod detection;
mod false_alarms;

use std::fmt::Write;

use flaghoist_stats::{Direction, Harm};

const MORE_IS_HARM: Harm = Harm { direction: Direction::IncreaseIsBad, log_margin: 0.0 };
const LESS_IS_HARM: Harm = Harm { direction: Direction::DecreaseIsBad, log_margin: 0.0 };

/// Whether the full form was asked for.
fn long() -> bool {
    std::env::var_os("FLAGHOIST_LONG").is_some_and(|value| value == "1")
}

/// How many runs a simulation makes.
fn runs(fast: u32, full: u32) -> u32 {
    if long() { full } else { fast }
}

/// What a figure may be if `demanded` is what the full form demands: the few runs of the fast one scatter by some ten
/// percent.
fn allowed(demanded: f64) -> f64 {
    if long() { demanded } else { 1.15 * demanded }
}

/// The figures of one test.
struct Table(String);

impl Table {
    fn new(columns: &[&str]) -> Self {
        let mut table = Self(String::from("\n"));
        table.row(columns.iter().map(ToString::to_string));
        table.row(columns.iter().map(|_| String::from("---")));
        table
    }

    fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        writeln!(self.0, "| {} |", cells.join(" | ")).unwrap();
    }

    /// Prints the full form's figures, all at once so that other tests do not print in between.
    fn done(self) {
        if long() {
            println!("{}", self.0);
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap())
}

/// The value of which a share `q` of the others is below; `values` are ascending and not empty.
fn quantile(values: &[f64], percent: usize) -> f64 {
    values[(values.len() - 1) * percent / 100]
}
