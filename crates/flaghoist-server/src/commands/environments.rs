//! Changes of environments.

use super::approvals::{check_is_last, last_history_id};
use super::{Edit, Record};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::Faults;
use flaghoist_model::access::{Permission, Principal};
use flaghoist_model::environment::{Environment, EnvironmentDraft};
use flaghoist_model::history::{Action, Aggregate};
use flaghoist_model::id::{EnvironmentId, HistoryId};
use flaghoist_model::{Fault, Rejection};
use flaghoist_store::Writer;

/// That a change of an environment takes back an earlier one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Revert {
    /// The history entry that it takes back.
    pub(crate) of: HistoryId,
    /// Whether what was changed later may be undone with it.
    pub(crate) discard_later: bool,
}

/// Makes an environment.
pub(crate) async fn create_environment(
    app: &App,
    principal: &Principal,
    draft: EnvironmentDraft,
    faults: Faults,
) -> Result<Environment, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let environment = Environment::create(draft, principal.project_id, edit.now, app.ids.as_ref(), faults)?;
    edit.writer.insert_environment(&environment).await?;
    let record = Record {
        environment_id: Some(environment.id),
        after: Some(&environment),
        ..Record::of(Action::EnvironmentCreated)
    };
    edit.commit(record).await?;
    Ok(environment)
}

/// Changes members of an environment.
///
/// What must be unique and is taken is a fault of the request here (decision 5), not a conflict.
pub(crate) async fn update_environment(
    app: &App,
    principal: &Principal,
    id: EnvironmentId,
    draft: EnvironmentDraft,
    faults: Faults,
    revert: Option<Revert>,
) -> Result<Environment, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let before = load(edit.writer.as_mut(), principal, id).await?;
    let reverts = revert.map(|revert| revert.of);
    if let Some(Revert { of, discard_later: false }) = revert {
        let last = last_history_id(
            edit.writer.as_mut(),
            principal.project_id,
            Aggregate::Environment,
            None,
            Some(id),
        );
        check_is_last(of, last.await?)?;
    }
    let after = before.update(draft, edit.now, faults)?;
    check_protection(principal, &before, Some(&after))?;
    let saved = edit.writer.update_environment(&after).await.map_err(ApiError::from);
    saved.map_err(|error| if reverts.is_some() { error } else { taken_is_invalid(error) })?;
    let record = Record {
        environment_id: Some(id),
        before: Some(&before),
        after: Some(&after),
        reverts,
        ..Record::of(Action::EnvironmentUpdated)
    };
    edit.commit(record).await?;
    Ok(after)
}

/// Removes an environment, with everything flags have in it and its SDK keys.
pub(crate) async fn delete_environment(
    app: &App,
    principal: &Principal,
    id: EnvironmentId,
) -> Result<(), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let before = load(edit.writer.as_mut(), principal, id).await?;
    check_protection(principal, &before, None)?;
    edit.writer.delete_environment(id).await?;
    let record =
        Record { environment_id: Some(id), before: Some(&before), ..Record::of(Action::EnvironmentDeleted) };
    edit.commit(record).await?;
    Ok(())
}

/// Weakening the protection of an environment is a way around approvals, so it needs the same permission.
fn check_protection(
    principal: &Principal,
    before: &Environment,
    after: Option<&Environment>,
) -> Result<(), ApiError> {
    let override_it = Permission::FeatureFlagApprovalsOverride;
    if before.is_weakened_by(after) && !principal.may(override_it) {
        return Err(ApiError::Forbidden(override_it));
    }
    Ok(())
}

async fn load(
    writer: &mut dyn Writer,
    principal: &Principal,
    id: EnvironmentId,
) -> Result<Environment, ApiError> {
    let environments = writer.environments(principal.project_id).await?;
    environments
        .into_iter()
        .find(|environment| environment.id == id)
        .ok_or_else(|| not_found("environment", id))
}

/// Turns "this is taken" into a fault of the request: updates document no 409.
pub(super) fn taken_is_invalid(error: ApiError) -> ApiError {
    match error {
        ApiError::Conflict(Fault { pointer, message }) if !pointer.is_empty() => {
            Rejection::invalid(pointer, message).into()
        }
        other => other,
    }
}
