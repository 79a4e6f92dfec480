//! Secrets that were valid lately, so that their bearers are let through while others at the same address are not,
//! and are counted before the database is asked. Hashes only; validity itself is asked of the database every time.

use flaghoist_model::credential::SecretHash;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Secrets in each of the two generations. When the younger is full it becomes the older, which is forgotten: what is
/// used stays, and the memory is bounded.
const GENERATION_MAX: usize = 8_192;

/// The buckets of secrets that were valid lately.
#[derive(Default)]
pub(super) struct KnownSecrets(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    younger: HashMap<SecretHash, u128>,
    older: HashMap<SecretHash, u128>,
}

impl KnownSecrets {
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bucket of whoever brought this secret lately.
    pub(super) fn bucket(&self, secret: &SecretHash) -> Option<u128> {
        let generations = self.lock();
        generations.younger.get(secret).or_else(|| generations.older.get(secret)).copied()
    }

    /// The secret is valid.
    pub(super) fn remember(&self, secret: SecretHash, bucket: u128) {
        let mut generations = self.lock();
        if generations.younger.get(&secret) == Some(&bucket) {
            return;
        }
        if generations.younger.len() >= GENERATION_MAX {
            generations.older = std::mem::take(&mut generations.younger);
        }
        generations.younger.insert(secret, bucket);
    }

    /// The secret is not valid, or no longer.
    pub(super) fn forget(&self, secret: &SecretHash) {
        let mut generations = self.lock();
        generations.younger.remove(secret);
        generations.older.remove(secret);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(number: usize) -> SecretHash {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        SecretHash(bytes)
    }

    #[test]
    fn a_secret_in_use_stays_known_however_many_others_come() {
        let known = KnownSecrets::default();
        for number in 1..GENERATION_MAX * 5 {
            known.remember(secret(0), 7);
            known.remember(secret(number), 8);
            assert_eq!(known.bucket(&secret(0)), Some(7));
        }
        assert_eq!(known.bucket(&secret(1)), None);
        known.forget(&secret(0));
        assert_eq!(known.bucket(&secret(0)), None);
    }
}
