//! What is committed, for those who watch: every change, or how rollouts move.

use super::history::visible;
use crate::ApiError;
use crate::access::authentication::check_still_allowed;
use crate::app::AppState;
use crate::decode::not_found;
use crate::streams::Place;
use flaghoist_model::access::{Principal, Proof};
use flaghoist_store::{ChangeNotice, KeptTransition, Reader, Result as StoreResult};
use std::future::Future;
use std::marker::PhantomData;
use tokio::sync::watch;
use tokio::time::Instant;

/// Most feeds of one key or log-in.
const FEEDS_MAX: usize = 100;
/// Most that is read together.
const READ_AT_ONCE: i64 = 1_000;

/// What a feed tells of, each with the revision that made it.
pub(crate) trait Told: Send + Sized {
    /// The revision that made it.
    fn revision(&self) -> i64;

    /// What was made after a revision that the caller may see, oldest first, at most `limit`.
    fn since(
        reader: &mut dyn Reader,
        principal: &Principal,
        revision: i64,
        limit: i64,
    ) -> impl Future<Output = StoreResult<Vec<Self>>> + Send;
}

impl Told for KeptTransition {
    fn revision(&self) -> i64 {
        self.revision
    }

    async fn since(
        reader: &mut dyn Reader,
        principal: &Principal,
        revision: i64,
        limit: i64,
    ) -> StoreResult<Vec<Self>> {
        reader.transitions_since(principal.project_id, revision, limit).await
    }
}

impl Told for ChangeNotice {
    fn revision(&self) -> i64 {
        self.revision
    }

    async fn since(
        reader: &mut dyn Reader,
        principal: &Principal,
        revision: i64,
        limit: i64,
    ) -> StoreResult<Vec<Self>> {
        reader.change_notices(principal.project_id, &visible(principal), revision, limit).await
    }
}

/// What happens in a project, as it is committed.
pub(crate) struct Feed<T> {
    app: AppState,
    principal: Principal,
    revision: i64,
    /// The published revision at the last look: other projects are published too.
    looked_at: Option<i64>,
    published_anew: watch::Receiver<()>,
    heartbeat_at: Instant,
    _place: Place,
    told: PhantomData<T>,
}

/// What happens in the caller's project after a revision; without one after now.
pub(crate) async fn follow<T: Told>(
    app: &AppState,
    principal: Principal,
    after: Option<i64>,
) -> Result<Feed<T>, ApiError> {
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
    Ok(Feed {
        app: AppState::clone(app),
        revision: after.map_or(present, |after| after.min(present)),
        principal,
        looked_at: None,
        published_anew,
        heartbeat_at: app.streams.next_heartbeat(),
        _place: place,
        told: PhantomData,
    })
}

impl<T: Told> Feed<T> {
    /// The revision up to which everything was told.
    pub(crate) fn revision(&self) -> i64 {
        self.revision
    }

    /// What was made since the last time; nothing when there is only to be shown that the feed lives. `None` when it is
    /// over: the server stops, or the caller may no longer see it.
    pub(crate) async fn next(&mut self) -> Option<Vec<T>> {
        loop {
            let is_alive_only = tokio::select! {
                () = self.app.streams.stopping() => return None,
                changed = self.published_anew.changed() => {
                    changed.ok()?;
                    false
                }
                () = tokio::time::sleep_until(self.heartbeat_at) => true,
            };
            let published = self.published_revision();
            if !is_alive_only && published.is_some() && published == self.looked_at {
                continue;
            }
            let made = match self.read().await {
                Ok(made) => made,
                // What was missed is read when the database is back.
                Err(ApiError::Unavailable | ApiError::TimedOut) => Vec::new(),
                Err(_) => return None,
            };
            if is_alive_only || !made.is_empty() {
                self.heartbeat_at = self.app.streams.next_heartbeat();
                return Some(made);
            }
        }
    }

    fn published_revision(&self) -> Option<i64> {
        let published = self.app.publisher.published();
        let mut revisions = published.revisions();
        revisions.find(|(id, _)| **id == self.principal.project_id).map(|(_, revision)| *revision)
    }

    async fn read(&mut self) -> Result<Vec<T>, ApiError> {
        let published = self.published_revision();
        let mut reader = self.app.store.read().await?;
        check_still_allowed(reader.as_mut(), &self.principal, self.app.clock.now()).await?;
        let mut limit = READ_AT_ONCE;
        let made = loop {
            let mut made = T::since(reader.as_mut(), &self.principal, self.revision, limit).await?;
            let is_full = i64::try_from(made.len()).is_ok_and(|count| count == limit);
            let (first, last) = (made.first().map(T::revision), made.last().map(T::revision));
            if !is_full {
                self.looked_at = published;
                break made;
            }
            // The last revision may be cut: it comes whole the next time, or at once when it is the only one.
            if first != last {
                made.retain(|one| Some(one.revision()) != last);
                self.published_anew.mark_changed();
                break made;
            }
            limit *= 10;
        };
        if let Some(last) = made.last() {
            self.revision = last.revision();
        }
        Ok(made)
    }
}
