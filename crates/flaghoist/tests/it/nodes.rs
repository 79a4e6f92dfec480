//! Several servers on one PostgreSQL database.

use crate::management::serving;
use crate::server::{Bootstrap, Launch, Place, Server, Starting};
use flaghoist_testkit::postgres::Postgres;
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const CHANGES: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_through_one_server_is_seen_by_readers_of_the_other() {
    let Some(one) = Place::postgres() else { return };
    let other = Place::on_database(one.database_url().unwrap().to_owned());
    let (server, second) = (one.start(), other.start());
    let keys = one.bootstrap();
    let production = keys.environment("production").id.as_str();
    let management = server.management(&keys);
    let reader = second.reader(&keys, "production");
    let flag = management.create_flag("signal", &["a", "b"]).await.unwrap().expect(201).id();
    management.set_enabled((&flag, production), true).await.unwrap().expect(200);

    let mut delays = Vec::new();
    for change in 0..CHANGES {
        let variant = if change % 2 == 0 { "b" } else { "a" };
        let allocation = serving("signal", "Signal", variant);
        management.replace_allocations((&flag, production), &[allocation]).await.unwrap().expect(200);
        let committed = Instant::now();
        while reader.evaluate("signal", &json!({"targetingKey": "alice"})).await.body["value"] != variant {
            assert!(committed.elapsed() < Duration::from_secs(1), "change {change} is not seen");
        }
        delays.push(committed.elapsed());
    }
    delays.sort();
    println!("seen after: median {:?}, slowest {:?}", delays[CHANGES / 2], delays[CHANGES - 1]);
    assert!(delays[CHANGES / 2] < Duration::from_millis(250), "{delays:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_through_one_server_is_told_by_the_stream_of_the_other() {
    let Some(one) = Place::postgres() else { return };
    let other = Place::on_database(one.database_url().unwrap().to_owned());
    let (server, second) = (one.start(), other.start());
    let keys = one.bootstrap();
    let (writer, watcher) = (server.management(&keys), second.management(&keys));
    let production = keys.environment("production").id.as_str();
    let flag = writer.create_flag("signal", &["a", "b"]).await.unwrap().expect(201).id();
    let mut stream = watcher.request(Method::GET, "/api/v1/changes/stream").send().await.unwrap();
    let mut text = String::new();
    let mut delays = Vec::new();
    for change in 0..CHANGES {
        writer.set_enabled((&flag, production), change % 2 == 0).await.unwrap().expect(200);
        let committed = Instant::now();
        while text.matches("event: change").count() <= change {
            let chunk = tokio::time::timeout(Duration::from_secs(1), stream.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("change {change} is not told")).unwrap().unwrap();
            text += std::str::from_utf8(&chunk).unwrap();
        }
        delays.push(committed.elapsed());
    }
    assert_eq!(text.matches(&format!("\"flag_id\":\"{flag}\"")).count(), CHANGES, "{text}");
    delays.sort();
    println!("told after: median {:?}, slowest {:?}", delays[CHANGES / 2], delays[CHANGES - 1]);
    assert!(delays[CHANGES / 2] < Duration::from_millis(250), "{delays:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_two_servers_do_not_lose_each_others_changes() {
    let Some(one) = Place::postgres() else { return };
    let other = Place::on_database(one.database_url().unwrap().to_owned());
    let (server, second) = (one.start(), other.start());
    let keys = one.bootstrap();
    let managements = [server.management(&keys), second.management(&keys)];
    let flag = managements[0].create_flag("shared", &["first"]).await.unwrap().expect(201).id();
    let mut names = vec!["first".to_owned()];
    for round in 0..15 {
        let (left, right) = (format!("left-{round}"), format!("right-{round}"));
        let (one, two) = tokio::join!(
            managements[0].create_variant(&flag, &left),
            managements[1].create_variant(&flag, &right),
        );
        for (answer, name) in [(one.unwrap(), left), (two.unwrap(), right)] {
            assert!(matches!(answer.status, 201 | 409), "{answer:?}");
            if answer.status == 201 {
                names.push(name);
            }
        }
    }
    assert!(names.len() > 15, "at least one of two gets through");
    for management in managements {
        let shown = management.flag(&flag).await.unwrap().expect(200);
        let variants = shown.body["data"]["attributes"]["variants"].as_array().unwrap();
        let mut keys: Vec<String> =
            variants.iter().map(|variant| variant["key"].as_str().unwrap().to_owned()).collect();
        keys.sort();
        names.sort();
        assert_eq!(keys, names);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_servers_that_start_at_once_on_an_empty_database_one_makes_the_project_and_all_serve() {
    let Some(postgres) = Postgres::shared() else { return };
    for round in 0..3 {
        let url = postgres.create_database();
        let places: Vec<Place> = (0..3).map(|_| Place::on_database(url.clone())).collect();
        let starting: Vec<_> = places.iter().map(|place| Launch::at(place).begin()).collect();
        let servers: Vec<_> = starting.into_iter().map(Starting::listening).collect();
        let makers: Vec<&Place> = places.iter().filter(|place| place.bootstrap_path().exists()).collect();
        assert_eq!(makers.len(), 1, "round {round}: the one who made the project has its keys");
        let keys = makers[0].bootstrap();
        for server in &servers {
            let environments = server.management(&keys).environments().await.unwrap().expect(200);
            let names: BTreeSet<&str> = environments
                .resources()
                .iter()
                .filter_map(|environment| environment["attributes"]["name"].as_str())
                .collect();
            assert_eq!(environments.resources().len(), 3, "of one first start");
            assert_eq!(names, BTreeSet::from(["Development", "Staging", "Production"]));
            server.reader(&keys, "production").evaluate_all(&json!({})).await.expect(200);
        }
        let made = server_makes_a_flag_that_the_others_serve(&servers, &keys).await;
        assert!(made < Duration::from_secs(2), "{made:?}");
    }
}

async fn server_makes_a_flag_that_the_others_serve(servers: &[Server], keys: &Bootstrap) -> Duration {
    servers[0].management(keys).create_flag("first", &["on"]).await.unwrap().expect(201);
    let committed = Instant::now();
    for server in servers {
        let reader = server.reader(keys, "production");
        while reader.evaluate("first", &json!({})).await.status != 200 {
            assert!(committed.elapsed() < Duration::from_secs(2), "{} does not serve it", server.url());
        }
    }
    committed.elapsed()
}
