//! Storage of the domain: SQLite embedded, PostgreSQL when one machine is not enough.
//!
//! # Shape
//!
//! [`Store::read`] opens a [`Reader`], [`Store::begin`] a [`Writer`]. Both are transactions: a reader sees one
//! moment, a writer owns its project until it commits or is dropped (which undoes everything).
//!
//! A writer takes the project's row first and with it the project's next revision. So changes of one project
//! happen one after another, revisions have no gaps, and whatever a writer reads is current until it commits.
//! The only way to commit is [`Writer::commit`], which wants the history entry: a change without one cannot
//! exist. Updates still name the revision they were made from, so a lost update is an error and not a surprise.
//!
//! # Layout
//!
//! `shared/` holds every statement once; `sqlite/` and `postgres/` include it, each with its own type aliases,
//! and add the few statements that differ in `dialect.rs`. Migrations have the same numbers on both engines.
//!
//! Aggregates are stored whole. What is searched, ordered or must be unique is a column; the rest is one JSON
//! document. Nested things with ids of their own have index rows.
//!
//! Moments that are columns have microseconds; whoever wants to read back what was stored stores no finer ones.

#![expect(
    clippy::duplicate_mod,
    reason = "each engine compiles the statements in `shared/` with its own types"
)]

mod document;
mod error;
mod migrations;
mod postgres;
mod scope;
mod sqlite;

pub use error::{Constraint, Error};
pub use postgres::{PostgresStore, SchemaState};
pub use sqlite::SqliteStore;

use async_trait::async_trait;
use flaghoist_model::credential::{Credential, SecretHash, User};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Change, HistoryEntry};
use flaghoist_model::id::{EnvironmentId, FlagId, ProjectId, UserId};
use flaghoist_model::project::Project;
use flaghoist_model::saved_filter::SavedFilter;

/// What a store call gives.
pub type Result<T> = std::result::Result<T, Error>;

/// A database. Cheap to share behind an `Arc`.
#[async_trait]
pub trait Store: Send + Sync {
    /// Opens a transaction that only reads and sees one moment.
    async fn read(&self) -> Result<Box<dyn Reader>>;

    /// Opens a transaction that changes `project_id`. Waits for other writers of that project.
    ///
    /// [`Error::NotFound`] when there is no such project.
    async fn begin(&self, project_id: ProjectId) -> Result<Box<dyn Writer>>;

    /// Opens a transaction that makes a new project (its revision is set to 1 by the commit).
    async fn begin_project(&self, project: &Project) -> Result<Box<dyn Writer>>;

    /// Waits until some project may have a new revision, or `timeout` is over. SQLite, which has one process,
    /// simply waits; PostgreSQL listens.
    async fn changed(&self, timeout: std::time::Duration);

    /// The version of the engine, for people.
    async fn engine(&self) -> Result<String>;
}

/// Which flags a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlagFilter {
    /// Part of the key, case-insensitively.
    pub key: Option<String>,
    /// Only archived ones, or only others.
    pub is_archived: Option<bool>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct FlagPage {
    /// The flags of this page, newest first.
    pub flags: Vec<Flag>,
    /// How many flags the filter lets through.
    pub filtered_count: i64,
    /// How many flags the project has.
    pub total_count: i64,
}

/// What changed in a project after some revision.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectChanges {
    /// The project as it is, with its present revision.
    pub project: Project,
    /// All environments: the ones that are missing were deleted.
    pub environments: Vec<Environment>,
    /// Flags changed since.
    pub flags: Vec<Flag>,
    /// Flags in environments changed since.
    pub flag_environments: Vec<FlagEnvironment>,
    /// All saved filters.
    pub saved_filters: Vec<SavedFilter>,
    /// All SDK keys.
    pub sdk_keys: Vec<Credential>,
}

/// A transaction that reads. Looking for something that is not there gives `None`, never an error; ids of
/// another project are not there.
#[async_trait]
pub trait Reader: Send {
    /// All projects, oldest first.
    async fn projects(&mut self) -> Result<Vec<Project>>;

    /// The key with that secret.
    async fn find_credential(&mut self, secret_hash: &SecretHash) -> Result<Option<Credential>>;

    /// The user.
    async fn find_user(&mut self, id: UserId) -> Result<Option<User>>;

    /// All environments of a project, oldest first.
    async fn environments(&mut self, project_id: ProjectId) -> Result<Vec<Environment>>;

    /// The flags of a project that a filter lets through, newest first, `limit` of them after `offset`.
    async fn flag_page(
        &mut self,
        project_id: ProjectId,
        filter: &FlagFilter,
        limit: i64,
        offset: i64,
    ) -> Result<FlagPage>;

    /// The flag.
    async fn find_flag(&mut self, project_id: ProjectId, id: FlagId) -> Result<Option<Flag>>;

    /// What the flags serve where anything was changed; environments without a row are as at the start.
    async fn flag_environments(&mut self, flag_ids: &[FlagId]) -> Result<Vec<FlagEnvironment>>;

    /// All saved filters of a project.
    async fn saved_filters(&mut self, project_id: ProjectId) -> Result<Vec<SavedFilter>>;

    /// What changed after `revision`; 0 gives everything. `None` when there is no such project.
    async fn changes_since(&mut self, project_id: ProjectId, revision: i64)
    -> Result<Option<ProjectChanges>>;

    /// History entries of a project after `revision`, oldest first, at most `limit`.
    async fn history(
        &mut self,
        project_id: ProjectId,
        revision: i64,
        limit: i64,
    ) -> Result<Vec<HistoryEntry>>;
}

/// A transaction that changes one project. Dropping it undoes everything.
///
/// Every write stamps the row with [`Writer::revision`]. Uniqueness is the database's:
/// [`Error::Duplicate`] names the [`Constraint`]. After an error the transaction is good for nothing but
/// being dropped.
#[async_trait]
pub trait Writer: Reader {
    /// The revision that this transaction makes.
    fn revision(&self) -> i64;

    /// Adds an environment with its queries.
    async fn insert_environment(&mut self, environment: &Environment) -> Result<()>;

    /// Replaces an environment that still has the revision it carries, and its queries.
    /// Its content revision and moment are left alone.
    async fn update_environment(&mut self, environment: &Environment) -> Result<()>;

    /// Removes an environment with everything flags have in it, and its SDK keys.
    async fn delete_environment(&mut self, id: EnvironmentId) -> Result<()>;

    /// Says that what readers of these environments get has changed at `at`.
    async fn touch_content(&mut self, ids: &[EnvironmentId], at: jiff::Timestamp) -> Result<()>;

    /// Adds a flag with the index rows of its variants.
    async fn insert_flag(&mut self, flag: &Flag) -> Result<()>;

    /// Replaces a flag that still has the revision it carries, and the index rows of its variants.
    async fn update_flag(&mut self, flag: &Flag) -> Result<()>;

    /// Adds what a flag serves in an environment (revision 0), or replaces what still has the revision it
    /// carries; with the index rows of its allocations and schedules.
    async fn save_flag_environment(&mut self, entry: &FlagEnvironment) -> Result<()>;

    /// Adds a saved filter.
    async fn insert_saved_filter(&mut self, filter: &SavedFilter) -> Result<()>;

    /// Adds a user.
    async fn insert_user(&mut self, user: &User) -> Result<()>;

    /// Adds a key.
    async fn insert_credential(&mut self, credential: &Credential) -> Result<()>;

    /// Writes the history entry and makes everything durable. Gives the committed entry.
    async fn commit(self: Box<Self>, change: Change) -> Result<HistoryEntry>;
}
