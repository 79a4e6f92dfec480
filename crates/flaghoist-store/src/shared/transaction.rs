//! Readers and writers: transactions that know the statements of all aggregates.

use super::dialect::{announce, within};
use super::{
    Db, changes, credentials, environments, failed, flag_environments, flags, history, projects,
    saved_filters, users,
};
use crate::scope::Scope;
use crate::{Error, FlagFilter, FlagPage, ProjectChanges, Reader, Result, Writer};
use async_trait::async_trait;
use flaghoist_model::credential::{Credential, SecretHash, User};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Change, HistoryEntry};
use flaghoist_model::id::{EnvironmentId, FlagId, ProjectId, UserId};
use flaghoist_model::project::Project;
use flaghoist_model::saved_filter::SavedFilter;
use jiff::Timestamp;

/// A [`Reader`]. Dropping it ends the transaction.
pub(super) struct Reading {
    tx: sqlx::Transaction<'static, Db>,
}

impl Reading {
    pub(super) fn new(tx: sqlx::Transaction<'static, Db>) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl Reader for Reading {
    async fn projects(&mut self) -> Result<Vec<Project>> {
        within(projects::all(&mut self.tx)).await
    }

    async fn find_credential(&mut self, secret_hash: &SecretHash) -> Result<Option<Credential>> {
        within(credentials::find(&mut self.tx, secret_hash)).await
    }

    async fn find_user(&mut self, id: UserId) -> Result<Option<User>> {
        within(users::find(&mut self.tx, id)).await
    }

    async fn environments(&mut self, project_id: ProjectId) -> Result<Vec<Environment>> {
        within(environments::all(&mut self.tx, project_id)).await
    }

    async fn flag_page(
        &mut self,
        project_id: ProjectId,
        filter: &FlagFilter,
        limit: i64,
        offset: i64,
    ) -> Result<FlagPage> {
        within(flags::page(&mut self.tx, project_id, filter, limit, offset)).await
    }

    async fn find_flag(&mut self, project_id: ProjectId, id: FlagId) -> Result<Option<Flag>> {
        within(flags::find(&mut self.tx, project_id, id)).await
    }

    async fn flag_environments(&mut self, flag_ids: &[FlagId]) -> Result<Vec<FlagEnvironment>> {
        within(flag_environments::of_flags(&mut self.tx, flag_ids)).await
    }

    async fn saved_filters(&mut self, project_id: ProjectId) -> Result<Vec<SavedFilter>> {
        within(saved_filters::all(&mut self.tx, project_id)).await
    }

    async fn changes_since(
        &mut self,
        project_id: ProjectId,
        revision: i64,
    ) -> Result<Option<ProjectChanges>> {
        within(changes::since(&mut self.tx, project_id, revision)).await
    }

    async fn history(
        &mut self,
        project_id: ProjectId,
        revision: i64,
        limit: i64,
    ) -> Result<Vec<HistoryEntry>> {
        within(history::after(&mut self.tx, project_id, revision, limit)).await
    }
}

/// A [`Writer`]. It has taken its project's row.
pub(super) struct Writing {
    reading: Reading,
    scope: Scope,
    steps: Steps,
}

impl Writing {
    /// Takes the project and its next revision.
    pub(super) async fn begin(mut tx: sqlx::Transaction<'static, Db>, project_id: ProjectId) -> Result<Self> {
        let revision = within(projects::next_revision(&mut tx, project_id))
            .await?
            .ok_or(Error::NotFound { table: "projects" })?;
        Ok(Self::new(tx, Scope { project_id, revision }))
    }

    /// Makes the project, at its first revision.
    pub(super) async fn begin_project(
        mut tx: sqlx::Transaction<'static, Db>,
        project: &Project,
    ) -> Result<Self> {
        let scope = Scope { project_id: project.id, revision: 1 };
        within(projects::insert(&mut tx, project, scope.revision)).await?;
        Ok(Self::new(tx, scope))
    }

    fn new(tx: sqlx::Transaction<'static, Db>, scope: Scope) -> Self {
        Self { reading: Reading::new(tx), scope, steps: Steps::default() }
    }
}

/// Counts writes, so that a transaction of which one failed or was given up half-way is never committed.
/// PostgreSQL refuses that by itself; SQLite would commit the rest.
#[derive(Default)]
struct Steps {
    begun: u64,
    done: u64,
}

impl Steps {
    async fn take(&mut self, write: impl Future<Output = Result<()>> + Send) -> Result<()> {
        self.begun += 1;
        within(write).await?;
        self.done += 1;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.begun == self.done {
            return Ok(());
        }
        let reason = "an earlier write of this transaction failed, so it cannot be committed";
        Err(Error::Statement(sqlx::Error::InvalidArgument(reason.to_owned())))
    }
}

#[async_trait]
impl Reader for Writing {
    async fn projects(&mut self) -> Result<Vec<Project>> {
        self.reading.projects().await
    }

    async fn find_credential(&mut self, secret_hash: &SecretHash) -> Result<Option<Credential>> {
        self.reading.find_credential(secret_hash).await
    }

    async fn find_user(&mut self, id: UserId) -> Result<Option<User>> {
        self.reading.find_user(id).await
    }

    async fn environments(&mut self, project_id: ProjectId) -> Result<Vec<Environment>> {
        self.reading.environments(project_id).await
    }

    async fn flag_page(
        &mut self,
        project_id: ProjectId,
        filter: &FlagFilter,
        limit: i64,
        offset: i64,
    ) -> Result<FlagPage> {
        self.reading.flag_page(project_id, filter, limit, offset).await
    }

    async fn find_flag(&mut self, project_id: ProjectId, id: FlagId) -> Result<Option<Flag>> {
        self.reading.find_flag(project_id, id).await
    }

    async fn flag_environments(&mut self, flag_ids: &[FlagId]) -> Result<Vec<FlagEnvironment>> {
        self.reading.flag_environments(flag_ids).await
    }

    async fn saved_filters(&mut self, project_id: ProjectId) -> Result<Vec<SavedFilter>> {
        self.reading.saved_filters(project_id).await
    }

    async fn changes_since(
        &mut self,
        project_id: ProjectId,
        revision: i64,
    ) -> Result<Option<ProjectChanges>> {
        self.reading.changes_since(project_id, revision).await
    }

    async fn history(
        &mut self,
        project_id: ProjectId,
        revision: i64,
        limit: i64,
    ) -> Result<Vec<HistoryEntry>> {
        self.reading.history(project_id, revision, limit).await
    }
}

#[async_trait]
impl Writer for Writing {
    fn revision(&self) -> i64 {
        self.scope.revision
    }

    async fn insert_environment(&mut self, environment: &Environment) -> Result<()> {
        self.steps.take(environments::insert(&mut self.reading.tx, self.scope, environment)).await
    }

    async fn update_environment(&mut self, environment: &Environment) -> Result<()> {
        self.steps.take(environments::update(&mut self.reading.tx, self.scope, environment)).await
    }

    async fn delete_environment(&mut self, id: EnvironmentId) -> Result<()> {
        self.steps.take(environments::delete(&mut self.reading.tx, self.scope, id)).await
    }

    async fn touch_content(&mut self, ids: &[EnvironmentId], at: Timestamp) -> Result<()> {
        self.steps.take(environments::touch_content(&mut self.reading.tx, self.scope, ids, at)).await
    }

    async fn insert_flag(&mut self, flag: &Flag) -> Result<()> {
        self.steps.take(flags::insert(&mut self.reading.tx, self.scope, flag)).await
    }

    async fn update_flag(&mut self, flag: &Flag) -> Result<()> {
        self.steps.take(flags::update(&mut self.reading.tx, self.scope, flag)).await
    }

    async fn save_flag_environment(&mut self, entry: &FlagEnvironment) -> Result<()> {
        self.steps.take(flag_environments::save(&mut self.reading.tx, self.scope, entry)).await
    }

    async fn insert_saved_filter(&mut self, filter: &SavedFilter) -> Result<()> {
        self.steps.take(saved_filters::insert(&mut self.reading.tx, self.scope, filter)).await
    }

    async fn insert_user(&mut self, user: &User) -> Result<()> {
        self.steps.take(users::insert(&mut self.reading.tx, user)).await
    }

    async fn insert_credential(&mut self, credential: &Credential) -> Result<()> {
        self.steps.take(credentials::insert(&mut self.reading.tx, self.scope, credential)).await
    }

    async fn commit(mut self: Box<Self>, change: Change) -> Result<HistoryEntry> {
        self.steps.check()?;
        let Scope { project_id, revision } = self.scope;
        self.steps.take(history::insert(&mut self.reading.tx, self.scope, &change)).await?;
        self.steps.take(announce(&mut self.reading.tx, project_id, revision)).await?;
        within(async { self.reading.tx.commit().await.map_err(failed) }).await?;
        Ok(HistoryEntry { project_id, revision, change })
    }
}
