//! What a run has counted, and the documents that it is kept as.

use super::blocks::{Received, StepBlocks};
use super::cells::{ArmCounts, ArmMoments, Counts, Exposures, StepSums, ValueTests};
use super::learning::Limits;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// The form of all documents of this module, which stands in their first byte.
const VERSION: u8 = 1;
/// In place of a metric or a step where there is none.
const NONE: i64 = -1;

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
    /// A cell of that kind is not kept under that key.
    #[error("metric {} and step {} are the key of no cell of kind {kind:?}; both are places, or -1 where there is none",
        key.metric, key.step)]
    Key {
        /// The key.
        key: CellKey,
        /// The byte that says what the cell holds, if there is one.
        kind: Option<u8>,
    },
}

/// A document, with its version in front.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![VERSION])
        .expect("numbers, lists and maps can always be written to memory")
}

/// The body of a document, if it is of our version.
fn body(document: &[u8]) -> Result<&[u8], StateError> {
    match document.split_first() {
        None => Err(StateError::Empty),
        Some((&VERSION, body)) => Ok(body),
        Some((&found, _)) => Err(StateError::Version { found }),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, StateError> {
    let damaged = |reason: String| StateError::Damaged { reason };
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(damaged(format!("{} bytes follow it", rest.len()))),
        Err(error) => Err(damaged(error.to_string())),
    }
}

pub(crate) fn decode<T: DeserializeOwned>(document: &[u8]) -> Result<T, StateError> {
    read(body(document)?)
}

/// What a cell is kept by within its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// Of which metric, by its place among those of the guard; -1 for what belongs to none.
    pub metric: i64,
    /// Of which step, by its place among those of the run; -1 for what belongs to none.
    pub step: i64,
}

/// What a cell holds: the second byte of its document.
mod kind {
    pub(super) const COUNTS: u8 = 0;
    pub(super) const EXPOSURES: u8 = 1;
    pub(super) const EVENTS: u8 = 2;
    pub(super) const TESTS: u8 = 3;
    pub(super) const MOMENTS: u8 = 4;
    pub(super) const LIMITS: u8 = 5;
    pub(super) const SUMS: u8 = 6;
    pub(super) const RECEIVED: u8 = 7;
    pub(super) const BLOCKS: u8 = 8;
}

/// Where a cell stands: by metric, by step, by both, or by neither.
pub(crate) trait Place: Copy + Ord {
    fn key(self) -> CellKey;
    fn of(key: CellKey) -> Option<Self>;
}

impl Place for () {
    fn key(self) -> CellKey {
        CellKey { metric: NONE, step: NONE }
    }

    fn of(key: CellKey) -> Option<Self> {
        (key == ().key()).then_some(())
    }
}

/// A metric.
impl Place for u16 {
    fn key(self) -> CellKey {
        CellKey { metric: i64::from(self), step: NONE }
    }

    fn of(key: CellKey) -> Option<Self> {
        (key.step == NONE).then_some(()).and_then(|()| key.metric.try_into().ok())
    }
}

/// A step.
impl Place for u32 {
    fn key(self) -> CellKey {
        CellKey { metric: NONE, step: i64::from(self) }
    }

    fn of(key: CellKey) -> Option<Self> {
        (key.metric == NONE).then_some(()).and_then(|()| key.step.try_into().ok())
    }
}

/// A metric in a step.
impl Place for (u16, u32) {
    fn key(self) -> CellKey {
        CellKey { metric: i64::from(self.0), step: i64::from(self.1) }
    }

    fn of(key: CellKey) -> Option<Self> {
        Some((key.metric.try_into().ok()?, key.step.try_into().ok()?))
    }
}

/// Cells of one kind, and which of them changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cells<P, T> {
    cells: BTreeMap<P, T>,
    changed: BTreeSet<P>,
}

impl<P: Place, T> Default for Cells<P, T> {
    fn default() -> Self {
        Self { cells: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<P: Place, T: Default + Serialize + DeserializeOwned> Cells<P, T> {
    pub(crate) fn get(&self, at: P) -> Option<&T> {
        self.cells.get(&at)
    }

    /// A cell that is about to be changed; an empty one where there was none.
    pub(crate) fn change(&mut self, at: P) -> &mut T {
        self.changed.insert(at);
        self.cells.entry(at).or_default()
    }

    fn changes(&self, kind: u8) -> impl Iterator<Item = (CellKey, Vec<u8>)> {
        let changed = self.changed.iter().filter_map(|at| Some((at.key(), self.cells.get(at)?)));
        changed.map(move |(key, cell)| (key, encode(&(kind, cell))))
    }

    fn restore(&mut self, key: CellKey, kind: u8, cell: &[u8]) -> Result<(), StateError> {
        let at = P::of(key).ok_or(StateError::Key { key, kind: Some(kind) })?;
        self.cells.insert(at, read(cell)?);
        Ok(())
    }
}

/// What a run has counted. [`RunState::default`] is a run of which nothing was observed.
///
/// It is kept as cells, so that only those are written that changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunState {
    pub(crate) counts: Cells<(), Counts>,
    pub(crate) exposures: Cells<u32, Exposures>,
    pub(crate) events: Cells<(u16, u32), ArmCounts>,
    pub(crate) tests: Cells<u16, ValueTests>,
    pub(crate) moments: Cells<(u16, u32), ArmMoments>,
    pub(crate) limits: Cells<u16, Limits>,
    pub(crate) sums: Cells<(u16, u32), StepSums>,
    pub(crate) received: Cells<u16, Received>,
    pub(crate) blocks: Cells<(u16, u32), StepBlocks>,
}

impl RunState {
    /// The run of all the cells that were kept of it, each with its document.
    pub fn decode<'d>(cells: impl IntoIterator<Item = (CellKey, &'d [u8])>) -> Result<Self, StateError> {
        let mut state = Self::default();
        for (key, document) in cells {
            let (kind, cell) = body(document)?.split_first().ok_or(StateError::Key { key, kind: None })?;
            match *kind {
                kind::COUNTS => state.counts.restore(key, *kind, cell)?,
                kind::EXPOSURES => state.exposures.restore(key, *kind, cell)?,
                kind::EVENTS => state.events.restore(key, *kind, cell)?,
                kind::TESTS => state.tests.restore(key, *kind, cell)?,
                kind::MOMENTS => state.moments.restore(key, *kind, cell)?,
                kind::LIMITS => state.limits.restore(key, *kind, cell)?,
                kind::SUMS => state.sums.restore(key, *kind, cell)?,
                kind::RECEIVED => state.received.restore(key, *kind, cell)?,
                kind::BLOCKS => state.blocks.restore(key, *kind, cell)?,
                unknown => return Err(StateError::Key { key, kind: Some(unknown) }),
            }
        }
        Ok(state)
    }

    /// The cells that changed since they were last [kept](Self::kept), each with its document.
    pub fn changes(&self) -> Vec<(CellKey, Vec<u8>)> {
        self.counts
            .changes(kind::COUNTS)
            .chain(self.exposures.changes(kind::EXPOSURES))
            .chain(self.events.changes(kind::EVENTS))
            .chain(self.tests.changes(kind::TESTS))
            .chain(self.moments.changes(kind::MOMENTS))
            .chain(self.limits.changes(kind::LIMITS))
            .chain(self.sums.changes(kind::SUMS))
            .chain(self.received.changes(kind::RECEIVED))
            .chain(self.blocks.changes(kind::BLOCKS))
            .collect()
    }

    /// The [changes](Self::changes) were written and committed. Where that failed, go on with what is kept.
    pub fn kept(&mut self) {
        self.counts.changed.clear();
        self.exposures.changed.clear();
        self.events.changed.clear();
        self.tests.changed.clear();
        self.moments.changed.clear();
        self.limits.changed.clear();
        self.sums.changed.clear();
        self.received.changed.clear();
        self.blocks.changed.clear();
    }

    /// How many subjects were first exposed in a step, by arm; the control first.
    pub fn exposures_in(&self, step: usize) -> Vec<u64> {
        let step = u32::try_from(step).ok().and_then(|step| self.exposures.get(step));
        step.map_or_else(Vec::new, |exposures| exposures.all.by_arm().to_vec())
    }

    /// What was observed.
    pub fn counts(&self) -> Counts {
        self.counts.get(()).cloned().unwrap_or_default()
    }
}
