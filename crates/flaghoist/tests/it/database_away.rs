//! PostgreSQL goes away under a running server and comes back.

use crate::management::{Answer, Management, only_for, serving};
use crate::reader::Reader;
use crate::server::{Bootstrap, Launch, Place, Server};
use crate::stalling_link::Link;
use flaghoist_testkit::postgres::{Options, Postgres};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What "within a few seconds" is.
const A_FEW_SECONDS: Duration = Duration::from_secs(5);
/// How long the server may need to find the database again.
const RECOVERY_LIMIT: Duration = Duration::from_secs(15);
/// Evaluations while the database is away.
const EVALUATIONS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_server_refuses_changes_answers_readers_and_recovers_by_itself() {
    let Some(postgres) = Postgres::launch(Options::default()) else { return };
    let place = Place::on_database(postgres.create_database());
    let server = place.start();
    let keys = place.bootstrap();
    let world = World::new(&server, &keys).await;
    let ends: [fn(&Postgres); 2] = [Postgres::stop, Postgres::kill];
    for (end, variant) in ends.into_iter().zip(["b", "c"]) {
        let before = world.read_everything().await;
        end(&postgres);
        world.changes_are_refused().await;
        world.probes_say("the store cannot be reached", 503).await;
        world.readers_are_answered_as(&before).await;
        postgres.start();
        world.changes_work_again(variant).await;
        world.probes_say("ok", 200).await;
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_falls_silent_is_as_good_as_away() {
    let Some(postgres) = Postgres::shared() else { return };
    let url = postgres.create_database();
    let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()).unwrap();
    let link = Link::to(port.parse().unwrap());
    let place = Place::on_database(url.replace(port, &link.port().to_string()));
    let server = place.start();
    let world = World::new(&server, &place.bootstrap()).await;
    let before = world.read_everything().await;
    link.stall();
    world.changes_are_refused().await;
    world.probes_say("the store cannot be reached", 503).await;
    world.readers_are_answered_as(&before).await;
    link.resume();
    world.changes_work_again("b").await;
    world.probes_say("ok", 200).await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_without_its_database_answers_readers_as_before_and_recovers_by_itself() {
    let Some(postgres) = Postgres::launch(Options::default()) else { return };
    let place = Place::on_database(postgres.create_database());
    let keys = {
        let server = place.start();
        let keys = place.bootstrap();
        World::new(&server, &keys).await;
        server.stop();
        keys
    };
    let server = place.start();
    let world = World::again(&server, &keys).await;
    let before = world.read_everything().await;
    // What was committed a moment before the end is kept too.
    world.serve("c").await.expect(200);
    let changed = world.read_everything().await;
    let document = world.reader.document().await;
    assert_ne!(before, changed);
    server.stop();
    postgres.stop();
    let server = place.start();
    let world =
        World { management: server.management(&keys), reader: server.reader(&keys, "production"), ..world };
    world.readers_are_answered_as(&changed).await;
    assert_eq!(world.reader.document().await, document);
    world.probes_say("the store cannot be reached", 503).await;
    world.changes_are_refused().await;
    postgres.start();
    world.changes_work_again("a").await;
    assert_eq!(world.read_everything().await, before);
    server.stop();
    // Without anything kept there is nothing to answer.
    postgres.stop();
    std::fs::remove_dir_all(place.data_dir().join("published")).unwrap();
    let (status, said) = Launch::at(&place).refused();
    assert!(!status.success(), "{said}");
}

struct World {
    management: Management,
    reader: Reader,
    flag: String,
    production: String,
}

impl World {
    async fn new(server: &Server, keys: &Bootstrap) -> Self {
        let management = server.management(keys);
        let reader = server.reader(keys, "production");
        let production = keys.environment("production").id.clone();
        let flag = management.create_flag("colour", &["a", "b", "c"]).await.unwrap().expect(201).id();
        management.set_enabled((&flag, &production), true).await.unwrap().expect(200);
        for number in 0..20 {
            management.create_flag(&format!("other-{number}"), &["x"]).await.unwrap().expect(201);
        }
        let world = Self { management, reader, flag, production };
        world.serve("a").await.expect(200);
        world
    }

    /// The world of an earlier start.
    async fn again(server: &Server, keys: &Bootstrap) -> Self {
        let management = server.management(keys);
        let reader = server.reader(keys, "production");
        let production = keys.environment("production").id.clone();
        let flags = management.get("/api/v2/feature-flags?key=colour").await.unwrap().expect(200).body;
        let flag = flags["data"][0]["id"].as_str().unwrap().to_owned();
        Self { management, reader, flag, production }
    }

    /// Serves `variant` to testers.
    async fn serve(&self, variant: &str) -> Answer {
        let allocation = only_for(serving("testers", "Testers", variant), "role", "tester");
        self.management.replace_allocations((&self.flag, &self.production), &[allocation]).await.unwrap()
    }

    async fn evaluate(&self) -> Value {
        let context = json!({"targetingKey": "alice", "role": "tester"});
        self.reader.evaluate("colour", &context).await.expect(200).body
    }

    async fn read_everything(&self) -> (Value, Value) {
        let all = self.reader.evaluate_all(&json!({"targetingKey": "bob"})).await.expect(200).body;
        (self.evaluate().await, all)
    }

    async fn changes_are_refused(&self) {
        let is_refusal = |answer: &Answer| {
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(answer.took < A_FEW_SECONDS, "{answer:?}");
            let seconds: u64 = answer.retry_after.as_ref().expect("Retry-After").parse().unwrap();
            assert!((1..=60).contains(&seconds), "{answer:?}");
        };
        let errors = json!({"errors": ["the database is unavailable; try again"]});
        let json_api = self.management.request(Method::GET, "/api/v2/feature-flags");
        let (put, post, get, json_api) = tokio::join!(
            self.serve("b"),
            self.management.create_flag("impossible", &["on"]),
            self.management.environments(),
            Answer::to(json_api.header("accept", "application/vnd.api+json")),
        );
        for answer in [put, post.unwrap(), get.unwrap()] {
            is_refusal(&answer);
            assert_eq!(answer.body, errors);
        }
        let answer = json_api.unwrap();
        is_refusal(&answer);
        assert_eq!(answer.body["errors"][0]["status"], "503");
        assert_eq!(answer.body["errors"][0]["detail"], errors["errors"][0]);
    }

    async fn probes_say(&self, readiness: &str, status: u16) {
        let alive = self.management.get("/healthz").await.unwrap().expect(200);
        assert_eq!(alive.body, json!({"status": "ok"}));
        let ready = self.management.get("/readyz").await.unwrap().expect(status);
        assert_eq!(ready.body, json!({"status": readiness}));
        assert!(alive.took + ready.took < A_FEW_SECONDS, "{alive:?} {ready:?}");
    }

    /// With a good latency, too: a reader that waited for the database would take seconds.
    async fn readers_are_answered_as(&self, before: &(Value, Value)) {
        let context = json!({"targetingKey": "alice", "role": "tester"});
        let mut took = Vec::new();
        for _ in 0..EVALUATIONS {
            let answer = self.reader.evaluate("colour", &context).await.expect(200);
            assert_eq!(answer.body, before.0);
            took.push(answer.took);
        }
        assert_eq!(self.read_everything().await, *before);
        took.sort();
        println!(
            "OFREP without database: median {:?}, slowest {:?}",
            took[took.len() / 2],
            took[took.len() - 1]
        );
        assert!(took[took.len() / 2] < Duration::from_millis(25), "{took:?}");
        assert!(took[took.len() - 1] < Duration::from_millis(500), "{took:?}");
    }

    /// Readers of this node see a change as soon as it is acknowledged.
    async fn changes_work_again(&self, variant: &str) {
        let started = Instant::now();
        loop {
            let answer = self.serve(variant).await;
            if answer.status == 200 {
                break;
            }
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(started.elapsed() < RECOVERY_LIMIT, "{answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        println!("recovered after {:?}", started.elapsed());
        assert_eq!(self.evaluate().await["value"], variant);
    }
}
