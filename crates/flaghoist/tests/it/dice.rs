//! Random numbers that are the same in every run.

use std::time::Duration;

/// SplitMix64. A seed gives the same throws every time.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Says its seed, so that a failure can be repeated.
    pub(crate) fn seeded(seed: u64) -> Self {
        println!("seed {seed}");
        Self(seed)
    }

    /// Dice of one's own, with throws unlike ours.
    pub(crate) fn another(&mut self) -> Self {
        Self(self.throw())
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.throw() % u64::try_from(end).unwrap()).unwrap()
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// A pause of that many milliseconds.
    pub(crate) fn pause(&mut self, least_ms: usize, most_ms: usize) -> Duration {
        let milliseconds = least_ms + self.below(most_ms - least_ms + 1);
        Duration::from_millis(u64::try_from(milliseconds).unwrap())
    }
}
