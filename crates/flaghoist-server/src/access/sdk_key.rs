//! SDK keys of data-plane requests. Looked up in what is published, so that readers are answered when the
//! database is away.

use crate::ApiError;
use crate::access::authentication::bearer;
use crate::app::AppState;
use crate::limits::ClientAddress;
use crate::publish::PublishedEnvironment;
use crate::secret;
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, request::Parts};
use flaghoist_model::compile::Channel;
use jiff::Timestamp;
use std::sync::Arc;

/// The reader of a data-plane request: an environment, as of the moment the request arrived, and the channel
/// its key is for.
pub(crate) struct SdkKey {
    /// What is published.
    pub(crate) environment: Arc<PublishedEnvironment>,
    /// Which flags the reader sees.
    pub(crate) channel: Channel,
    /// That moment.
    pub(crate) now: Timestamp,
}

impl FromRequestParts<AppState> for SdkKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let stranger = |refusal| {
            let refusal = ApiError::Unauthenticated(refusal);
            app.limits.stranger(None, ClientAddress::of(parts, app), refusal)
        };
        let key = presented(&parts.headers)
            .ok_or_else(|| stranger("no SDK key; send it as X-API-Key or Authorization: Bearer"))?;
        let now = app.clock.now();
        let published = app.publisher.published();
        let (reader, environment) = published
            .reader(&secret::hash(key))
            .filter(|(reader, _)| !reader.is_expired(now))
            .ok_or_else(|| stranger("the key is no SDK key of ours, or no longer taken"))?;
        app.limits.sdk(reader.credential_id)?;
        reader.last_use.mark(now);
        Ok(Self { environment: Arc::clone(environment), channel: reader.channel, now })
    }
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    let header = |name: &str| headers.get(name)?.to_str().ok().filter(|text| !text.is_empty());
    header("x-api-key").or_else(|| bearer(headers)).or_else(|| header("dd-api-key"))
}
