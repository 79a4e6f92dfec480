//! Sessions, with which an SDK opens a stream after a handshake, and the streams that are open.
//!
//! A session is a token that names an SDK key, a moment and, for signed configurations, the client's public key. It is
//! signed with the hash of the key's secret: every node can check it and make the same keys of it, none has to keep it.
//! A node takes each session once for a stream.

use super::config_sync::{Agreement, PublicKey};
use super::context::Context;
use crate::access::sdk_key::SdkKey;
use crate::publish::Published;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flaghoist_model::credential::SecretHash;
use flaghoist_model::id::CredentialId;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq;
use tokio::sync::mpsc;
use uuid::Uuid;

/// How long a session is taken, in milliseconds.
const LIFE_MS: i64 = 60_000;
/// What is signed beside the session, so that the signature is good for nothing else.
const PURPOSE: &[u8] = b"flaghoist flagmint session";
/// What server keys are made from beside the session.
const KEY_PURPOSE: &[u8] = b"flaghoist flagmint key";

/// What a handshake agreed on.
pub(super) struct Session {
    id: CredentialId,
    made_at_ms: i64,
    nonce: [u8; 16],
    client_key: Option<PublicKey>,
}

/// What somebody who holds a session may do.
pub(super) struct Opened {
    /// The hash of the secret of the SDK key.
    pub(super) secret_hash: SecretHash,
    /// The keys that sign configurations, where a public key came with the handshake.
    pub(super) agreement: Option<Agreement>,
    nonce: [u8; 16],
}

impl Session {
    /// A new one for an SDK key.
    pub(super) fn new(reader: &SdkKey, client_key: Option<PublicKey>, nonce: [u8; 16]) -> Self {
        Self { id: reader.credential_id, made_at_ms: reader.now.as_millisecond(), nonce, client_key }
    }

    /// The token.
    pub(super) fn token(&self, secret_hash: &SecretHash) -> String {
        let mut token = self.body();
        token.extend(signature(&token, secret_hash, PURPOSE));
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The keys that sign configurations for the client of this session.
    pub(super) fn agreement(&self, secret_hash: &SecretHash) -> Option<Agreement> {
        let server_secret = signature(&self.body(), secret_hash, KEY_PURPOSE);
        self.client_key.map(|client_key| Agreement::new(server_secret, client_key, self.nonce))
    }

    fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(16 + 8 + 16 + 32);
        body.extend(self.id.0.as_bytes());
        body.extend(self.made_at_ms.to_be_bytes());
        body.extend(self.nonce);
        body.extend(self.client_key.iter().flat_map(|key| key.0));
        body
    }

    /// What a token is good for now; none when it is none of ours or too old.
    pub(super) fn open(token: &str, now: Timestamp, published: &Published) -> Option<Opened> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, signed) = bytes.split_last_chunk::<32>()?;
        let (id, rest) = body.split_first_chunk::<16>()?;
        let (made_at_ms, rest) = rest.split_first_chunk::<8>()?;
        let (nonce, rest) = rest.split_first_chunk::<16>()?;
        let client_key = match rest {
            [] => None,
            rest => Some(PublicKey(<[u8; 32]>::try_from(rest).ok()?)),
        };
        let session = Self {
            id: CredentialId(Uuid::from_bytes(*id)),
            made_at_ms: i64::from_be_bytes(*made_at_ms),
            nonce: *nonce,
            client_key,
        };
        let secret_hash = *published.secret_hash(session.id)?;
        let is_signed = bool::from(signature(body, &secret_hash, PURPOSE).ct_eq(signed));
        let age_ms = now.as_millisecond().checked_sub(session.made_at_ms)?;
        if !is_signed || !(-LIFE_MS..=LIFE_MS).contains(&age_ms) {
            return None;
        }
        Some(Opened { secret_hash, agreement: session.agreement(&secret_hash), nonce: session.nonce })
    }
}

fn signature(message: &[u8], secret_hash: &SecretHash, purpose: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(&secret_hash.0);
    let mut mac = mac.expect("HMAC takes keys of any length");
    mac.update(purpose);
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The streams of this dialect that are open on this node, and the sessions that were used.
#[derive(Default)]
pub(crate) struct Connections {
    open: Mutex<HashMap<Uuid, (CredentialId, mpsc::Sender<Context>)>>,
    /// When each session was used, in milliseconds since 1970. Those that are too old anyway are forgotten.
    used: Mutex<HashMap<[u8; 16], i64>>,
}

impl Connections {
    /// Whether a session is used for the first time.
    pub(super) fn use_once(&self, opened: &Opened, now: Timestamp) -> bool {
        let now_ms = now.as_millisecond();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= 1024 && used.len() == used.capacity() {
            used.retain(|_, at_ms| now_ms - *at_ms <= 2 * LIFE_MS);
        }
        used.insert(opened.nonce, now_ms).is_none()
    }

    /// A new stream, which is told of contexts.
    pub(super) fn open(&self, credential_id: CredentialId, id: Uuid) -> mpsc::Receiver<Context> {
        let (sender, receiver) = mpsc::channel(1);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(id, (credential_id, sender));
        receiver
    }

    /// A stream is over.
    pub(super) fn close(&self, id: Uuid) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Who tells the stream of that id of contexts, if it is one of this SDK key.
    pub(super) fn sender(&self, credential_id: CredentialId, id: Uuid) -> Option<mpsc::Sender<Context>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&id).filter(|(owner, _)| *owner == credential_id).map(|(_, sender)| sender.clone())
    }
}

/// Random bytes that make a session.
pub(super) fn nonce() -> Result<[u8; 16], crate::ApiError> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(crate::ApiError::internal)?;
    Ok(nonce)
}
