//! Counts as numbers to calculate with.

/// A count as a real number.
#[expect(clippy::cast_precision_loss, reason = "nothing here is counted beyond 2^53")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// A length as a real number.
#[expect(clippy::cast_precision_loss, reason = "no list is longer than 2^53")]
pub(crate) fn real_len(length: usize) -> f64 {
    length as f64
}
