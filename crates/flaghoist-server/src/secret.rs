//! Secrets and identifiers: where randomness comes from, and how secrets are kept.

use argon2::password_hash::PasswordHasher;
use flaghoist_model::MintId;
use flaghoist_model::credential::SecretHash;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use uuid::Uuid;

use crate::clock::Clock;

/// Prefix of API keys. Prefixes let secret scanners find what should not be in a repository.
pub const API_KEY_PREFIX: &str = "fha_";
/// Prefix of application keys.
pub const APPLICATION_KEY_PREFIX: &str = "fhp_";
/// Prefix of server SDK keys.
pub const SERVER_SDK_KEY_PREFIX: &str = "ff_";
/// Prefix of client SDK keys.
pub const CLIENT_SDK_KEY_PREFIX: &str = "ffc_";

/// A secret or a random number could not be made: the operating system gave no randomness, or hashing failed.
#[derive(Debug, thiserror::Error)]
#[error("no secret could be made: {0}")]
pub struct SecretError(String);

/// A new secret: the prefix and 64 hexadecimal digits, 256 bits from the operating system.
pub fn generate(prefix: &str) -> Result<String, SecretError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| SecretError(error.to_string()))?;
    Ok(format!("{prefix}{}", hex::encode(bytes)))
}

/// What the store keeps of a secret. A plain SHA-256 is enough for 256 random bits; nothing can be guessed.
pub fn hash(secret: &str) -> SecretHash {
    SecretHash(Sha256::digest(secret.as_bytes()).into())
}

/// What the store keeps of a password: argon2id in PHC form with a random salt. Slow on purpose.
pub fn hash_password(password: &str) -> Result<String, SecretError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| SecretError(error.to_string()))?;
    argon2::Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| SecretError(error.to_string()))
}

/// Mints version 7 UUIDs: ordered by time, so that rows made together stand together.
pub struct TimeOrderedIds {
    clock: Arc<dyn Clock>,
}

impl TimeOrderedIds {
    /// Ids with the times of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl MintId for TimeOrderedIds {
    fn mint(&self) -> Uuid {
        let mut random = [0; 10];
        getrandom::fill(&mut random).expect("a system without randomness cannot run this server safely");
        let unix_ms = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid()
    }
}
