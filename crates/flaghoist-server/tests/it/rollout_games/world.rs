//! Nodes of a server on one database, a clock that they share, and a flag whose rollout the game is about.

use super::model::{Ask, Outcome, Rollout, Seen, Template};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use flaghoist_server::app::{App, AppState, build};
use flaghoist_server::bootstrap::{Bootstrap, GivenSecrets, first_start};
use flaghoist_server::clock::{Clock, Stopwatch};
use flaghoist_server::limits::{Limits, LimitsConfiguration, Quota};
use flaghoist_server::rollouts::move_all_due;
use flaghoist_store::{EventStore, PostgresEvents, PostgresStore, SqliteEvents, SqliteStore, Store};
use flaghoist_testkit::ids::SeededIds;
use flaghoist_testkit::postgres::Postgres;
use futures_util::future::join_all;
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A clock that only the game turns.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct Node {
    state: AppState,
    router: Router,
}

pub(super) struct World {
    nodes: Vec<Node>,
    databases: Vec<(Arc<dyn Store>, Arc<dyn EventStore>)>,
    hands: Arc<Hands>,
    ids: Arc<SeededIds>,
    first: Bootstrap,
    flag_id: String,
    key: String,
    schedule_id: String,
    /// Which node is asked next: they take turns.
    turn: usize,
    _directory: Option<TempDir>,
}

impl World {
    pub(super) async fn on_sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path()).await.unwrap());
        let events: Arc<dyn EventStore> = Arc::new(SqliteEvents::open(directory.path()).await.unwrap());
        Self::of(vec![(store, events)], Some(directory)).await
    }

    /// None when PostgreSQL is not installed.
    pub(super) async fn on_postgres(nodes: usize) -> Option<Self> {
        let url = Postgres::shared()?.create_database();
        let mut databases: Vec<(Arc<dyn Store>, Arc<dyn EventStore>)> = Vec::new();
        for _ in 0..nodes {
            let store: Arc<dyn Store> = Arc::new(PostgresStore::connect(&url).await.unwrap());
            databases.push((store, Arc::new(PostgresEvents::connect(&url).await.unwrap())));
        }
        Some(Self::of(databases, None).await)
    }

    async fn of(databases: Vec<(Arc<dyn Store>, Arc<dyn EventStore>)>, directory: Option<TempDir>) -> Self {
        let hands = Arc::new(Hands(AtomicI64::new(1_800_000_000_000)));
        let ids = Arc::new(SeededIds::new(7));
        let store = databases[0].0.as_ref();
        let given = GivenSecrets::default();
        let first = first_start(store, hands.as_ref(), ids.as_ref(), "http://test", given, |_| Ok(()));
        let mut world = Self {
            nodes: Vec::new(),
            first: first.await.unwrap().unwrap(),
            databases,
            hands,
            ids,
            flag_id: String::new(),
            key: String::new(),
            schedule_id: String::new(),
            turn: 0,
            _directory: directory,
        };
        for number in 0..world.databases.len() {
            let node = world.started(number).await;
            world.nodes.push(node);
        }
        world
    }

    /// A node as it is after its start.
    async fn started(&self, number: usize) -> Node {
        let (store, events) = &self.databases[number];
        let clock = Arc::clone(&self.hands);
        let mut app = App::new(Arc::clone(store), Arc::clone(events), clock, Arc::clone(&self.ids) as _);
        let free = Quota { requests: 0, seconds: NonZeroU32::MIN };
        let configuration =
            LimitsConfiguration { management: free, stranger: free, ..LimitsConfiguration::default() };
        app.limits = Limits::new(&configuration, Arc::new(Stopwatch::default()));
        app.publisher.refresh().await.unwrap();
        let state = Arc::new(app);
        Node { router: build(Arc::clone(&state)), state }
    }

    /// Makes the flag of a game, enabled in production, with a rollout.
    pub(super) async fn begin(&mut self, game: u64, template: &Template) {
        self.key = format!("game-{game}");
        let variants = json!([{"key": "off", "name": "off", "value": "OFF"}, {"key": "on", "name": "on", "value": "ON"}]);
        let attributes =
            json!({"key": self.key, "name": self.key, "value_type": "STRING", "variants": variants});
        let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
        let made = self.call(0, "POST", "/api/v2/feature-flags", Some(body)).await;
        assert_eq!(made.0, 201, "{}", made.1);
        made.1["data"]["id"].as_str().unwrap().clone_into(&mut self.flag_id);
        assert_eq!(self.ask(&Ask::Enable(true)).await, Outcome(200));
        assert_eq!(self.ask(&Ask::Edit(template.clone())).await, Outcome(200));
        let flag = format!("/api/v1/rollouts?flag_id={}", self.flag_id);
        let rollouts = self.call(0, "GET", &flag, None).await.1;
        rollouts["data"][0]["id"].as_str().unwrap().clone_into(&mut self.schedule_id);
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.hands.0.load(Ordering::SeqCst)
    }

    pub(super) fn pass(&self, by_ms: i64) {
        self.hands.0.fetch_add(by_ms, Ordering::SeqCst);
    }

    fn next_node(&mut self) -> usize {
        self.turn = (self.turn + 1) % self.nodes.len();
        self.turn
    }

    pub(super) async fn tick(&mut self) {
        let node = self.next_node();
        move_all_due(&self.nodes[node].state).await.unwrap();
    }

    pub(super) async fn ask(&mut self, ask: &Ask) -> Outcome {
        let node = self.next_node();
        self.ask_node(node, ask).await
    }

    /// Asks several nodes, while all of them look for what is due.
    pub(super) async fn ask_at_once(&mut self, asked: &[Ask]) -> Vec<Outcome> {
        let places: Vec<usize> = asked.iter().map(|_| self.next_node()).collect();
        let answers = join_all(asked.iter().zip(places).map(|(ask, node)| self.ask_node(node, ask)));
        let looks = join_all(self.nodes.iter().map(|node| async {
            move_all_due(&node.state).await.unwrap();
        }));
        tokio::join!(answers, looks).0
    }

    /// What a node does is broken off after so many waits: its client went away, or the node died and is started again.
    pub(super) async fn crash(&mut self, asked: Option<&Ask>, waits: usize) {
        let node = self.next_node();
        match asked {
            Some(ask) => drop(until_wait(self.ask_node(node, ask), waits).await),
            None => drop(until_wait(move_all_due(&self.nodes[node].state), waits).await),
        }
        if waits.is_multiple_of(3) {
            self.nodes[node] = self.started(node).await;
        }
    }

    async fn ask_node(&self, node: usize, ask: &Ask) -> Outcome {
        let environment = self.first.environments.iter().find(|environment| environment.key == "production");
        let environment = &environment.unwrap().id;
        let flag = format!("/api/v2/feature-flags/{}", self.flag_id);
        let command = |name: &str| {
            let path = format!("/api/v2/feature-flags/exposure-schedules/{}/{name}", self.schedule_id);
            ("POST", path, None)
        };
        let (method, path, body) = match ask {
            Ask::Start => command("start"),
            Ask::Pause => command("pause"),
            Ask::Resume => command("resume"),
            Ask::Stop => command("stop"),
            Ask::Enable(true) => ("POST", format!("{flag}/environments/{environment}/enable"), None),
            Ask::Enable(false) => ("POST", format!("{flag}/environments/{environment}/disable"), None),
            Ask::Archive(true) => ("POST", format!("{flag}/archive"), None),
            Ask::Archive(false) => ("POST", format!("{flag}/unarchive"), None),
            Ask::Override(is_set) => {
                let path = format!("/api/v1/flags/{}/environments/{environment}/serving", self.flag_id);
                let variant = if *is_set { json!("off") } else { Value::Null };
                ("PATCH", path, Some(json!({"override_variant_key": variant})))
            }
            Ask::Edit(template) => {
                let path = format!("{flag}/environments/{environment}/allocations");
                ("PUT", path, Some(json!({"data": [template.allocation(&self.key)]})))
            }
        };
        Outcome(self.call(node, method, &path, body).await.0)
    }

    async fn call(&self, node: usize, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("dd-api-key", &self.first.api_key)
            .header("dd-application-key", &self.first.application_key)
            .header("content-type", "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.nodes[node].router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn rollout(&self) -> Value {
        let path = format!("/api/v1/rollouts/{}", self.schedule_id);
        let (status, shown) = self.call(0, "GET", &path, None).await;
        assert_eq!(status, 200, "{shown}");
        shown
    }

    /// How the rollout stands in the store.
    pub(super) async fn see(&self) -> Seen {
        let mut reader = self.databases[0].0.read().await.unwrap();
        let (project_id, flag_id) = (self.first.project_id.parse().unwrap(), self.flag_id.parse().unwrap());
        let flag = reader.find_flag(project_id, flag_id).await.unwrap().unwrap();
        let entry = reader.flag_environments(&[flag_id]).await.unwrap().remove(0);
        let (_, schedule) = entry.schedules().next().unwrap();
        let progress = &schedule.progress;
        let has_entered = schedule.is_on() || schedule.is_through();
        let steps = schedule.steps.iter();
        Seen {
            status: progress.status.as_str().to_owned(),
            pause_reason: progress.pause_reason.map(|reason| reason.as_str().to_owned()),
            run: progress.run,
            position: progress.position,
            ratio: schedule.exposure_ratio(),
            entered_ms: progress.step_entered_at.filter(|_| has_entered).map(Timestamp::as_millisecond),
            next_ms: schedule.due_at().map(Timestamp::as_millisecond),
            sequence: progress.sequence,
            switches: (entry.enabled, entry.override_variant_id.is_some(), flag.archived_at.is_some()),
            content: (
                schedule.autostart,
                steps.map(|step| (step.exposure_ratio, step.interval_ms, step.is_pause_record)).collect(),
            ),
        }
    }

    /// What was written down of the game agrees with itself and with what readers of every node get.
    pub(super) async fn check_log(&self, game: u64, rollout: &Rollout, told: &[String]) -> i64 {
        let shown = self.rollout().await;
        let mut transitions = shown["transitions"].as_array().unwrap().clone();
        transitions.reverse();
        let context = || format!("game {game}: {told:?}\n{transitions:#?}");
        assert_eq!(i64::try_from(transitions.len()).unwrap(), rollout.transitions(), "{}", context());
        let mut before: Option<&Value> = None;
        for (number, made) in transitions.iter().enumerate() {
            let text = |name: &str| made[name].as_str().unwrap_or_default();
            let moment = |name: &str| text(name).parse::<Timestamp>().unwrap();
            assert_eq!(made["sequence"].as_u64(), u64::try_from(number + 1).ok(), "each once: {}", context());
            assert!(made["history_id"].is_string(), "each in the history: {}", context());
            // What starts by itself does so in the change that lets it, or later, by the scheduler.
            if text("cause") != "autostart" {
                let is_asked = matches!(text("cause"), "request" | "flag");
                assert_eq!(made["user_id"].is_string(), is_asked, "by whom: {}", context());
            }
            if text("cause") == "timer" {
                assert!(moment("at") >= moment("due_at"), "never early: {}", context());
            }
            let step = |of: &Value| of["step_position"].as_u64();
            match (text("deed"), before) {
                ("advanced", Some(before)) if step(made) != step(before) => {
                    assert_eq!(
                        step(made),
                        step(before).map(|step| step + 1),
                        "no step skipped: {}",
                        context()
                    );
                }
                // The end of a pause record that is the last step.
                ("advanced", Some(_)) => assert_eq!(text("status"), "COMPLETED", "{}", context()),
                ("started", _) => assert_eq!(step(made), Some(0), "{}", context()),
                _ => {}
            }
            if let Some(before) = before.filter(|_| !matches!(text("deed"), "stopped" | "started")) {
                let ratio = |of: &Value| of["exposure_ratio"].as_f64().unwrap();
                assert!(ratio(made) >= ratio(before), "it only grows: {}", context());
            }
            before = Some(made);
        }
        for node in &self.nodes {
            node.state.publisher.refresh().await.unwrap();
            let end = self.served_end(node).await;
            assert_eq!(end, rollout.shard_end(), "what readers get: {}", context());
        }
        rollout.transitions()
    }

    /// Where the traffic of the rollout ends in the document of production; none when it is not in there.
    async fn served_end(&self, node: &Node) -> Option<u64> {
        let environment = self.first.environments.iter().find(|environment| environment.key == "production");
        let request = Request::builder()
            .uri("/sdk/v1/config")
            .header("x-api-key", &environment.unwrap().server_sdk_key)
            .body(Body::empty());
        let response = node.router.clone().oneshot(request.unwrap()).await.unwrap();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let document =
            if document["flags"].is_object() { &document } else { &document["data"]["attributes"] };
        let allocations = document["flags"][&self.key]["allocations"].as_array()?;
        let ramp = allocations.iter().find(|allocation| allocation["key"] == self.key.as_str())?;
        let shard = &ramp["splits"][0]["shards"][0];
        Some(shard["ranges"][0]["end"].as_u64().unwrap_or(10_000))
    }
}

/// Runs something until it has waited so often, and then drops it, as the death of a process does.
async fn until_wait<T>(work: impl Future<Output = T>, waits: usize) -> Option<T> {
    let mut work = Box::pin(work);
    let mut left = waits;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}
