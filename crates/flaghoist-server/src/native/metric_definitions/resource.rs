//! A metric in an answer.

use super::names::{DirectionName, LaneName, MetricKindName};
use super::request::{MetricMarginIn, MetricSourceIn, MetricThresholdIn};
use flaghoist_model::metric::{Direction, Metric, MetricKind, MetricSource, Threshold};
use serde::Serialize;
use utoipa::ToSchema;

/// A metric, with everything that was not said filled in.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetricOut {
    /// The `metric_id` of guardrails.
    #[schema(example = "checkout-errors")]
    id: String,
    /// For people.
    name: String,
    /// For people.
    description: Option<String>,
    /// What is made of the source.
    #[schema(value_type = MetricKindName)]
    kind: MetricKind,
    /// Which way is harm.
    #[schema(value_type = DirectionName)]
    direction: Direction,
    /// What is measured.
    #[schema(value_type = MetricSourceIn)]
    source: MetricSource,
    /// What it is divided by.
    #[schema(value_type = Option<MetricSourceIn>)]
    denominator: Option<MetricSource>,
    /// Harm that is tolerated.
    #[schema(value_type = MetricMarginIn)]
    margin: Margin,
    /// How long a subject's values count; null until the run ends, or where values of a subject do not matter.
    window_ms: Option<i64>,
    /// Quantile of the control's values at which values are capped.
    winsor_quantile: f64,
    /// Which quantile is compared.
    quantile: Option<f64>,
    /// With what it is compared.
    #[schema(value_type = Option<MetricThresholdIn>)]
    threshold: Option<Threshold>,
    /// Whether a rollout enters its next step only once harm beyond the margin is ruled out.
    require_noninferior: bool,
    /// Fewest subjects of either arm before an asymptotic test looks.
    min_subjects: u32,
    /// Whether it may abort a rollout rather than pause it.
    allow_abort: bool,
    /// Whether the variant that applications report is taken as the subject's.
    trust_logged_variant: bool,
    /// How it is tested.
    #[schema(value_type = LaneName)]
    lane: &'static str,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Harm that is tolerated, as a share.
#[derive(Serialize)]
struct Margin {
    relative: f64,
}

impl MetricOut {
    pub(super) fn of(metric: Metric) -> Self {
        let lane = metric.definition.lane().as_str();
        let definition = metric.definition;
        Self {
            id: definition.id,
            name: definition.name,
            description: definition.description,
            kind: definition.kind,
            direction: definition.direction,
            source: definition.source,
            denominator: definition.denominator,
            margin: Margin { relative: definition.margin },
            window_ms: definition.window_ms,
            winsor_quantile: definition.winsor_quantile,
            quantile: definition.quantile,
            threshold: definition.threshold,
            require_noninferior: definition.require_noninferior,
            min_subjects: definition.min_subjects,
            allow_abort: definition.allow_abort,
            trust_logged_variant: definition.trust_logged_variant,
            lane,
            created_at: metric.created_at.to_string(),
            updated_at: metric.updated_at.to_string(),
        }
    }
}
