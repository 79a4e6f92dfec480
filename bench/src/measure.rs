//! Measuring: CPU time of a server process over a round of requests.

use crate::load::{self, Request};

/// Rounds of each row; the median counts.
const ROUNDS: usize = 7;

/// A tick of `/proc/<pid>/stat`, in microseconds. Linux gives all programs 100 ticks a second.
const TICK_US: f64 = 10_000.0;

/// A server under load.
pub(crate) struct Subject {
    pub(crate) address: String,
    pub(crate) pid: u32,
}

impl Subject {
    /// User and system time used so far, in microseconds.
    pub(crate) fn cpu_us(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("the server runs");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // Counted from behind the name: utime is the 12th field, stime the 13th.
        let ticks: u64 = fields[11..=12].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
        ticks as f64 * TICK_US
    }

    /// Resident memory now, in kibibytes.
    pub(crate) fn resident_kb(&self) -> i64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("a running server");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

/// CPU time per request in microseconds for each row: the median of rounds that alternate between the rows.
pub(crate) fn compare<const N: usize>(rows: &[(&str, (&Subject, Request, usize)); N]) -> [f64; N] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut rounds: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for round in 0..=ROUNDS {
        for ((_, (subject, request, count)), times) in rows.iter().zip(&mut rounds) {
            let before = subject.cpu_us();
            runtime.block_on(load::run(&subject.address, request, *count));
            let per_request = (subject.cpu_us() - before) / *count as f64;
            // The first round only warms up.
            if round > 0 {
                times.push(per_request);
            }
        }
    }
    rounds.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}
