//! The only place that reads the clock.

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// Tells the time. Tests turn the hands themselves.
pub trait Clock: Send + Sync {
    /// Now, in whole microseconds: what the store keeps is what an answer shows.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
    fn now(&self) -> Timestamp {
        whole_microseconds(Timestamp::now())
    }
}

/// Time that only goes forward, as limits need it: the clock of the machine may be set back.
pub trait SteadyClock: Send + Sync {
    /// The time since some moment.
    fn elapsed(&self) -> Duration;
}

/// The time since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Default for Stopwatch {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl SteadyClock for Stopwatch {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// `at` without what is finer than a microsecond.
pub fn whole_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
