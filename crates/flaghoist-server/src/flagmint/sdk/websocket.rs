//! `GET /ws/sdk`: all flags over a WebSocket, for a context and after every change.

use super::context::Context;
use super::evaluate::header_context;
use super::flags::{EvaluatedFlags, are_news};
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::flagmint::FlagmintErrors;
use crate::publish::PublishedEnvironment;
use crate::streams::{OPEN_OF_KEY_MAX, Place};
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Longest message of a client in bytes.
const MESSAGE_MAX_BYTES: usize = 1024 * 1024;
/// Close code for a key that is not taken: SDKs do not try again.
const KEY_REFUSED: u16 = 4001;
/// Close code for who asks too often (RFC 6455: policy violation): SDKs do not try again.
const ASKED_TOO_OFTEN: u16 = 1008;
/// Close code of a server that stops: SDKs try again.
const GOING_AWAY: u16 = 1001;
/// After how long the flags for a context of the header are sent once more: a client may only now have begun to wait.
const SECOND_SENDING: Duration = Duration::from_millis(200);
/// How often a client is asked whether it lives.
const PING_INTERVAL: Duration = Duration::from_secs(25);
/// How many of these a client may leave unanswered by anything at all.
const UNANSWERED_PINGS_MAX: u32 = 3;

/// How long a message waits for a client that does not read.
const UNREAD_MAX: Duration = Duration::from_secs(30);
/// Memory for what a client sends, of which there is little; the default would be 128 KiB for each.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// What a client sends.
#[derive(Deserialize)]
struct FromClient {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    context: Value,
}

/// What a client is sent.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum ToClient<'a> {
    Flags { flags: &'a EvaluatedFlags<'a> },
    Ping,
    Pong,
}

/// All flags over a WebSocket
///
/// The flags are sent at once, after every `context` of the client, and after every change; each time all of them. A key
/// that is not taken is told by close code 4001, not by a refusal of the upgrade.
#[utoipa::path(
    get,
    path = "/ws/sdk",
    operation_id = "flagmint_web_socket",
    tag = "Flagmint SDK",
    params(
        ("apiKey" = Option<String>, Query, description = "The SDK key, where no header carries it"),
        ("x-flagmint-context" = Option<String>, Header, description = "A context as base64 of its JSON"),
    ),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses((status = 101, description = "A WebSocket"), FlagmintErrors)
)]
pub(crate) async fn open_web_socket(
    State(app): State<AppState>,
    reader: Result<SdkKey, ApiError>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let upgrade = upgrade
        .max_message_size(MESSAGE_MAX_BYTES)
        .max_frame_size(MESSAGE_MAX_BYTES)
        .read_buffer_size(READ_BUFFER_BYTES);
    let context = header_context(&headers);
    upgrade.on_upgrade(move |socket| async move {
        let place = |reader: &SdkKey| app.streams.take_place(reader.credential_id.0, OPEN_OF_KEY_MAX);
        match reader.and_then(|reader| Ok((place(&reader)?, reader))) {
            Ok((place, reader)) => Connection::new(app, reader, context, place).run(socket).await,
            Err(error) => refuse(socket, &error).await,
        }
    })
}

/// Says why there is nothing here, in the way that SDKs understand.
async fn refuse(socket: WebSocket, error: &ApiError) {
    let (code, reason) = match error {
        ApiError::RateLimited { retry_after_seconds, .. } => {
            (ASKED_TOO_OFTEN, format!("rate limit: try again after {retry_after_seconds} s"))
        }
        ApiError::Unauthenticated(_) | ApiError::WrongCredential(_) => {
            (KEY_REFUSED, "invalid API key".to_owned())
        }
        // What may pass is no reason to give up for good.
        _ => (GOING_AWAY, "the server cannot tell now whether the key is taken".to_owned()),
    };
    close(socket, code, reason).await;
}

async fn close(mut socket: WebSocket, code: u16, reason: String) {
    let frame = CloseFrame { code, reason: Utf8Bytes::from(reason) };
    // Who is gone already does not hear it, nor does who does not read.
    let _ = tokio::time::timeout(UNREAD_MAX, socket.send(Message::Close(Some(frame)))).await;
}

struct Connection {
    app: AppState,
    reader: SdkKey,
    context: Context,
    /// When the flags are sent once more, whatever happens.
    again_at: Option<Instant>,
    published_anew: watch::Receiver<()>,
    unanswered: u32,
    _place: Place,
}

/// How a connection ends.
enum End {
    /// The client is gone.
    Gone,
    /// It is told to go.
    Told(u16, &'static str),
}

impl Connection {
    fn new(app: AppState, reader: SdkKey, context: Option<Context>, place: Place) -> Self {
        let again_at = context.as_ref().map(|_| Instant::now() + SECOND_SENDING);
        let mut published_anew = app.publisher.subscribe();
        // Something may have been published since the reader's key was looked up.
        published_anew.mark_changed();
        let context = context.unwrap_or_else(Context::empty);
        let connection =
            Self { app, reader, context, again_at, published_anew, unanswered: 0, _place: place };
        connection.show_context();
        connection
    }

    /// Lets a sample be taken of the context.
    fn show_context(&self) {
        let now = self.app.clock.now();
        let contexts = &self.app.contexts;
        contexts.take_with(self.reader.environment.id(), now, |take| self.context.show(take));
    }

    async fn run(mut self, mut socket: WebSocket) {
        let end = self.serve(&mut socket).await;
        if let End::Told(code, reason) = end {
            close(socket, code, reason.to_owned()).await;
        }
    }

    async fn serve(&mut self, socket: &mut WebSocket) -> End {
        if !self.send_flags(socket).await {
            return End::Gone;
        }
        let mut ping_at = Instant::now() + PING_INTERVAL;
        loop {
            let again = async {
                match self.again_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let is_sent = tokio::select! {
                () = self.app.streams.stopping() => return End::Told(GOING_AWAY, "the server stops"),
                message = socket.recv() => match message {
                    Some(Ok(message)) => match self.take(socket, message).await {
                        Ok(is_there) => is_there,
                        Err(end) => return end,
                    },
                    Some(Err(_)) | None => false,
                },
                changed = self.published_anew.changed() => {
                    if changed.is_err() {
                        return End::Gone;
                    }
                    let Some(present) = self.present() else {
                        return End::Told(KEY_REFUSED, "the API key is no longer taken");
                    };
                    let before = std::mem::replace(&mut self.reader.environment, present);
                    let is_news = are_news(&before, &self.reader.environment, self.reader.channel);
                    !is_news || self.send_flags(socket).await
                }
                () = again => {
                    self.again_at = None;
                    self.send_flags(socket).await
                }
                () = tokio::time::sleep_until(ping_at) => {
                    ping_at = Instant::now() + PING_INTERVAL;
                    self.unanswered += 1;
                    // A key may expire without anything being published.
                    if self.present().is_none() {
                        return End::Told(KEY_REFUSED, "the API key is no longer taken");
                    }
                    self.unanswered <= UNANSWERED_PINGS_MAX && send(socket, &ToClient::Ping).await
                }
            };
            if !is_sent {
                return End::Gone;
            }
        }
    }

    /// Does what a message asks for. What is no message of the protocol is passed over. Whether the client is there.
    async fn take(&mut self, socket: &mut WebSocket, message: Message) -> Result<bool, End> {
        self.unanswered = 0;
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Ok(false),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => return Ok(true),
        };
        let Ok(message) = serde_json::from_str::<FromClient>(&text) else { return Ok(true) };
        let is_there = match message.kind.as_str() {
            "context" => {
                // Each is an evaluation of everything, as `POST /evaluator/evaluate` is.
                if self.app.limits.sdk(self.reader.credential_id).is_err() {
                    return Err(End::Told(ASKED_TOO_OFTEN, "rate limit: too many contexts"));
                }
                self.context = Context::of(&message.context);
                self.show_context();
                self.send_flags(socket).await
            }
            "ping" => send(socket, &ToClient::Pong).await,
            _ => true,
        };
        Ok(is_there)
    }

    async fn send_flags(&self, socket: &mut WebSocket) -> bool {
        let channel = self.reader.environment.channel(self.reader.channel);
        let flags = EvaluatedFlags::of(channel, &self.context, self.app.clock.now());
        send(socket, &ToClient::Flags { flags: &flags }).await
    }

    /// The environment as it is published now; none when the key no longer reads it.
    fn present(&self) -> Option<Arc<PublishedEnvironment>> {
        self.reader.present(&self.app)
    }
}

/// Whether it was sent.
async fn send(socket: &mut WebSocket, message: &ToClient<'_>) -> bool {
    match serde_json::to_string(message) {
        Ok(text) => {
            let sent = socket.send(Message::Text(Utf8Bytes::from(text)));
            matches!(tokio::time::timeout(UNREAD_MAX, sent).await, Ok(Ok(())))
        }
        Err(error) => {
            tracing::error!(cause = %error, "flags could not be written down");
            false
        }
    }
}
