//! Metrics: what the guardrails of rollouts watch.
//!
//! A metric belongs to the project. Guardrails name it by its id, which may be named before it is there: then it holds
//! nothing. A rollout's run watches the [`MetricDefinition`] that was there when it started, so changing or removing a
//! metric changes no run. The members are those of `guardrails.md`, section 6.1.

mod draft;

pub use draft::{MetricDraft, SourceDraft, ThresholdDraft};

use crate::id::ProjectId;
use crate::names::names;
use crate::{Faults, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most metrics of a project.
pub const METRICS_MAX: usize = 1_000;
/// Longest name of an event, span or property, and longest text that a property is compared with, in bytes.
pub const EVENT_MAX_BYTES: usize = 256;
/// Longest Prometheus query, in bytes.
pub const QUERY_MAX_BYTES: usize = 10_000;
/// Most properties of a filter, and most texts of each.
pub const FILTER_MAX: usize = 64;
/// What stands for the variant in a Prometheus query.
pub const VARIANT_PLACEHOLDER: &str = "$variant";
/// Window of values per subject when none is asked for, in milliseconds: an hour.
pub const WINDOW_DEFAULT_MS: i64 = 3_600_000;
/// Shortest window, in milliseconds: a minute.
pub const WINDOW_MIN_MS: i64 = 60_000;
/// Longest window, in milliseconds: 30 days.
pub const WINDOW_MAX_MS: i64 = 30 * 24 * 3_600 * 1_000;
/// Largest margin: harm of 1 000 %.
pub const MARGIN_MAX: f64 = 10.0;
/// Margin of a Prometheus metric when none is given: aggregates of two sets of servers never agree exactly.
pub const PROMETHEUS_MARGIN_DEFAULT: f64 = 0.1;
/// Quantile of the control's values to which values are capped, when none is given.
pub const WINSOR_QUANTILE_DEFAULT: f64 = 0.995;
/// Fewest subjects of either arm before an asymptotic test looks, when nothing else is given.
pub const MIN_SUBJECTS_DEFAULT: u32 = 100;
/// Most blocks that a threshold looks back, of a minute each: two hours.
pub const BLOCKS_MAX: u32 = 120;

names! {
    /// What is made of the things that a source selects.
    MetricKind {
        /// The share of subjects that had one.
        Binary = "binary",
        /// How many a subject had.
        Count = "count",
        /// The sum of a subject's values.
        Sum = "sum",
        /// The mean of a subject's values.
        Mean = "mean",
        /// The sum of the source's values over that of the denominator's.
        Ratio = "ratio",
        /// A quantile of all values.
        Quantile = "quantile",
        /// The treatment alone, compared with a fixed value and not with the control.
        Threshold = "threshold",
    }
}

names! {
    /// Which way is harm.
    Direction {
        /// More is worse: errors, latency.
        IncreaseIsBad = "increase_is_bad",
        /// Less is worse: orders, revenue.
        DecreaseIsBad = "decrease_is_bad",
    }
}

names! {
    /// Where a metric's numbers come from.
    SourceType {
        /// Events that applications send.
        Events = "events",
        /// Spans of traces.
        OtlpSpan = "otlp_span",
        /// Log records with the name of an event.
        OtlpLog = "otlp_log",
        /// Queries that a Prometheus answers.
        Prometheus = "prometheus",
    }
}

names! {
    /// How a value fails a threshold.
    ThresholdOperator {
        /// By being above it.
        Above = ">",
        /// By being below it.
        Below = "<",
    }
}

names! {
    /// How a metric is tested: the lanes of `guardrails.md`, section 2, in words.
    Lane {
        /// Exactly, by the first event of each subject (A).
        Events = "events",
        /// Exactly, by one bounded value of each subject (B).
        Values = "values",
        /// Asymptotically, by ratios of sums over all subjects (C).
        Ratios = "ratios",
        /// By aggregates of a minute each.
        Prometheus = "prometheus",
    }
}

/// Which properties things must have: each named property is one of the texts beside it. Empty lets everything through.
pub type PropertyFilter = BTreeMap<String, Vec<String>>;

/// What a metric is made of.
///
/// `value` names the property that holds the number; without it, it is the thing's own: the value of an event or of a log
/// record, the duration of a span in milliseconds. Kinds that only count do not read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MetricSource {
    /// Events that applications send.
    Events {
        /// Their name.
        event: String,
        /// Which of them.
        filter: PropertyFilter,
        /// The property with the number.
        value: Option<String>,
    },
    /// Spans of traces.
    OtlpSpan {
        /// Their name; none for all.
        name: Option<String>,
        /// Which of them.
        filter: PropertyFilter,
        /// The property with the number.
        value: Option<String>,
    },
    /// Log records.
    OtlpLog {
        /// The name of their event.
        event: String,
        /// Which of them.
        filter: PropertyFilter,
        /// The property with the number.
        value: Option<String>,
    },
    /// What a Prometheus answers.
    Prometheus {
        /// In PromQL, with [`VARIANT_PLACEHOLDER`] where the variant's key goes: counters or histogram buckets as they
        /// are, because `increase()` extrapolates and hides resets.
        query: String,
    },
}

impl MetricSource {
    /// Its type.
    pub const fn source_type(&self) -> SourceType {
        match self {
            Self::Events { .. } => SourceType::Events,
            Self::OtlpSpan { .. } => SourceType::OtlpSpan,
            Self::OtlpLog { .. } => SourceType::OtlpLog,
            Self::Prometheus { .. } => SourceType::Prometheus,
        }
    }

    /// Whether it is aggregates of a Prometheus, which know no subjects.
    pub const fn is_prometheus(&self) -> bool {
        matches!(self, Self::Prometheus { .. })
    }

    /// The name of the events, spans or log records that it selects, if it goes by name.
    pub fn selected_name(&self) -> Option<&str> {
        match self {
            Self::Events { event, .. } | Self::OtlpLog { event, .. } => Some(event),
            Self::OtlpSpan { name, .. } => name.as_deref(),
            Self::Prometheus { .. } => None,
        }
    }
}

/// When a metric of kind [`MetricKind::Threshold`] fires: when at least `failing_blocks` of the last `of_blocks` blocks of
/// a minute fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// On which side of the value a block fails.
    pub operator: ThresholdOperator,
    /// With what a block is compared.
    pub value: f64,
    /// Smallest denominator of a block that counts at all; 0 lets every block count.
    pub min_requests: f64,
    /// How many blocks have to fail: 1 to `of_blocks`.
    pub failing_blocks: u32,
    /// Of how many: at most [`BLOCKS_MAX`].
    pub of_blocks: u32,
}

/// What a metric measures and what counts as harm: the part of a metric that a rollout's run freezes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricDefinition {
    /// Unique in the project, and never changes: the `metric_id` of guardrails.
    pub id: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// What is made of the source.
    pub kind: MetricKind,
    /// Which way is harm.
    pub direction: Direction,
    /// What is measured; the numerator of a ratio.
    pub source: MetricSource,
    /// What it is divided by: of every [`MetricKind::Ratio`], and of a [`MetricKind::Threshold`] that compares a share.
    pub denominator: Option<MetricSource>,
    /// Relative harm that is tolerated, 0 to [`MARGIN_MAX`]: 0.1 is 10 %.
    pub margin: f64,
    /// How long after the first exposure a subject's values count, in milliseconds; none until the run ends. Only counts,
    /// sums and means have one.
    pub window_ms: Option<i64>,
    /// Quantile of the control's values to which all are capped, 0.5 to 1; 1 caps at the largest.
    pub winsor_quantile: f64,
    /// Which quantile is compared, between 0 and 1. Exactly the [`MetricKind::Quantile`] has one.
    pub quantile: Option<f64>,
    /// With what it is compared. Exactly the [`MetricKind::Threshold`] has one.
    pub threshold: Option<Threshold>,
    /// Whether a rollout enters its next step only once harm beyond the margin is ruled out.
    pub require_noninferior: bool,
    /// Fewest subjects of either arm before an asymptotic test looks.
    pub min_subjects: u32,
    /// Whether it may abort a rollout; otherwise a guardrail that would is taken to pause it.
    pub allow_abort: bool,
    /// Whether the variant that applications report is taken as the subject's, in place of the one that the hash gives.
    pub trust_logged_variant: bool,
}

impl MetricDefinition {
    /// How it is tested. Values per subject need an end at which they are known, so those without a window are ratios.
    pub fn lane(&self) -> Lane {
        if self.source.is_prometheus() {
            return Lane::Prometheus;
        }
        match self.kind {
            MetricKind::Binary => Lane::Events,
            MetricKind::Count | MetricKind::Sum | MetricKind::Mean if self.window_ms.is_some() => {
                Lane::Values
            }
            MetricKind::Count
            | MetricKind::Sum
            | MetricKind::Mean
            | MetricKind::Ratio
            | MetricKind::Quantile
            | MetricKind::Threshold => Lane::Ratios,
        }
    }
}

/// A metric of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// What it is.
    #[serde(flatten)]
    pub definition: MetricDefinition,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Project revision of its last change.
    pub revision: i64,
}

impl Metric {
    /// A new metric. The caller records absent required members, `id` and `source`; the store enforces uniqueness.
    pub fn create(
        draft: MetricDraft,
        project_id: ProjectId,
        now: Timestamp,
        faults: Faults,
    ) -> Result<Self, Rejection> {
        let definition = draft.parse(faults)?;
        Ok(Self { project_id, definition, created_at: now, updated_at: now, revision: 0 })
    }

    /// This metric with all of its definition replaced: what the draft does not name becomes the default. The id never
    /// changes, and may be left out.
    pub fn replaced(
        &self,
        draft: MetricDraft,
        now: Timestamp,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let id = &self.definition.id;
        if let Some(other) = draft.id.as_ref().filter(|other| *other != id) {
            faults.push_at("id", format!("{other:?} differs from {id:?}; the id never changes"));
        }
        let definition = MetricDraft { id: Some(id.clone()), ..draft }.parse(faults)?;
        Ok(Self { definition, updated_at: now, ..self.clone() })
    }
}
