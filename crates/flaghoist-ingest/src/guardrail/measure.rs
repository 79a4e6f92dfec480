//! How a metric is measured.

use flaghoist_model::guard::GuardedMetric;
use flaghoist_model::metric::{Direction, MetricDefinition, MetricKind, Threshold};
use flaghoist_stats::Harm;

/// How a metric is tested (`guardrails.md`, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// The first event of each subject, exactly (A).
    Events,
    /// One bounded value of each subject, exactly (B).
    Values,
    /// Sums over all subjects, asymptotically (C).
    Ratios,
    /// Aggregates of a minute each, asymptotically.
    Blocks,
    /// Aggregates of a minute each against a fixed value; no test.
    Threshold,
}

impl Lane {
    /// Its name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Values => "values",
            Self::Ratios => "ratios",
            Self::Blocks => "prometheus",
            Self::Threshold => "threshold",
        }
    }
}

/// What of a subject is its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PerSubject {
    Count,
    Sum,
    Mean,
}

/// What is divided by what, over all subjects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Quotient {
    /// A count or sum by the subjects that were exposed, times how long the step took.
    PerExposed,
    /// Values by their number.
    Mean,
    /// One source's values by another's.
    Ratio,
    /// Values beyond a frozen threshold, which is this quantile of the control, by all.
    Beyond { quantile: f64 },
}

/// How a metric is measured, with what that takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Measure {
    FirstEvent,
    Window { of: PerSubject, window_ms: i64, winsor_quantile: f64 },
    Quotient { of: Quotient, min_subjects: u64, winsor_quantile: f64 },
    Blocks,
    Threshold(Threshold),
}

impl Measure {
    /// How a definition is measured. A threshold kind without its threshold, which no definition that was validated is,
    /// has nothing to fire by and is measured as blocks.
    pub(crate) fn of(definition: &MetricDefinition) -> Self {
        let per_subject = match definition.kind {
            MetricKind::Count => Some(PerSubject::Count),
            MetricKind::Sum => Some(PerSubject::Sum),
            MetricKind::Mean => Some(PerSubject::Mean),
            _ => None,
        };
        if definition.source.is_prometheus() {
            return definition.threshold.clone().map_or(Self::Blocks, Self::Threshold);
        }
        if let (Some(of), Some(window_ms)) = (per_subject, definition.window_ms) {
            return Self::Window { of, window_ms, winsor_quantile: definition.winsor_quantile };
        }
        let of = match definition.kind {
            MetricKind::Binary => return Self::FirstEvent,
            MetricKind::Count | MetricKind::Sum => Quotient::PerExposed,
            MetricKind::Mean => Quotient::Mean,
            MetricKind::Ratio | MetricKind::Threshold => Quotient::Ratio,
            MetricKind::Quantile => Quotient::Beyond { quantile: definition.quantile.unwrap_or(0.5) },
        };
        Self::Quotient {
            of,
            min_subjects: u64::from(definition.min_subjects),
            winsor_quantile: definition.winsor_quantile,
        }
    }

    /// Whether it counts only what subjects did once they were exposed; aggregates know no subjects.
    pub(crate) fn needs_exposures(&self) -> bool {
        !matches!(self, Self::Blocks | Self::Threshold(_))
    }

    pub(crate) fn lane(&self) -> Lane {
        match self {
            Self::FirstEvent => Lane::Events,
            Self::Window { .. } => Lane::Values,
            Self::Quotient { .. } => Lane::Ratios,
            Self::Blocks => Lane::Blocks,
            Self::Threshold(_) => Lane::Threshold,
        }
    }
}

/// The hypothesis of a metric: the harm is at most its margin.
pub(crate) fn harm_of(metric: &GuardedMetric) -> Harm {
    let direction = match metric.definition.direction {
        Direction::IncreaseIsBad => flaghoist_stats::Direction::IncreaseIsBad,
        Direction::DecreaseIsBad => flaghoist_stats::Direction::DecreaseIsBad,
    };
    Harm { direction, log_margin: metric.definition.margin.max(0.0).ln_1p() }
}

/// Whether hearing nothing of the metric is good news: errors, of which there may be none, and what they cost. Means and
/// shares need something to be one of, good or bad.
pub(crate) fn may_be_silent(definition: &MetricDefinition) -> bool {
    matches!(definition.kind, MetricKind::Binary | MetricKind::Count | MetricKind::Sum)
        && definition.direction == Direction::IncreaseIsBad
}
