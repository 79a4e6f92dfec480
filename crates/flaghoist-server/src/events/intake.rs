//! The way into the store of counts: whoever waits is written together.

use super::DropReason;
use flaghoist_store::{CountedEvaluations, Error, EvaluationSeries, EventStore};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, mpsc, oneshot};

/// Most counts that may wait.
const WAITING_MAX: usize = 50_000;
/// Reports are written together until they have so many counts; each has fewer.
const WRITTEN_MAX: usize = 5_000;
/// Large bodies that are read at the same time.
const TURNS: usize = 2;

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
    turns: Semaphore,
}

impl Default for Intake {
    fn default() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(WAITING_MAX));
        Self { room, sender, receiver: Mutex::new(Some(receiver)), turns: Semaphore::new(TURNS) }
    }
}

impl Intake {
    /// Waits until a large body may be read. None never comes: the turns are not closed.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

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
        if let Some(waiting) = self.receiver.recv().await {
            self.taken.push(waiting);
            self.fill_now();
        }
    }

    /// Takes what is there, without waiting, as far as it is written at once. Whether there is anything.
    pub(super) fn fill_now(&mut self) -> bool {
        let mut rows: usize = self.taken.iter().map(|waiting| waiting.counted.len()).sum();
        while rows < WRITTEN_MAX
            && let Ok(waiting) = self.receiver.try_recv()
        {
            rows += waiting.counted.len();
            self.taken.push(waiting);
        }
        !self.taken.is_empty()
    }

    /// Writes what was taken, and tells those who wait. When the store refuses it, each alone: what is wrong with one
    /// report is no matter of the others.
    pub(super) async fn write(&mut self, store: &dyn EventStore) {
        let taken = std::mem::take(&mut self.taken);
        let merged = merge(&taken);
        match store.add_evaluations(&merged).await {
            Ok(()) => {
                for waiting in taken {
                    waiting.tell(true);
                }
            }
            Err(error @ Error::Unavailable(_)) => {
                tracing::warn!(cause = %error, reports = taken.len(), "could not count what readers reported");
                for waiting in taken {
                    waiting.tell(false);
                }
            }
            Err(_) => {
                for waiting in taken {
                    let written = store.add_evaluations(&waiting.counted).await;
                    if let Err(error) = &written {
                        tracing::error!(cause = %error, "could not count what a reader reported");
                    }
                    waiting.tell(written.is_ok());
                }
            }
        }
    }
}

impl Waiting {
    fn tell(self, is_written: bool) {
        // Whoever does not wait any more has gone away.
        let _ = self.written.send(is_written);
        drop(self.room);
    }
}

/// Counts of the same, added up.
fn merge(taken: &[Waiting]) -> Vec<CountedEvaluations> {
    let mut cells: HashMap<(&EvaluationSeries, i64), CountedEvaluations> = HashMap::new();
    for counted in taken.iter().flat_map(|waiting| &waiting.counted) {
        let key = (&counted.series, counted.minute);
        cells.entry(key).and_modify(|cell| add(cell, counted)).or_insert_with(|| counted.clone());
    }
    cells.into_values().collect()
}

fn add(cell: &mut CountedEvaluations, other: &CountedEvaluations) {
    cell.counts.add(other.counts);
    cell.first_at = cell.first_at.min(other.first_at);
    cell.last_at = cell.last_at.max(other.last_at);
}
