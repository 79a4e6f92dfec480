//! Quantiles from the bucket counters of classic histograms (`guardrails.md`, section 2.5): instead of the quantile, which
//! nobody can compute from buckets, the share of observations above a bucket edge is compared, which is exact.

use super::PrometheusError;
use super::answer::Series;
use super::measure::{ends, steps};
use std::collections::BTreeMap;

/// Observations of the control that decide the edge.
const DECIDING_OBSERVATIONS: f64 = 800.0;

/// The label that holds the upper edge of a bucket.
const EDGE_LABEL: &str = "le";

/// Upper edges, and how many observations were at or below each.
pub(super) type Buckets = Vec<(f64, f64)>;

/// What all histograms together observed, by minute; a minute of none is empty.
pub(super) fn buckets(
    series: &[Series],
    minutes: usize,
    is_counter: bool,
) -> Result<Vec<Buckets>, PrometheusError> {
    let mut all = vec![Buckets::new(); minutes];
    for (minute, observed) in observed(series, is_counter)? {
        add(&mut all[minute], &observed);
    }
    Ok(all)
}

/// By minute: the observations above the edge, and all. NaN where no histogram has both buckets.
pub(super) fn exceedances(
    series: &[Series],
    minutes: usize,
    is_counter: bool,
    edge: f64,
) -> Result<Vec<(f64, f64)>, PrometheusError> {
    let mut all = vec![(f64::NAN, f64::NAN); minutes];
    for (minute, observed) in observed(series, is_counter)? {
        let (Some(below), Some(total)) = (count_to(&observed, edge), count_to(&observed, f64::INFINITY))
        else {
            continue;
        };
        // Exporters read their buckets one after the other, so the sum of all may lag behind a part.
        let beyond = (total - below).max(0.0);
        let sums = &mut all[minute];
        *sums = if sums.1.is_nan() { (beyond, total) } else { (sums.0 + beyond, sums.1 + total) };
    }
    Ok(all)
}

/// The smallest finite edge that at least `quantile` of the observations lie at or below, over the first minutes that have
/// enough of them, and how many minutes those are. The largest finite edge if the quantile lies above it. None while there
/// are too few, or where there is no finite edge.
pub(super) fn choose_edge(minutes: &[Buckets], quantile: f64) -> Option<(f64, usize)> {
    let mut sums = Buckets::new();
    let deciding = minutes.iter().position(|minute| {
        add(&mut sums, minute);
        count_to(&sums, f64::INFINITY).is_some_and(|total| total >= DECIDING_OBSERVATIONS)
    })?;
    let total = count_to(&sums, f64::INFINITY)?;
    let finite = || sums.iter().filter(|(edge, _)| edge.is_finite());
    let (edge, _) =
        finite().find(|(_, count)| *count >= quantile * total).or_else(|| finite().next_back())?;
    Some((*edge, deciding + 1))
}

/// What each histogram observed in each minute, in no order. A histogram is the series whose other labels are the same.
fn observed(series: &[Series], is_counter: bool) -> Result<Vec<(usize, Buckets)>, PrometheusError> {
    let mut histograms: BTreeMap<BTreeMap<&str, &str>, Vec<(f64, &Series)>> = BTreeMap::new();
    for one in series {
        let edge = edge_of(one)?;
        let others = one.labels.iter().filter(|(name, _)| *name != EDGE_LABEL);
        let others = others.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        histograms.entry(others).or_default().push((edge, one));
    }
    Ok(histograms
        .into_values()
        .flat_map(|buckets| if is_counter { increases(&buckets) } else { values(&buckets) })
        .collect())
}

/// How much the buckets of a histogram grew. All begin again at zero together, also those that seem to have grown since.
fn increases(buckets: &[(f64, &Series)]) -> BTreeMap<usize, Buckets> {
    let mut minutes: BTreeMap<usize, Vec<(f64, f64, f64)>> = BTreeMap::new();
    for (edge, series) in buckets {
        for (minute, before, after) in steps(series) {
            minutes.entry(minute).or_default().push((*edge, before, after));
        }
    }
    let grown = |steps: Vec<(f64, f64, f64)>| {
        let began_again = steps.iter().any(|(_, before, after)| after < before);
        let from = |before: f64| if began_again { 0.0 } else { before };
        steps.into_iter().map(|(edge, before, after)| (edge, after - from(before))).collect()
    };
    minutes.into_iter().map(|(minute, steps)| (minute, grown(steps))).collect()
}

/// What the buckets of a histogram hold at the end of each minute.
fn values(buckets: &[(f64, &Series)]) -> BTreeMap<usize, Buckets> {
    let mut minutes: BTreeMap<usize, Buckets> = BTreeMap::new();
    for (edge, series) in buckets {
        for (minute, value) in ends(series) {
            minutes.entry(minute).or_default().push((*edge, value));
        }
    }
    minutes
}

/// Adds observations to sums, which are in ascending order of their edges.
fn add(sums: &mut Buckets, observed: &Buckets) {
    for (edge, count) in observed {
        match sums.binary_search_by(|(other, _)| other.total_cmp(edge)) {
            Ok(at) => sums[at].1 += count,
            Err(at) => sums.insert(at, (*edge, *count)),
        }
    }
}

fn edge_of(series: &Series) -> Result<f64, PrometheusError> {
    let label = series.labels.get(EDGE_LABEL);
    label.and_then(|text| text.parse().ok()).ok_or_else(|| PrometheusError::Unreadable {
        reason: format!(
            "the series {:?} has no number in the label {EDGE_LABEL}; give the _bucket series of a classic histogram",
            series.labels
        ),
    })
}

fn count_to(buckets: &Buckets, edge: f64) -> Option<f64> {
    buckets.iter().find(|(other, _)| other.total_cmp(&edge).is_eq()).map(|(_, count)| *count)
}
