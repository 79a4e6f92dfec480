//! Identifiers that are the same in every run.

use flaghoist_model::MintId;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::{Builder, Uuid};

/// Mints the same time-ordered (version 7) UUIDs in the same order for the same seed. Other seeds mint others.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    minted: AtomicU64,
}

impl SeededIds {
    /// A mint that starts at the beginning of `seed`'s sequence.
    pub const fn new(seed: u64) -> Self {
        Self { seed, minted: AtomicU64::new(0) }
    }
}

impl MintId for SeededIds {
    fn mint(&self) -> Uuid {
        let number = self.minted.fetch_add(1, Ordering::Relaxed);
        let first = scramble(self.seed ^ scramble(number));
        let mut random = [0; 10];
        random[..8].copy_from_slice(&first.to_be_bytes());
        random[8..].copy_from_slice(&scramble(first).to_be_bytes()[..2]);
        Builder::from_unix_timestamp_millis(number, &random).into_uuid()
    }
}

/// SplitMix64: neighbouring numbers come out far apart, and no two alike.
fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_in_order_and_no_other_seed() {
        let (one, again, other) = (SeededIds::new(1), SeededIds::new(1), SeededIds::new(2));
        let mut previous = Uuid::nil();
        for _ in 0..100 {
            let id = one.mint();
            assert_eq!(id, again.mint());
            assert_ne!(id, other.mint());
            assert!(id > previous);
            previous = id;
        }
    }
}
