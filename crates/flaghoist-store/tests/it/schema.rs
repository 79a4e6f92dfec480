//! The schema of a fresh database is the committed one. `UPDATE_SCHEMA=1` writes what is there now.

use crate::engines::Home;
use sqlx::{Connection as _, Row as _};
use std::fmt::Write as _;

fn assert_committed(file: &str, schema: &str) {
    let path = format!("{}/schema/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, schema).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == schema, "{path} is not the schema of a fresh database, which is:\n{schema}");
}

#[tokio::test]
async fn a_fresh_sqlite_database_has_the_committed_schema() {
    let home = Home::sqlite();
    home.open().await.close().await;
    assert_committed("sqlite.sql", &sqlite_schema(&home, "control.db").await);
    home.open_events().await.close().await;
    assert_committed("sqlite_events.sql", &sqlite_schema(&home, "events.db").await);
}

async fn sqlite_schema(home: &Home, file: &str) -> String {
    let Home::Sqlite(dir) = home else { unreachable!() };
    let url = format!("sqlite://{}", dir.path().join(file).display());
    let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let statements: Vec<String> = sqlx::query_scalar(
        "SELECT sql FROM sqlite_schema
         WHERE sql IS NOT NULL AND tbl_name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND tbl_name NOT LIKE 'sqlite%'
         ORDER BY tbl_name, type DESC, name",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let mut schema = String::new();
    for statement in statements {
        writeln!(schema, "{statement};\n").unwrap();
    }
    schema
}

#[tokio::test]
async fn a_fresh_postgres_database_has_the_committed_schema() {
    let Some(home) = Home::postgres() else { return };
    home.open().await.close().await;
    assert_committed("postgres.sql", &postgres_schema(&home).await);
    let Some(home) = Home::postgres() else { return };
    home.open_events().await.close().await;
    assert_committed("postgres_events.sql", &postgres_schema(&home).await);
}

async fn postgres_schema(home: &Home) -> String {
    let Home::Postgres(url) = home else { unreachable!() };
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    let rows = sqlx::query(
        "SELECT class.relname AS table_name, part.place, part.line
         FROM pg_class class JOIN LATERAL (
             SELECT 1 AS place, attnum::text AS rank,
                 format('%I %s%s', attname, format_type(atttypid, atttypmod),
                     CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END) AS line
             FROM pg_attribute WHERE attrelid = class.oid AND attnum > 0 AND NOT attisdropped
             UNION ALL
             SELECT 2, conname, format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
             FROM pg_constraint WHERE conrelid = class.oid AND contype IN ('c', 'f', 'p', 'u')
             UNION ALL
             SELECT 3, relname, pg_get_indexdef(indexrelid)
             FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
             WHERE indrelid = class.oid
                 AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
         ) part ON true
         WHERE class.relkind = 'r' AND class.relnamespace = 'public'::regnamespace
             AND class.relname NOT IN ('_sqlx_migrations', '_sqlx_event_migrations')
         ORDER BY class.relname, part.place, CASE part.place WHEN 1 THEN lpad(part.rank, 4, '0') ELSE part.rank END",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let mut tables: Vec<(String, Vec<String>, Vec<String>)> = Vec::new();
    for row in rows {
        let name: String = row.get("table_name");
        if tables.last().is_none_or(|(last, ..)| *last != name) {
            tables.push((name, Vec::new(), Vec::new()));
        }
        let (_, members, indexes) = tables.last_mut().unwrap();
        if row.get::<i32, _>("place") == 3 { indexes } else { members }.push(row.get("line"));
    }
    let mut schema = String::new();
    for (name, members, indexes) in tables {
        writeln!(schema, "CREATE TABLE {name} (\n    {}\n);", members.join(",\n    ")).unwrap();
        for index in indexes {
            writeln!(schema, "{index};").unwrap();
        }
        schema.push('\n');
    }
    schema
}
