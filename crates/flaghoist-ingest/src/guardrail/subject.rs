//! What is known of one subject in one exposure schedule.

use super::apply::Ignored;
use super::measure::Measure;
use super::run_state::{StateError, decode, encode};
use super::selection::Selected;
use super::watch::{Buckets, Watch};
use super::{LATE_MS, SKEW_MS};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Most numbers of events that wait for a subject's exposure; the oldest go.
pub const PENDING_MAX: usize = 32;

/// What is known of one subject in one exposure schedule, over all its runs: the server keeps one by schedule and hashed
/// subject. [`Subject::default`] is one of whom nothing was ever heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// When it was first exposed, in any run: its events count from then on, in both arms alike.
    pub(crate) exposed_at_ms: Option<i64>,
    /// The run that all that follows is about.
    pub(crate) run: i64,
    pub(crate) buckets: Buckets,
    /// Its first exposure of the run.
    pub(crate) first_exposure: Option<FirstExposure>,
    /// The exposure that its windows begin with: the first in a step that is tested.
    pub(crate) windows_begin: Option<WindowsBegin>,
    /// When a metric first selected an event of it.
    pub(crate) first_event_at_ms: Option<i64>,
    /// What of it was counted, by metric.
    pub(crate) marks: BTreeMap<u16, Mark>,
    /// What cannot be counted yet: it happened before the subject was exposed, as far as is known.
    pub(crate) pending: Vec<Pending>,
}

/// The first exposure of a run, and what was counted of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FirstExposure {
    pub(crate) at_ms: i64,
    pub(crate) step: u32,
    /// Whether the subject had not been exposed in an earlier run.
    pub(crate) is_new: bool,
    /// Whether an event before it was counted.
    pub(crate) is_late: bool,
}

/// The exposure that the windows of a subject begin with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WindowsBegin {
    pub(crate) at_ms: i64,
    pub(crate) step: u32,
}

/// What of a subject was counted for a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Mark {
    /// The event that was.
    FirstEvent { at_ms: i64, step: u32 },
    /// What was added up so far, until the window is over.
    Open { sum: f64, count: u64 },
    /// The window is over.
    Closed,
    /// In which step it was counted as a subject of the control and of its treatment, and as one with a numerator.
    Summed { counted: [Option<u32>; 2], nonzero: [Option<u32>; 2] },
}

/// What waits for an exposure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) at_ms: i64,
    pub(crate) selected: Selected,
}

impl Subject {
    /// Forgets an earlier run. That it was exposed remains. A node that has not heard of the latest run yet does not bring
    /// the one before it back.
    pub(crate) fn enter(&mut self, watch: &Watch, buckets: Buckets) -> Result<(), Ignored> {
        match self.run.cmp(&watch.run()) {
            Ordering::Greater => return Err(Ignored::OldRun),
            Ordering::Equal => self.buckets = buckets,
            Ordering::Less => {
                let exposed_at_ms = self.exposed_at_ms;
                *self = Self { exposed_at_ms, run: watch.run(), buckets, ..Self::default() };
            }
        }
        Ok(())
    }

    /// Whether what happened at a time counts for a measure. Windows begin with an exposure of the run.
    pub(crate) fn is_eligible(&self, measure: &Measure, at_ms: i64) -> bool {
        let exposed_at_ms = match measure {
            Measure::Window { .. } => self.windows_begin.map(|begin| begin.at_ms),
            _ => self.exposed_at_ms,
        };
        exposed_at_ms.is_some_and(|exposed_at_ms| exposed_at_ms <= at_ms + SKEW_MS)
    }

    /// Lets something wait for an exposure.
    pub(crate) fn postpone(&mut self, pending: Pending) {
        if self.pending.len() >= PENDING_MAX {
            let oldest = self.pending.iter().enumerate().min_by_key(|(_, pending)| pending.at_ms);
            if let Some(at) = oldest.map(|(at, _)| at) {
                self.pending.swap_remove(at);
            }
        }
        self.pending.push(pending);
    }

    /// Forgets what no exposure that would still be taken can make count.
    pub(crate) fn expire(&mut self, now_ms: i64) {
        self.pending.retain(|pending| expires_at_ms(pending) > now_ms);
    }

    /// When it has to be looked at again with [`super::close_due`]: when a window closes or something expires that waits
    /// for an exposure. None when there is no need.
    ///
    /// A run that ends closes its windows earlier: then look at all subjects that have a time at all.
    pub fn due_at_ms(&self, watch: &Watch) -> Option<i64> {
        if self.run != watch.run() {
            return None;
        }
        let expiring = self.pending.iter().map(expires_at_ms);
        self.open_windows(watch).map(|(.., closes_at_ms)| closes_at_ms).chain(expiring).min()
    }

    /// Metrics whose windows are open, and when they close.
    pub(crate) fn open_windows(&self, watch: &Watch) -> impl Iterator<Item = (u16, i64)> {
        let open = self.marks.iter().filter(|(_, mark)| matches!(mark, Mark::Open { .. }));
        open.filter_map(|(metric, _)| match (self.windows_begin, &watch.metric(*metric)?.measure) {
            (Some(begin), Measure::Window { window_ms, .. }) => {
                Some((*metric, watch.closes_at_ms(begin.at_ms, *window_ms)))
            }
            _ => None,
        })
    }

    /// The document that it is kept as.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// The subject of a document.
    pub fn decode(document: &[u8]) -> Result<Self, StateError> {
        decode(document)
    }
}

/// An exposure that comes later than this is too late itself.
fn expires_at_ms(pending: &Pending) -> i64 {
    pending.at_ms.saturating_add(LATE_MS + SKEW_MS)
}
