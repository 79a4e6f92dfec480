//! What only a store across a network can get wrong.

use crate::engines::{Home, World};
use flaghoist_model::history::Action;
use flaghoist_store::{Error, PostgresStore};
use flaghoist_testkit::free_port;
use flaghoist_testkit::postgres::{Options, Postgres};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tokio::time::sleep;

const LONG: Duration = Duration::from_secs(20);

/// Calls until the database is back. Fails when that takes longer than [`LONG`].
async fn recovered(world: &World) -> i64 {
    let start = Instant::now();
    loop {
        match world.store.begin(world.samples.project_id).await {
            Ok(writer) => return writer.revision(),
            Err(Error::Unavailable(_)) if start.elapsed() < LONG => sleep(Duration::from_millis(50)).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_within_seconds() {
    let start = Instant::now();
    let url = format!("postgres://postgres@127.0.0.1:{}/flaghoist", free_port());
    let refusal = PostgresStore::connect(&url).await.err().unwrap();
    assert!(matches!(refusal, Error::Unavailable(_)), "{refusal}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_unavailable_within_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Instant::now();
    let url = format!("postgres://postgres@{}/flaghoist", silent.local_addr().unwrap());
    let refusal = PostgresStore::connect(&url).await.err().unwrap();
    assert!(matches!(refusal, Error::Unavailable(_)), "{refusal}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_unavailable() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.url().replace("/postgres", "/nowhere");
    let refusal = PostgresStore::connect(&url).await.err().unwrap();
    assert!(matches!(refusal, Error::Unavailable(_)), "{refusal}");
    assert!(refusal.to_string().contains("nowhere"), "{refusal}");
}

#[tokio::test]
async fn while_the_server_is_stopped_calls_are_unavailable_and_afterwards_they_succeed() {
    let Some(server) = Postgres::launch(Options::default()) else { return };
    let world = World::new(&Home::Postgres(server.create_database())).await;
    let mut reader = world.read().await;
    assert_eq!(reader.projects().await.unwrap().len(), 1);
    server.stop();

    let start = Instant::now();
    let lost = reader.projects().await.unwrap_err();
    assert!(matches!(lost, Error::Unavailable(_)), "{lost:?}");
    let refusal = world.store.read().await.err().unwrap();
    assert!(matches!(refusal, Error::Unavailable(_)), "{refusal:?}");
    let refusal = world.store.begin(world.samples.project_id).await.err().unwrap();
    assert!(matches!(refusal, Error::Unavailable(_)), "{refusal:?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

    server.start();
    assert_eq!(recovered(&world).await, 2);
    let entry = world.change(async |_| Ok(())).await.unwrap();
    assert_eq!(entry.revision, 2);
}

#[tokio::test]
async fn a_crash_of_the_server_undoes_what_was_not_committed_and_nothing_else() {
    let Some(server) = Postgres::launch(Options { fsync: true }) else { return };
    let world = World::new(&Home::Postgres(server.create_database())).await;
    let (kept, lost) = (world.samples.flag("kept"), world.samples.flag("lost"));
    world.change(async |writer| writer.insert_flag(&kept).await).await.unwrap();
    let mut writer = world.begin().await;
    writer.insert_flag(&lost).await.unwrap();
    server.kill();
    let failure = writer.commit(world.samples.change(Action::FlagCreated)).await.unwrap_err();
    assert!(matches!(failure, Error::Unavailable(_)), "{failure:?}");

    server.start();
    assert_eq!(recovered(&world).await, 3);
    let mut reader = world.read().await;
    assert!(reader.find_flag(world.samples.project_id, kept.id).await.unwrap().is_some());
    assert_eq!(reader.find_flag(world.samples.project_id, lost.id).await.unwrap(), None);
}

#[tokio::test]
async fn servers_that_start_at_once_migrate_once() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.create_database();
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { PostgresStore::connect(&url).await.map(|_| ()) })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_commit_on_one_server_wakes_the_others_at_once() {
    let Some(home) = Home::postgres() else { return };
    let world = World::new(&home).await;
    let other = home.open().await;
    // Listening starts in the background, and says "look" when it has.
    other.changed(LONG).await;

    for _ in 0..5 {
        let waiting = tokio::spawn({
            let store = std::sync::Arc::clone(&world.store);
            async move { store.changed(LONG).await }
        });
        let start = Instant::now();
        world.change(async |_| Ok(())).await.unwrap();
        other.changed(LONG).await;
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        waiting.await.unwrap();
    }
}

#[tokio::test]
async fn a_commit_between_two_waits_is_not_missed() {
    let Some(home) = Home::postgres() else { return };
    let world = World::new(&home).await;
    let other = home.open().await;
    other.changed(LONG).await;
    world.change(async |_| Ok(())).await.unwrap();
    sleep(Duration::from_millis(500)).await;

    let start = Instant::now();
    other.changed(LONG).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    other.changed(Duration::from_millis(200)).await;
    assert!(start.elapsed() >= Duration::from_millis(200), "and is told once");
}

#[tokio::test]
async fn a_listener_that_lost_its_server_says_look_when_it_is_back() {
    let Some(server) = Postgres::launch(Options::default()) else { return };
    let world = World::new(&Home::Postgres(server.create_database())).await;
    world.store.changed(LONG).await;
    world.store.changed(Duration::from_millis(200)).await;
    server.kill();
    server.start();

    let start = Instant::now();
    world.store.changed(LONG).await;
    assert!(start.elapsed() < LONG, "the listener did not come back");
    recovered(&world).await;
    world.change(async |_| Ok(())).await.unwrap();
    let start = Instant::now();
    world.store.changed(LONG).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_engine_says_its_version() {
    let Some(home) = Home::postgres() else { return };
    let engine = home.open().await.engine().await.unwrap();
    assert!(engine.starts_with("PostgreSQL 1"), "{engine}");
}
