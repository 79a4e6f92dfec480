//! Counts records of reports by what they are about.

use super::DropReason;
use super::report::{Kind, Record};
use crate::ApiError;
use crate::publish::{Outcome, PublishedEnvironment};
use flaghoist_model::Fault;
use flaghoist_model::compile::Channel;
use flaghoist_model::id::{EnvironmentId, FlagId};
use flaghoist_store::{CountedEvaluations, EvaluationCounts, EvaluationSeries};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How old an event may be. SDKs of devices that were offline report late.
const AGE_MAX_MS: i64 = 24 * 3_600 * 1_000;
/// How far the clock of a reader may be ahead.
const AHEAD_MAX_MS: i64 = 5 * 60 * 1_000;
const MINUTE_MS: i64 = 60_000;

/// Most counts of one report: of outcomes and minutes. SDKs send some hundreds.
const CELLS_MAX: usize = 5_000;

/// Counts of one report.
pub(crate) struct Tally {
    now: Timestamp,
    cells: HashMap<CellKey, Cell, foldhash::fast::RandomState>,
    accepted: u64,
    dropped: BTreeMap<DropReason, u64>,
    is_full: bool,
}

/// Whose flags are reported of, and which of them the reader sees.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    pub(crate) environment: &'p PublishedEnvironment,
    pub(crate) channel: Channel,
}

struct Cell {
    outcome: Arc<Outcome>,
    counts: EvaluationCounts,
    first_ms: i64,
    last_ms: i64,
}

/// An outcome, by its place in memory, which its cell keeps taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct OutcomeId(usize);

/// What is counted together: an outcome of a flag in an environment and in a minute.
type CellKey = (EnvironmentId, FlagId, OutcomeId, i64);

impl Tally {
    /// Nothing yet, at that moment.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { now, cells: HashMap::default(), accepted: 0, dropped: BTreeMap::new(), is_full: false }
    }

    /// Counts a record, or drops it. Whether it is counted.
    pub(crate) fn count(
        &mut self,
        place: Option<Place<'_>>,
        record: Result<&Record<'_>, DropReason>,
    ) -> bool {
        let counted = match (place, record) {
            (Some(place), Ok(record)) => self.add(place, record),
            (None, Ok(_)) => Err(DropReason::UnknownEnvironment),
            (_, Err(reason)) => Err(reason),
        };
        match counted {
            Ok(()) => self.accepted += 1,
            Err(reason) => *self.dropped.entry(reason).or_default() += 1,
        }
        counted.is_ok()
    }

    fn add(&mut self, place: Place<'_>, record: &Record<'_>) -> Result<(), DropReason> {
        let flag = place.environment.channel(place.channel).flag(&record.flag);
        let flag = flag.ok_or(DropReason::UnknownFlag)?;
        let now_ms = self.now.as_millisecond();
        let last_ms = record.last_ms.unwrap_or(now_ms);
        if last_ms < now_ms - AGE_MAX_MS || last_ms > now_ms + AHEAD_MAX_MS {
            return Err(DropReason::OutOfTime);
        }
        let last_ms = last_ms.min(now_ms);
        let first_ms = record.first_ms.unwrap_or(last_ms).clamp(now_ms - AGE_MAX_MS, last_ms);
        let outcome = flag.counter.reported(&record.allocation, &record.variant);
        let minute = last_ms.div_euclid(MINUTE_MS);
        let key = (place.environment.id(), flag.id, OutcomeId(Arc::as_ptr(&outcome) as usize), minute);
        if self.cells.len() >= CELLS_MAX && !self.cells.contains_key(&key) {
            self.is_full = true;
        }
        let counts = EvaluationCounts::default();
        let cell = self.cells.entry(key).or_insert(Cell { outcome, counts, first_ms, last_ms });
        cell.first_ms = cell.first_ms.min(first_ms);
        cell.last_ms = cell.last_ms.max(last_ms);
        cell.counts.add(counts_of(record));
        Ok(())
    }

    /// Refuses a report with more counts than one may have.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if !self.is_full {
            return Ok(());
        }
        let message = format!("the body has more than {CELLS_MAX} different counts; send fewer at once");
        Err(ApiError::Invalid(vec![Fault { pointer: String::new(), message }]))
    }

    /// How many records are counted.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many are not.
    pub(crate) fn dropped(&self) -> &BTreeMap<DropReason, u64> {
        &self.dropped
    }

    /// The counts, as the store takes them.
    pub(crate) fn counted(&self) -> Vec<CountedEvaluations> {
        let moment = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(self.now);
        let counted = |(key, cell): (&CellKey, &Cell)| {
            let (environment_id, flag_id, _, minute) = *key;
            let series = EvaluationSeries {
                environment_id,
                flag_id,
                allocation: cell.outcome.allocation.to_string(),
                variant: cell.outcome.variant.to_string(),
            };
            let (first_at, last_at) = (moment(cell.first_ms), moment(cell.last_ms));
            CountedEvaluations { series, minute, counts: cell.counts, first_at, last_at }
        };
        self.cells.iter().map(counted).collect()
    }

    /// Adds the counts to those of this process, once they are durable.
    pub(crate) fn remember(&self) {
        for cell in self.cells.values() {
            let count = |count: i64| u64::try_from(count).unwrap_or(0);
            cell.outcome.report(count(cell.counts.evaluations), count(cell.counts.exposures));
        }
    }
}

fn counts_of(record: &Record<'_>) -> EvaluationCounts {
    let count = i64::from(record.count);
    if record.kind == Kind::Exposure {
        return EvaluationCounts { exposures: count, ..EvaluationCounts::default() };
    }
    let defaults = if record.variant.is_empty() { count } else { 0 };
    let errors = if record.is_error { count } else { 0 };
    EvaluationCounts { evaluations: count, exposures: 0, defaults, errors }
}
