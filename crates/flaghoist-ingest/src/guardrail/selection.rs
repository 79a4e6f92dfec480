//! Which metrics an event is one of, and with which number.

use crate::{Event, Origin};
use flaghoist_model::metric::{MetricDefinition, MetricKind, MetricSource, PropertyFilter};
use serde::{Deserialize, Serialize};

/// Largest number that is selected, on either side of 0: beyond it nobody measures, and sums lose what is small.
const NUMBER_MAX: f64 = 1e15;

/// In which part of a metric an event counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// What is measured.
    Numerator,
    /// What it is divided by.
    Denominator,
}

/// That a metric selects an event.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Selected {
    /// The metric's place among those of the guard; the one after the last is the built-in check that subjects report
    /// anything at all.
    pub metric: u16,
    /// As what.
    pub part: Part,
    /// With which number: 1 where events are only counted.
    pub value: f64,
    /// Whether the number is one that was reported, and so has to be capped where it is added up.
    pub is_reported: bool,
}

/// How the number of an event is found.
#[derive(Clone, Debug, PartialEq)]
enum Number {
    /// It counts as one.
    One,
    /// The event's own value, or 1: for sums of what may also be plain events. A span's own value is its duration, and a
    /// span in a ratio is one request.
    OwnOrOne,
    /// The event's own value; an event without one is not selected.
    Own,
    /// The property of that name; an event without a number there is not selected.
    Property(String),
}

/// What a source selects.
#[derive(Clone, Debug, PartialEq)]
struct Selector {
    origin: Origin,
    name: Option<String>,
    filter: PropertyFilter,
    number: Number,
}

impl Selector {
    /// None for aggregates, which select no events.
    fn of(source: &MetricSource, kind: MetricKind) -> Option<Self> {
        let (origin, name, filter, value) = match source {
            MetricSource::Events { event, filter, value } => {
                (Origin::Event, Some(event.clone()), filter, value)
            }
            MetricSource::OtlpSpan { name, filter, value } => (Origin::Span, name.clone(), filter, value),
            MetricSource::OtlpLog { event, filter, value } => {
                (Origin::Log, Some(event.clone()), filter, value)
            }
            MetricSource::Prometheus { .. } => return None,
        };
        let number = match (kind, value) {
            (MetricKind::Binary | MetricKind::Count, _) => Number::One,
            (_, Some(property)) => Number::Property(property.clone()),
            (MetricKind::Ratio | MetricKind::Threshold, None) => Number::OwnOrOne,
            (MetricKind::Sum | MetricKind::Mean | MetricKind::Quantile, None) => Number::Own,
        };
        Some(Self { origin, name, filter: filter.clone(), number })
    }

    /// The event's number if it is selected, and whether it is one that was reported.
    fn select(&self, event: &Event) -> Option<(f64, bool)> {
        let is_named = self.name.as_ref().is_none_or(|name| *name == event.name);
        let passes = |(property, texts): (&String, &Vec<String>)| {
            event.properties.get(property).is_some_and(|text| texts.contains(text))
        };
        if self.origin != event.origin || !is_named || !self.filter.iter().all(passes) {
            return None;
        }
        let reported = match &self.number {
            Number::One => return Some((1.0, false)),
            Number::OwnOrOne if self.origin == Origin::Span || event.value.is_none() => {
                return Some((1.0, false));
            }
            Number::OwnOrOne | Number::Own => event.value,
            Number::Property(property) => event.properties.get(property).and_then(|text| text.parse().ok()),
        };
        reported.filter(|number| number.abs() <= NUMBER_MAX).map(|number| (number, true))
    }
}

/// What a metric selects; nothing by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selectors {
    numerator: Option<Selector>,
    denominator: Option<Selector>,
}

impl Selectors {
    pub(crate) fn of(definition: &MetricDefinition) -> Self {
        let denominator = definition.denominator.as_ref();
        Self {
            numerator: Selector::of(&definition.source, definition.kind),
            denominator: denominator.and_then(|source| Selector::of(source, definition.kind)),
        }
    }

    /// Whether it selects events at all.
    pub(crate) fn select_events(&self) -> bool {
        self.numerator.is_some()
    }

    /// As what the event counts in the metric of that place.
    pub(crate) fn select(&self, metric: u16, event: &Event) -> impl Iterator<Item = Selected> {
        let parts = [(Part::Numerator, &self.numerator), (Part::Denominator, &self.denominator)];
        parts.into_iter().filter_map(move |(part, selector)| {
            let (value, is_reported) = selector.as_ref()?.select(event)?;
            Some(Selected { metric, part, value, is_reported })
        })
    }
}
