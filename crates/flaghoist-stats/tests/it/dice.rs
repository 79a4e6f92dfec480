//! Randomness of tests: the same numbers for the same seed, everywhere and forever (SplitMix64).

use std::f64::consts::TAU;

pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in [0, 1): the mantissa of a number in [1, 2).
    pub(crate) fn uniform(&mut self) -> f64 {
        f64::from_bits((self.next() >> 12) | 0x3ff0_0000_0000_0000) - 1.0
    }

    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// One of the first `sides` numbers.
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        let sides = u64::try_from(sides).unwrap();
        usize::try_from(self.next() % sides).unwrap()
    }

    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    /// The exponential of a normal number; its median is 1.
    pub(crate) fn log_normal(&mut self, sigma: f64) -> f64 {
        (sigma * self.normal()).exp()
    }

    /// Tries until the first success, that one included.
    pub(crate) fn tries(&mut self, p: f64) -> f64 {
        ((1.0 - self.uniform()).ln() / (1.0 - p).ln()).floor() + 1.0
    }

    pub(crate) fn poisson(&mut self, mean: f64) -> f64 {
        let (mut left, mut count) = (mean, 0.0);
        loop {
            left += (1.0 - self.uniform()).ln();
            if left < 0.0 {
                return count;
            }
            count += 1.0;
        }
    }
}
