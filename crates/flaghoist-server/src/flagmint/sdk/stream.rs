//! `GET /evaluator/v2/flags/stream` and `POST /evaluator/v2/flags/context`

use super::config_sync::{Agreement, ConfigPayloads};
use super::context::Context;
use super::evaluate::decoded_context;
use super::flags::{EvaluatedFlags, are_news};
use super::sessions::Session;
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::datadog::Filters;
use crate::decode::{self, A_UUID, JsonBody, Member, Object};
use crate::flagmint::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use crate::streams::{self, OPEN_OF_KEY_MAX, Place};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use flaghoist_model::Faults;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

/// How often a lease is sent, of configurations that last for a day.
const LEASE_INTERVAL: Duration = Duration::from_hours(1);
/// How long a context waits for a client that does not read its stream.
const UNREAD_MAX: Duration = Duration::from_secs(10);

/// What a stream is asked for. The session is the only credential.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct StreamQuery {
    session_id: Option<String>,
    context: Option<String>,
    full_config: Option<String>,
    since_version: Option<String>,
}

/// Data of the event `flags`.
#[derive(Serialize, ToSchema)]
#[schema(as = FlagmintFlagsEvent)]
pub(crate) struct FlagsEvent {
    /// All flags with their values.
    #[schema(value_type = Object, example = json!({"new-checkout": true}))]
    flags: Value,
    /// The flags whose evaluations are to be reported.
    #[schema(value_type = Object, example = json!({"new-checkout": true}))]
    analytics: Map<String, Value>,
}

/// Flags as server-sent events
///
/// `connected` first, then `flags`, again after every context and every change. With `fullConfig` and a session whose
/// handshake had a public key, signed configurations (`lease`, `fullConfig`, `deltas`) instead. A session that is not
/// taken is told by an event `error`.
#[utoipa::path(
    get,
    path = "/evaluator/v2/flags/stream",
    operation_id = "flagmint_stream",
    tag = "Flagmint SDK",
    params(
        ("sessionId" = String, Query, description = "From a handshake; good for one stream"),
        ("context" = Option<String>, Query, description = "The context as base64 of its JSON"),
        ("fullConfig" = Option<bool>, Query, description = "Signed configurations instead of flags: true for all of it, false for what changed since `sinceVersion`"),
        ("sinceVersion" = Option<i64>, Query, description = "The version that the client has"),
    ),
    security(()),
    responses(
        (status = 200, description = "The events", body = FlagsEvent, content_type = "text/event-stream"),
        FlagmintErrors,
    )
)]
pub(crate) async fn open_stream(
    State(app): State<AppState>,
    Filters(query): Filters<StreamQuery>,
) -> Result<Response, ApiError> {
    let refused = |code: &'static str| {
        let event = event("error", &json!({ "error": code }));
        Ok(streams::answer(futures_util::stream::iter([event])))
    };
    let Some(token) = query.session_id.as_deref().filter(|token| !token.is_empty()) else {
        return refused("session_id_missing");
    };
    let now = app.clock.now();
    let published = app.publisher.published_now();
    let opened = Session::open(token, now, &published).filter(|opened| app.flagmint.use_once(opened, now));
    // A new handshake mends it, whatever is wrong with the session.
    let Some(opened) = opened else { return refused("session_id_missing") };
    let context = match query.context.as_deref().filter(|context| !context.is_empty()) {
        None => Context::empty(),
        Some(context) => match decoded_context(context) {
            Some(context) => context,
            None => return refused("invalid_context"),
        },
    };
    let Some(reader) = SdkKey::of_hash(&app, &published, &opened.secret_hash, now)? else {
        return refused("invalid_api_key");
    };
    let config = opened.agreement.filter(|_| query.full_config.is_some());
    // The keys of clients are known to everybody, and rules name people.
    if config.is_some() && reader.check_server().is_err() {
        return refused("invalid_api_key");
    }
    let place = app.streams.take_place(reader.credential_id.0, OPEN_OF_KEY_MAX)?;
    let since_version = query.since_version.and_then(|text| text.parse().ok());
    let stream = Stream::new(&app, reader, context, config, since_version, place);
    Ok(streams::answer(futures_util::stream::unfold(stream, |mut stream| async {
        let text = stream.next().await?;
        Some((text, stream))
    })))
}

fn event(name: &str, data: &impl Serialize) -> String {
    // What is written here is made of maps with text keys, so this cannot fail.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

struct Stream {
    app: AppState,
    reader: SdkKey,
    id: Uuid,
    context: Context,
    contexts: mpsc::Receiver<Context>,
    /// How configurations are signed, and the version that the client has, in that mode.
    config: Option<(Agreement, i64)>,
    published_anew: watch::Receiver<()>,
    waiting: VecDeque<String>,
    heartbeat_at: Instant,
    /// When a configuration is due to be said anew, so that it does not expire.
    lease_at: Instant,
    _place: Place,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.app.flagmint.close(self.id);
    }
}

impl Stream {
    fn new(
        app: &AppState,
        reader: SdkKey,
        context: Context,
        config: Option<Agreement>,
        since_version: Option<i64>,
        place: Place,
    ) -> Self {
        let id = app.ids.mint();
        let mut published_anew = app.publisher.subscribe();
        // Something may have been published since the reader's key was looked up.
        published_anew.mark_changed();
        let mut stream = Self {
            app: AppState::clone(app),
            contexts: app.flagmint.open(reader.credential_id, id),
            id,
            context,
            config: config.map(|agreement| (agreement, since_version.unwrap_or(-1))),
            published_anew,
            waiting: VecDeque::from([event("connected", &json!({ "connectionId": id }))]),
            heartbeat_at: app.streams.next_heartbeat(),
            lease_at: Instant::now(),
            _place: place,
            reader,
        };
        stream.show_context();
        stream.say_present();
        stream
    }

    /// Lets a sample be taken of the context.
    fn show_context(&self) {
        let now = self.app.clock.now();
        let contexts = &self.app.contexts;
        contexts.take_with(self.reader.environment.id(), now, |take| self.context.show(take));
    }

    /// Has what the reader gets now said.
    fn say_present(&mut self) {
        let now = self.app.clock.now();
        if let Some((agreement, version)) = &mut self.config {
            self.lease_at = Instant::now() + LEASE_INTERVAL;
            let payloads = ConfigPayloads::of(&self.reader, now);
            // Nothing is said of what is not known as it was configured; it will be once it is read again.
            if let Some(said) = payloads.since(*version, agreement) {
                *version = payloads.version();
                self.waiting.extend(said.iter().map(|payload| event(payload.kind(), payload)));
            }
            return;
        }
        let channel = self.reader.environment.channel(self.reader.channel);
        let flags = EvaluatedFlags::of(channel, &self.context, now);
        let reported = channel.flags.iter().filter(|flag| flag.is_reported);
        let analytics: Map<String, Value> =
            reported.map(|flag| (flag.key.to_string(), Value::Bool(true))).collect();
        let said = FlagsEvent { flags: serde_json::to_value(&flags).unwrap_or_default(), analytics };
        self.waiting.push_back(event("flags", &said));
    }

    /// Whether the configuration that the client has is another than the present one.
    fn is_behind(&self) -> bool {
        let present = ConfigPayloads::of(&self.reader, self.app.clock.now()).version();
        self.config.as_ref().is_some_and(|(_, version)| *version != present)
    }

    /// What is to be sent next; none when the stream is over.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(text) = self.waiting.pop_front() {
                self.heartbeat_at = self.app.streams.next_heartbeat();
                return Some(text);
            }
            tokio::select! {
                () = self.app.streams.stopping() => return None,
                context = self.contexts.recv() => {
                    self.context = context?;
                    self.show_context();
                    if self.config.is_none() {
                        self.say_present();
                    }
                }
                changed = self.published_anew.changed() => {
                    changed.ok()?;
                    let present = self.reader.present(&self.app)?;
                    let before = std::mem::replace(&mut self.reader.environment, present);
                    if self.is_behind() || are_news(&before, &self.reader.environment, self.reader.channel) {
                        self.say_present();
                    }
                }
                () = tokio::time::sleep_until(self.heartbeat_at) => {
                    self.reader.present(&self.app)?;
                    self.waiting.push_back(":\n\n".to_owned());
                    if self.config.is_some() && Instant::now() >= self.lease_at {
                        self.say_present();
                    }
                }
            }
        }
    }
}

/// A context for a stream.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintStreamContextIn)]
pub(crate) struct StreamContextIn {
    /// The stream, from its event `connected`.
    #[serde(default, rename = "connectionId")]
    #[schema(rename = "connectionId", value_type = String, required, format = Uuid)]
    connection_id: Member<String>,
    /// The context.
    #[serde(default)]
    #[schema(value_type = Object, required)]
    context: Member<Object<Map<String, Value>>>,
}

/// Give a stream another context
///
/// The flags for it arrive on the stream. 404 when this node has no such stream: shake hands again.
#[utoipa::path(
    post,
    path = "/evaluator/v2/flags/context",
    operation_id = "flagmint_update_context",
    tag = "Flagmint SDK",
    request_body = StreamContextIn,
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 202, description = "The flags will be sent"),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn update_context(
    State(app): State<AppState>,
    reader: SdkKey,
    JsonBody(wanted): JsonBody<StreamContextIn>,
) -> Result<StatusCode, ApiError> {
    let mut faults = Faults::new();
    let id = wanted.connection_id.required("connectionId", A_UUID, &mut faults);
    let context = wanted.context.required("context", "an object", &mut faults);
    let (Some(id), Some(Object(context)), true) = (id, context, faults.is_empty()) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    let unknown = || ApiError::NotFound("Connection not found".to_owned());
    // An id that is none names no connection either.
    let id = decode::id::<flaghoist_model::id::SessionId>(Some(id), "connectionId", &mut Faults::new());
    let id = id.ok_or_else(unknown)?;
    let sender = app.flagmint.sender(reader.credential_id, id.0).ok_or_else(unknown)?;
    let sent = sender.send(Context::of(&Value::Object(context)));
    // A client that does not read its stream does not get the one before either.
    let sent = tokio::time::timeout(UNREAD_MAX, sent).await.map_err(|_| ApiError::Unavailable)?;
    sent.map_err(|_| unknown())?;
    Ok(StatusCode::ACCEPTED)
}
