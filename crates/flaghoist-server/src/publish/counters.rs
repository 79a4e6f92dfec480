//! Counters of a flag in an environment, in the memory of this process.
//!
//! They live longer than a publication: whoever counts while a flag is published anew loses nothing.

use arc_swap::ArcSwap;
use flaghoist_eval::{Decision, Reason, wire};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Outcomes of one flag that are counted apart, if it does not serve more: each costs every evaluation a look.
const OUTCOMES_MAX: usize = 256;

/// What a key is counted as that the flag does not know.
const UNKNOWN: &str = "(unknown)";

/// How often a flag was evaluated here since the start of the process, by reason and by outcome, and what SDKs
/// reported of it.
#[derive(Default)]
pub struct FlagCounter {
    reasons: [AtomicU64; FlagCounter::REASONS.len()],
    outcomes: ArcSwap<Vec<Arc<Outcome>>>,
}

/// What a flag may serve, and by which allocation.
pub struct Outcome {
    /// Key of the allocation; empty for none.
    pub allocation: Box<str>,
    /// Key of the variant; empty for none, which is the default of the code.
    pub variant: Box<str>,
    unwritten: AtomicU64,
    unwritten_errors: AtomicU64,
    reported_evaluations: AtomicU64,
    reported_exposures: AtomicU64,
}

impl FlagCounter {
    /// The reasons, in the order of the counters.
    pub const REASONS: [Reason; 6] = [
        Reason::TargetingMatch,
        Reason::Split,
        Reason::Static,
        Reason::Default,
        Reason::Disabled,
        Reason::Error,
    ];

    /// Makes room for what the flag serves now. What it served before stays: readers with older documents still report
    /// it.
    pub(super) fn learn(&self, flag: &wire::Flag) {
        let served = flag.allocations.iter().flat_map(|allocation| {
            allocation.splits.iter().map(|split| (&*allocation.key, &*split.variation_key))
        });
        // Reports name allocations that are gone, and whatever readers make up: that is counted together.
        let variants = flag.variations.keys().map(|variant| (UNKNOWN, &**variant));
        let others = [("", ""), (UNKNOWN, UNKNOWN)];
        // What is served comes first: every evaluation looks for it.
        let pairs: Vec<(&str, &str)> = served.chain(others).chain(variants).collect();
        let known = self.outcomes.load();
        let find = |allocation: &str, variant: &str| {
            known.iter().find(|outcome| outcome.is(allocation, variant)).map(Arc::clone)
        };
        let mut outcomes: Vec<Arc<Outcome>> = Vec::with_capacity(pairs.len());
        for (allocation, variant) in pairs {
            if !outcomes.iter().any(|outcome| outcome.is(allocation, variant)) {
                let outcome = find(allocation, variant);
                outcomes.push(outcome.unwrap_or_else(|| Arc::new(Outcome::new(allocation, variant))));
            }
        }
        let is_past = |past: &&Arc<Outcome>| !outcomes.iter().any(|outcome| Arc::ptr_eq(outcome, past));
        let mut past: Vec<Arc<Outcome>> = known.iter().filter(is_past).map(Arc::clone).collect();
        // The last served come first: what is forgotten was served the longest ago.
        let forgotten = past.split_off(past.len().min(OUTCOMES_MAX.saturating_sub(outcomes.len())));
        for outcome in forgotten {
            if let Some(unknown) = outcomes.iter().find(|outcome| outcome.is(UNKNOWN, UNKNOWN)) {
                unknown.give_back(outcome.take_unwritten());
            }
        }
        outcomes.extend(past);
        self.outcomes.store(Arc::new(outcomes));
    }

    /// Counts an evaluation by this server.
    pub fn count(&self, decision: &Decision<'_>) {
        self.count_reason(decision.reason);
        let (allocation, variant) =
            (decision.allocation_key.unwrap_or_default(), decision.variant.unwrap_or_default());
        let outcomes = self.outcomes.load();
        if let Some(outcome) = outcomes.iter().find(|outcome| outcome.is(allocation, variant)) {
            let unwritten = match decision.reason {
                Reason::Error => &outcome.unwritten_errors,
                _ => &outcome.unwritten,
            };
            unwritten.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts an evaluation in advance: the reader reports itself what it goes on to use.
    pub fn count_reason(&self, reason: Reason) {
        let position = match reason {
            Reason::TargetingMatch => 0,
            Reason::Split => 1,
            Reason::Static => 2,
            Reason::Default => 3,
            Reason::Disabled => 4,
            Reason::Error => 5,
        };
        self.reasons[position].fetch_add(1, Ordering::Relaxed);
    }

    /// The counts, in the order of [`FlagCounter::REASONS`].
    pub fn counts(&self) -> [u64; Self::REASONS.len()] {
        std::array::from_fn(|position| self.reasons[position].load(Ordering::Relaxed))
    }

    /// The outcome of a report: the one it names, or that of an unknown allocation, or of an unknown variant.
    pub(crate) fn reported(&self, allocation: &str, variant: &str) -> Arc<Outcome> {
        let outcomes = self.outcomes.load();
        let find = |allocation: &str, variant: &str| {
            outcomes.iter().find(|outcome| outcome.is(allocation, variant)).map(Arc::clone)
        };
        find(allocation, variant)
            .or_else(|| find(UNKNOWN, variant))
            .or_else(|| find(UNKNOWN, UNKNOWN))
            .unwrap_or_else(|| Arc::new(Outcome::new(UNKNOWN, UNKNOWN)))
    }

    /// What the flag serves or served.
    pub fn outcomes(&self) -> Arc<Vec<Arc<Outcome>>> {
        self.outcomes.load_full()
    }
}

impl Outcome {
    fn new(allocation: &str, variant: &str) -> Self {
        Self {
            allocation: Box::from(allocation),
            variant: Box::from(variant),
            unwritten: AtomicU64::new(0),
            unwritten_errors: AtomicU64::new(0),
            reported_evaluations: AtomicU64::new(0),
            reported_exposures: AtomicU64::new(0),
        }
    }

    /// Whether it is this one.
    pub fn is(&self, allocation: &str, variant: &str) -> bool {
        *self.variant == *variant && *self.allocation == *allocation
    }

    /// Takes the evaluations by this server that are not written down: those without and those with an error.
    pub(crate) fn take_unwritten(&self) -> (u64, u64) {
        (self.unwritten.swap(0, Ordering::Relaxed), self.unwritten_errors.swap(0, Ordering::Relaxed))
    }

    /// Gives back what could not be written down.
    pub(crate) fn give_back(&self, (evaluations, errors): (u64, u64)) {
        self.unwritten.fetch_add(evaluations, Ordering::Relaxed);
        self.unwritten_errors.fetch_add(errors, Ordering::Relaxed);
    }

    /// Counts what an SDK reported.
    pub(crate) fn report(&self, evaluations: u64, exposures: u64) {
        self.reported_evaluations.fetch_add(evaluations, Ordering::Relaxed);
        self.reported_exposures.fetch_add(exposures, Ordering::Relaxed);
    }

    /// Evaluations and exposures that SDKs reported to this process.
    pub(crate) fn reported(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.reported_evaluations), load(&self.reported_exposures))
    }
}
