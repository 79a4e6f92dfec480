//! Changes that wait, or waited, for approval.

use super::columns::Table;
use super::dialect::{OPEN_SUGGESTIONS_OF_FLAGS, id_list};
use super::{Conn, Db, Document, Row, failed};
use crate::document::FORMAT;
use crate::scope::Scope;
use crate::{OpenSuggestion, Result, SuggestionFilter};
use flaghoist_model::id::{EnvironmentId, FlagId, ProjectId, SuggestionId};
use flaghoist_model::suggestion::Suggestion;

const TABLE: Table = Table { name: "suggestions", key: &["id"] };

const FIND: &str = "
    SELECT id, format, document, revision FROM suggestions WHERE id = $1 AND project_id = $2";

const PAGE: &str = "
    SELECT id, format, document, revision FROM suggestions
    WHERE project_id = $1 AND revision < $2
        AND (flag_id = $3 OR $3 IS NULL)
        AND (environment_id = $4 OR $4 IS NULL)
        AND ((open_scope IS NOT NULL) = $5 OR $5 IS NULL)
    ORDER BY revision DESC LIMIT $6";

const INSERT: &str = "
    INSERT INTO suggestions
        (id, project_id, flag_id, environment_id, open_scope, created_at, format, document, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const UPDATE: &str = "
    UPDATE suggestions SET open_scope = $4, format = $5, document = $6, revision = $7
    WHERE id = $1 AND project_id = $2 AND revision = $3";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[FIND, PAGE, OPEN_SUGGESTIONS_OF_FLAGS, INSERT, UPDATE];

pub(super) async fn find(
    conn: &mut Conn,
    project_id: ProjectId,
    id: SuggestionId,
) -> Result<Option<Suggestion>> {
    let row =
        sqlx::query::<Db>(FIND).bind(id.0).bind(project_id.0).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn page(
    conn: &mut Conn,
    project_id: ProjectId,
    filter: &SuggestionFilter,
    limit: i64,
) -> Result<Vec<Suggestion>> {
    let rows = sqlx::query::<Db>(PAGE)
        .bind(project_id.0)
        .bind(filter.before_revision.unwrap_or(i64::MAX))
        .bind(filter.flag_id.map(|id| id.0))
        .bind(filter.environment_id.map(|id| id.0))
        .bind(filter.is_open)
        .bind(limit)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn open_of_flags(conn: &mut Conn, flag_ids: &[FlagId]) -> Result<Vec<OpenSuggestion>> {
    let rows = sqlx::query::<Db>(OPEN_SUGGESTIONS_OF_FLAGS)
        .bind(id_list(flag_ids.iter().map(|id| id.0)))
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    rows.iter()
        .map(|row| {
            let columns = TABLE.columns(row);
            Ok(OpenSuggestion {
                id: columns.id("id", SuggestionId)?,
                flag_id: columns.id("flag_id", FlagId)?,
                environment_id: columns.optional_id("environment_id", EnvironmentId)?,
            })
        })
        .collect()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, suggestion: &Suggestion) -> Result<()> {
    scope.owns(suggestion.project_id)?;
    sqlx::query::<Db>(INSERT)
        .bind(suggestion.id.0)
        .bind(scope.project_id.0)
        .bind(suggestion.flag_id.0)
        .bind(suggestion.environment_id.map(|id| id.0))
        .bind(open_scope(suggestion))
        .bind(suggestion.created.at.as_microsecond())
        .bind(FORMAT)
        .bind(Document(suggestion))
        .bind(scope.revision)
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn update(conn: &mut Conn, scope: Scope, suggestion: &Suggestion) -> Result<()> {
    scope.owns(suggestion.project_id)?;
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(suggestion.id.0)
        .bind(scope.project_id.0)
        .bind(suggestion.revision)
        .bind(open_scope(suggestion))
        .bind(FORMAT)
        .bind(Document(suggestion))
        .bind(scope.revision)
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    if updated.rows_affected() > 0 {
        return Ok(());
    }
    let actual = find(conn, scope.project_id, suggestion.id).await?;
    Err(TABLE.missed(actual.map(|actual| actual.revision), suggestion.revision))
}

/// What there is one open suggestion for. None once it is decided, so that the next one may come.
fn open_scope(suggestion: &Suggestion) -> Option<String> {
    suggestion.status.is_open().then(|| {
        let environment = suggestion.environment_id.map_or_else(|| "-".to_owned(), |id| id.to_string());
        let scope = format!("{}/{environment}/{}", suggestion.flag_id, suggestion.subject.property.as_str());
        // A flag may use several saved filters.
        match suggestion.change.saved_filter() {
            Some(filter) => format!("{scope}/{}", filter.id),
            None => scope,
        }
    })
}

fn read(row: &Row) -> Result<Suggestion> {
    let columns = TABLE.columns(row);
    let suggestion: Suggestion = columns.document()?;
    Ok(Suggestion { revision: columns.get("revision")?, ..suggestion })
}
