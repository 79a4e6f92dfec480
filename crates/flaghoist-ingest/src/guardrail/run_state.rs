//! What a run has counted, and the documents that it is kept as.

use super::cells::{ArmCounts, ArmMoments, Counts, Exposures, Learned, StepSums, ValueTests};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// The form of all documents of this module, which stands in their first byte.
const VERSION: u8 = 1;

/// Why a document is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It has no bytes.
    #[error("the document is empty; its first byte would be {VERSION}")]
    Empty,
    /// It was written by another version.
    #[error("the document has version {found}; only {VERSION} can be read")]
    Version {
        /// Its version.
        found: u8,
    },
    /// What follows the version is not of its form.
    #[error("the document of version {VERSION} is damaged: {reason}")]
    Damaged {
        /// What is wrong.
        reason: String,
    },
    /// The key of a cell is none.
    #[error("{key:?} is no key of a cell; one is like \"events/3/12\"")]
    Key {
        /// What stands there.
        key: String,
    },
}

/// A document, with its version in front.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![VERSION])
        .expect("numbers, lists and maps can always be written to memory")
}

pub(crate) fn decode<T: DeserializeOwned>(document: &[u8]) -> Result<T, StateError> {
    let damaged = |reason: String| StateError::Damaged { reason };
    match document.split_first() {
        None => Err(StateError::Empty),
        Some((&VERSION, body)) => match postcard::take_from_bytes(body) {
            Ok((value, [])) => Ok(value),
            Ok((_, rest)) => Err(damaged(format!("{} bytes follow it", rest.len()))),
            Err(error) => Err(damaged(error.to_string())),
        },
        Some((&found, _)) => Err(StateError::Version { found }),
    }
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellKind {
    /// Counts of the run.
    Counts,
    /// First exposures of a step.
    Exposures,
    /// Subjects with an event, of a metric in a step.
    Events,
    /// Tests of a metric.
    Tests,
    /// Values of a metric in a step.
    Moments,
    /// The threshold of a metric.
    Threshold,
    /// Sums of a metric in a step.
    Sums,
}

impl CellKind {
    const ALL: [Self; 7] = [
        Self::Counts,
        Self::Exposures,
        Self::Events,
        Self::Tests,
        Self::Moments,
        Self::Threshold,
        Self::Sums,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Exposures => "exposures",
            Self::Events => "events",
            Self::Tests => "tests",
            Self::Moments => "moments",
            Self::Threshold => "threshold",
            Self::Sums => "sums",
        }
    }
}

/// What a cell is kept by within its run. As text like `events/3/12`: the kind, the metric's place among those of the
/// guard, the step's among those of the run; 0 where there is no metric or no step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// What it holds.
    pub kind: CellKind,
    /// Of which metric.
    pub metric: u16,
    /// Of which step.
    pub step: u32,
}

impl fmt::Display for CellKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind.as_str(), self.metric, self.step)
    }
}

impl FromStr for CellKey {
    type Err = StateError;

    fn from_str(text: &str) -> Result<Self, StateError> {
        let mut parts = text.split('/');
        let mut read = || {
            let kind =
                parts.next().and_then(|name| CellKind::ALL.into_iter().find(|kind| kind.as_str() == name))?;
            let metric = parts.next()?.parse().ok()?;
            let step = parts.next()?.parse().ok()?;
            parts.next().is_none().then_some(Self { kind, metric, step })
        };
        read().ok_or_else(|| StateError::Key { key: text.to_owned() })
    }
}

/// Cells of one kind by metric and step, and which of them changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cells<T> {
    cells: BTreeMap<(u16, u32), T>,
    changed: BTreeSet<(u16, u32)>,
}

impl<T: Default + Serialize + DeserializeOwned> Cells<T> {
    pub(crate) fn get(&self, metric: u16, step: u32) -> Option<&T> {
        self.cells.get(&(metric, step))
    }

    /// A cell that is about to be changed; an empty one where there was none.
    pub(crate) fn change(&mut self, metric: u16, step: u32) -> &mut T {
        self.changed.insert((metric, step));
        self.cells.entry((metric, step)).or_default()
    }

    fn changes(&self, kind: CellKind) -> impl Iterator<Item = (CellKey, Vec<u8>)> {
        self.changed.iter().filter_map(move |&(metric, step)| {
            Some((CellKey { kind, metric, step }, encode(self.cells.get(&(metric, step))?)))
        })
    }

    fn restore(&mut self, key: CellKey, document: &[u8]) -> Result<(), StateError> {
        self.cells.insert((key.metric, key.step), decode(document)?);
        Ok(())
    }
}

/// What a run has counted. [`RunState::default`] is a run of which nothing was observed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunState {
    pub(crate) counts: Cells<Counts>,
    pub(crate) exposures: Cells<Exposures>,
    pub(crate) events: Cells<ArmCounts>,
    pub(crate) tests: Cells<ValueTests>,
    pub(crate) moments: Cells<ArmMoments>,
    pub(crate) thresholds: Cells<Learned<f64>>,
    pub(crate) sums: Cells<StepSums>,
}

impl RunState {
    /// The run of the cells that were kept of it.
    pub fn decode<'d>(cells: impl IntoIterator<Item = (CellKey, &'d [u8])>) -> Result<Self, StateError> {
        let mut state = Self::default();
        for (key, document) in cells {
            match key.kind {
                CellKind::Counts => state.counts.restore(key, document)?,
                CellKind::Exposures => state.exposures.restore(key, document)?,
                CellKind::Events => state.events.restore(key, document)?,
                CellKind::Tests => state.tests.restore(key, document)?,
                CellKind::Moments => state.moments.restore(key, document)?,
                CellKind::Threshold => state.thresholds.restore(key, document)?,
                CellKind::Sums => state.sums.restore(key, document)?,
            }
        }
        Ok(state)
    }

    /// The cells that changed since they were last [kept](Self::kept), each with its document.
    pub fn changes(&self) -> Vec<(CellKey, Vec<u8>)> {
        self.counts
            .changes(CellKind::Counts)
            .chain(self.exposures.changes(CellKind::Exposures))
            .chain(self.events.changes(CellKind::Events))
            .chain(self.tests.changes(CellKind::Tests))
            .chain(self.moments.changes(CellKind::Moments))
            .chain(self.thresholds.changes(CellKind::Threshold))
            .chain(self.sums.changes(CellKind::Sums))
            .collect()
    }

    /// The [changes](Self::changes) were written and committed. Where that failed, go on with what is kept.
    pub fn kept(&mut self) {
        self.counts.changed.clear();
        self.exposures.changed.clear();
        self.events.changed.clear();
        self.tests.changed.clear();
        self.moments.changed.clear();
        self.thresholds.changed.clear();
        self.sums.changed.clear();
    }

    /// What was observed.
    pub fn counts(&self) -> Counts {
        self.counts.get(0, 0).cloned().unwrap_or_default()
    }
}
