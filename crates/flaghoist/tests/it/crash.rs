//! The server is killed while several clients write, again and again. What was acknowledged is there, what was not is
//! there as a whole or not at all, the history has no gaps, and readers get what the management API shows.

mod client;
mod world;

use crate::dice::Dice;
use crate::server::{Place, Server};
use client::{Client, Written};
use flaghoist_store::{PostgresStore, SqliteStore, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use world::{COHORTS, World};

const ROUNDS: usize = 6;
const CLIENTS: usize = 4;
const LIMIT: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_a_kill_loses_nothing_acknowledged_and_leaves_nothing_half_done() {
    tokio::time::timeout(LIMIT, survive(&Place::sqlite(), Dice::seeded(1))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_kill_loses_nothing_acknowledged_and_leaves_nothing_half_done() {
    let Some(place) = Place::postgres() else { return };
    tokio::time::timeout(LIMIT, survive(&place, Dice::seeded(2))).await.unwrap();
}

async fn survive(place: &Place, mut dice: Dice) {
    let mut server = place.start();
    let mut clients: Vec<Client> =
        (0..CLIENTS).map(|number| Client::new(number, place.bootstrap(), dice.another())).collect();
    let mut committed = history_after_kill(place, &mut server).await;
    for round in 0..ROUNDS {
        server = place.start();
        let written = write_until_killed(&mut server, &mut clients, &mut dice).await;
        let history = history_after_kill(place, &mut server).await;

        server = place.start();
        let mut unacknowledged = 0;
        for (client, written) in clients.iter_mut().zip(&written) {
            unacknowledged += usize::from(client.recognise(&server, written).await);
        }
        let acknowledged: usize = written.iter().map(|written| written.acknowledged).sum();
        println!("round {round}: {acknowledged} acknowledged, {unacknowledged} done without an answer");
        committed += acknowledged + unacknowledged;
        assert_eq!(history, committed, "every change has one entry in the history, and nothing else has");
        readers_get_what_management_shows(place, &server, &clients).await;
        server.process.kill();
    }
}

/// Lets all clients write until the server is killed at a random moment.
async fn write_until_killed(server: &mut Server, clients: &mut [Client], dice: &mut Dice) -> Vec<Written> {
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writing: Vec<_> = clients
        .iter()
        .map(|client| {
            let (client, url) = (client.clone(), server.url().to_owned());
            tokio::spawn(client.write_until_nobody_answers(url, Arc::clone(&acknowledged)))
        })
        .collect();
    let enough = 10 + dice.below(30);
    while acknowledged.load(Ordering::Relaxed) < enough && !writing.iter().any(JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(dice.pause(0, 20)).await;
    server.process.kill();
    let mut all = Vec::new();
    for (client, writing) in clients.iter_mut().zip(writing) {
        let (returned, written) = writing.await.unwrap();
        *client = returned;
        all.push(written);
    }
    all
}

/// Kills the server and looks into its database. The length of the history, which is numbered without gaps.
async fn history_after_kill(place: &Place, server: &mut Server) -> usize {
    server.process.kill();
    if let Some(url) = place.database_url() {
        let store = PostgresStore::connect(url).await.unwrap();
        let length = history_length(&store).await;
        store.close().await;
        length
    } else {
        let store = SqliteStore::open(&place.data_dir()).await.unwrap();
        let length = history_length(&store).await;
        store.close().await;
        length
    }
}

async fn history_length(store: &dyn Store) -> usize {
    let mut reader = store.read().await.unwrap();
    let projects = reader.projects().await.unwrap();
    assert_eq!(projects.len(), 1);
    let history = reader.history(projects[0].id, 0, i64::MAX).await.unwrap();
    let revisions: Vec<i64> = history.iter().map(|entry| entry.revision).collect();
    assert_eq!(revisions, (1..=projects[0].revision).collect::<Vec<_>>(), "the history has gaps");
    history.len()
}

async fn readers_get_what_management_shows(place: &Place, server: &Server, clients: &[Client]) {
    let reader = server.reader(&place.bootstrap(), "production");
    let mut worlds = World::default();
    for client in clients {
        worlds.flags.extend(client.settled().flags.clone());
    }
    for cohort in 0..=COHORTS {
        let context = serde_json::json!({"targetingKey": "somebody", "cohort": cohort.to_string()});
        let answer = reader.evaluate_all(&context).await.expect(200);
        let mut flags = answer.body["flags"].as_array().unwrap().clone();
        for flag in &mut flags {
            flag.as_object_mut().unwrap().remove("metadata");
        }
        let shown: Vec<_> = worlds.flags.iter().map(|(key, flag)| flag.evaluation(key, cohort)).collect();
        assert_eq!(flags, shown, "cohort {cohort}");
    }
}
