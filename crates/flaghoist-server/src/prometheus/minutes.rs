//! The grid that is measured on.

use super::PrometheusError;

const MINUTE_MS: i64 = 60_000;
const MINUTE_S: i64 = 60;

/// Whole minutes in a row, by their number since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Minutes {
    first: i64,
    /// The one after the last, never before the first.
    end: i64,
}

impl Minutes {
    /// Those that begin and end within `from_ms` to `to_ms`.
    pub(super) fn within(from_ms: i64, to_ms: i64) -> Self {
        let first = from_ms.div_euclid(MINUTE_MS) + i64::from(from_ms.rem_euclid(MINUTE_MS) != 0);
        Self { first, end: to_ms.div_euclid(MINUTE_MS).max(first) }
    }

    pub(super) fn len(self) -> usize {
        usize::try_from(self.end - self.first).unwrap_or(usize::MAX)
    }

    /// The first `count`, or all if there are fewer, and the rest.
    pub(super) fn split_at(self, count: usize) -> (Self, Self) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let middle = self.first.saturating_add(count).min(self.end);
        (Self { end: middle, ..self }, Self { first: middle, ..self })
    }

    pub(super) fn starts_ms(self) -> impl Iterator<Item = i64> {
        (self.first..self.end).map(|minute| minute * MINUTE_MS)
    }

    /// When the first begins, in seconds since 1970: the first point of a range query.
    pub(super) fn start_s(self) -> i64 {
        self.first * MINUTE_S
    }

    /// When the last ends, in seconds since 1970: the last point of a range query.
    pub(super) fn end_s(self) -> i64 {
        self.end * MINUTE_S
    }

    /// Which point of the grid a timestamp in seconds since 1970 is: minute `i` lies between the points `i` and `i + 1`.
    pub(super) fn point(self, timestamp_s: f64) -> Result<usize, PrometheusError> {
        #[expect(clippy::cast_possible_truncation, reason = "what is out of range is off the grid too")]
        let after_start_ms = ((timestamp_s * 1_000.0).round() as i64).saturating_sub(self.first * MINUTE_MS);
        let point = usize::try_from(after_start_ms / MINUTE_MS).ok();
        point.filter(|point| after_start_ms % MINUTE_MS == 0 && *point <= self.len()).ok_or_else(|| {
            let (start_s, end_s) = (self.start_s(), self.end_s());
            PrometheusError::Unreadable {
                reason: format!(
                    "it has a sample at {timestamp_s} s; every {MINUTE_S} s from {start_s} s to {end_s} s was asked for"
                ),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_minutes_count() {
        for (from_ms, to_ms, starts_ms) in [
            (0, 120_000, vec![0, 60_000]),
            (1, 120_000, vec![60_000]),
            (0, 119_999, vec![0]),
            (60_000, 60_000, vec![]),
            (1, 119_999, vec![]),
            (120_000, 0, vec![]),
            (-60_000, 60_000, vec![-60_000, 0]),
        ] {
            let minutes = Minutes::within(from_ms, to_ms);
            assert_eq!(minutes.starts_ms().collect::<Vec<_>>(), starts_ms, "{from_ms} to {to_ms}");
            assert_eq!(minutes.len(), starts_ms.len());
        }
    }

    #[test]
    fn a_sample_lies_on_the_grid_or_is_refused() {
        let minutes = Minutes::within(600_000, 720_000);
        for (timestamp_s, point) in [(600.0, 0), (660.0, 1), (720.000_000_1, 2)] {
            assert_eq!(minutes.point(timestamp_s), Ok(point));
        }
        for timestamp_s in [540.0, 630.0, 780.0, 600.5, f64::NAN, f64::INFINITY, -1e300] {
            assert!(minutes.point(timestamp_s).is_err(), "{timestamp_s}");
        }
    }
}
