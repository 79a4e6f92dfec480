//! What a writer owns.

use crate::{Error, Result};
use flaghoist_model::id::ProjectId;

/// The project a writer has taken, and the revision it makes.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    pub(crate) project_id: ProjectId,
    pub(crate) revision: i64,
}

impl Scope {
    /// Refuses rows of another project: they are not there.
    pub(crate) fn owns(self, project_id: ProjectId) -> Result<()> {
        if project_id == self.project_id { Ok(()) } else { Err(Error::NotFound { table: "projects" }) }
    }
}
