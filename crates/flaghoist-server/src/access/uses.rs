//! When keys were last used: remembered in memory, and written down now and then.

use crate::app::App;
use flaghoist_model::id::CredentialId;
use flaghoist_store::Error;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often uses are written down. So much of them is lost in a crash.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long a stop waits for the last ones.
const LAST_WRITE_LIMIT: Duration = Duration::from_secs(2);

/// When keys of management requests were used, until it is written down. A mutex is enough: management requests are
/// few, and each holds it for a map insertion. Those of the data plane have a mark each in what is published.
#[derive(Default)]
pub struct KeyUses(Mutex<HashMap<CredentialId, Timestamp>>);

impl KeyUses {
    fn lock(&self) -> MutexGuard<'_, HashMap<CredentialId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that a key was used.
    pub fn mark(&self, id: CredentialId, at: Timestamp) {
        self.lock().insert(id, at);
    }

    /// Writes down what was remembered since the last time, here and of SDK keys. What cannot be written is
    /// remembered on.
    pub async fn write_down(&self, app: &App) {
        let of_management = std::mem::take(&mut *self.lock());
        let of_sdk_keys: Vec<_> = app
            .publisher
            .published()
            .readers()
            .filter_map(|reader| {
                Some((reader.credential_id, Arc::clone(&reader.last_use), reader.last_use.unwritten()?))
            })
            .collect();
        let mut uses: Vec<_> = of_management.iter().map(|(id, at)| (*id, *at)).collect();
        uses.extend(of_sdk_keys.iter().map(|(id, _, at)| (*id, *at)));
        if uses.is_empty() {
            return;
        }
        match write(app, &uses).await {
            Ok(()) => of_sdk_keys.iter().for_each(|(_, last_use, at)| last_use.written(*at)),
            Err(error) => {
                tracing::warn!(cause = %error, "could not write down when keys were used");
                let mut remembered = self.lock();
                for (id, at) in of_management {
                    remembered.entry(id).or_insert(at);
                }
            }
        }
    }
}

async fn write(app: &App, uses: &[(CredentialId, Timestamp)]) -> Result<(), Error> {
    let mut books = app.store.bookkeep().await?;
    books.mark_used(uses).await?;
    books.commit().await
}

/// Writes down when keys were used, now and then until `stop` is done, and then once more.
pub async fn write_down_uses(app: Arc<App>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(INTERVAL) => app.key_uses.write_down(&app).await,
        }
    }
    if tokio::time::timeout(LAST_WRITE_LIMIT, app.key_uses.write_down(&app)).await.is_err() {
        tracing::warn!("the last uses of keys were not written down: the database takes too long");
    }
}
