//! The plans that PostgreSQL makes of our statements.

use super::{PostgresEvents, PostgresStore, evaluations, evidence, statements};
use flaghoist_testkit::postgres::Postgres;
use sqlx::AssertSqlSafe;

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.create_database();
    let store = PostgresStore::connect(&url).await.unwrap();
    statements::prepare_all(&mut store.writes.acquire().await.unwrap()).await;
    PostgresEvents::connect(&url).await.unwrap();
    let mut conn = store.writes.acquire().await.unwrap();
    for statement in evaluations::STATEMENTS.iter().chain(evidence::STATEMENTS) {
        sqlx::Executor::prepare(&mut *conn, sqlx::SqlSafeStr::into_sql_str(*statement)).await.unwrap();
    }
}

#[tokio::test]
async fn no_statement_reads_a_whole_table_to_find_something() {
    let Some(server) = Postgres::shared() else { return };
    let store = PostgresStore::connect(&server.create_database()).await.unwrap();
    let mut conn = store.writes.acquire().await.unwrap();
    // The tables are empty, so reading them whole is cheapest: what is left when that is forbidden has an index.
    for setting in ["SET enable_seqscan = off", "SET plan_cache_mode = force_generic_plan"] {
        sqlx::query(setting).execute(&mut *conn).await.unwrap();
    }
    for (number, statement) in statements::all().into_iter().enumerate() {
        let parameters =
            (1..=20).take_while(|parameter| statement.contains(&format!("${parameter}"))).count();
        let nulls = vec!["NULL"; parameters].join(", ");
        let call = if parameters == 0 { String::new() } else { format!("({nulls})") };
        let prepare = format!("PREPARE statement_{number} AS {statement}");
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *conn).await.unwrap();
        let plan: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN EXECUTE statement_{number} {call}")))
                .fetch_all(&mut *conn)
                .await
                .unwrap();
        let scans = plan.iter().any(|step| step.contains("Seq Scan"));
        assert_eq!(scans, statements::reads_everything(statement), "{statement}\n{plan:#?}");
    }
}
