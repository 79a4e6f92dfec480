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
