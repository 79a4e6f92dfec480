//! The buckets of one limit, by caller. The arithmetic is governor's; the state is ours, because callers are also
//! looked at without taking from them, and must not fill the memory.

use super::{Quota, Standing};
use crate::ApiError;
use crate::clock::SteadyClock;
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{NotUntil, RateLimiter};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Buckets that are kept at most. Beyond it all start anew: that is better than growing, and who has so many
/// addresses gains little.
const BUCKETS_MAX: usize = 65_536;
/// After how many questions buckets that are full again are forgotten.
const QUESTIONS_PER_SWEEP: u32 = 4_096;

/// The buckets of one limit.
pub(super) struct Buckets {
    name: &'static str,
    quota: Quota,
    /// In which time one token comes back.
    refill: Duration,
    limiter: RateLimiter<Question, Levels, Time, StateInformationMiddleware>,
    questions: AtomicU32,
}

impl Buckets {
    /// Full buckets. None when the quota is no limit.
    pub(super) fn new(name: &'static str, quota: Quota, clock: Arc<dyn SteadyClock>) -> Option<Self> {
        let requests = NonZeroU32::new(quota.requests)?;
        let refill = Duration::from_secs(u64::from(quota.seconds.get())) / requests.get();
        let allowed = governor::Quota::with_period(refill)?.allow_burst(requests);
        let limiter = RateLimiter::new(allowed, Levels::default(), Time(clock));
        Some(Self { name, quota, refill, limiter, questions: AtomicU32::new(0) })
    }

    /// Takes a token.
    pub(super) fn take(&self, bucket: u128) -> Result<Standing, ApiError> {
        let asked = self.questions.fetch_add(1, Ordering::Relaxed);
        if asked % QUESTIONS_PER_SWEEP == QUESTIONS_PER_SWEEP - 1 {
            self.limiter.retain_recent();
        }
        let taken = self.limiter.check_key(&Question { bucket, takes: true });
        let remaining = taken.map_err(|until| self.refused(&until))?.remaining_burst_capacity();
        let missing = self.quota.requests.saturating_sub(remaining);
        let reset = if remaining == 0 { self.refill } else { self.refill.saturating_mul(missing) };
        Ok(self.standing(remaining, reset))
    }

    /// Whether there is a token, without taking it.
    pub(super) fn look(&self, bucket: u128) -> Result<(), ApiError> {
        let looked = self.limiter.check_key(&Question { bucket, takes: false });
        looked.map(drop).map_err(|until| self.refused(&until))
    }

    fn refused(&self, until: &NotUntil<Nanos>) -> ApiError {
        let standing = self.standing(0, until.wait_time_from(self.limiter.clock().now()));
        ApiError::RateLimited {
            name: self.name,
            retry_after_seconds: standing.reset_seconds,
            standing: Some(standing),
        }
    }

    fn standing(&self, remaining: u32, reset: Duration) -> Standing {
        Standing {
            name: self.name,
            limit: self.quota.requests,
            remaining,
            reset_seconds: (reset.as_secs() + u64::from(reset.subsec_nanos() > 0)).max(1),
            period_seconds: self.quota.seconds.get(),
        }
    }
}

/// What is asked of a bucket.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Question {
    bucket: u128,
    /// Whether a token is taken, or only looked for.
    takes: bool,
}

/// When each bucket that is not full will be.
#[derive(Default)]
struct Levels(Mutex<HashMap<u128, u64, foldhash::fast::RandomState>>);

impl Levels {
    fn lock(&self) -> MutexGuard<'_, HashMap<u128, u64, foldhash::fast::RandomState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Levels {
    type Key = Question;

    fn measure_and_replace<T, F, E>(&self, question: &Question, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut levels = self.lock();
        let level = levels.get(&question.bucket).copied();
        let (decision, next) = decide(level.map(Nanos::from))?;
        if question.takes {
            if level.is_none() && levels.len() >= BUCKETS_MAX {
                levels.clear();
            }
            levels.insert(question.bucket, next.as_u64());
        }
        Ok(decision)
    }
}

impl ShrinkableKeyedStateStore<Question> for Levels {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, level| *level > drop_below.as_u64());
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

/// Our clock as governor wants it.
struct Time(Arc<dyn SteadyClock>);

impl Clock for Time {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}
