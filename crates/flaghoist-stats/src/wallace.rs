//! Student's t as a standard normal number.

/// The normal deviate with nearly the tail probability of `t` at `df > 0` degrees of freedom (Wallace 1959; off by less
/// than 5e-4 in probability). Odd and increasing in `t`; the limit for many degrees of freedom is `t` itself.
pub fn t_to_z(t: f64, df: f64) -> f64 {
    let size = (df * (t * t / df).ln_1p()).sqrt() * (8.0 * df + 1.0) / (8.0 * df + 3.0);
    size.copysign(t)
}
