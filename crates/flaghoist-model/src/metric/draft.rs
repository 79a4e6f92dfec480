//! From what somebody asks a metric to be to its definition: defaults, ranges, and which members go together.

use super::{
    BLOCKS_MAX, Direction, EVENT_MAX_BYTES, FILTER_MAX, MARGIN_MAX, MIN_SUBJECTS_DEFAULT, MetricDefinition,
    MetricKind, MetricSource, PROMETHEUS_MARGIN_DEFAULT, PropertyFilter, QUERY_MAX_BYTES, SourceType,
    Threshold, ThresholdOperator, VARIANT_PLACEHOLDER, WINDOW_DEFAULT_MS, WINDOW_MAX_MS, WINDOW_MIN_MS,
    WINSOR_QUANTILE_DEFAULT,
};
use crate::key::{parse_description, parse_key, parse_name};
use crate::{Faults, Patch, Rejection};

/// Parts of a name that say by themselves that more of it is worse.
const HARMFUL_WORDS: [&str; 6] = ["error", "crash", "timeout", "latency", "fail", "exception"];

/// What somebody asks a metric to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct MetricDraft {
    /// Id; required.
    pub id: Option<String>,
    /// Name; the id when absent.
    pub name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Kind; `binary` when absent.
    pub kind: Option<MetricKind>,
    /// Direction. When absent it is that of a threshold's operator, or `increase_is_bad` for names of harmful things;
    /// otherwise it is required.
    pub direction: Option<Direction>,
    /// Source; required.
    pub source: Option<SourceDraft>,
    /// Denominator.
    pub denominator: Option<SourceDraft>,
    /// Relative margin; 0, or 0.1 for Prometheus, when absent.
    pub margin: Option<f64>,
    /// Window in milliseconds: an hour when absent, none at all when cleared.
    pub window_ms: Patch<i64>,
    /// Quantile at which values are capped; 0.995 when absent.
    pub winsor_quantile: Option<f64>,
    /// Quantile that is compared.
    pub quantile: Option<f64>,
    /// Threshold.
    pub threshold: Option<ThresholdDraft>,
    /// Gate of the next step; off when absent.
    pub require_noninferior: Option<bool>,
    /// Fewest subjects; 100 when absent.
    pub min_subjects: Option<u32>,
    /// Whether it may abort; true when absent, false for Prometheus.
    pub allow_abort: Option<bool>,
    /// Whether reported variants are trusted; false when absent.
    pub trust_logged_variant: Option<bool>,
}

/// What somebody asks a source to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct SourceDraft {
    /// Type; required.
    pub source_type: Option<SourceType>,
    /// Name of events or log records.
    pub event: Option<String>,
    /// Name of spans.
    pub name: Option<String>,
    /// Which of them.
    pub filter: Option<PropertyFilter>,
    /// The property with the number.
    pub value: Option<String>,
    /// Prometheus query.
    pub query: Option<String>,
}

/// What somebody asks a threshold to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct ThresholdDraft {
    /// Operator; required.
    pub operator: Option<ThresholdOperator>,
    /// Value; required.
    pub value: Option<f64>,
    /// Smallest denominator; 0 when absent.
    pub min_requests: Option<f64>,
    /// How many blocks have to fail; 3 when absent.
    pub failing_blocks: Option<u32>,
    /// Of how many; 5 when absent, or as many as have to fail.
    pub of_blocks: Option<u32>,
}

impl MetricDraft {
    /// The definition with defaults filled in, or everything that is wrong. Rules between members are judged only once
    /// every member by itself is right: until then they would be judged of something that nobody asked for.
    pub(super) fn parse(self, mut faults: Faults) -> Result<MetricDefinition, Rejection> {
        let faults = &mut faults;
        let id = self.id.and_then(|id| faults.at("id", |faults| parse_id(id, faults)));
        let name = self.name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
        let description = self
            .description
            .and_then(|text| faults.at("description", |faults| parse_description(text, faults)));
        let source = self.source.and_then(|draft| faults.at("source", |faults| draft.parse(faults)));
        let denominator =
            self.denominator.and_then(|draft| faults.at("denominator", |faults| draft.parse(faults)));
        let threshold = self.threshold.and_then(|draft| faults.at("threshold", |faults| draft.parse(faults)));
        check_margin(self.margin, faults);
        check_quantiles(self.quantile, self.winsor_quantile, faults);
        check_window(&self.window_ms, faults);
        faults.check()?;
        let (Some(id), Some(source)) = (id, source) else {
            return Err(Rejection::invalid(faults.pointer(), "a metric needs an id and a source; give both"));
        };
        let name = name.unwrap_or_else(|| id.clone());
        let is_prometheus = source.is_prometheus();
        let kind = self.kind.unwrap_or(MetricKind::Binary);
        let direction = self.direction.or_else(|| {
            let of_threshold = threshold.as_ref().map(|threshold| threshold.operator.harm());
            of_threshold.or_else(|| implied_direction(&name, &source))
        });
        let default_window_ms = kind.has_window().then_some(WINDOW_DEFAULT_MS);
        let definition = MetricDefinition {
            id,
            name,
            description,
            kind,
            direction: direction.unwrap_or(Direction::IncreaseIsBad),
            source,
            denominator,
            margin: self.margin.unwrap_or(if is_prometheus { PROMETHEUS_MARGIN_DEFAULT } else { 0.0 }),
            window_ms: self.window_ms.apply(default_window_ms),
            winsor_quantile: self.winsor_quantile.unwrap_or(WINSOR_QUANTILE_DEFAULT),
            quantile: self.quantile,
            threshold,
            require_noninferior: self.require_noninferior.unwrap_or(false),
            min_subjects: self.min_subjects.unwrap_or(MIN_SUBJECTS_DEFAULT),
            allow_abort: self.allow_abort.unwrap_or(!is_prometheus),
            trust_logged_variant: self.trust_logged_variant.unwrap_or(false),
        };
        if self.trust_logged_variant == Some(true) {
            let message =
                "is not possible yet: subjects belong to the arm that their hash says; leave it out";
            faults.push_at("trust_logged_variant", message);
        }
        if direction.is_none() {
            let accepted = "increase_is_bad or decrease_is_bad";
            faults.push_at("direction", format!("is required; give {accepted}"));
        }
        definition.check_members_of_kind(faults);
        definition.check_sources(faults);
        faults.check()?;
        Ok(definition)
    }
}

impl MetricKind {
    /// Whether it is one value of each subject, which is known when a window closes.
    const fn has_window(self) -> bool {
        matches!(self, Self::Count | Self::Sum | Self::Mean)
    }
}

impl ThresholdOperator {
    /// Which way is harm, by what fails.
    const fn harm(self) -> Direction {
        match self {
            Self::Above => Direction::IncreaseIsBad,
            Self::Below => Direction::DecreaseIsBad,
        }
    }
}

impl MetricDefinition {
    /// Which members a kind needs, and which only others have.
    fn check_members_of_kind(&self, faults: &mut Faults) {
        let kind = self.kind.as_str();
        let mut check = |name: &str, is_given: bool, is_needed: bool, accepted: &str| {
            if is_needed && !is_given {
                faults.push_at(name, format!("is required for kind {kind}; give {accepted}"));
            } else if is_given && !is_needed {
                faults.push_at(name, format!("does not go with kind {kind}; leave it out or give null"));
            }
        };
        let is_quantile = self.kind == MetricKind::Quantile;
        let is_threshold = self.kind == MetricKind::Threshold;
        check("quantile", self.quantile.is_some(), is_quantile, "a number between 0 and 1 such as 0.95");
        check("threshold", self.threshold.is_some(), is_threshold, "an object with operator and value");
        if !self.kind.has_window() {
            check("window_ms", self.window_ms.is_some(), false, "");
        }
        if !is_threshold {
            let is_ratio = self.kind == MetricKind::Ratio;
            check("denominator", self.denominator.is_some(), is_ratio, "a source such as that of the metric");
        }
        if let Some(threshold) = &self.threshold {
            if threshold.operator.harm() != self.direction {
                let (operator, harm) = (threshold.operator.as_str(), threshold.operator.harm().as_str());
                let message =
                    format!("contradicts the threshold's operator {operator}; give {harm} or leave it out");
                faults.push_at("direction", message);
            }
            if threshold.min_requests > 0.0 && self.denominator.is_none() {
                let message = "needs a denominator, which counts the requests; give one or leave this out";
                faults.at("threshold", |faults| faults.push_at("min_requests", message));
            }
        }
    }

    /// Which sources a kind takes. Aggregates of a Prometheus know no subjects, so there is no share of subjects and no
    /// value of one; and only they come in blocks of time, which a threshold is compared with.
    fn check_sources(&self, faults: &mut Faults) {
        let is_prometheus = self.source.is_prometheus();
        let takes_prometheus =
            matches!(self.kind, MetricKind::Ratio | MetricKind::Quantile | MetricKind::Threshold);
        if is_prometheus && !takes_prometheus {
            let kind = self.kind.as_str();
            let message = format!(
                "{kind} is by subject, of which Prometheus knows nothing; give ratio with a denominator, quantile or threshold"
            );
            faults.push_at("kind", message);
        }
        if !is_prometheus && self.kind == MetricKind::Threshold {
            let found = self.source.source_type().as_str();
            let message = format!("{found:?} does not go with kind threshold; give prometheus");
            faults.at("source", |faults| faults.push_at("type", message));
        }
        if let Some(denominator) = &self.denominator
            && denominator.is_prometheus() != is_prometheus
        {
            let (found, beside) = (denominator.source_type().as_str(), self.source.source_type().as_str());
            let accepted = if is_prometheus { "prometheus" } else { "events, otlp_span or otlp_log" };
            let message = format!("{found:?} does not go with a source of type {beside}; give {accepted}");
            faults.at("denominator", |faults| faults.push_at("type", message));
        }
    }
}

impl SourceDraft {
    fn parse(self, faults: &mut Faults) -> Option<MetricSource> {
        let source_type = self.source_type?;
        let found_before = faults.len();
        let is_log_or_event = matches!(source_type, SourceType::Events | SourceType::OtlpLog);
        let is_prometheus = source_type == SourceType::Prometheus;
        let mut refuse = |name: &str, is_given: bool| {
            if is_given {
                let message =
                    format!("is no member of a source of type {}; leave it out", source_type.as_str());
                faults.push_at(name, message);
            }
        };
        refuse("event", self.event.is_some() && !is_log_or_event);
        refuse("name", self.name.is_some() && source_type != SourceType::OtlpSpan);
        refuse("query", self.query.is_some() && !is_prometheus);
        refuse("filter", is_prometheus && self.filter.as_ref().is_some_and(|filter| !filter.is_empty()));
        refuse("value", is_prometheus && self.value.is_some());
        let required = if is_prometheus { &self.query } else { &self.event };
        let member = if is_prometheus { "query" } else { "event" };
        if source_type != SourceType::OtlpSpan && required.is_none() && !faults.has_at(member) {
            let message = format!("is required for a source of type {}; give a string", source_type.as_str());
            faults.push_at(member, message);
        }
        let event = self.event.inspect(|event| check_event_name("event", event, faults)).unwrap_or_default();
        let name = self.name.inspect(|name| check_event_name("name", name, faults));
        let value = self.value.inspect(|value| check_event_name("value", value, faults));
        let filter = self.filter.unwrap_or_default();
        faults.at("filter", |faults| check_filter(&filter, faults));
        let query = self.query.inspect(|query| check_query(query, faults)).unwrap_or_default();
        (faults.len() == found_before).then_some(match source_type {
            SourceType::Events => MetricSource::Events { event, filter, value },
            SourceType::OtlpSpan => MetricSource::OtlpSpan { name, filter, value },
            SourceType::OtlpLog => MetricSource::OtlpLog { event, filter, value },
            SourceType::Prometheus => MetricSource::Prometheus { query },
        })
    }
}

impl ThresholdDraft {
    fn parse(self, faults: &mut Faults) -> Option<Threshold> {
        let min_requests = self.min_requests.unwrap_or(0.0);
        if !(min_requests.is_finite() && min_requests >= 0.0) {
            let message = format!("{min_requests} is out of range; give a number from 0");
            faults.push_at("min_requests", message);
        }
        let failing_blocks = self.failing_blocks.unwrap_or(3);
        let of_blocks = self.of_blocks.unwrap_or(failing_blocks.max(5));
        if !(1..=BLOCKS_MAX).contains(&of_blocks) {
            faults.push_at("of_blocks", format!("{of_blocks} is out of range; give 1 to {BLOCKS_MAX}"));
        } else if !(1..=of_blocks).contains(&failing_blocks) {
            let message =
                format!("{failing_blocks} is out of range; give 1 to {of_blocks}, the number of blocks");
            faults.push_at("failing_blocks", message);
        }
        let (operator, value) = (self.operator?, self.value?);
        Some(Threshold { operator, value, min_requests, failing_blocks, of_blocks })
    }
}

/// Reads an id by the rules of keys. It stands in addresses, from which clients remove segments of dots.
fn parse_id(id: String, faults: &mut Faults) -> Option<String> {
    if id == "." || id == ".." {
        faults.push(format!("{id:?} cannot stand in an address; give a name such as checkout-errors"));
        return None;
    }
    parse_key(id, faults)
}

/// Section 5 of `guardrails.md`: what is named after something harmful needs no direction.
fn implied_direction(name: &str, source: &MetricSource) -> Option<Direction> {
    let sounds_harmful = |text: &str| {
        let text = text.to_lowercase();
        HARMFUL_WORDS.iter().any(|word| text.contains(word))
    };
    let is_harmful = sounds_harmful(name) || source.selected_name().is_some_and(sounds_harmful);
    is_harmful.then_some(Direction::IncreaseIsBad)
}

fn check_margin(margin: Option<f64>, faults: &mut Faults) {
    if let Some(margin) = margin.filter(|margin| !(0.0..=MARGIN_MAX).contains(margin)) {
        let message = format!("{margin} is out of range; give 0 to {MARGIN_MAX}, where 0.1 is 10 %");
        faults.at("margin", |faults| faults.push_at("relative", message));
    }
}

fn check_quantiles(quantile: Option<f64>, winsor_quantile: Option<f64>, faults: &mut Faults) {
    if let Some(quantile) = quantile.filter(|quantile| !(*quantile > 0.0 && *quantile < 1.0)) {
        let message = format!("{quantile} is out of range; give a number between 0 and 1 such as 0.95");
        faults.push_at("quantile", message);
    }
    if let Some(quantile) = winsor_quantile.filter(|quantile| !(0.5..=1.0).contains(quantile)) {
        faults.push_at("winsor_quantile", format!("{quantile} is out of range; give 0.5 to 1"));
    }
}

fn check_window(window_ms: &Patch<i64>, faults: &mut Faults) {
    if let Patch::Set(window_ms) = window_ms
        && !(WINDOW_MIN_MS..=WINDOW_MAX_MS).contains(window_ms)
    {
        let range = format!("{WINDOW_MIN_MS} to {WINDOW_MAX_MS} milliseconds, or null for the whole run");
        faults.push_at("window_ms", format!("{window_ms} is out of range; give {range}"));
    }
}

fn check_event_name(member: &str, name: &str, faults: &mut Faults) {
    if name.is_empty() || name.len() > EVENT_MAX_BYTES {
        faults.push_at(member, format!("has {} bytes; give a name of 1 to {EVENT_MAX_BYTES}", name.len()));
    }
}

fn check_filter(filter: &PropertyFilter, faults: &mut Faults) {
    if filter.len() > FILTER_MAX {
        faults.push(format!("has {} properties; give at most {FILTER_MAX}", filter.len()));
        return;
    }
    for (property, texts) in filter {
        if property.is_empty() || property.len() > EVENT_MAX_BYTES {
            let message = format!("a property of {} bytes; give 1 to {EVENT_MAX_BYTES}", property.len());
            faults.push_at(property, message);
        }
        if texts.is_empty() || texts.len() > FILTER_MAX {
            let message = format!("has {} texts; give 1 to {FILTER_MAX}", texts.len());
            faults.push_at(property, message);
        } else if let Some(text) = texts.iter().find(|text| text.len() > EVENT_MAX_BYTES) {
            let message = format!("has a text of {} bytes; give at most {EVENT_MAX_BYTES}", text.len());
            faults.push_at(property, message);
        }
    }
}

fn check_query(query: &str, faults: &mut Faults) {
    if query.len() > QUERY_MAX_BYTES {
        faults.push_at("query", format!("has {} bytes; give at most {QUERY_MAX_BYTES}", query.len()));
    } else if !query.contains(VARIANT_PLACEHOLDER) {
        let example = "http_errors_total{variant=\"$variant\"}";
        let message = format!("does not contain {VARIANT_PLACEHOLDER}; give a query such as {example}");
        faults.push_at("query", message);
    }
}
