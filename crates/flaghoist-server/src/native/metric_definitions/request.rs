//! A metric in a request.

use super::names::{DirectionName, MetricKindName, SourceTypeName, ThresholdOperatorName, known};
use crate::decode::{A_BOOLEAN, A_STRING, Member, Object, one_of};
use flaghoist_model::Faults;
use flaghoist_model::metric::{
    Direction, MetricDraft, MetricKind, SourceDraft, SourceType, ThresholdDraft, ThresholdOperator,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use utoipa::ToSchema;

const A_NUMBER: &str = "a number";
const A_SOURCE: &str = "an object such as {\"type\": \"events\", \"event\": \"checkout.error\"}";
const A_WHOLE_NUMBER: &str = "a whole number from 0 to 4294967295";

/// All of a metric. What is absent gets its default; what an answer shows may be sent back as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricIn {
    /// The `metric_id` of guardrails: unique in the project, and never changes. Required for a new metric.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "checkout-errors")]
    pub(super) id: Member<String>,
    /// For people; the id when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Checkout errors")]
    name: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// What is made of the source; `binary` when absent.
    #[serde(default)]
    #[schema(value_type = Option<MetricKindName>)]
    kind: Member<String>,
    /// Which way is harm. May be absent where a threshold says it, or a name with error, crash, timeout, latency, fail or
    /// exception does.
    #[serde(default)]
    #[schema(value_type = Option<DirectionName>)]
    direction: Member<String>,
    /// What is measured.
    #[serde(default)]
    #[schema(value_type = MetricSourceIn, required)]
    source: Member<Object<MetricSourceIn>>,
    /// What it is divided by: required for `ratio`, possible for `threshold`.
    #[serde(default)]
    #[schema(value_type = Option<MetricSourceIn>)]
    denominator: Member<Object<MetricSourceIn>>,
    /// Harm that is tolerated; none when absent, a tenth for Prometheus.
    #[serde(default)]
    #[schema(value_type = Option<MetricMarginIn>)]
    margin: Member<Object<MetricMarginIn>>,
    /// How long a subject's values count from the first exposure on, for `count`, `sum` and `mean`: an hour when absent,
    /// null for the whole run.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 60_000, maximum = 2_592_000_000_i64)]
    window_ms: Member<i64>,
    /// Quantile of the control's values at which values are capped; 0.995 when absent.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0.5, maximum = 1)]
    winsor_quantile: Member<f64>,
    /// Which quantile is compared: required for `quantile`.
    #[serde(default)]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, exclusive_maximum = 1)]
    quantile: Member<f64>,
    /// With what it is compared: required for `threshold`.
    #[serde(default)]
    #[schema(value_type = Option<MetricThresholdIn>)]
    threshold: Member<Object<MetricThresholdIn>>,
    /// Whether a rollout enters its next step only once harm beyond the margin is ruled out; false when absent.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    require_noninferior: Member<bool>,
    /// Fewest subjects of either arm before an asymptotic test looks; 100 when absent.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    min_subjects: Member<u32>,
    /// Whether it may abort a rollout rather than pause it; true when absent, false for Prometheus.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    allow_abort: Member<bool>,
    /// Whether the variant that applications report is taken as the subject's; false when absent.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    trust_logged_variant: Member<bool>,
    #[serde(default, rename = "lane")]
    #[schema(rename = "lane", value_type = Option<String>, read_only)]
    _lane: IgnoredAny,
    #[serde(default, rename = "created_at")]
    #[schema(rename = "created_at", value_type = Option<String>, read_only)]
    _created_at: IgnoredAny,
    #[serde(default, rename = "updated_at")]
    #[schema(rename = "updated_at", value_type = Option<String>, read_only)]
    _updated_at: IgnoredAny,
}

/// Where numbers come from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MetricSource)]
pub(crate) struct MetricSourceIn {
    /// Of what kind it is.
    #[serde(default, rename = "type")]
    #[schema(rename = "type", value_type = SourceTypeName, required)]
    kind: Member<String>,
    /// Name of the events, or of the log records' event; required for both.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "checkout.error")]
    event: Member<String>,
    /// Name of the spans; all spans when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "POST /checkout")]
    name: Member<String>,
    /// Only those whose properties are one of the texts beside each.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, Vec<String>>>, example = json!({"severity": ["error", "fatal"]}))]
    filter: Member<BTreeMap<String, Vec<String>>>,
    /// The property that holds the number. When absent it is the value of an event or log record, the duration of a span
    /// in milliseconds.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "amount")]
    value: Member<String>,
    /// PromQL with `$variant` where the variant's key goes, for counters or histogram buckets as they are; required for
    /// Prometheus.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "http_requests_total{code=~\"5..\",variant=\"$variant\"}")]
    query: Member<String>,
}

/// Harm that is tolerated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MetricMargin)]
pub(crate) struct MetricMarginIn {
    /// As a share: 0.1 is 10 %.
    #[serde(default)]
    #[schema(value_type = f64, required, minimum = 0, maximum = 10, example = 0.1)]
    relative: Member<f64>,
}

/// With what the treatment alone is compared, in blocks of a minute.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MetricThreshold)]
pub(crate) struct MetricThresholdIn {
    /// On which side of the value a block fails.
    #[serde(default)]
    #[schema(value_type = ThresholdOperatorName, required)]
    operator: Member<String>,
    /// With what a block is compared.
    #[serde(default)]
    #[schema(value_type = f64, required, example = 0.05)]
    value: Member<f64>,
    /// Smallest denominator of a block that counts; 0 when absent.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    min_requests: Member<f64>,
    /// How many blocks have to fail; 3 when absent.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 120)]
    failing_blocks: Member<u32>,
    /// Of how many, the last ones; 5 when absent, or as many as have to fail.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 120)]
    of_blocks: Member<u32>,
}

impl MetricIn {
    pub(super) fn into_draft(self, faults: &mut Faults) -> MetricDraft {
        let kind = self.kind.optional("kind", A_STRING, faults);
        let direction = self.direction.optional("direction", A_STRING, faults);
        let source = self.source.required("source", A_SOURCE, faults);
        let denominator = self.denominator.optional("denominator", A_SOURCE, faults);
        let margin = self.margin.optional("margin", "an object such as {\"relative\": 0.1}", faults);
        let threshold = self.threshold.optional("threshold", "an object with operator and value", faults);
        MetricDraft {
            id: self.id.optional("id", A_STRING, faults),
            name: self.name.optional("name", A_STRING, faults),
            description: self.description.optional("description", A_STRING, faults),
            kind: one_of(
                kind,
                "kind",
                MetricKind::from_name,
                &known(MetricKind::ALL, MetricKind::as_str),
                faults,
            ),
            direction: one_of(
                direction,
                "direction",
                Direction::from_name,
                &known(Direction::ALL, Direction::as_str),
                faults,
            ),
            source: source.map(|Object(source)| faults.at("source", |faults| source.into_draft(faults))),
            denominator: denominator
                .map(|Object(source)| faults.at("denominator", |faults| source.into_draft(faults))),
            margin: margin.and_then(|Object(margin)| {
                faults.at("margin", |faults| margin.relative.required("relative", A_NUMBER, faults))
            }),
            window_ms: self.window_ms.patch("window_ms", "a whole number of milliseconds, or null", faults),
            winsor_quantile: self.winsor_quantile.optional("winsor_quantile", A_NUMBER, faults),
            quantile: self.quantile.optional("quantile", A_NUMBER, faults),
            threshold: threshold
                .map(|Object(threshold)| faults.at("threshold", |faults| threshold.into_draft(faults))),
            require_noninferior: self.require_noninferior.optional("require_noninferior", A_BOOLEAN, faults),
            min_subjects: self.min_subjects.optional("min_subjects", A_WHOLE_NUMBER, faults),
            allow_abort: self.allow_abort.optional("allow_abort", A_BOOLEAN, faults),
            trust_logged_variant: self.trust_logged_variant.optional(
                "trust_logged_variant",
                A_BOOLEAN,
                faults,
            ),
        }
    }
}

impl MetricSourceIn {
    fn into_draft(self, faults: &mut Faults) -> SourceDraft {
        let types = known(SourceType::ALL, SourceType::as_str);
        let kind = self.kind.required("type", &types, faults);
        let a_filter = "an object of arrays of strings such as {\"severity\": [\"error\", \"fatal\"]}";
        SourceDraft {
            source_type: one_of(kind, "type", SourceType::from_name, &types, faults),
            event: self.event.optional("event", A_STRING, faults),
            name: self.name.optional("name", A_STRING, faults),
            filter: self.filter.optional("filter", a_filter, faults),
            value: self.value.optional("value", A_STRING, faults),
            query: self.query.optional("query", A_STRING, faults),
        }
    }
}

impl MetricThresholdIn {
    fn into_draft(self, faults: &mut Faults) -> ThresholdDraft {
        let operators = known(ThresholdOperator::ALL, ThresholdOperator::as_str);
        let operator = self.operator.required("operator", &operators, faults);
        ThresholdDraft {
            operator: one_of(operator, "operator", ThresholdOperator::from_name, &operators, faults),
            value: self.value.required("value", A_NUMBER, faults),
            min_requests: self.min_requests.optional("min_requests", A_NUMBER, faults),
            failing_blocks: self.failing_blocks.optional("failing_blocks", A_WHOLE_NUMBER, faults),
            of_blocks: self.of_blocks.optional("of_blocks", A_WHOLE_NUMBER, faults),
        }
    }
}
