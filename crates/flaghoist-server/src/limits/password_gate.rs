//! Password hashing is slow and takes much memory on purpose. Here it runs a few at a time, and only so many wait:
//! a flood of log-ins must not starve anybody else.

use crate::ApiError;
use crate::secret::{self, SecretError};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Who may wait for their turn.
const WAITING_MAX: usize = 16;
/// After how many seconds to try again when too many wait.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Hashes and verifies passwords, a few at a time.
pub struct PasswordGate {
    /// Turns: what runs now.
    turns: Arc<Semaphore>,
    /// Places: what runs now, and what waits for a turn.
    places: Arc<Semaphore>,
}

impl Default for PasswordGate {
    /// Half of the processors work on passwords at most.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::new((processors / 2).max(1), WAITING_MAX)
    }
}

impl PasswordGate {
    /// A gate that lets `at_once` work, and `waiting` more wait.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once)), places: Arc::new(Semaphore::new(at_once + waiting)) }
    }

    /// Whether `password` is the one of `hash`. Without a hash, for somebody who is not there or has no password,
    /// it never is, and takes as long to find out.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, ApiError> {
        self.run(move || secret::verify_password(&password, hash.as_deref())).await
    }

    /// What the store keeps of `password`.
    pub async fn hash(&self, password: String) -> Result<String, ApiError> {
        self.run(move || secret::hash_password(&password)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(ApiError::RateLimited {
                name: "passwords",
                retry_after_seconds: RETRY_AFTER_SECONDS,
                standing: None,
            });
        };
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(ApiError::internal)?;
        // The work goes on when the request is given up, so it holds its turn itself.
        let work = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work()
        });
        work.await.map_err(ApiError::internal)?.map_err(ApiError::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[tokio::test]
    async fn work_whose_request_was_given_up_holds_its_turn_until_it_is_done() {
        let gate = PasswordGate::new(1, 1);
        let (finish, finished) = mpsc::channel::<()>();
        let slow = gate.run(move || {
            let _ = finished.recv();
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::from_millis(20), slow).await.is_err(), "given up");
        let next = tokio::time::timeout(Duration::from_millis(20), gate.run(|| Ok(()))).await;
        assert!(next.is_err(), "the turn is taken");
        drop(finish);
        assert_eq!(gate.run(|| Ok(1)).await, Ok(1));
    }
}
