//! What only the embedded store can get wrong.

use crate::engines::{Home, World};
use flaghoist_store::{Error, SqliteStore, Store as _};
use sqlx::Connection as _;
use std::time::{Duration, Instant};

#[tokio::test]
async fn one_data_directory_is_for_one_server() {
    let dir = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(dir.path()).await.unwrap();
    let refusal = SqliteStore::open(dir.path()).await.err().unwrap();
    assert!(matches!(refusal, Error::Unavailable(_)));
    assert!(refusal.to_string().contains("another server has this data directory open"), "{refusal}");
    first.close().await;
    drop(first);
    SqliteStore::open(dir.path()).await.unwrap();
}

#[tokio::test]
async fn the_data_directory_is_made_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("deep/down");
    SqliteStore::open(&data_dir).await.unwrap();
    assert_eq!(std::fs::metadata(&data_dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(data_dir.join("control.db").is_file());
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let refusal = SqliteStore::open(&file.join("below")).await.err().unwrap();
    assert!(matches!(refusal, Error::Unavailable(_)));
    assert!(refusal.to_string().contains("file/below"), "{refusal}");
}

#[tokio::test]
async fn a_file_that_another_program_holds_is_unavailable_and_then_available_again() {
    let home = Home::sqlite();
    let world = World::new(&home).await;
    let Home::Sqlite(dir) = &home else { unreachable!() };
    let url = format!("sqlite://{}", dir.path().join("control.db").display());
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    let project_id = world.samples.project_id;
    assert_eq!(world.read().await.projects().await.unwrap().len(), 1, "readers do not care");
    let refusal = world.store.begin(project_id).await.err().unwrap();
    assert!(matches!(refusal, Error::Unavailable(_)), "{refusal}");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(world.begin().await.revision(), 2);
}

#[tokio::test]
async fn the_engine_says_its_version_and_changes_take_their_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    let engine = store.engine().await.unwrap();
    assert!(engine.starts_with("SQLite 3."), "{engine}");
    let start = Instant::now();
    store.changed(Duration::from_millis(50)).await;
    assert!(start.elapsed() >= Duration::from_millis(50));
}
