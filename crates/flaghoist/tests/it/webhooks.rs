//! Webhooks of the real server: no event is lost, whatever happens to the server; a stop waits for what is running.

use crate::dice::Dice;
use crate::management::{Answer, Management};
use crate::server::{Bootstrap, Launch, Place, Server};
use flaghoist_model::webhook::Event;
use flaghoist_server::webhooks::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use flaghoist_store::{PostgresStore, SqliteStore, Store};
use flaghoist_testkit::receiver::{Received, Receiver};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const ROUNDS: usize = 5;
const CLIENTS: usize = 3;
/// What a killed server had taken is due again when its lease of 30 s is over.
const LIMIT: Duration = Duration::from_mins(2);

/// An event as the history has it: the entry and the name.
type Happened = (String, String);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_no_event_is_lost_over_kills() {
    tokio::time::timeout(LIMIT, lose_nothing(&Place::sqlite(), Dice::seeded(3))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_no_event_is_lost_over_kills() {
    let Some(place) = Place::postgres() else { return };
    tokio::time::timeout(LIMIT, lose_nothing(&place, Dice::seeded(4))).await.unwrap();
}

async fn lose_nothing(place: &Place, mut dice: Dice) {
    let receiver = Receiver::start().await;
    let mut server = start(place);
    let keys = place.bootstrap();
    let (path, secret) = make_webhook(&server, &keys, &receiver).await;
    let mut acknowledged: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..ROUNDS {
        for status in [500, 429] {
            receiver.answer_next(status, dice.pause(0, 100));
        }
        let enough = 5 + dice.below(40);
        let written = write_until_killed(&mut server, &keys, round, enough, &mut dice).await;
        println!("round {round}: {} changes of {} flags", written.values().sum::<usize>(), written.len());
        acknowledged.extend(written);
        server = start(place);
    }

    let expected = what_happened(place, &mut server).await;
    for (flag, changes) in &acknowledged {
        let of_flag = expected.values().filter(|id| *id == flag).count();
        // One more may have been made without an answer.
        assert!(
            (*changes..=changes + 1).contains(&of_flag),
            "{flag}: {changes} acknowledged, {of_flag} known"
        );
    }
    let server = start(place);
    let received = receiver
        .wait(LIMIT, |received| {
            let arrived: BTreeSet<Happened> = received.iter().map(|request| told(&request.json())).collect();
            expected.keys().all(|happened| arrived.contains(happened))
        })
        .await;
    check(&received, &expected, &secret);
    wait_until_delivered(&server, &keys, &path).await;
    println!("{} events, {} requests", expected.len(), received.len());
}

/// Every request is signed, tells of something that happened, and a repetition has the id of the first.
fn check(received: &[Received], expected: &BTreeMap<Happened, String>, secret: &str) {
    let mut ids: BTreeMap<Happened, String> = BTreeMap::new();
    for request in received {
        let second: i64 = request.header(TIMESTAMP_HEADER).parse().unwrap();
        let at = Timestamp::from_second(second).unwrap();
        assert_eq!(request.header(SIGNATURE_HEADER), sign(secret, at, request.body.as_bytes()));
        let message = request.json();
        let happened = told(&message);
        assert_eq!(expected[&happened], message["flag"]["id"].as_str().unwrap());
        let id = message["id"].as_str().unwrap().to_owned();
        assert_eq!(*ids.entry(happened).or_insert_with(|| id.clone()), id);
    }
    assert_eq!(ids.values().collect::<BTreeSet<_>>().len(), ids.len(), "no two events share an id");
}

fn told(message: &Value) -> Happened {
    let text = |name: &str| message[name].as_str().unwrap().to_owned();
    (text("history_id"), text("event"))
}

fn start(place: &Place) -> Server {
    Launch::at(place).arg("--webhook-allow-private-targets").start()
}

/// Makes a webhook that is told of flags. Its path and its secret.
async fn make_webhook(server: &Server, keys: &Bootstrap, receiver: &Receiver) -> (String, String) {
    let events: Vec<&str> = Event::ALL.iter().map(|event| event.as_str()).collect();
    let body = json!({"name": "All", "url": receiver.url(), "events": events});
    let request = server.management(keys).request(Method::POST, "/api/v1/webhooks").json(&body);
    let made = Answer::to(request).await.unwrap().expect(201).body;
    let id = made["id"].as_str().unwrap();
    (format!("/api/v1/webhooks/{id}"), made["secret"].as_str().unwrap().to_owned())
}

/// Lets clients change flags until the server is killed at a random moment. How many changes of each flag were
/// acknowledged.
async fn write_until_killed(
    server: &mut Server,
    keys: &Bootstrap,
    round: usize,
    enough: usize,
    dice: &mut Dice,
) -> BTreeMap<String, usize> {
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writing: Vec<JoinHandle<BTreeMap<String, usize>>> = (0..CLIENTS)
        .map(|client| {
            let everybodys = Arc::clone(&acknowledged);
            let production = keys.environment("production").id.clone();
            tokio::spawn(write(server.management(keys), production, format!("{round}-{client}"), everybodys))
        })
        .collect();
    while acknowledged.load(Ordering::Relaxed) < enough && !writing.iter().any(JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(dice.pause(0, 20)).await;
    server.process.kill();
    let mut all = BTreeMap::new();
    for writing in writing {
        all.extend(writing.await.unwrap());
    }
    all
}

/// Makes flags and switches each a few times, until the server is gone.
async fn write(
    management: Management,
    production: String,
    prefix: String,
    everybodys: Arc<AtomicUsize>,
) -> BTreeMap<String, usize> {
    let mut acknowledged = BTreeMap::new();
    for number in 0.. {
        let Ok(made) = management.create_flag(&format!("{prefix}-{number}"), &["a", "b"]).await else {
            break;
        };
        let flag = made.expect(201).id();
        let mut changes = 1;
        everybodys.fetch_add(1, Ordering::Relaxed);
        for enabled in [true, false, true] {
            let Ok(answer) = management.set_enabled((&flag, &production), enabled).await else { break };
            answer.expect(200);
            changes += 1;
            everybodys.fetch_add(1, Ordering::Relaxed);
        }
        acknowledged.insert(flag, changes);
    }
    acknowledged
}

/// Kills the server and reads what happened to flags from its history, with the flag.
async fn what_happened(place: &Place, server: &mut Server) -> BTreeMap<Happened, String> {
    server.process.kill();
    if let Some(url) = place.database_url() {
        let store = PostgresStore::connect(url).await.unwrap();
        let happened = read_events(&store).await;
        store.close().await;
        happened
    } else {
        let store = SqliteStore::open(&place.data_dir()).await.unwrap();
        let happened = read_events(&store).await;
        store.close().await;
        happened
    }
}

async fn read_events(store: &dyn Store) -> BTreeMap<Happened, String> {
    let mut reader = store.read().await.unwrap();
    let project = reader.projects().await.unwrap().remove(0);
    let history = reader.history(project.id, 0, i64::MAX).await.unwrap();
    history
        .iter()
        .filter_map(|entry| Some((entry, entry.change.flag_id?)))
        .flat_map(|(entry, flag)| {
            let events = entry.change.events();
            events.into_iter().map(move |event| {
                ((entry.change.id.to_string(), event.as_str().to_owned()), flag.to_string())
            })
        })
        .collect()
}

async fn wait_until_delivered(server: &Server, keys: &Bootstrap, path: &str) {
    let deadline = Instant::now() + LIMIT;
    loop {
        let log = server.management(keys).get(&format!("{path}/deliveries?limit=500")).await.unwrap();
        let log = log.expect(200).body;
        let deliveries = log["deliveries"].as_array().unwrap();
        if deliveries.iter().all(|delivery| delivery["state"] == "delivered") {
            return;
        }
        assert!(Instant::now() < deadline, "{deliveries:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_the_attempt_that_is_running() {
    let receiver = Receiver::start().await;
    let place = Place::sqlite();
    let server = start(&place);
    let keys = place.bootstrap();
    let (path, _) = make_webhook(&server, &keys, &receiver).await;
    receiver.answer_next(204, Duration::from_secs(2));
    server.management(&keys).create_flag("dark-mode", &["a", "b"]).await.unwrap().expect(201);
    receiver.wait(LIMIT, |received| received.len() == 1).await;
    server.stop();

    let server = start(&place);
    let log = server.management(&keys).get(&format!("{path}/deliveries")).await.unwrap().expect(200).body;
    let delivery = &log["deliveries"][0];
    assert_eq!((&delivery["state"], &delivery["last_status"]), (&json!("delivered"), &json!(204)));
    assert_eq!(delivery["attempts"], 1);
}

#[tokio::test]
async fn without_being_allowed_to_no_webhook_leads_to_this_machine() {
    let receiver = Receiver::start().await;
    let place = Place::sqlite();
    for (launch, status) in [
        (Launch::at(&place), 400),
        (Launch::at(&place).env("FLAGHOIST_WEBHOOK_ALLOW_PRIVATE_TARGETS", "true"), 201),
        (Launch::at(&place).arg("--webhook-allow-private-targets=false"), 400),
    ] {
        let server = launch.start();
        let body = json!({"name": "Home", "url": receiver.url()});
        let management = server.management(&place.bootstrap());
        let request = management.request(Method::POST, "/api/v1/webhooks").json(&body);
        Answer::to(request).await.unwrap().expect(status);
        server.stop();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_most_talkative_log_shows_neither_url_nor_secret_of_a_webhook() {
    let receiver = Receiver::start().await;
    let place = Place::sqlite();
    let server = Launch::at(&place).arg("--webhook-allow-private-targets").arg("--log=trace").start();
    let management = server.management(&place.bootstrap());
    let port = flaghoist_testkit::free_port();
    let mut telling = Vec::new();
    for url in [
        format!("{}?token=very-telling", receiver.url()),
        format!("https://somebody:very-telling@127.0.0.1:{port}/very-telling"),
        receiver.url().replace("http://", "https://somebody:very-telling@"),
    ] {
        let request = management.request(Method::POST, "/api/v1/webhooks");
        let made = Answer::to(request.json(&json!({"name": "Somebody", "url": url}))).await.unwrap();
        let made = made.expect(201).body;
        telling.push(made["secret"].as_str().unwrap()[20..].to_owned());
        let ping = format!("/api/v1/webhooks/{}/ping", made["id"].as_str().unwrap());
        Answer::to(management.request(Method::POST, &ping)).await.unwrap().expect(200);
    }
    management.create_flag("dark-mode", &["a", "b"]).await.unwrap().expect(201);
    receiver.wait(LIMIT, |received| received.len() == 2).await;
    telling.extend(["very-telling".to_owned(), "of-somebody".to_owned()]);
    let log = server.log();
    server.stop();
    assert!(log.contains("TRACE") && log.contains("/api/v1/webhooks"), "the log is not talkative");
    for telling in telling {
        let found = log.lines().find(|line| line.contains(&telling));
        assert_eq!(found, None, "{telling} is in the log");
    }
}
