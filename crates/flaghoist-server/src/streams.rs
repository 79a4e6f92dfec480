//! Streams: readers that want to be told of changes instead of asking for them, as server-sent events.
//!
//! A stream carries notices, never values: what changed is read as always. It waits for the publisher's word, compares
//! the revision of its environment with the one it told of last, and ends when its key is revoked or the server stops.

use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::publish::{PublishedEnvironment, changed};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flaghoist_model::compile::Channel;
use flaghoist_model::id::CredentialId;
use futures_util::StreamExt as _;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

/// After how long without an event a stream shows that it lives, so that nothing on the way closes it.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Most streams that are open at once.
const OPEN_MAX: usize = 100_000;
/// Most of them with one key, so that no key takes the places of all others.
pub(crate) const OPEN_OF_KEY_MAX: usize = 50_000;
/// After how many seconds a reader that found no place may try again.
const RETRY_SECONDS: u64 = 10;
/// A reader that connects so soon after a change may have asked for its flags before the change.
const RECENT_SECONDS: i64 = 60;

/// The streams of a server.
pub struct Streams {
    places: Arc<Semaphore>,
    of_owners: Arc<Mutex<HashMap<Uuid, usize>>>,
    stopping: CancellationToken,
    heartbeat: Duration,
}

impl Streams {
    /// No streams yet. They end when `stopping` is cancelled.
    pub fn new(stopping: CancellationToken) -> Self {
        Self {
            places: Arc::new(Semaphore::new(OPEN_MAX)),
            of_owners: Arc::default(),
            stopping,
            heartbeat: HEARTBEAT,
        }
    }

    /// The same, where a quiet stream shows that it lives so often.
    #[must_use]
    pub fn with_heartbeat(self, heartbeat: Duration) -> Self {
        Self { heartbeat, ..self }
    }

    /// How many are open.
    pub fn open_count(&self) -> usize {
        OPEN_MAX - self.places.available_permits()
    }

    /// A place for a stream of whoever has the id `owner`, who has at most `most` of them.
    pub(crate) fn take_place(&self, owner: Uuid, most: usize) -> Result<Place, ApiError> {
        let full =
            || ApiError::RateLimited { name: "streams", retry_after_seconds: RETRY_SECONDS, standing: None };
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| full())?;
        let mut of_owners = self.of_owners.lock().unwrap_or_else(PoisonError::into_inner);
        let of_owner = of_owners.entry(owner).or_default();
        if *of_owner >= most {
            return Err(full());
        }
        *of_owner += 1;
        Ok(Place { owner, of_owners: Arc::clone(&self.of_owners), _permit: permit })
    }

    /// Waits until the server stops.
    pub(crate) async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// When a stream that has just said something is to show next that it lives.
    pub(crate) fn next_heartbeat(&self) -> Instant {
        Instant::now() + self.heartbeat
    }
}

/// A place among the open streams, given back when it is dropped.
pub(crate) struct Place {
    owner: Uuid,
    of_owners: Arc<Mutex<HashMap<Uuid, usize>>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of_owners = self.of_owners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_owner) = of_owners.get_mut(&self.owner) {
            *of_owner -= 1;
            if *of_owner == 0 {
                of_owners.remove(&self.owner);
            }
        }
    }
}

/// One event of a stream (`text/event-stream`).
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what event() writes")]
pub(crate) struct StreamEvent {
    /// The revision it tells of; give the last one as `Last-Event-ID` when connecting again.
    #[schema(example = "7")]
    id: String,
    /// Always `message`.
    #[schema(example = "message")]
    event: String,
    /// JSON.
    #[schema(example = r#"{"type":"refetchEvaluation"}"#)]
    data: String,
}

/// What changed in an environment for the readers of a channel.
pub(crate) struct News<'a> {
    /// The environment as it is now.
    pub(crate) environment: &'a PublishedEnvironment,
    /// As it was when the reader was last told; none when that is not known, because the reader was away.
    before: Option<&'a PublishedEnvironment>,
    channel: Channel,
}

impl<'a> News<'a> {
    /// Keys of the flags that changed for the readers of the channel, if that is known. Mostly the reader knew of the
    /// publication before, and what changed since is known already: thousands of streams ask.
    pub(crate) fn changed(&self) -> Option<Cow<'a, BTreeSet<Arc<str>>>> {
        let before = self.before?;
        let now = self.environment.channel(self.channel);
        Some(match &now.changes {
            Some(changes) if changes.since == before.environment().content_revision => {
                Cow::Borrowed(&changes.keys)
            }
            _ => Cow::Owned(changed(&before.channel(self.channel).flags, &now.flags)),
        })
    }
}

/// Writes the data of an event.
pub(crate) type Tell = fn(&News<'_>) -> serde_json::Value;

struct Stream {
    app: AppState,
    credential_id: CredentialId,
    channel: Channel,
    /// What the reader knows of.
    seen: Arc<PublishedEnvironment>,
    published_anew: watch::Receiver<()>,
    /// What is said first.
    greeting: Option<String>,
    tell: Tell,
    /// When it is to be shown that the stream lives.
    heartbeat_at: Instant,
    _place: Place,
}

/// The answer that is a stream of changes of the reader's environment. A `Last-Event-ID` of before the present is
/// answered by an event at once: one, whatever was missed.
pub(crate) fn open(
    app: &AppState,
    reader: SdkKey,
    headers: &HeaderMap,
    tell: Tell,
) -> Result<Response, ApiError> {
    let place = app.streams.take_place(reader.credential_id.0, OPEN_OF_KEY_MAX)?;
    let mut published_anew = app.publisher.subscribe();
    // Something may have been published since the reader's key was looked up.
    published_anew.mark_changed();
    let present = reader.environment.environment();
    let missed = match last_event_id(headers) {
        Some(id) => id != present.content_revision.to_string(),
        None => reader.now.as_second() - present.content_at.as_second() < RECENT_SECONDS,
    };
    // Something makes proxies pass the head of the answer on. An id without data is no event, and what the reader gives
    // as the last one when it comes again.
    let mut greeting = format!("id: {}\n\n", present.content_revision);
    if missed {
        greeting +=
            &event(&News { environment: &reader.environment, before: None, channel: reader.channel }, tell);
    }
    let stream = Stream {
        app: Arc::clone(app),
        credential_id: reader.credential_id,
        channel: reader.channel,
        seen: reader.environment,
        published_anew,
        greeting: Some(greeting),
        tell,
        heartbeat_at: app.streams.next_heartbeat(),
        _place: place,
    };
    Ok(answer(futures_util::stream::unfold(stream, |mut stream| async {
        let text = stream.next().await?;
        stream.heartbeat_at = stream.app.streams.next_heartbeat();
        Some((text, stream))
    })))
}

/// The id of the last event that a client has, which it gives when it comes again.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("last-event-id")?.to_str().ok().map(str::trim)
}

/// The answer that is a stream of these texts.
pub(crate) fn answer(texts: impl futures_util::Stream<Item = String> + Send + 'static) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    let body = Body::from_stream(texts.map(|text| Ok::<_, Infallible>(Bytes::from(text))));
    (headers, body).into_response()
}

impl Stream {
    /// What is to be sent next; none when the stream is over.
    async fn next(&mut self) -> Option<String> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            let is_alive_only = tokio::select! {
                () = self.app.streams.stopping() => return None,
                changed = self.published_anew.changed() => {
                    changed.ok()?;
                    false
                }
                () = tokio::time::sleep_until(self.heartbeat_at) => true,
            };
            let present = self.present()?;
            let before = std::mem::replace(&mut self.seen, present);
            // An environment published anew may be the same for the readers of this channel.
            let revision = |environment: &PublishedEnvironment| environment.channel(self.channel).revision;
            if revision(&before) != revision(&self.seen) {
                let news = News { environment: &self.seen, before: Some(&before), channel: self.channel };
                return Some(event(&news, self.tell));
            }
            if is_alive_only {
                return Some(":\n\n".to_owned());
            }
        }
    }

    /// The environment as it is published now; none when the key no longer reads it.
    fn present(&self) -> Option<Arc<PublishedEnvironment>> {
        let published = self.app.publisher.published();
        let (reader, environment) = published.reader(published.secret_hash(self.credential_id)?)?;
        (!reader.is_expired(self.app.clock.now())).then(|| Arc::clone(environment))
    }
}

fn event(news: &News<'_>, tell: Tell) -> String {
    let id = news.environment.environment().content_revision;
    format!("event: message\nid: {id}\ndata: {}\n\n", tell(news))
}
