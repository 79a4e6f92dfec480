//! Readers and writers: transactions that know the statements of all aggregates.

use super::dialect::{announce, within};
use super::{
    Db, changes, context_attributes, credentials, deliveries, environments, failed, flag_environments, flags,
    guarded_runs, history, listings, memberships, metrics, projects, restriction_policies, roles, rollouts,
    saved_filters, sessions, suggestions, teams, users, webhooks,
};
use crate::scope::Scope;
use crate::{
    ChangeNotice, DueSchedule, Error, FlagFilter, FlagListFilter, FlagOrder, FlagPage, FlagPlace, FoundFlags,
    GuardedRun, HistoryFilter, KeptTransition, OpenSuggestion, ProjectChanges, Reader, Result, RolloutFilter,
    SavedFilterUse, SchedulePlace, SuggestionFilter, TagCount, Writer,
};
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

/// A transaction: what it may do beside reading is in `rights`. Dropping it ends it, and undoes what it wrote.
pub(super) struct Transaction<Rights> {
    tx: sqlx::Transaction<'static, Db>,
    rights: Rights,
}

/// A [`Reader`].
pub(super) type Reading = Transaction<()>;

/// A [`Writer`], which reads too.
pub(super) type Writing = Transaction<Writes>;

impl Reading {
    pub(super) fn new(tx: sqlx::Transaction<'static, Db>) -> Self {
        Self { tx, rights: () }
    }
}

#[async_trait]
impl<Rights: Send> Reader for Transaction<Rights> {
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

    async fn saved_filter_uses(
        &mut self,
        project_id: ProjectId,
        id: SavedFilterId,
    ) -> Result<Vec<SavedFilterUse>> {
        within(saved_filters::uses(&mut self.tx, project_id, id)).await
    }

    async fn context_attributes(&mut self, project_id: ProjectId) -> Result<Vec<ContextAttribute>> {
        within(context_attributes::all(&mut self.tx, project_id)).await
    }

    async fn metrics(&mut self, project_id: ProjectId) -> Result<Vec<Metric>> {
        within(metrics::all(&mut self.tx, project_id)).await
    }

    async fn find_metric(&mut self, project_id: ProjectId, id: &str) -> Result<Option<Metric>> {
        within(metrics::find(&mut self.tx, project_id, id)).await
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

    async fn find_project(&mut self, id: ProjectId) -> Result<Option<Project>> {
        within(projects::find(&mut self.tx, id)).await
    }

    async fn credentials(&mut self, project_id: ProjectId) -> Result<Vec<Credential>> {
        within(credentials::all(&mut self.tx, project_id)).await
    }

    async fn find_user_by_email(&mut self, email: &str) -> Result<Option<User>> {
        within(users::find_by_email(&mut self.tx, email)).await
    }

    async fn users(&mut self, ids: &[UserId]) -> Result<Vec<User>> {
        within(users::of_ids(&mut self.tx, ids)).await
    }

    async fn members(&mut self, project_id: ProjectId) -> Result<Vec<(User, Membership)>> {
        within(memberships::of_project(&mut self.tx, project_id)).await
    }

    async fn memberships(&mut self, user_id: UserId) -> Result<Vec<Membership>> {
        within(memberships::of_user(&mut self.tx, user_id)).await
    }

    async fn find_session(&mut self, secret_hash: &SecretHash) -> Result<Option<Session>> {
        within(sessions::find(&mut self.tx, secret_hash)).await
    }

    async fn session(&mut self, id: SessionId) -> Result<Option<Session>> {
        within(sessions::of_id(&mut self.tx, id)).await
    }

    async fn credential(&mut self, project_id: ProjectId, id: CredentialId) -> Result<Option<Credential>> {
        within(credentials::of_id(&mut self.tx, project_id, id)).await
    }

    async fn roles(&mut self, project_id: ProjectId) -> Result<Vec<CustomRole>> {
        within(roles::all(&mut self.tx, project_id)).await
    }

    async fn teams(&mut self, project_id: ProjectId) -> Result<Vec<Team>> {
        within(teams::all(&mut self.tx, project_id)).await
    }

    async fn restriction_policy(&mut self, flag_id: FlagId) -> Result<Option<RestrictionPolicy>> {
        within(restriction_policies::find(&mut self.tx, flag_id)).await
    }

    async fn restriction_policies(&mut self, project_id: ProjectId) -> Result<Vec<RestrictionPolicy>> {
        within(restriction_policies::all(&mut self.tx, project_id)).await
    }

    async fn allocation_place(
        &mut self,
        project_id: ProjectId,
        key: &str,
    ) -> Result<Option<(FlagId, EnvironmentId)>> {
        within(flag_environments::allocation_place(&mut self.tx, project_id, key)).await
    }

    async fn due_schedules(
        &mut self,
        now: Timestamp,
        after: Option<(Timestamp, ScheduleId)>,
        limit: i64,
    ) -> Result<Vec<DueSchedule>> {
        within(rollouts::due(&mut self.tx, now, after, limit)).await
    }

    async fn next_due_schedule(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        within(rollouts::next_due(&mut self.tx, now)).await
    }

    async fn schedule_place(
        &mut self,
        project_id: ProjectId,
        id: ScheduleId,
    ) -> Result<Option<SchedulePlace>> {
        within(rollouts::place(&mut self.tx, project_id, id)).await
    }

    async fn rollouts(
        &mut self,
        project_id: ProjectId,
        filter: &RolloutFilter,
        limit: i64,
    ) -> Result<Vec<SchedulePlace>> {
        within(rollouts::page(&mut self.tx, project_id, filter, limit)).await
    }

    async fn transitions(
        &mut self,
        project_id: ProjectId,
        id: ScheduleId,
        limit: i64,
    ) -> Result<Vec<KeptTransition>> {
        within(rollouts::of_schedule(&mut self.tx, project_id, id, limit)).await
    }

    async fn last_transitions(&mut self, ids: &[ScheduleId]) -> Result<Vec<KeptTransition>> {
        within(rollouts::last_of(&mut self.tx, ids)).await
    }

    async fn transitions_since(
        &mut self,
        project_id: ProjectId,
        revision: i64,
        limit: i64,
    ) -> Result<Vec<KeptTransition>> {
        within(rollouts::since(&mut self.tx, project_id, revision, limit)).await
    }

    async fn guarding(&mut self, project_id: ProjectId) -> Result<Arc<Guarding>> {
        within(flag_environments::guarding(&mut self.tx, project_id)).await
    }

    async fn guarded_runs(&mut self, since: Timestamp) -> Result<Vec<GuardedRun>> {
        within(guarded_runs::on_since(&mut self.tx, since)).await
    }

    async fn guarded_runs_of(
        &mut self,
        project_id: ProjectId,
        id: ScheduleId,
        limit: i64,
    ) -> Result<Vec<GuardedRun>> {
        within(guarded_runs::of_schedule(&mut self.tx, project_id, id, limit)).await
    }

    async fn open_suggestions(&mut self, flag_ids: &[FlagId]) -> Result<Vec<OpenSuggestion>> {
        within(suggestions::open_of_flags(&mut self.tx, flag_ids)).await
    }

    async fn find_suggestion(
        &mut self,
        project_id: ProjectId,
        id: SuggestionId,
    ) -> Result<Option<Suggestion>> {
        within(suggestions::find(&mut self.tx, project_id, id)).await
    }

    async fn suggestions(
        &mut self,
        project_id: ProjectId,
        filter: &SuggestionFilter,
        limit: i64,
    ) -> Result<Vec<Suggestion>> {
        within(suggestions::page(&mut self.tx, project_id, filter, limit)).await
    }

    async fn webhooks(&mut self, project_id: ProjectId) -> Result<Vec<Webhook>> {
        within(webhooks::all(&mut self.tx, project_id)).await
    }

    async fn deliveries(
        &mut self,
        project_id: ProjectId,
        webhook_id: WebhookId,
        limit: i64,
    ) -> Result<Vec<Delivery>> {
        within(deliveries::of_webhook(&mut self.tx, project_id, webhook_id, limit)).await
    }

    async fn found_flags(
        &mut self,
        project_id: ProjectId,
        filter: &FlagListFilter,
        order: FlagOrder,
        after: Option<&FlagPlace>,
        limit: i64,
    ) -> Result<FoundFlags> {
        within(listings::page(&mut self.tx, project_id, filter, order, after, limit)).await
    }

    async fn flag_tags(&mut self, project_id: ProjectId) -> Result<Vec<TagCount>> {
        within(listings::tags(&mut self.tx, project_id)).await
    }

    async fn change_notices(
        &mut self,
        project_id: ProjectId,
        aggregates: &[Aggregate],
        revision: i64,
        limit: i64,
    ) -> Result<Vec<ChangeNotice>> {
        within(history::notices(&mut self.tx, project_id, aggregates, revision, limit)).await
    }

    async fn history_page(
        &mut self,
        project_id: ProjectId,
        filter: &HistoryFilter,
        limit: i64,
    ) -> Result<Vec<HistoryEntry>> {
        within(history::page(&mut self.tx, project_id, filter, limit)).await
    }

    async fn find_history(&mut self, project_id: ProjectId, id: HistoryId) -> Result<Option<HistoryEntry>> {
        within(history::find(&mut self.tx, project_id, id)).await
    }

    async fn revision_at(&mut self, project_id: ProjectId, at: Timestamp) -> Result<i64> {
        within(history::revision_at(&mut self.tx, project_id, at)).await
    }

    async fn states_at(
        &mut self,
        project_id: ProjectId,
        environment_id: EnvironmentId,
        revision: i64,
        flag_id: Option<FlagId>,
    ) -> Result<Vec<HistoryEntry>> {
        within(history::states_at(&mut self.tx, project_id, environment_id, revision, flag_id)).await
    }
}

/// The right to change one project, whose row the transaction has taken.
pub(super) struct Writes {
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
        Self { tx, rights: Writes { scope, steps: Steps::default() } }
    }
}

/// Counts writes, so that a transaction of which one failed or was given up half-way is never committed.
/// PostgreSQL refuses that by itself; SQLite would commit the rest.
#[derive(Default)]
pub(super) struct Steps {
    begun: u64,
    done: u64,
}

impl Steps {
    pub(super) async fn take<T>(&mut self, write: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.begun += 1;
        let written = within(write).await?;
        self.done += 1;
        Ok(written)
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.begun == self.done {
            return Ok(());
        }
        let reason = "an earlier write of this transaction failed, so it cannot be committed";
        Err(Error::Statement(sqlx::Error::InvalidArgument(reason.to_owned())))
    }
}

#[async_trait]
impl Writer for Writing {
    fn revision(&self) -> i64 {
        self.rights.scope.revision
    }

    async fn insert_environment(&mut self, environment: &Environment) -> Result<()> {
        self.rights.steps.take(environments::insert(&mut self.tx, self.rights.scope, environment)).await
    }

    async fn update_environment(&mut self, environment: &Environment) -> Result<()> {
        self.rights.steps.take(environments::update(&mut self.tx, self.rights.scope, environment)).await
    }

    async fn delete_environment(&mut self, id: EnvironmentId) -> Result<()> {
        self.rights.steps.take(environments::delete(&mut self.tx, self.rights.scope, id)).await
    }

    async fn touch_content(&mut self, ids: &[EnvironmentId], at: Timestamp) -> Result<()> {
        self.rights.steps.take(environments::touch_content(&mut self.tx, self.rights.scope, ids, at)).await
    }

    async fn insert_flag(&mut self, flag: &Flag) -> Result<()> {
        self.rights.steps.take(flags::insert(&mut self.tx, self.rights.scope, flag)).await
    }

    async fn update_flag(&mut self, flag: &Flag) -> Result<()> {
        self.rights.steps.take(flags::update(&mut self.tx, self.rights.scope, flag)).await
    }

    async fn save_flag_environment(&mut self, entry: &FlagEnvironment) -> Result<()> {
        self.rights.steps.take(flag_environments::save(&mut self.tx, self.rights.scope, entry)).await
    }

    async fn insert_saved_filter(&mut self, filter: &SavedFilter) -> Result<()> {
        self.rights.steps.take(saved_filters::insert(&mut self.tx, self.rights.scope, filter)).await
    }

    async fn update_saved_filter(&mut self, filter: &SavedFilter) -> Result<()> {
        self.rights.steps.take(saved_filters::update(&mut self.tx, self.rights.scope, filter)).await
    }

    async fn delete_saved_filter(&mut self, id: SavedFilterId) -> Result<()> {
        self.rights.steps.take(saved_filters::delete(&mut self.tx, self.rights.scope, id)).await
    }

    async fn update_project(&mut self, project: &Project) -> Result<()> {
        self.rights.steps.take(projects::update(&mut self.tx, self.rights.scope, project)).await
    }

    async fn save_context_attribute(&mut self, attribute: &ContextAttribute) -> Result<()> {
        self.rights.steps.take(context_attributes::save(&mut self.tx, self.rights.scope, attribute)).await
    }

    async fn delete_context_attribute(&mut self, id: ContextAttributeId) -> Result<()> {
        self.rights.steps.take(context_attributes::delete(&mut self.tx, self.rights.scope, id)).await
    }

    async fn insert_metric(&mut self, metric: &Metric) -> Result<()> {
        self.rights.steps.take(metrics::insert(&mut self.tx, self.rights.scope, metric)).await
    }

    async fn update_metric(&mut self, metric: &Metric) -> Result<()> {
        self.rights.steps.take(metrics::update(&mut self.tx, self.rights.scope, metric)).await
    }

    async fn delete_metric(&mut self, id: &str) -> Result<()> {
        self.rights.steps.take(metrics::delete(&mut self.tx, self.rights.scope, id)).await
    }

    async fn insert_user(&mut self, user: &User) -> Result<()> {
        self.rights.steps.take(users::insert(&mut self.tx, user)).await
    }

    async fn insert_credential(&mut self, credential: &Credential) -> Result<()> {
        self.rights.steps.take(credentials::insert(&mut self.tx, self.rights.scope, credential)).await
    }

    async fn commit(mut self: Box<Self>, change: Change) -> Result<HistoryEntry> {
        self.rights.steps.check()?;
        let Scope { project_id, revision } = self.rights.scope;
        self.rights.steps.take(history::insert(&mut self.tx, self.rights.scope, &change)).await?;
        self.rights.steps.take(announce(&mut self.tx, project_id, revision)).await?;
        within(async { self.tx.commit().await.map_err(failed) }).await?;
        Ok(HistoryEntry { project_id, revision, change })
    }

    async fn hold_user(&mut self, id: UserId) -> Result<()> {
        self.rights.steps.take(users::hold(&mut self.tx, id)).await
    }

    async fn update_user(&mut self, user: &User) -> Result<()> {
        self.rights.steps.take(users::update(&mut self.tx, user)).await
    }

    async fn delete_sessions(&mut self, user_id: UserId) -> Result<()> {
        self.rights.steps.take(sessions::delete_of_user(&mut self.tx, user_id)).await
    }

    async fn save_membership(&mut self, membership: &Membership) -> Result<()> {
        self.rights.steps.take(memberships::save(&mut self.tx, self.rights.scope, membership)).await
    }

    async fn delete_membership(&mut self, user_id: UserId) -> Result<()> {
        self.rights.steps.take(memberships::delete(&mut self.tx, self.rights.scope, user_id)).await
    }

    async fn insert_role(&mut self, role: &CustomRole) -> Result<()> {
        self.rights.steps.take(roles::insert(&mut self.tx, self.rights.scope, role)).await
    }

    async fn update_role(&mut self, role: &CustomRole) -> Result<()> {
        self.rights.steps.take(roles::update(&mut self.tx, self.rights.scope, role)).await
    }

    async fn delete_role(&mut self, id: RoleId) -> Result<()> {
        self.rights.steps.take(roles::delete(&mut self.tx, self.rights.scope, id)).await
    }

    async fn insert_team(&mut self, team: &Team) -> Result<()> {
        self.rights.steps.take(teams::insert(&mut self.tx, self.rights.scope, team)).await
    }

    async fn update_team(&mut self, team: &Team) -> Result<()> {
        self.rights.steps.take(teams::update(&mut self.tx, self.rights.scope, team)).await
    }

    async fn delete_team(&mut self, id: TeamId) -> Result<()> {
        self.rights.steps.take(teams::delete(&mut self.tx, self.rights.scope, id)).await
    }

    async fn save_restriction_policy(&mut self, policy: &RestrictionPolicy) -> Result<()> {
        self.rights.steps.take(restriction_policies::save(&mut self.tx, self.rights.scope, policy)).await
    }

    async fn delete_restriction_policy(&mut self, flag_id: FlagId) -> Result<()> {
        self.rights.steps.take(restriction_policies::delete(&mut self.tx, self.rights.scope, flag_id)).await
    }

    async fn delete_credential(&mut self, id: CredentialId) -> Result<()> {
        self.rights.steps.take(credentials::delete(&mut self.tx, self.rights.scope, id)).await
    }

    async fn insert_suggestion(&mut self, suggestion: &Suggestion) -> Result<()> {
        self.rights.steps.take(suggestions::insert(&mut self.tx, self.rights.scope, suggestion)).await
    }

    async fn update_suggestion(&mut self, suggestion: &Suggestion) -> Result<()> {
        self.rights.steps.take(suggestions::update(&mut self.tx, self.rights.scope, suggestion)).await
    }

    async fn insert_webhook(&mut self, webhook: &Webhook) -> Result<()> {
        self.rights.steps.take(webhooks::insert(&mut self.tx, self.rights.scope, webhook)).await
    }

    async fn update_webhook(&mut self, webhook: &Webhook) -> Result<()> {
        self.rights.steps.take(webhooks::update(&mut self.tx, self.rights.scope, webhook)).await
    }

    async fn delete_webhook(&mut self, id: WebhookId) -> Result<()> {
        self.rights.steps.take(webhooks::delete(&mut self.tx, self.rights.scope, id)).await
    }

    async fn insert_deliveries(&mut self, deliveries: &[Delivery]) -> Result<()> {
        self.rights.steps.take(deliveries::insert(&mut self.tx, self.rights.scope, deliveries)).await
    }
}
