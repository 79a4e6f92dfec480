//! Numbers of minutes from series.

use super::answer::Series;

/// The increase of counters, by minute: of each between its samples at both ends of the minute, summed. NaN where none has
/// both. What is below the sample before began again at zero, so all of it is increase.
pub(super) fn increases(series: &[Series], minutes: usize) -> Vec<f64> {
    let of_series = series.iter().flat_map(steps);
    sums(of_series.map(|(minute, before, after)| (minute, increase(before, after))), minutes)
}

/// The values at the ends of minutes, summed. NaN where there is none.
pub(super) fn values(series: &[Series], minutes: usize) -> Vec<f64> {
    sums(series.iter().flat_map(ends), minutes)
}

/// Minutes at both ends of which the series has a sample, with both.
pub(super) fn steps(series: &Series) -> impl Iterator<Item = (usize, f64, f64)> {
    series.samples.windows(2).filter_map(|pair| match *pair {
        [(point, before), (next, after)] if next == point + 1 => Some((point, before, after)),
        _ => None,
    })
}

/// Minutes at whose end the series has a sample, with it.
pub(super) fn ends(series: &Series) -> impl Iterator<Item = (usize, f64)> {
    series.samples.iter().filter_map(|(point, value)| Some((point.checked_sub(1)?, *value)))
}

fn increase(before: f64, after: f64) -> f64 {
    if after < before { after } else { after - before }
}

/// Adds up what belongs to the same minute.
fn sums(parts: impl Iterator<Item = (usize, f64)>, minutes: usize) -> Vec<f64> {
    let mut sums = vec![f64::NAN; minutes];
    for (minute, part) in parts {
        let sum = &mut sums[minute];
        *sum = if sum.is_nan() { part } else { *sum + part };
    }
    sums
}
