//! Commands: the changes that dialects ask for.
//!
//! Each loads the aggregate under the project's lock, applies a pure function of the model, and commits change,
//! history entry and revision in one transaction. When it returns, readers of this node see the change.

mod environments;
mod flag_environments;
mod flags;
mod sdk_keys;

pub(crate) use environments::{create_environment, delete_environment, update_environment};
pub(crate) use flag_environments::{EntryChange, change_flag_environment};
pub(crate) use flags::{
    FirstAllocation, FlagChange, FlagView, change_flag, create_flag, view_flag, view_flags,
};
pub(crate) use sdk_keys::create_sdk_key;

use crate::ApiError;
use crate::app::App;
use flaghoist_model::access::{Actor, Principal};
use flaghoist_model::compile::compile_flag;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Action, Change};
use flaghoist_model::id::{EnvironmentId, FlagId, HistoryId, SavedFilterId};
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_store::Writer;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// An open change of one project.
struct Edit<'a> {
    app: &'a App,
    principal: &'a Principal,
    now: Timestamp,
    writer: Box<dyn Writer>,
}

/// What the history says of a change beside who and when.
struct Record<'a, T> {
    action: Action,
    flag_id: Option<FlagId>,
    environment_id: Option<EnvironmentId>,
    before: Option<&'a T>,
    after: Option<&'a T>,
}

impl<'a> Edit<'a> {
    async fn begin(app: &'a App, principal: &'a Principal) -> Result<Self, ApiError> {
        let writer = app.store.begin(principal.project_id).await?;
        // Read after the lock is held: times of changes follow the order of their revisions.
        let now = app.clock.now();
        Ok(Self { app, principal, now, writer })
    }

    async fn saved_filters(&mut self) -> Result<BTreeMap<SavedFilterId, SavedFilter>, ApiError> {
        let filters = self.writer.saved_filters(self.principal.project_id).await?;
        Ok(filters.into_iter().map(|filter| (filter.id, filter)).collect())
    }

    /// Commits and publishes.
    async fn commit<T: Serialize>(self, record: Record<'_, T>) -> Result<(), ApiError> {
        let json = |aggregate: Option<&T>| aggregate.map(serde_json::to_value).transpose();
        let change = Change {
            id: HistoryId::mint(self.app.ids.as_ref()),
            actor: Actor::from(self.principal),
            action: record.action,
            flag_id: record.flag_id,
            environment_id: record.environment_id,
            before: json(record.before).map_err(ApiError::internal)?,
            after: json(record.after).map_err(ApiError::internal)?,
            reason: None,
            at: self.now,
        };
        self.writer.commit(change).await?;
        // The change is made whatever happens now; readers catch up with the follower if this fails.
        if let Err(error) = self.app.publisher.refresh().await {
            tracing::warn!(cause = %error, "a committed change is not published yet");
        }
        Ok(())
    }
}

/// Whether readers get the same of a flag in an environment before and after.
fn serves_the_same(
    before: (&Flag, &FlagEnvironment),
    after: (&Flag, &FlagEnvironment),
    saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
) -> bool {
    before.0.distribution_channel == after.0.distribution_channel
        && compile_flag(before.0, before.1, saved_filters) == compile_flag(after.0, after.1, saved_filters)
}
