//! SDK keys of data-plane requests. Looked up in what is published, so that readers are answered when the
//! database is away.

use crate::ApiError;
use crate::access::authentication::bearer;
use crate::access::stream_token::{key_of_token, stream_token};
use crate::app::AppState;
use crate::limits::ClientAddress;
use crate::publish::{Published, PublishedEnvironment};
use crate::secret;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use flaghoist_model::compile::Channel;
use flaghoist_model::credential::SecretHash;
use flaghoist_model::id::CredentialId;
use jiff::Timestamp;
use std::borrow::Cow;
use std::sync::Arc;

/// The reader of a data-plane request: an environment, as of the moment the request arrived, and the channel
/// its key is for.
pub(crate) struct SdkKey {
    /// What is published.
    pub(crate) environment: Arc<PublishedEnvironment>,
    /// The key.
    pub(crate) credential_id: CredentialId,
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
        let key = presented(parts).ok_or_else(|| {
            stranger("no SDK key; send it as X-API-Key, Authorization: Bearer, or the query parameter key")
        })?;
        let now = app.clock.now();
        let published = app.publisher.published();
        let reader = Self::of_hash(app, &published, &secret::hash(&key), now)?;
        reader.ok_or_else(|| unknown(app, || stranger("the key is no SDK key of ours, or no longer taken")))
    }
}

/// The reader of a stream: known by its key, or by a token in the address.
pub(crate) struct StreamKey(pub(crate) SdkKey);

impl FromRequestParts<AppState> for StreamKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
        let Some((_, token)) = token else {
            return SdkKey::from_request_parts(parts, app).await.map(Self);
        };
        let now = app.clock.now();
        let published = app.publisher.published();
        let reader = match key_of_token(&token, now, |id| published.secret_hash(id)) {
            Some(secret_hash) => SdkKey::of_hash(app, &published, secret_hash, now)?,
            None => None,
        };
        reader.map(Self).ok_or_else(|| {
            unknown(app, || {
                let refusal = ApiError::Unauthenticated(
                    "the token is none of ours, or too old; evaluate again for another",
                );
                app.limits.stranger(None, ClientAddress::of(parts, app), refusal)
            })
        })
    }
}

/// Why a key is not known: while the store cannot be read, it may be new. Some SDKs stop for good when they are told that
/// their key is wrong.
fn unknown(app: &AppState, refusal: impl FnOnce() -> ApiError) -> ApiError {
    if app.publisher.is_current() { refusal() } else { ApiError::Unavailable }
}

impl SdkKey {
    /// The reader whose key has that hash; none when there is none, or its key has expired.
    pub(crate) fn of_hash(
        app: &AppState,
        published: &Published,
        secret_hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Self>, ApiError> {
        let found = published.reader(secret_hash).filter(|(reader, _)| !reader.is_expired(now));
        let Some((reader, environment)) = found else { return Ok(None) };
        app.limits.sdk(reader.credential_id)?;
        reader.last_use.mark(now);
        Ok(Some(Self {
            environment: Arc::clone(environment),
            credential_id: reader.credential_id,
            channel: reader.channel,
            now,
        }))
    }

    /// The environment as it is published now; none when the key no longer reads it.
    pub(crate) fn present(&self, app: &AppState) -> Option<Arc<PublishedEnvironment>> {
        let published = app.publisher.published();
        let (reader, environment) = published.reader(published.secret_hash(self.credential_id)?)?;
        (!reader.is_expired(app.clock.now())).then(|| Arc::clone(environment))
    }

    /// The token with which this reader opens a stream without a header. Empty when the key was revoked this moment.
    pub(crate) fn stream_token(&self, app: &AppState) -> String {
        let published = app.publisher.published();
        let secret_hash = published.secret_hash(self.credential_id);
        secret_hash.map_or_else(String::new, |hash| stream_token(self.credential_id, hash, self.now))
    }

    /// Refuses a reader that says it is in another environment than its key reads. Saying nothing is fine.
    pub(crate) fn check_env(&self, dd_env: Option<&str>) -> Result<(), ApiError> {
        let queries = &self.environment.environment().queries;
        match dd_env.filter(|dd_env| !dd_env.is_empty()) {
            Some(dd_env) if !queries.iter().any(|query| query == dd_env) => Err(ApiError::Refused(format!(
                "the SDK key reads the environment of DD_ENV {}, and dd_env is {dd_env:?}",
                queries.join(", ")
            ))),
            _ => Ok(()),
        }
    }

    /// Refuses the keys of clients.
    pub(crate) fn check_server(&self) -> Result<(), ApiError> {
        if self.channel == Channel::Server {
            return Ok(());
        }
        Err(ApiError::WrongCredential("a client SDK key reads evaluated flags only; use a server SDK key"))
    }
}

/// Where routes have a key in their path, for SDKs that know nothing but one URL.
pub(crate) const KEY_IN_PATH: &str = "/sdk/keys/";

/// Headers first. Some SDKs send none of them to an address that is not their maker's, so the key may stand in the
/// address too.
fn presented(parts: &Parts) -> Option<Cow<'_, str>> {
    let header = |name: &str| parts.headers.get(name)?.to_str().ok().filter(|text| !text.is_empty());
    let in_headers = header("x-api-key")
        .or_else(|| bearer(&parts.headers))
        .or_else(|| header("dd-api-key"))
        .or_else(|| header("dd-client-token"));
    if let Some(key) = in_headers {
        return Some(Cow::Borrowed(key));
    }
    let in_path = parts.uri.path().strip_prefix(KEY_IN_PATH).and_then(|rest| rest.split('/').next());
    if let Some(key) = in_path {
        return Some(Cow::Borrowed(key));
    }
    let query = parts.uri.query()?;
    let forwarded = || {
        let (_, forward) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "ddforward")?;
        let (_, inner) = forward.split_once('?')?;
        in_query(inner).map(|key| Cow::Owned(key.into_owned()))
    };
    in_query(query).or_else(forwarded)
}

fn in_query(query: &str) -> Option<Cow<'_, str>> {
    let names = ["key", "apiKey", "dd-api-key"];
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, value)| names.contains(&&**name) && !value.is_empty()).map(|(_, value)| value)
}
