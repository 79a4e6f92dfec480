//! An SDK key as it is published.

use flaghoist_model::compile::Channel;
use flaghoist_model::credential::{Credential, CredentialKind};
use flaghoist_model::id::{CredentialId, EnvironmentId};
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Uses that follow one another sooner are one: a mark that every request writes would go from processor to
/// processor all the time.
const RESOLUTION_MICROSECONDS: i64 = 1_000_000;

/// An SDK key as it is published.
#[derive(Clone)]
pub struct PublishedReader {
    /// The key.
    pub credential_id: CredentialId,
    /// The environment it reads.
    pub environment_id: EnvironmentId,
    /// Which flags it sees.
    pub channel: Channel,
    /// From when it is no longer taken.
    pub expires_at: Option<Timestamp>,
    /// When it was last used; the same in all publications.
    pub last_use: Arc<LastUse>,
}

impl PublishedReader {
    /// An SDK key, with the mark of earlier publications if there were any. None for keys of another kind.
    pub(super) fn new(key: &Credential, known: Option<&Arc<LastUse>>) -> Option<Self> {
        let (environment_id, channel) = match key.kind {
            CredentialKind::ServerSdkKey { environment_id } => (environment_id, Channel::Server),
            CredentialKind::ClientSdkKey { environment_id } => (environment_id, Channel::Client),
            CredentialKind::ApiKey | CredentialKind::ApplicationKey { .. } => return None,
        };
        let last_use = known.map_or_else(|| Arc::new(LastUse::new(key.last_used_at)), Arc::clone);
        Some(Self { credential_id: key.id, environment_id, channel, expires_at: key.expires_at, last_use })
    }

    /// An SDK key as it was kept on disk.
    pub(super) fn kept(
        credential_id: CredentialId,
        environment_id: EnvironmentId,
        channel: Channel,
        expires_at: Option<Timestamp>,
    ) -> Self {
        let last_use = Arc::new(LastUse::new(None));
        Self { credential_id, environment_id, channel, expires_at, last_use }
    }

    /// Whether the key is no longer taken.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// When a key was last used, in microseconds since 1970, and up to when that is written down.
pub struct LastUse {
    at: AtomicI64,
    written: AtomicI64,
}

impl LastUse {
    fn new(at: Option<Timestamp>) -> Self {
        let at = at.map_or(i64::MIN, Timestamp::as_microsecond);
        Self { at: AtomicI64::new(at), written: AtomicI64::new(at) }
    }

    /// Marks a use.
    pub fn mark(&self, now: Timestamp) {
        let now = now.as_microsecond();
        if now.saturating_sub(self.at.load(Ordering::Relaxed)) >= RESOLUTION_MICROSECONDS {
            self.at.store(now, Ordering::Relaxed);
        }
    }

    /// The last use, if it is not written down yet.
    pub fn unwritten(&self) -> Option<Timestamp> {
        let at = self.at.load(Ordering::Relaxed);
        (at > self.written.load(Ordering::Relaxed)).then(|| Timestamp::from_microsecond(at).ok()).flatten()
    }

    /// Uses up to `at` are written down.
    pub fn written(&self, at: Timestamp) {
        self.written.store(at.as_microsecond(), Ordering::Relaxed);
    }
}
