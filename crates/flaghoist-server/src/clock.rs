//! The only place that reads the clock.

use jiff::Timestamp;

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

/// `at` without what is finer than a microsecond.
pub fn whole_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
