//! Anytime-valid t-tests and linear regression (Lindon, Ham, Tingley and Bojinov, arXiv 2210.08589, as savvi has them).

/// Log Bayes factor of a squared t statistic `t_squared` with `df > 0` degrees of freedom, for a normal prior of
/// precision `phi > 0` on the effect in units of the noise, and `z_squared` the information about it (the squared
/// noise over the squared standard error): with `r = phi / (phi + z_squared)`,
/// `ln(r)/2 + (df + 1)/2 (ln(1 + t^2/df) - ln(1 + r t^2/df))`.
pub fn log_bayes_factor(t_squared: f64, df: f64, phi: f64, z_squared: f64) -> f64 {
    let r = phi / (phi + z_squared);
    0.5 * r.ln() + 0.5 * (df + 1.0) * ((t_squared / df).ln_1p() - (r * t_squared / df).ln_1p())
}

/// Variance of the coefficients before any data: large, so that it does not show.
const PRIOR_VARIANCE: f64 = 1e6;

/// A linear regression that is updated row by row (recursive least squares).
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    coefficients: Vec<f64>,
    /// Their covariance in units of the noise's variance, row by row.
    covariance: Vec<Vec<f64>>,
    /// Sums of the products of the response with itself and with each covariate.
    yy: f64,
    xy: Vec<f64>,
    n: f64,
}

/// What is known about one coefficient, at every look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Lower end of the confidence sequence.
    pub lower: f64,
    /// Upper end of the confidence sequence.
    pub upper: f64,
    /// Always-valid p-value of "the coefficient is 0", at most 1.
    pub p_value: f64,
}

impl Regression {
    /// A regression on as many covariates, without data.
    pub fn new(covariates: usize) -> Self {
        let row =
            |at: usize| (0..covariates).map(|other| if at == other { PRIOR_VARIANCE } else { 0.0 }).collect();
        Self {
            coefficients: vec![0.0; covariates],
            covariance: (0..covariates).map(row).collect(),
            yy: 0.0,
            xy: vec![0.0; covariates],
            n: 0.0,
        }
    }

    /// Learns from a response and its covariates, which are as many as [`Regression::new`] was told.
    pub fn observe(&mut self, response: f64, covariates: &[f64]) {
        let gain: Vec<f64> = self.covariance.iter().map(|row| dot(row, covariates)).collect();
        let scale = 1.0 + dot(covariates, &gain);
        let error = response - dot(&self.coefficients, covariates);
        for (coefficient, gain) in self.coefficients.iter_mut().zip(&gain) {
            *coefficient += gain / scale * error;
        }
        for (row, left) in self.covariance.iter_mut().zip(&gain) {
            for (entry, right) in row.iter_mut().zip(&gain) {
                *entry -= left * right / scale;
            }
        }
        for (sum, covariate) in self.xy.iter_mut().zip(covariates) {
            *sum += response * covariate;
        }
        self.yy += response * response;
        self.n += 1.0;
    }

    /// Every coefficient, for a level `alpha` in (0, 1) and a prior precision `phi > 0`. `None` before there are more
    /// rows than covariates and one.
    pub fn coefficients(&self, alpha: f64, phi: f64) -> Option<Vec<Coefficient>> {
        let covariates = crate::counting::real_len(self.coefficients.len());
        let df = self.n - covariates - 1.0;
        if df <= 0.0 {
            return None;
        }
        let noise = (self.yy - dot(&self.coefficients, &self.xy)) / (self.n - covariates);
        let diagonal = self.covariance.iter().enumerate().map(|(at, row)| row[at]);
        let of = |(estimate, scale): (&f64, f64)| {
            let standard_error = (scale * noise).sqrt();
            let r = phi / (phi + 1.0 / scale);
            let level = (r * alpha * alpha).powf(1.0 / (df + 1.0));
            let half_width = standard_error * (df * (1.0 - level) / (level - r).max(0.0)).sqrt();
            let log = log_bayes_factor((estimate / standard_error).powi(2), df, phi, 1.0 / scale);
            Coefficient {
                estimate: *estimate,
                standard_error,
                lower: estimate - half_width,
                upper: estimate + half_width,
                p_value: (-log).exp().min(1.0),
            }
        };
        Some(self.coefficients.iter().zip(diagonal).map(of).collect())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
