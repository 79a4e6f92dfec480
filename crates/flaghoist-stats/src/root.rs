//! Where a monotone function passes a level.

/// Beyond this distance from zero a log ratio is as good as infinite: `exp` leaves the range of numbers at 709.
const FARTHEST: f64 = 1024.0;

/// The infimum of the places where `falling` is below `level`, for a function that never rises. Negative infinity if
/// it is below everywhere, infinity if nowhere.
pub(crate) fn falls_below(level: f64, falling: impl Fn(f64) -> f64) -> f64 {
    let (mut above, mut below) = (-1.0, 1.0);
    while falling(above) < level {
        below = above;
        above *= 2.0;
        if above < -FARTHEST {
            return f64::NEG_INFINITY;
        }
    }
    while falling(below) >= level {
        above = below;
        below *= 2.0;
        if below > FARTHEST {
            return f64::INFINITY;
        }
    }
    bisect(above, below, |at| falling(at) < level)
}

/// The boundary between `no`, where `holds` is false, and `yes`, where it is true, as exactly as floating-point
/// numbers tell.
pub(crate) fn bisect(mut no: f64, mut yes: f64, holds: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = f64::midpoint(no, yes);
        // There is no number in between any more, or one of them is not a number at all.
        if !((no < middle && middle < yes) || (yes < middle && middle < no)) {
            return yes;
        }
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
    }
}

/// The place above 0 where `rising`, which is below `level` at 0 and without a limit, reaches it. `scale > 0` is where
/// the search begins.
pub(crate) fn rises_to(level: f64, scale: f64, rising: impl Fn(f64) -> f64) -> f64 {
    let mut reached = scale;
    while rising(reached) < level {
        reached *= 2.0;
        if reached.is_infinite() {
            return reached;
        }
    }
    bisect(0.0, reached, |at| rising(at) >= level)
}

/// Where a function with one minimum between `low` and `high` has it, by golden sections.
pub(crate) fn minimum(mut low: f64, mut high: f64, of: impl Fn(f64) -> f64) -> f64 {
    let golden = (5_f64.sqrt() - 1.0) / 2.0;
    // A minimum is flat: closer than the square root of a number's precision, values cannot be told apart.
    while high - low > 1e-9 * high.abs().max(low.abs()).max(1e-9) {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if of(left) <= of(right) {
            high = right;
        } else {
            low = left;
        }
    }
    f64::midpoint(low, high)
}
