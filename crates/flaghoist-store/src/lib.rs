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
mod events;
mod evidence;
mod migrations;
mod postgres;
mod queries;
mod scope;
mod sqlite;

pub use error::{Constraint, Error};
pub use events::{
    CountedEvaluations, EvaluationBucket, EvaluationCounts, EvaluationSeries, EvaluationTotal, EventStore,
};
pub use evidence::{EvidencePoint, EvidenceWriter, RunKey, StoredCell, StoredSubject};
pub use postgres::{PostgresEvents, PostgresStore, SchemaState};
pub use queries::{
    ChangeNotice, DueSchedule, FlagFilter, FlagListFilter, FlagOrder, FlagPage, FlagPlace, FoundFlags,
    GuardedRun, HistoryFilter, KeptTransition, OpenSuggestion, ProjectChanges, RolloutFilter, SavedFilterUse,
    SchedulePlace, StalenessFilter, SuggestionFilter, TagCount,
};
pub use sqlite::{SqliteEvents, SqliteStore};

use async_trait::async_trait;
use flaghoist_model::access::{CustomRole, RestrictionPolicy};
use flaghoist_model::context_attribute::ContextAttribute;
use flaghoist_model::credential::{Credential, SecretHash};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::guard::Guarding;
use flaghoist_model::history::{Aggregate, Change, HistoryEntry};
use flaghoist_model::id::{
    ContextAttributeId, CredentialId, EnvironmentId, FlagId, HistoryId, ProjectId, RoleId, SavedFilterId,
    ScheduleId, SessionId, SuggestionId, TeamId, UserId, WebhookId,
};
use flaghoist_model::metric::Metric;
use flaghoist_model::project::Project;
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::suggestion::Suggestion;
use flaghoist_model::user::{Membership, Session, Team, User};
use flaghoist_model::webhook::{Delivery, Webhook};
use jiff::Timestamp;
use std::sync::Arc;

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

    /// Opens a transaction for what is no change of a project: log-ins, marks of use, deliveries of webhooks. It
    /// takes no project and makes no revision.
    async fn bookkeep(&self) -> Result<Box<dyn Bookkeeper>>;

    /// Waits until some project may have a new revision, or `timeout` is over. SQLite, which has one process,
    /// simply waits; PostgreSQL listens.
    async fn changed(&self, timeout: std::time::Duration);

    /// The version of the engine, for people.
    async fn engine(&self) -> Result<String>;
}

/// A transaction that reads. Looking for something that is not there gives `None`, never an error; ids of
/// another project are not there.
#[async_trait]
pub trait Reader: Send {
    /// All projects, oldest first.
    async fn projects(&mut self) -> Result<Vec<Project>>;

    /// The key with that secret.
    async fn find_credential(&mut self, secret_hash: &SecretHash) -> Result<Option<Credential>>;

    /// The key of that id.
    async fn credential(&mut self, project_id: ProjectId, id: CredentialId) -> Result<Option<Credential>>;

    /// The project.
    async fn find_project(&mut self, id: ProjectId) -> Result<Option<Project>>;

    /// All keys of a project, oldest first.
    async fn credentials(&mut self, project_id: ProjectId) -> Result<Vec<Credential>>;

    /// The user.
    async fn find_user(&mut self, id: UserId) -> Result<Option<User>>;

    /// The user with that e-mail, which is in lower case.
    async fn find_user_by_email(&mut self, email: &str) -> Result<Option<User>>;

    /// The users with these ids; unknown ones are left out.
    async fn users(&mut self, ids: &[UserId]) -> Result<Vec<User>>;

    /// The members of a project, oldest membership first.
    async fn members(&mut self, project_id: ProjectId) -> Result<Vec<(User, Membership)>>;

    /// The projects a user belongs to, oldest membership first.
    async fn memberships(&mut self, user_id: UserId) -> Result<Vec<Membership>>;

    /// The log-in with that secret, also when it is over.
    async fn find_session(&mut self, secret_hash: &SecretHash) -> Result<Option<Session>>;

    /// The log-in of that id, also when it is over.
    async fn session(&mut self, id: SessionId) -> Result<Option<Session>>;

    /// The custom roles of a project, by name.
    async fn roles(&mut self, project_id: ProjectId) -> Result<Vec<CustomRole>>;

    /// The teams of a project, by handle.
    async fn teams(&mut self, project_id: ProjectId) -> Result<Vec<Team>>;

    /// Who may change the flag, if it was said.
    async fn restriction_policy(&mut self, flag_id: FlagId) -> Result<Option<RestrictionPolicy>>;

    /// Who may change flags of a project, where it was said.
    async fn restriction_policies(&mut self, project_id: ProjectId) -> Result<Vec<RestrictionPolicy>>;

    /// Where the allocation with that key is.
    async fn allocation_place(
        &mut self,
        project_id: ProjectId,
        key: &str,
    ) -> Result<Option<(FlagId, EnvironmentId)>>;

    /// Schedules of all projects that move by themselves at or before `now`, those due longest first; those after the
    /// moment and id of `after`, at most `limit`.
    async fn due_schedules(
        &mut self,
        now: Timestamp,
        after: Option<(Timestamp, ScheduleId)>,
        limit: i64,
    ) -> Result<Vec<DueSchedule>>;

    /// When the next schedule moves by itself after `now`.
    async fn next_due_schedule(&mut self, now: Timestamp) -> Result<Option<Timestamp>>;

    /// Where the schedule is.
    async fn schedule_place(
        &mut self,
        project_id: ProjectId,
        id: ScheduleId,
    ) -> Result<Option<SchedulePlace>>;

    /// The rollouts of a project that a filter lets through, at most `limit`.
    async fn rollouts(
        &mut self,
        project_id: ProjectId,
        filter: &RolloutFilter,
        limit: i64,
    ) -> Result<Vec<SchedulePlace>>;

    /// The transitions of a schedule, the last first, at most `limit`.
    async fn transitions(
        &mut self,
        project_id: ProjectId,
        id: ScheduleId,
        limit: i64,
    ) -> Result<Vec<KeptTransition>>;

    /// The last transition of each schedule that has made one.
    async fn last_transitions(&mut self, ids: &[ScheduleId]) -> Result<Vec<KeptTransition>>;

    /// The transitions of a project after `revision`, oldest first, at most `limit`.
    async fn transitions_since(
        &mut self,
        project_id: ProjectId,
        revision: i64,
        limit: i64,
    ) -> Result<Vec<KeptTransition>>;

    /// Guarded runs of all projects that are on, or ended after `since`.
    async fn guarded_runs(&mut self, since: Timestamp) -> Result<Vec<GuardedRun>>;

    /// The guarded runs of a schedule, the last first, at most `limit`.
    async fn guarded_runs_of(
        &mut self,
        project_id: ProjectId,
        id: ScheduleId,
        limit: i64,
    ) -> Result<Vec<GuardedRun>>;

    /// The open suggestions of flags, oldest first.
    async fn open_suggestions(&mut self, flag_ids: &[FlagId]) -> Result<Vec<OpenSuggestion>>;

    /// The suggestion.
    async fn find_suggestion(
        &mut self,
        project_id: ProjectId,
        id: SuggestionId,
    ) -> Result<Option<Suggestion>>;

    /// The suggestions of a project that a filter lets through, the last changed first, at most `limit`.
    async fn suggestions(
        &mut self,
        project_id: ProjectId,
        filter: &SuggestionFilter,
        limit: i64,
    ) -> Result<Vec<Suggestion>>;

    /// The webhooks of a project, oldest first.
    async fn webhooks(&mut self, project_id: ProjectId) -> Result<Vec<Webhook>>;

    /// The last deliveries of a webhook, newest first, at most `limit`.
    async fn deliveries(
        &mut self,
        project_id: ProjectId,
        webhook_id: WebhookId,
        limit: i64,
    ) -> Result<Vec<Delivery>>;

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

    /// The flags of a project that a filter lets through in an order, `limit` of them after a place in it.
    async fn found_flags(
        &mut self,
        project_id: ProjectId,
        filter: &FlagListFilter,
        order: FlagOrder,
        after: Option<&FlagPlace>,
        limit: i64,
    ) -> Result<FoundFlags>;

    /// The tags that flags of a project have, by name.
    async fn flag_tags(&mut self, project_id: ProjectId) -> Result<Vec<TagCount>>;

    /// The flag.
    async fn find_flag(&mut self, project_id: ProjectId, id: FlagId) -> Result<Option<Flag>>;

    /// What the flags serve where anything was changed, with what guards of their rollouts are made of; environments without a
    /// row are as at the start.
    async fn flag_environments(&mut self, flag_ids: &[FlagId]) -> Result<Vec<FlagEnvironment>>;

    /// What guards of a project's rollouts are made of.
    async fn guarding(&mut self, project_id: ProjectId) -> Result<Arc<Guarding>>;

    /// All saved filters of a project.
    async fn saved_filters(&mut self, project_id: ProjectId) -> Result<Vec<SavedFilter>>;

    /// Where a saved filter is used.
    async fn saved_filter_uses(
        &mut self,
        project_id: ProjectId,
        id: SavedFilterId,
    ) -> Result<Vec<SavedFilterUse>>;

    /// What was said of context attributes in a project, by key.
    async fn context_attributes(&mut self, project_id: ProjectId) -> Result<Vec<ContextAttribute>>;

    /// The metrics of a project, oldest first.
    async fn metrics(&mut self, project_id: ProjectId) -> Result<Vec<Metric>>;

    /// The metric of that id, which people chose.
    async fn find_metric(&mut self, project_id: ProjectId, id: &str) -> Result<Option<Metric>>;

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

    /// Which history entries about `aggregates` a project has after `revision`, oldest first, at most `limit`.
    async fn change_notices(
        &mut self,
        project_id: ProjectId,
        aggregates: &[Aggregate],
        revision: i64,
        limit: i64,
    ) -> Result<Vec<ChangeNotice>>;

    /// History entries of a project that a filter lets through, newest first, at most `limit`.
    async fn history_page(
        &mut self,
        project_id: ProjectId,
        filter: &HistoryFilter,
        limit: i64,
    ) -> Result<Vec<HistoryEntry>>;

    /// The history entry.
    async fn find_history(&mut self, project_id: ProjectId, id: HistoryId) -> Result<Option<HistoryEntry>>;

    /// The revision a project had at a moment; 0 when it was not there yet.
    async fn revision_at(&mut self, project_id: ProjectId, at: Timestamp) -> Result<i64>;

    /// What flags were, and what they served in an environment, at a revision: for every flag the last entry of
    /// aggregate `Flag` and the last of `FlagEnvironment` in that environment up to it, in the order
    /// of revisions; only those of `flag_id` when it is given.
    async fn states_at(
        &mut self,
        project_id: ProjectId,
        environment_id: EnvironmentId,
        revision: i64,
        flag_id: Option<FlagId>,
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
    /// carries; with the index rows of its allocations and schedules, its transitions and guarded runs. A schedule that somebody
    /// moved since the entry was read is [`Error::Conflict`].
    async fn save_flag_environment(&mut self, entry: &FlagEnvironment) -> Result<()>;

    /// Adds a saved filter.
    async fn insert_saved_filter(&mut self, filter: &SavedFilter) -> Result<()>;

    /// Replaces a saved filter that still has the revision it carries.
    async fn update_saved_filter(&mut self, filter: &SavedFilter) -> Result<()>;

    /// Removes a saved filter. The caller has made sure that nothing uses it.
    async fn delete_saved_filter(&mut self, id: SavedFilterId) -> Result<()>;

    /// Changes the name and description of this project.
    async fn update_project(&mut self, project: &Project) -> Result<()>;

    /// Adds or replaces what is known of a context attribute.
    async fn save_context_attribute(&mut self, attribute: &ContextAttribute) -> Result<()>;

    /// Removes what is known of a context attribute.
    async fn delete_context_attribute(&mut self, id: ContextAttributeId) -> Result<()>;

    /// Adds a metric. [`Constraint::MetricId`] when the project has one of that id.
    async fn insert_metric(&mut self, metric: &Metric) -> Result<()>;

    /// Replaces a metric that still has the revision it carries.
    async fn update_metric(&mut self, metric: &Metric) -> Result<()>;

    /// Removes a metric. Guardrails may go on naming it.
    async fn delete_metric(&mut self, id: &str) -> Result<()>;

    /// Adds a user of the installation.
    async fn insert_user(&mut self, user: &User) -> Result<()>;

    /// Takes a user until the transaction ends: users belong to no project, so writers of several may meet. Call it
    /// before the user is read that is then changed.
    async fn hold_user(&mut self, id: UserId) -> Result<()>;

    /// Replaces a user of the installation.
    async fn update_user(&mut self, user: &User) -> Result<()>;

    /// Ends all log-ins of a user.
    async fn delete_sessions(&mut self, user_id: UserId) -> Result<()>;

    /// Makes a user a member of this project, or gives a member another role.
    async fn save_membership(&mut self, membership: &Membership) -> Result<()>;

    /// Ends a membership of this project: the user's application keys and places in teams go along.
    async fn delete_membership(&mut self, user_id: UserId) -> Result<()>;

    /// Adds a custom role.
    async fn insert_role(&mut self, role: &CustomRole) -> Result<()>;

    /// Replaces a custom role that still has the revision it carries.
    async fn update_role(&mut self, role: &CustomRole) -> Result<()>;

    /// Removes a custom role. The caller has made sure that nobody has it.
    async fn delete_role(&mut self, id: RoleId) -> Result<()>;

    /// Adds a team with its members.
    async fn insert_team(&mut self, team: &Team) -> Result<()>;

    /// Replaces a team that still has the revision it carries, and its members.
    async fn update_team(&mut self, team: &Team) -> Result<()>;

    /// Removes a team.
    async fn delete_team(&mut self, id: TeamId) -> Result<()>;

    /// Says who may change a flag of this project.
    async fn save_restriction_policy(&mut self, policy: &RestrictionPolicy) -> Result<()>;

    /// Takes the policy of a flag of this project away.
    async fn delete_restriction_policy(&mut self, flag_id: FlagId) -> Result<()>;

    /// Adds a key.
    async fn insert_credential(&mut self, credential: &Credential) -> Result<()>;

    /// Removes a key of this project.
    async fn delete_credential(&mut self, id: CredentialId) -> Result<()>;

    /// Adds a suggestion. [`Constraint::OpenSuggestion`] when there is an open one for that property of the flag
    /// in the environment.
    async fn insert_suggestion(&mut self, suggestion: &Suggestion) -> Result<()>;

    /// Replaces a suggestion that still has the revision it carries.
    async fn update_suggestion(&mut self, suggestion: &Suggestion) -> Result<()>;

    /// Adds a webhook.
    async fn insert_webhook(&mut self, webhook: &Webhook) -> Result<()>;

    /// Replaces a webhook that still has the revision it carries.
    async fn update_webhook(&mut self, webhook: &Webhook) -> Result<()>;

    /// Removes a webhook with its deliveries.
    async fn delete_webhook(&mut self, id: WebhookId) -> Result<()>;

    /// Puts deliveries into the outbox. Their history entry is the one that the commit writes.
    async fn insert_deliveries(&mut self, deliveries: &[Delivery]) -> Result<()>;

    /// Writes the history entry and makes everything durable. Gives the committed entry.
    async fn commit(self: Box<Self>, change: Change) -> Result<HistoryEntry>;
}

/// A due delivery with what is needed to make it.
#[derive(Clone, Debug, PartialEq)]
pub struct DueDelivery {
    /// The delivery, already counted as tried and due again when its lease is over.
    pub delivery: Delivery,
    /// To whom; none when the webhook cannot be read.
    pub webhook: Option<Webhook>,
    /// Of what; none when its history entry cannot be read.
    pub entry: Option<HistoryEntry>,
}

/// A transaction of what is no change of a project. Dropping it undoes everything.
#[async_trait]
pub trait Bookkeeper: Send {
    /// Adds a log-in of a user who is not shut out and whose password is still the one of `password_hash`. Whether
    /// they are; what changes them meanwhile ends the log-in or prevents it.
    async fn insert_session(&mut self, session: &Session, password_hash: &str) -> Result<bool>;

    /// Ends a log-in; one that is not there is fine.
    async fn delete_session(&mut self, id: SessionId) -> Result<()>;

    /// Removes log-ins that are over.
    async fn delete_expired_sessions(&mut self, now: Timestamp) -> Result<()>;

    /// Writes down when keys were last used. Never moves a mark back; unknown keys are left out.
    async fn mark_used(&mut self, uses: &[(CredentialId, Timestamp)]) -> Result<()>;

    /// Takes deliveries that are due, at most `limit` and none of the webhooks `but`, the longest due first: each counts one more attempt and
    /// becomes due again at `lease_until`, so that nobody else takes it meanwhile and a crash loses nothing.
    async fn take_due_deliveries(
        &mut self,
        now: Timestamp,
        lease_until: Timestamp,
        but: &[WebhookId],
        limit: i64,
    ) -> Result<Vec<DueDelivery>>;

    /// Writes down how an attempt went. Does nothing when somebody else has taken the delivery since.
    async fn finish_delivery(&mut self, delivery: &Delivery) -> Result<()>;

    /// Makes the index rows of the entry's schedules say how they stand in it, but for those that moved since. Needed
    /// for rows of earlier versions, which said nothing.
    async fn index_schedules(&mut self, entry: &FlagEnvironment) -> Result<()>;

    /// A secret that the installation made for itself: `fresh` if there was none of that name.
    async fn secret(&mut self, name: &str, fresh: &[u8]) -> Result<Vec<u8>>;

    /// Removes deliveries that were finished before a moment.
    async fn delete_finished_deliveries(&mut self, before: Timestamp) -> Result<()>;

    /// Makes everything durable.
    async fn commit(self: Box<Self>) -> Result<()>;
}
