//! Where a caller stands with a limit, and how they are told.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::{Arc, OnceLock};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const PERIOD: HeaderName = HeaderName::from_static("x-ratelimit-period");
const NAME: HeaderName = HeaderName::from_static("x-ratelimit-name");

/// Where a caller stands with a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which limit it is.
    pub name: &'static str,
    /// Requests at once, and in each period.
    pub limit: u32,
    /// Requests that would be taken now.
    pub remaining: u32,
    /// Seconds until `limit` requests would be taken, or, when none would, until one is.
    pub reset_seconds: u64,
    /// The period in seconds.
    pub period_seconds: u32,
}

impl Standing {
    /// Says it in headers, by the names Datadog uses.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset_seconds));
        headers.insert(PERIOD, HeaderValue::from(self.period_seconds));
        headers.insert(NAME, HeaderValue::from_static(self.name));
    }
}

/// Where an extractor, which does not see the answer, leaves the standing for the layer, which does.
#[derive(Clone, Default)]
pub(crate) struct StandingSlot(Arc<OnceLock<Standing>>);

impl StandingSlot {
    /// Leaves it. The first one counts.
    pub(crate) fn fill(&self, standing: Standing) {
        let _ = self.0.set(standing);
    }
}

/// Adds the standing of the caller to the answer, whatever it is. Errors of limits have told theirs already.
pub(crate) async fn tell_standing(mut request: Request, next: Next) -> Response {
    let slot = StandingSlot::default();
    request.extensions_mut().insert(slot.clone());
    let mut response = next.run(request).await;
    if let Some(standing) = slot.0.get() {
        standing.write(response.headers_mut());
    }
    response
}
