//! Counts records of reports by what they are about.

use super::DropReason;
use super::report::{Kind, Record};
use crate::publish::{Outcome, PublishedEnvironment, PublishedFlag};
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
/// What a key is counted as that the flag does not know: readers could make up as many as they like.
const UNKNOWN: &str = "(unknown)";

/// Counts of one report.
pub(crate) struct Tally {
    now: Timestamp,
    cells: HashMap<(EnvironmentId, FlagId, Place, i64), Cell, foldhash::fast::RandomState>,
    accepted: u64,
    dropped: BTreeMap<DropReason, u64>,
}

/// Where in a flag a record is counted: at an outcome of its counter, or at one with unknown keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Outcome(usize),
    /// Whether the variant is known, by its position in the list of outcomes; the allocation is not.
    UnknownAllocation(usize),
    Unknown,
}

struct Cell {
    outcome: Option<Arc<Outcome>>,
    is_allocation_known: bool,
    counts: EvaluationCounts,
    first_ms: i64,
    last_ms: i64,
}

impl Tally {
    /// Nothing yet, at that moment.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { now, cells: HashMap::default(), accepted: 0, dropped: BTreeMap::new() }
    }

    /// Counts a record, or drops it.
    pub(crate) fn count(
        &mut self,
        environment: &PublishedEnvironment,
        record: &Result<Record<'_>, DropReason>,
    ) {
        let counted = match record {
            Ok(record) => self.place(environment, record),
            Err(reason) => Err(*reason),
        };
        match counted {
            Ok(()) => self.accepted += 1,
            Err(reason) => self.drop_all(reason, 1),
        }
    }

    /// Drops so many records.
    pub(crate) fn drop_all(&mut self, reason: DropReason, count: usize) {
        *self.dropped.entry(reason).or_default() += u64::try_from(count).unwrap_or(u64::MAX);
    }

    fn place(&mut self, environment: &PublishedEnvironment, record: &Record<'_>) -> Result<(), DropReason> {
        let flag = environment.flag(&record.flag).ok_or(DropReason::UnknownFlag)?;
        let now_ms = self.now.as_millisecond();
        let last_ms = record.last_ms.unwrap_or(now_ms);
        if last_ms < now_ms - AGE_MAX_MS || last_ms > now_ms + AHEAD_MAX_MS {
            return Err(DropReason::OutOfTime);
        }
        let last_ms = last_ms.min(now_ms);
        let first_ms = record.first_ms.unwrap_or(last_ms).clamp(now_ms - AGE_MAX_MS, last_ms);
        let (place, outcome) = find(flag, record);
        let key = (environment.id(), flag.id, place, last_ms.div_euclid(MINUTE_MS));
        let cell = self.cells.entry(key).or_insert_with(|| Cell {
            outcome,
            is_allocation_known: matches!(place, Place::Outcome(_)),
            counts: EvaluationCounts::default(),
            first_ms,
            last_ms,
        });
        cell.first_ms = cell.first_ms.min(first_ms);
        cell.last_ms = cell.last_ms.max(last_ms);
        cell.counts.add(counts_of(record));
        Ok(())
    }

    /// How many records are counted.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many are not.
    pub(crate) fn dropped(&self) -> BTreeMap<DropReason, u64> {
        self.dropped.clone()
    }

    /// The counts, as the store takes them.
    pub(crate) fn counted(&self) -> Vec<CountedEvaluations> {
        let moment = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(self.now);
        let counted = |(key, cell): (&(EnvironmentId, FlagId, Place, i64), &Cell)| {
            let (environment_id, flag_id, _, minute) = *key;
            let name = |key: Option<&str>| key.unwrap_or(UNKNOWN).to_owned();
            let outcome = cell.outcome.as_ref();
            let allocation = outcome.filter(|_| cell.is_allocation_known).map(|outcome| &*outcome.allocation);
            let series = EvaluationSeries {
                environment_id,
                flag_id,
                allocation: name(allocation),
                variant: name(outcome.map(|outcome| &*outcome.variant)),
            };
            let (first_at, last_at) = (moment(cell.first_ms), moment(cell.last_ms));
            CountedEvaluations { series, minute, counts: cell.counts, first_at, last_at }
        };
        self.cells.iter().map(counted).collect()
    }

    /// Adds the counts to those of this process, once they are durable.
    pub(crate) fn remember(&self) {
        for cell in self.cells.values() {
            if let Some(outcome) = &cell.outcome {
                let count = |count: i64| u64::try_from(count).unwrap_or(0);
                outcome.report(count(cell.counts.evaluations), count(cell.counts.exposures));
            }
        }
    }
}

fn find(flag: &PublishedFlag, record: &Record<'_>) -> (Place, Option<Arc<Outcome>>) {
    let outcomes = flag.counter.outcomes();
    if let Some(position) = outcomes.iter().position(|it| it.is(&record.allocation, &record.variant)) {
        return (Place::Outcome(position), Some(Arc::clone(&outcomes[position])));
    }
    match outcomes.iter().position(|outcome| *outcome.variant == *record.variant) {
        Some(position) => (Place::UnknownAllocation(position), Some(Arc::clone(&outcomes[position]))),
        None => (Place::Unknown, None),
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
