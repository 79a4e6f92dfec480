//! The way into the store of counts: whoever waits is written together.

use super::DropReason;
use flaghoist_store::{CountedEvaluations, EvaluationSeries, EventStore};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Most counts that may wait.
const WAITING_MAX: usize = 200_000;
/// Most reports that are written at once.
const REPORTS_MAX: usize = 4_096;

struct Waiting {
    counted: Vec<CountedEvaluations>,
    written: oneshot::Sender<bool>,
    room: OwnedSemaphorePermit,
}

/// Where counts wait to be written.
pub(crate) struct Intake {
    room: Arc<Semaphore>,
    sender: mpsc::UnboundedSender<Waiting>,
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Waiting>>>,
}

impl Default for Intake {
    fn default() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(WAITING_MAX));
        Self { room, sender, receiver: Mutex::new(Some(receiver)) }
    }
}

impl Intake {
    /// Writes counts. Returns once they are durable.
    pub(super) async fn put(&self, counted: Vec<CountedEvaluations>) -> Result<(), DropReason> {
        if counted.is_empty() {
            return Ok(());
        }
        let rows = u32::try_from(counted.len()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(rows).map_err(|_| DropReason::QueueFull)?;
        let (written, outcome) = oneshot::channel();
        let waiting = Waiting { counted, written, room };
        self.sender.send(waiting).map_err(|_| DropReason::StoreUnavailable)?;
        match outcome.await {
            Ok(true) => Ok(()),
            _ => Err(DropReason::StoreUnavailable),
        }
    }

    /// What waits, for the one who writes. None when somebody has it.
    pub(super) fn take_queue(&self) -> Option<Queue> {
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        receiver.map(|receiver| Queue { receiver, taken: Vec::new() })
    }
}

/// Counts that wait.
pub(super) struct Queue {
    receiver: mpsc::UnboundedReceiver<Waiting>,
    taken: Vec<Waiting>,
}

impl Queue {
    /// Waits until somebody waits. Nothing is lost when the call is dropped.
    pub(super) async fn fill(&mut self) {
        self.receiver.recv_many(&mut self.taken, REPORTS_MAX).await;
    }

    /// Takes what is there, without waiting. Whether there is anything.
    pub(super) fn fill_now(&mut self) -> bool {
        while let Ok(waiting) = self.receiver.try_recv() {
            self.taken.push(waiting);
        }
        !self.taken.is_empty()
    }

    /// Writes what was taken, and tells those who wait.
    pub(super) async fn write(&mut self, store: &dyn EventStore) {
        let mut cells: HashMap<(EvaluationSeries, i64), CountedEvaluations> = HashMap::new();
        let mut waiters = Vec::with_capacity(self.taken.len());
        for waiting in self.taken.drain(..) {
            for counted in waiting.counted {
                let key = (counted.series.clone(), counted.minute);
                cells.entry(key).and_modify(|cell| merge(cell, &counted)).or_insert(counted);
            }
            waiters.push((waiting.written, waiting.room));
        }
        let counted: Vec<CountedEvaluations> = cells.into_values().collect();
        let written = store.add_evaluations(&counted).await;
        if let Err(error) = &written {
            tracing::warn!(cause = %error, reports = waiters.len(), "could not count what readers reported");
        }
        for (waiter, _room) in waiters {
            // Whoever does not wait any more has gone away.
            let _ = waiter.send(written.is_ok());
        }
    }
}

fn merge(cell: &mut CountedEvaluations, other: &CountedEvaluations) {
    cell.counts.add(other.counts);
    cell.first_at = cell.first_at.min(other.first_at);
    cell.last_at = cell.last_at.max(other.last_at);
}
