//! How rollouts move, for those who watch.

use crate::ApiError;
use crate::access::authentication::check_still_allowed;
use crate::app::AppState;
use crate::decode::not_found;
use crate::streams::Place;
use flaghoist_model::access::{Principal, Proof};
use flaghoist_store::KeptTransition;
use tokio::sync::watch;
use tokio::time::Instant;

/// Most feeds of one key or log-in.
const FEEDS_MAX: usize = 100;
/// Most transitions that are read together.
const READ_AT_ONCE: i64 = 1_000;

/// The transitions of a project as they are made.
pub(crate) struct TransitionFeed {
    app: AppState,
    principal: Principal,
    revision: i64,
    published_anew: watch::Receiver<()>,
    heartbeat_at: Instant,
    _place: Place,
}

/// The transitions of the caller's project after a revision; without one after now.
pub(crate) async fn follow_transitions(
    app: &AppState,
    principal: Principal,
    after: Option<i64>,
) -> Result<TransitionFeed, ApiError> {
    let owner = match principal.proof {
        Proof::ApplicationKey(id) => id.0,
        Proof::Session(id) => id.0,
    };
    let place = app.streams.take_place(owner, FEEDS_MAX)?;
    let mut published_anew = app.publisher.subscribe();
    // Something may have happened since the revision that is looked up now.
    published_anew.mark_changed();
    let project = app.store.read().await?.find_project(principal.project_id).await?;
    let present = project.ok_or_else(|| not_found("project", principal.project_id))?.revision;
    Ok(TransitionFeed {
        app: AppState::clone(app),
        revision: after.map_or(present, |after| after.min(present)),
        principal,
        published_anew,
        heartbeat_at: app.streams.next_heartbeat(),
        _place: place,
    })
}

impl TransitionFeed {
    /// The revision up to which everything was told.
    pub(crate) fn revision(&self) -> i64 {
        self.revision
    }

    /// What was made since the last time; nothing when there is only to be shown that the feed lives. `None` when it is
    /// over: the server stops, or the caller may no longer see it.
    pub(crate) async fn next(&mut self) -> Option<Vec<KeptTransition>> {
        loop {
            let is_alive_only = tokio::select! {
                () = self.app.streams.stopping() => return None,
                changed = self.published_anew.changed() => {
                    changed.ok()?;
                    false
                }
                () = tokio::time::sleep_until(self.heartbeat_at) => true,
            };
            let made = match self.read().await {
                Ok(made) => made,
                // What was missed is read when the database is back.
                Err(ApiError::Unavailable) => Vec::new(),
                Err(_) => return None,
            };
            if is_alive_only || !made.is_empty() {
                self.heartbeat_at = self.app.streams.next_heartbeat();
                return Some(made);
            }
        }
    }

    async fn read(&mut self) -> Result<Vec<KeptTransition>, ApiError> {
        let mut reader = self.app.store.read().await?;
        check_still_allowed(reader.as_mut(), &self.principal, self.app.clock.now()).await?;
        let mut made =
            reader.transitions_since(self.principal.project_id, self.revision, READ_AT_ONCE).await?;
        let is_full = i64::try_from(made.len()).is_ok_and(|count| count == READ_AT_ONCE);
        let first = made.first().map(|kept| kept.revision);
        if let Some(last) =
            made.last().map(|kept| kept.revision).filter(|last| is_full && Some(*last) != first)
        {
            // The last revision may be cut; it comes whole the next time.
            made.retain(|kept| kept.revision != last);
            self.published_anew.mark_changed();
        }
        if let Some(last) = made.last() {
            self.revision = last.revision;
        }
        Ok(made)
    }
}
