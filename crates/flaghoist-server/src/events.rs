//! Events: what readers report of evaluations and exposures, on its way to the store of counts.
//!
//! ```text
//! handler ──report──▶ records ──tally (against what is published)──▶ counts ──intake──▶ EventStore
//! ```
//!
//! Exposures to a rollout that guardrails watch go to them too, before they are counted.
//!
//! Whoever reports waits until their counts are committed, together with those of everybody who waits: what was answered
//! with 202 survives the end of the process. What is not counted is dropped for a `DropReason`, said in the answer and
//! in a metric. Room for those who wait is bounded; who finds none is asked to come back.
//!
//! Evaluations by this server itself are counted in memory and written down now and then by [`count`].

mod intake;
mod last;
mod observed;
mod own;
mod report;
mod tally;

pub(crate) use intake::Intake;
pub(crate) use last::{LastEvaluations, ProjectEvaluations};
pub use own::{count, look, write_down};
pub(crate) use report::Kind;

use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::App;
use crate::decode;
use crate::guardrails::Report;
use crate::publish::Published;
use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use flaghoist_ingest::{Take, Unreadable};
use flaghoist_model::Fault;
use flaghoist_model::compile::Channel;
use flaghoist_model::id::ProjectId;
use observed::{Observations, Observed};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use tally::{Place, Tally};
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
    /// Events that are not, by reason, such as `malformed`, `unknown_environment`, `unknown_flag`, `out_of_time`,
    /// `without_subject`.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    pub(crate) dropped: BTreeMap<&'static str, u64>,
}

/// Largest body of a report, as it arrives.
pub(crate) const BODY_MAX_BYTES: usize = 5 * 1024 * 1024;

/// Bodies of fewer bytes are read where they arrive; larger ones beside the workers that answer readers.
const INLINE_MAX_BYTES: usize = 32 * 1024;

/// Where records of a body belong.
pub(crate) enum Source {
    /// To the environment of the reader's key, whatever they say.
    Key(SdkKey),
    /// To the environment of the project that has the `DD_ENV` which they say.
    Agent(Arc<Published>, ProjectId),
}

impl Source {
    fn place(&self, dd_env: Option<&str>) -> Option<Place<'_>> {
        match self {
            Self::Key(key) => Some(Place { environment: &key.environment, channel: key.channel }),
            Self::Agent(published, project_id) => {
                let environment = published.environment_of(*project_id, dd_env.unwrap_or_default())?;
                Some(Place { environment, channel: Channel::Server })
            }
        }
    }
}

/// The answer to a report: 202, and what became of it.
pub(crate) type Accepted = (StatusCode, Json<Receipt>);

/// Counts what a body reports. Returns once it is durable.
///
/// [`ApiError::Invalid`] when it cannot be read, [`ApiError::RateLimited`] when too many wait already,
/// [`ApiError::Unavailable`] when the store takes nothing: nothing is counted then.
pub(crate) async fn take(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    kind: Kind,
    source: Source,
) -> Result<Accepted, ApiError> {
    let encoding = report::Encoding::of(headers)?;
    let body = decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await?;
    let is_small = encoding == report::Encoding::Identity && body.len() <= INLINE_MAX_BYTES;
    let now = app.clock.now();
    app.guardrails.runs.follow(app).await;
    let watched = app.guardrails.runs.known();
    let contexts = Arc::clone(&app.contexts);
    let tally = move || -> Result<(Tally, Vec<Report>), ApiError> {
        let mut tally = Tally::new(now);
        let mut observed = Observed::new(watched, now);
        let text = report::unpack(encoding, &body)?;
        report::read(&text, kind, &mut |env, record| {
            let place = source.place(env);
            if tally.count(place, record.as_ref().map_err(|reason| *reason)) {
                if let (Some(place), Ok(record)) = (place, &record)
                    && record.kind == Kind::Exposure
                {
                    contexts.take_with(place.environment.id(), now, |take| record.show_subject(take));
                }
                observed.take(place, record);
            }
        })?;
        tally.check()?;
        Ok((tally, observed.into_reports()))
    };
    let (tally, reports) = if is_small {
        tally()?
    } else {
        let _turn = app.intake.turn().await;
        tokio::task::spawn_blocking(tally).await.map_err(ApiError::internal)??
    };
    // Guardrails first: when the counts are refused then, the reader sends all of it again, which changes no guardrail.
    for report in reports {
        app.guardrails.recorder.put(report).await?;
    }
    Ok((StatusCode::ACCEPTED, Json(put(app, &tally).await?)))
}

/// Takes what a body says was observed: exposures are counted, and what guardrails want to know goes to them. Returns once it
/// is durable.
///
/// Errors are those of [`take`].
pub(crate) async fn take_observations(
    app: &App,
    reader: &SdkKey,
    headers: &HeaderMap,
    body: Body,
    read: impl FnOnce(&[u8], i64, Take<'_>) -> Result<(), Unreadable> + Send + 'static,
) -> Result<Accepted, ApiError> {
    let encoding = report::Encoding::of(headers)?;
    // One of each reader: another may number its reports alike.
    let idempotency_key = headers.get("idempotency-key");
    let idempotency_key = idempotency_key
        .map(|key| format!("{} {}", reader.credential_id, String::from_utf8_lossy(key.as_bytes())));
    let body = decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await?;
    let is_small = encoding == report::Encoding::Identity && body.len() <= INLINE_MAX_BYTES;
    app.guardrails.runs.follow(app).await;
    let mut taken = Observations::new(app.guardrails.runs.known(), reader, app.clock.now());
    let take = move || -> Result<Observations, ApiError> {
        let text = report::unpack(encoding, &body)?;
        let now_ms = taken.now_ms();
        read(&text, now_ms, &mut |observation| taken.take(observation)).map_err(|error| {
            ApiError::Invalid(vec![Fault { pointer: String::new(), message: error.to_string() }])
        })?;
        taken.check()?;
        Ok(taken)
    };
    let taken = if is_small {
        take()?
    } else {
        let _turn = app.intake.turn().await;
        tokio::task::spawn_blocking(take).await.map_err(ApiError::internal)??
    };
    let (tally, report, events, dropped) = taken.into_parts(idempotency_key);
    app.guardrails.recorder.put(report).await?;
    let mut receipt = put(app, &tally).await?;
    receipt.accepted += events;
    for (reason, count) in dropped {
        app.metrics.record_dropped(reason, count);
        *receipt.dropped.entry(reason).or_default() += count;
    }
    Ok((StatusCode::ACCEPTED, Json(receipt)))
}

async fn put(app: &App, tally: &Tally) -> Result<Receipt, ApiError> {
    let (accepted, dropped) = (tally.accepted(), tally.dropped());
    for (reason, count) in dropped {
        app.metrics.events_dropped(*reason, *count);
    }
    match app.intake.put(tally.counted()).await {
        Ok(()) => {
            tally.remember();
            app.metrics.events_accepted(accepted);
            let dropped = dropped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
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
