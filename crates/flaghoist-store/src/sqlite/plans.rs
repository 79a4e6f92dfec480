//! The plans that SQLite makes of our statements.

use super::{SqliteStore, statements};
use sqlx::{AssertSqlSafe, Row as _};

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    statements::prepare_all(&mut store.writes.acquire().await.unwrap()).await;
}

#[tokio::test]
async fn no_statement_reads_a_whole_table_to_find_something() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    let mut conn = store.writes.acquire().await.unwrap();
    for statement in statements::all() {
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
        let plan: Vec<String> =
            plan.fetch_all(&mut *conn).await.unwrap().iter().map(|row| row.get("detail")).collect();
        let scans = plan.iter().any(|step| step.starts_with("SCAN") && !step.contains("json_each"));
        assert_eq!(scans, statements::reads_everything(statement), "{statement}\n{plan:#?}");
    }
}

#[tokio::test]
async fn a_page_of_flags_comes_out_of_the_index_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    let page = statements::all().into_iter().find(|statement| statement.contains("OFFSET")).unwrap();
    let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {page}")));
    let plan: Vec<String> =
        plan.fetch_all(&store.reads).await.unwrap().iter().map(|row| row.get("detail")).collect();
    assert_eq!(plan, ["SEARCH flags USING INDEX flags_by_age (project_id=?)"]);
}
