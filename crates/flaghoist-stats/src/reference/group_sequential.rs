//! Group-sequential boundaries with an alpha-spending function: a fixed number of looks, at known shares of the planned
//! information (Lan and DeMets 1983, integrated numerically as in ldbounds and Spotify's Confidence).

use crate::{normal, root};

/// Width of the integration grid in standard deviations of an increment.
const STEP: f64 = 0.05;

/// Upper boundary at each look, as a z statistic, when `alpha information^phi` is spent up to each. `information` are
/// increasing shares in (0, 1]; a two-sided test passes half of its alpha. Boundaries beyond `truncation` are cut there.
pub fn upper_bounds(information: &[f64], alpha: f64, phi: f64, truncation: f64) -> Vec<f64> {
    let mut bounds = Vec::with_capacity(information.len());
    let (mut time, mut spent) = (0.0, 0.0);
    let mut process: Option<Process> = None;
    for now in information {
        let spend = alpha * now.powf(phi);
        let deviation = (now - time).sqrt();
        let crossing = |z: f64| match &process {
            None => normal::cdf(-z),
            Some(process) => process.exceeds(z * now.sqrt(), deviation),
        };
        let z = root::bisect(truncation, -truncation, |z| crossing(z) >= spend - spent);
        let (low, high) = (-truncation * now.sqrt(), z * now.sqrt());
        process = Some(match &process {
            None => Process::new(low, high, deviation, |x| density(x, deviation)),
            Some(process) => Process::new(low, high, deviation, |x| process.arrives(x, deviation)),
        });
        (time, spent) = (*now, spend);
        bounds.push(z);
    }
    bounds
}

/// The density of the process among those that crossed no boundary so far, on an even grid.
struct Process {
    low: f64,
    step: f64,
    density: Vec<f64>,
}

impl Process {
    fn new(low: f64, high: f64, deviation: f64, density: impl Fn(f64) -> f64) -> Self {
        let intervals = ((high - low) / (STEP * deviation)).ceil();
        let step = (high - low) / intervals;
        let index =
            std::iter::successors(Some(0.0), |index| (index + 1.0 <= intervals).then_some(index + 1.0));
        Self { low, step, density: index.map(|index| density(low + index * step)).collect() }
    }

    /// Integral of the density times `of`, by trapezoids.
    fn integral(&self, of: impl Fn(f64) -> f64) -> f64 {
        let last = self.density.len() - 1;
        let mut x = self.low;
        let mut sum = 0.0;
        for (index, density) in self.density.iter().enumerate() {
            let weight = if index == 0 || index == last { 0.5 } else { 1.0 };
            sum += weight * density * of(x);
            x += self.step;
        }
        sum * self.step
    }

    /// Probability of being above `bound` after an increment.
    fn exceeds(&self, bound: f64, deviation: f64) -> f64 {
        self.integral(|x| normal::cdf((x - bound) / deviation))
    }

    /// Density at `y` after an increment.
    fn arrives(&self, y: f64, deviation: f64) -> f64 {
        self.integral(|x| density(y - x, deviation))
    }
}

fn density(x: f64, deviation: f64) -> f64 {
    normal::density(x / deviation) / deviation
}
