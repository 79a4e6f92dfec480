//! Events: what readers report of evaluations and exposures, on its way to the store of counts.
//!
//! ```text
//! handler ──report──▶ records ──tally (against what is published)──▶ counts ──intake──▶ EventStore
//! ```
//!
//! Whoever reports waits until their counts are committed, together with those of everybody who waits: what was answered
//! with 202 survives the end of the process. What is not counted is dropped for a [`DropReason`], said in the answer and
//! in a metric. Room for those who wait is bounded; who finds none is asked to come back.
//!
//! Evaluations by this server itself are counted in memory and written down now and then by [`count`].

mod intake;
mod last;
mod own;
mod report;
mod tally;

pub(crate) use intake::Intake;
pub(crate) use last::LastEvaluations;
pub use own::{count, look, write_down};
pub(crate) use report::{Kind, Report, read, unpack};
pub(crate) use tally::Tally;

use crate::ApiError;
use crate::app::App;
use crate::publish::PublishedEnvironment;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Why an event is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum DropReason {
    /// It is not of the documented shape.
    Malformed,
    /// It names no environment that the reader may report of.
    UnknownEnvironment,
    /// The environment has no such flag.
    UnknownFlag,
    /// It is older than a day, or of the future.
    OutOfTime,
    /// Too many wait already.
    QueueFull,
    /// The store did not take it.
    StoreUnavailable,
}

impl DropReason {
    /// Its name in answers and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownEnvironment => "unknown_environment",
            Self::UnknownFlag => "unknown_flag",
            Self::OutOfTime => "out_of_time",
            Self::QueueFull => "queue_full",
            Self::StoreUnavailable => "store_unavailable",
        }
    }
}

/// What became of reported events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Receipt {
    /// Events that are counted, durably.
    pub(crate) accepted: u64,
    /// Events that are not, by reason: `malformed`, `unknown_environment`, `unknown_flag`, `out_of_time`.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    pub(crate) dropped: BTreeMap<&'static str, u64>,
}

/// Counts what was reported of environments; each report finds its own by `environment_of`. Returns once it is durable.
///
/// [`ApiError::RateLimited`] when too many wait already, [`ApiError::Unavailable`] when the store takes nothing: nothing
/// is counted then.
pub(crate) async fn take<'p>(
    app: &App,
    reports: &[Report<'_>],
    environment_of: impl Fn(&Report<'_>) -> Option<&'p PublishedEnvironment>,
    now: Timestamp,
) -> Result<Receipt, ApiError> {
    let mut tally = Tally::new(now);
    for report in reports {
        match environment_of(report) {
            Some(environment) => report.records.iter().for_each(|record| tally.count(environment, record)),
            None => tally.drop_all(DropReason::UnknownEnvironment, report.records.len()),
        }
    }
    let dropped = tally.dropped();
    let accepted = tally.accepted();
    for (reason, count) in &dropped {
        app.metrics.events_dropped(*reason, *count);
    }
    match app.intake.put(tally.counted()).await {
        Ok(()) => {
            tally.remember();
            app.metrics.events_accepted(accepted);
            let dropped = dropped.into_iter().map(|(reason, count)| (reason.as_str(), count)).collect();
            Ok(Receipt { accepted, dropped })
        }
        Err(reason) => {
            app.metrics.events_dropped(reason, accepted);
            Err(match reason {
                DropReason::QueueFull => {
                    ApiError::RateLimited { name: "events", retry_after_seconds: 1, standing: None }
                }
                _ => ApiError::Unavailable,
            })
        }
    }
}
