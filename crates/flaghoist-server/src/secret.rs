//! Secrets and identifiers: where randomness comes from, and how secrets are kept.

use argon2::password_hash::phc;
use flaghoist_model::MintId;
use flaghoist_model::credential::{CredentialKind, SecretHash};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use subtle::ConstantTimeEq;
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

/// Prefix of the secrets of log-ins.
pub const SESSION_PREFIX: &str = "fhs_";
/// Prefix of the secrets that sign webhook deliveries.
pub const WEBHOOK_PREFIX: &str = "fhw_";

/// The prefix of keys of a kind.
pub fn prefix(kind: &CredentialKind) -> &'static str {
    match kind {
        CredentialKind::ApiKey => API_KEY_PREFIX,
        CredentialKind::ApplicationKey { .. } => APPLICATION_KEY_PREFIX,
        CredentialKind::ServerSdkKey { .. } => SERVER_SDK_KEY_PREFIX,
        CredentialKind::ClientSdkKey { .. } => CLIENT_SDK_KEY_PREFIX,
    }
}

/// How many of a secret's last characters are kept, so that people can tell keys apart.
const SECRET_END_CHARS: usize = 4;

/// The end of a secret, safe to show: 16 of 256 bits.
pub fn end(secret: &str) -> String {
    let skipped = secret.chars().count().saturating_sub(SECRET_END_CHARS);
    secret.chars().skip(skipped).collect()
}

/// A secret or a random number could not be made: the operating system gave no randomness, or hashing failed.
#[derive(Debug, thiserror::Error)]
#[error("no secret could be made: {0}")]
pub struct SecretError(String);

/// A new secret: the prefix and 64 hexadecimal digits, 256 bits from the operating system.
pub fn generate(prefix: &str) -> Result<String, SecretError> {
    Ok(format!("{prefix}{}", hex::encode(random_key()?)))
}

/// A new key of a hash: 256 bits from the operating system.
pub fn random_key() -> Result<[u8; 32], SecretError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| SecretError(error.to_string()))?;
    Ok(bytes)
}

/// What the store keeps of a secret. A plain SHA-256 is enough for 256 random bits; nothing can be guessed.
pub fn hash(secret: &str) -> SecretHash {
    SecretHash(Sha256::digest(secret.as_bytes()).into())
}

/// The working memory of password hashing, 19 MiB once it was used. Kept from one hash to the next: given back after
/// each, the allocator scatters it and the process grows by many times as much.
#[derive(Default)]
pub struct PasswordMemory(Vec<argon2::Block>);

impl PasswordMemory {
    fn for_params(&mut self, params: &argon2::Params) -> &mut [argon2::Block] {
        if self.0.len() < params.block_count() {
            self.0.resize(params.block_count(), argon2::Block::default());
        }
        &mut self.0
    }
}

/// What the store keeps of a password: argon2id in PHC form with a random salt. Slow on purpose.
pub fn hash_password(password: &str, memory: &mut PasswordMemory) -> Result<String, SecretError> {
    let wrong = |error: &dyn std::fmt::Display| SecretError(error.to_string());
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| wrong(&error))?;
    let params = argon2::Params::default();
    let mut output = [0; argon2::Params::DEFAULT_OUTPUT_LEN];
    argon2::Argon2::default()
        .hash_password_into_with_memory(password.as_bytes(), &salt, &mut output, memory.for_params(&params))
        .map_err(|error| wrong(&error))?;
    let phc = phc::PasswordHash {
        algorithm: argon2::Algorithm::default().ident(),
        version: Some(argon2::Version::default().into()),
        params: phc::ParamsString::try_from(&params).map_err(|error| wrong(&error))?,
        salt: Some(phc::Salt::new(&salt).map_err(|error| wrong(&error))?),
        hash: Some(phc::Output::new(&output).map_err(|error| wrong(&error))?),
    };
    Ok(phc.to_string())
}

/// Whether `password` is the one of `hash`. Without a hash it never is, and takes as long to find out.
pub fn verify_password(
    password: &str,
    hash: Option<&str>,
    memory: &mut PasswordMemory,
) -> Result<bool, SecretError> {
    let Some(hash) = hash else {
        return hash_password(password, memory).map(|_| false);
    };
    let wrong = |error: &dyn std::fmt::Display| SecretError(error.to_string());
    let phc = phc::PasswordHash::new(hash).map_err(|error| wrong(&error))?;
    let algorithm = argon2::Algorithm::try_from(phc.algorithm.as_str()).map_err(|error| wrong(&error))?;
    let version = phc.version.map_or(Ok(argon2::Version::default()), argon2::Version::try_from);
    let version = version.map_err(|error| wrong(&error))?;
    let params = argon2::Params::try_from(&phc).map_err(|error| wrong(&error))?;
    let (Some(salt), Some(expected)) = (&phc.salt, &phc.hash) else {
        return Err(wrong(&"the stored hash has no salt or no output"));
    };
    let mut output = vec![0; expected.len()];
    argon2::Argon2::new(algorithm, version, params.clone())
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, memory.for_params(&params))
        .map_err(|error| wrong(&error))?;
    Ok(bool::from(output.as_slice().ct_eq(expected.as_ref())))
}

/// Mints version 7 UUIDs that grow: rows made together stand together, in the order they were made.
pub struct TimeOrderedIds {
    clock: Arc<dyn Clock>,
    /// The last prefix given: milliseconds since 1970, and 12 bits that count within one.
    last: AtomicU64,
}

impl TimeOrderedIds {
    /// Ids with the times of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: AtomicU64::new(0) }
    }

    /// The next prefix: that of the time, or the one after the last when the time has not moved on. RFC 9562,
    /// section 6.2, method 1: a counter that overflows borrows from the time.
    fn next_prefix(&self) -> u64 {
        let now = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0) << 12;
        let next = |last: u64| Some((last + 1).max(now));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
        (last + 1).max(now)
    }
}

impl MintId for TimeOrderedIds {
    fn mint(&self) -> Uuid {
        let prefix = self.next_prefix();
        let mut random = [0; 10];
        getrandom::fill(&mut random).expect("a system without randomness cannot run this server safely");
        // The version takes the four high bits of the first byte; the counter is the twelve below.
        let [.., high, low] = (prefix & 0xfff).to_be_bytes();
        random[0] = high;
        random[1] = low;
        uuid::Builder::from_unix_timestamp_millis(prefix >> 12, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
    }

    #[test]
    fn ids_grow_even_when_the_time_does_not() {
        let ids = TimeOrderedIds::new(Arc::new(Stopped));
        let minted: Vec<Uuid> = (0..10_000).map(|_| ids.mint()).collect();
        assert!(minted.is_sorted_by(|earlier, later| earlier < later));
        assert!(minted.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn a_password_is_kept_as_an_argon2id_hash_with_a_salt_of_its_own() {
        let mut memory = PasswordMemory::default();
        let one = hash_password("correct horse", &mut memory).unwrap();
        let two = hash_password("correct horse", &mut memory).unwrap();
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !one.contains("horse"));
        assert_ne!(one, two);
        assert!(verify_password("correct horse", Some(&one), &mut memory).unwrap());
        assert!(!verify_password("wrong horse", Some(&one), &mut memory).unwrap());
        assert!(!verify_password("correct horse", None, &mut memory).unwrap());
        assert!(verify_password("correct horse", Some("no hash"), &mut memory).is_err());
    }

    /// A test vector of the reference implementation (P-H-C/phc-winner-argon2, `src/test.c`).
    #[test]
    fn a_hash_of_other_parameters_that_others_made_is_verified() {
        let theirs = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let mut memory = PasswordMemory::default();
        assert!(verify_password("password", Some(theirs), &mut memory).unwrap());
        assert!(!verify_password("Password", Some(theirs), &mut memory).unwrap());
    }
}
