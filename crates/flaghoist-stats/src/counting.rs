//! Whole numbers as real ones.

/// A count as a real number. Exact up to 2^53, which is more subjects than there are; beyond that it is rounded.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// The length of something in memory as a real number.
#[expect(clippy::cast_precision_loss, reason = "nothing in memory has 2^53 elements")]
pub(crate) fn real_len(len: usize) -> f64 {
    len as f64
}
