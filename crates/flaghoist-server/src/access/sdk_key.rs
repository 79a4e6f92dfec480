//! SDK keys of data-plane requests. Looked up in what is published, so that readers are answered when the
//! database is away.

use crate::ApiError;
use crate::access::management::bearer;
use crate::app::AppState;
use crate::publish::PublishedEnvironment;
use crate::secret;
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, request::Parts};
use flaghoist_model::compile::Channel;
use std::sync::Arc;

/// The reader of a data-plane request: an environment, as of the moment the request arrived, and the channel
/// its key is for.
pub(crate) struct SdkKey {
    /// What is published.
    pub(crate) environment: Arc<PublishedEnvironment>,
    /// Which flags the reader sees.
    pub(crate) channel: Channel,
}

impl FromRequestParts<AppState> for SdkKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let key = presented(&parts.headers)
            .ok_or(ApiError::Unauthenticated("no SDK key; send it as X-API-Key or Authorization: Bearer"))?;
        let published = app.publisher.published();
        let (environment, channel) = published
            .reader(&secret::hash(key))
            .ok_or(ApiError::Unauthenticated("the key is no SDK key of ours"))?;
        Ok(Self { environment, channel })
    }
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    let header = |name: &str| headers.get(name)?.to_str().ok().filter(|text| !text.is_empty());
    header("x-api-key").or_else(|| bearer(headers)).or_else(|| header("dd-api-key"))
}
