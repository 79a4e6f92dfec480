//! When a delivery that was not taken is tried again.

use jiff::SignedDuration;

/// The pauses between attempts. Together nearly a day: a receiver that is mended the same day misses nothing.
const PAUSES: [SignedDuration; 8] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(3),
    SignedDuration::from_hours(6),
    SignedDuration::from_hours(12),
];

/// How long to wait after that many attempts; none when it is time to give up.
pub(super) fn pause_after(attempts: i64) -> Option<SignedDuration> {
    let position = usize::try_from(attempts).ok()?.saturating_sub(1);
    PAUSES.get(position).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_for_nearly_a_day_and_end() {
        let table = [
            (1, Some(5)),
            (2, Some(30)),
            (3, Some(120)),
            (4, Some(600)),
            (5, Some(3_600)),
            (6, Some(10_800)),
            (7, Some(21_600)),
            (8, Some(43_200)),
            (9, None),
            (10, None),
            (i64::MAX, None),
        ];
        for (attempts, seconds) in table {
            let pause = pause_after(attempts).map(|pause| pause.as_secs());
            assert_eq!(pause, seconds, "after {attempts} attempts");
        }
        let total: i64 = (1..).map_while(pause_after).map(|pause| pause.as_secs()).sum();
        assert!((22 * 3_600..24 * 3_600).contains(&total));
    }
}
