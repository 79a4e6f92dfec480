//! Password hashing is slow and takes much memory on purpose. Here it runs a few at a time, and only so many wait:
//! a flood of log-ins must not starve anybody else.

use crate::ApiError;
use crate::secret::{self, PasswordMemory, SecretError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, oneshot};

/// Who may wait for their turn.
const WAITING_MAX: usize = 16;
/// Most that work at once: each keeps 19 MiB, and hashes some thirty passwords a second.
const AT_ONCE_MAX: usize = 4;
/// After how many seconds to try again when too many wait.
const RETRY_AFTER_SECONDS: u64 = 1;

type Work = Box<dyn FnOnce(&mut PasswordMemory) + Send>;

/// Hashes and verifies passwords, a few at a time.
///
/// On threads of its own, each of which has its working memory.
pub struct PasswordGate {
    /// Places: what runs now, and what waits for its turn.
    places: Arc<Semaphore>,
    work: Mutex<Sender<Work>>,
}

impl Default for PasswordGate {
    /// Half of the processors work on passwords, four at most.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::new((processors / 2).clamp(1, AT_ONCE_MAX), WAITING_MAX)
    }
}

impl PasswordGate {
    /// A gate that lets `at_once` work, and `waiting` more wait.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        let (work, waiting_work) = channel::<Work>();
        let waiting_work = Arc::new(Mutex::new(waiting_work));
        for _ in 0..at_once {
            let waiting_work = Arc::clone(&waiting_work);
            let thread = std::thread::Builder::new().name("passwords".to_owned());
            thread
                .spawn(move || take_turns(&waiting_work))
                .expect("the system has a thread left at the start");
        }
        Self { places: Arc::new(Semaphore::new(at_once + waiting)), work: Mutex::new(work) }
    }

    /// Whether `password` is the one of `hash`. Without a hash, for somebody who is not there or has no password,
    /// it never is, and takes as long to find out.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, ApiError> {
        self.run(move |memory| secret::verify_password(&password, hash.as_deref(), memory)).await
    }

    /// What the store keeps of `password`.
    pub async fn hash(&self, password: String) -> Result<String, ApiError> {
        self.run(move |memory| secret::hash_password(&password, memory)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut PasswordMemory) -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(ApiError::RateLimited {
                name: "passwords",
                retry_after_seconds: RETRY_AFTER_SECONDS,
                standing: None,
            });
        };
        let (answer, answered) = oneshot::channel();
        // Work that has begun goes on when its request is given up, so it holds its place itself.
        let work: Work = Box::new(move |memory| {
            let _held = place;
            // Nobody waits for what was given up before its turn.
            if !answer.is_closed() {
                let _ = answer.send(work(memory));
            }
        });
        let sent = self.work.lock().unwrap_or_else(PoisonError::into_inner).send(work);
        sent.map_err(ApiError::internal)?;
        answered.await.map_err(ApiError::internal)?.map_err(ApiError::internal)
    }
}

/// Does what waits, one after another, until the gate is gone.
fn take_turns(waiting: &Mutex<Receiver<Work>>) {
    let mut memory = PasswordMemory::default();
    loop {
        // Whoever waits for work holds the lock; the others wait for the lock, which is as good.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        // A panic has been logged, and whoever waits for the answer gets an error; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(|| work(&mut memory)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[tokio::test]
    async fn work_whose_request_was_given_up_holds_its_turn_until_it_is_done() {
        let gate = PasswordGate::new(1, 2);
        let (finish, finished) = mpsc::channel::<()>();
        let slow = gate.run(move |_| {
            let _ = finished.recv();
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::from_millis(20), slow).await.is_err(), "given up");
        let next = tokio::time::timeout(Duration::from_millis(20), gate.run(|_| Ok(()))).await;
        assert!(next.is_err(), "the turn is taken");
        drop(finish);
        assert_eq!(gate.run(|_| Ok(1)).await, Ok(1));
    }

    #[tokio::test]
    async fn a_panic_costs_its_own_answer_and_no_other() {
        let gate = PasswordGate::new(1, 1);
        let panicking =
            gate.run(|_| -> Result<(), SecretError> { std::panic::resume_unwind(Box::new("on purpose")) });
        assert_eq!(panicking.await, Err(ApiError::Internal));
        assert_eq!(gate.run(|_| Ok(1)).await, Ok(1));
    }
}
