//! Every statement is one that the engine understands, and finds what it looks for by an index.

use super::{
    Conn, bookkeeping, context_attributes, credentials, deliveries, dialect, environments, flag_environments,
    flags, guarded_runs, history, listings, memberships, metrics, projects, restriction_policies, roles,
    rollouts, saved_filters, sessions, suggestions, teams, users, webhooks,
};
use sqlx::{Executor as _, SqlSafeStr as _};

/// All of them.
pub(super) fn all() -> Vec<&'static str> {
    [
        bookkeeping::STATEMENTS,
        credentials::STATEMENTS,
        dialect::STATEMENTS,
        environments::STATEMENTS,
        flag_environments::STATEMENTS,
        flags::STATEMENTS,
        guarded_runs::STATEMENTS,
        history::STATEMENTS,
        listings::STATEMENTS,
        projects::STATEMENTS,
        saved_filters::STATEMENTS,
        context_attributes::STATEMENTS,
        deliveries::STATEMENTS,
        memberships::STATEMENTS,
        metrics::STATEMENTS,
        restriction_policies::STATEMENTS,
        roles::STATEMENTS,
        rollouts::STATEMENTS,
        sessions::STATEMENTS,
        suggestions::STATEMENTS,
        teams::STATEMENTS,
        webhooks::STATEMENTS,
        users::STATEMENTS,
    ]
    .concat()
}

/// Whether reading every row of a table is what the statement is for: the list of all projects.
pub(super) fn reads_everything(statement: &str) -> bool {
    statement.contains("FROM projects ORDER BY")
}

/// Panics, with the statement, when one cannot be prepared.
pub(super) async fn prepare_all(conn: &mut Conn) {
    for statement in all() {
        if let Err(error) = conn.prepare(statement.into_sql_str()).await {
            panic!("{error}: {statement}");
        }
    }
}
