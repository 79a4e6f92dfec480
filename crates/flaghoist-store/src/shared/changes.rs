//! What changed in a project: the parts of several aggregates that a follower has to read again.

use super::{Conn, credentials, environments, flag_environments, flags, projects, saved_filters};
use crate::{ProjectChanges, Result};
use flaghoist_model::id::ProjectId;

pub(super) async fn since(
    conn: &mut Conn,
    project_id: ProjectId,
    revision: i64,
) -> Result<Option<ProjectChanges>> {
    let Some(project) = projects::find(conn, project_id).await? else { return Ok(None) };
    Ok(Some(ProjectChanges {
        project,
        environments: environments::all(conn, project_id).await?,
        flags: flags::changed_since(conn, project_id, revision).await?,
        flag_environments: flag_environments::changed_since(conn, project_id, revision).await?,
        saved_filters: saved_filters::all(conn, project_id).await?,
        sdk_keys: credentials::sdk_keys(conn, project_id).await?,
    }))
}
