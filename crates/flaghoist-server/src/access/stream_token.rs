//! Tokens in the addresses of streams: browsers open streams without headers, and a key is nothing for an address that
//! is kept and shown.
//!
//! A token names an SDK key and a day, and is signed with the hash of the key's secret: every node can check it, none
//! has to keep it, and it ends with the key. It is taken on its day and the next. All of a day are the same, so that an
//! answer that holds one keeps its entity tag.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flaghoist_model::credential::SecretHash;
use flaghoist_model::id::CredentialId;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

const DAY_SECONDS: i64 = 24 * 3_600;
/// What is signed beside key and day, so that the signature is good for nothing else.
const PURPOSE: &[u8] = b"flaghoist stream";

/// The token of an SDK key for today.
pub(crate) fn stream_token(id: CredentialId, secret_hash: &SecretHash, now: Timestamp) -> String {
    let day = now.as_second().div_euclid(DAY_SECONDS);
    let mut token = Vec::with_capacity(16 + 8 + 32);
    token.extend(id.0.as_bytes());
    token.extend(day.to_be_bytes());
    token.extend(signature(id, day, secret_hash));
    URL_SAFE_NO_PAD.encode(token)
}

/// The SDK key that a token names, if it is signed by it and taken now.
pub(crate) fn key_of_token<'a>(
    token: &str,
    now: Timestamp,
    secret_hash: impl FnOnce(CredentialId) -> Option<&'a SecretHash>,
) -> Option<&'a SecretHash> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, rest) = bytes.split_first_chunk::<16>()?;
    let (day, signed) = rest.split_first_chunk::<8>()?;
    let (id, day) = (CredentialId(Uuid::from_bytes(*id)), i64::from_be_bytes(*day));
    let secret_hash = secret_hash(id)?;
    let is_signed = bool::from(signature(id, day, secret_hash).ct_eq(signed));
    let age_days = now.as_second().div_euclid(DAY_SECONDS).checked_sub(day)?;
    (is_signed && (0..=1).contains(&age_days)).then_some(secret_hash)
}

fn signature(id: CredentialId, day: i64, secret_hash: &SecretHash) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(&secret_hash.0);
    let mut mac = mac.expect("HMAC takes keys of any length");
    mac.update(PURPOSE);
    mac.update(id.0.as_bytes());
    mac.update(&day.to_be_bytes());
    mac.finalize().into_bytes().into()
}
