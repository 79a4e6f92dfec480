//! An application in a temporary directory, and those who call it.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use flaghoist_model::MintId;
use flaghoist_model::access::{Actor, BuiltInRole, Dialect, PermissionSet, RoleRef};
use flaghoist_model::credential::{Credential, CredentialKind};
use flaghoist_model::history::{Action, Change};
use flaghoist_model::id::{CredentialId, HistoryId, ProjectId, UserId};
use flaghoist_model::user::{Membership, User, UserKind};
use flaghoist_server::app::{App, AppState, build, build_agent};
use flaghoist_server::bootstrap::{Bootstrap, GivenSecrets, first_start};
use flaghoist_server::clock::{Clock, Stopwatch};
use flaghoist_server::events;
use flaghoist_server::guardrails;
use flaghoist_server::limits::{Limits, LimitsConfiguration, Quota};
use flaghoist_server::secret;
use flaghoist_server::webhooks::{self, Courier};
use flaghoist_store::{SqliteEvents, SqliteStore, Store};
use flaghoist_testkit::ids::SeededIds;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;

/// A clock that moves by a millisecond whenever it is read.
pub(crate) struct TestClock(Mutex<Timestamp>);

impl TestClock {
    /// The moment that comes in so many seconds, as requests write it.
    pub(crate) fn now_text(&self, in_seconds: i64) -> String {
        (*self.0.lock().unwrap() + SignedDuration::from_secs(in_seconds)).to_string()
    }

    /// Turns the hands.
    pub(crate) fn pass(&self, time: SignedDuration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_millis(1);
        *now
    }
}

impl TestClock {
    fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

fn start_counting(state: &AppState) -> DropGuard {
    let stop = CancellationToken::new();
    tokio::spawn(events::count(Arc::clone(state), stop.clone()));
    tokio::spawn(guardrails::record(Arc::clone(state), stop.clone()));
    stop.drop_guard()
}

/// A running application.
pub(crate) struct TestApp {
    /// What handlers share.
    pub(crate) state: AppState,
    router: Router,
    store: Arc<SqliteStore>,
    ids: Arc<SeededIds>,
    clock: Arc<TestClock>,
    pub(crate) first: Bootstrap,
    directory: TempDir,
    /// Counts what readers report, as long as it is there.
    counting: DropGuard,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body; empty for a stream, which has no end.
    pub(crate) bytes: Vec<u8>,
    /// The same as text.
    pub(crate) text: String,
}

impl Answer {
    async fn of(response: axum::response::Response) -> Self {
        let (parts, body) = response.into_parts();
        let is_stream = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let bytes = if is_stream { Vec::new() } else { body.collect().await.unwrap().to_bytes().to_vec() };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Self { status: parts.status, headers: parts.headers, bytes, text }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, which has this status.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

impl TestApp {
    /// A fresh application after its first start, where strangers may ask as often as they like.
    pub(crate) async fn new() -> Self {
        let free = Quota { requests: 0, seconds: NonZeroU32::MIN };
        let configuration = LimitsConfiguration { stranger: free, ..LimitsConfiguration::default() };
        let limits = Limits::new(&configuration, Arc::new(Stopwatch::default()));
        Self::with(|app| app.limits = limits).await
    }

    /// A fresh application after its first start, with settings of its own.
    pub(crate) async fn with(configure: impl FnOnce(&mut App)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(directory.path()).await.unwrap());
        let ids = Arc::new(SeededIds::new(7));
        let clock = Arc::new(TestClock(Mutex::new("2026-11-20T10:00:00Z".parse().unwrap())));
        let first = first_start(
            store.as_ref(),
            clock.as_ref(),
            ids.as_ref(),
            "http://test",
            GivenSecrets::default(),
            |_| Ok(()),
        );
        let first = first.await.unwrap().unwrap();
        let state = Self::state(directory.path(), &store, &clock, &ids, configure).await;
        let counting = start_counting(&state);
        Self { router: build(Arc::clone(&state)), state, store, ids, clock, first, directory, counting }
    }

    async fn state(
        directory: &Path,
        store: &Arc<SqliteStore>,
        clock: &Arc<TestClock>,
        ids: &Arc<SeededIds>,
        configure: impl FnOnce(&mut App),
    ) -> AppState {
        let store: Arc<dyn Store> = Arc::clone(store) as _;
        let events = Arc::new(SqliteEvents::open(directory).await.unwrap());
        let mut app = App::new(store, events, Arc::clone(clock) as _, Arc::clone(ids) as _);
        configure(&mut app);
        app.publisher.refresh().await.unwrap();
        Arc::new(app)
    }

    /// The same application after a restart of the process.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    /// The same after a restart, with webhooks that lead to private addresses too.
    pub(crate) async fn with_private_webhooks(self) -> Self {
        self.restart_with(|app| app.courier = Courier::new(true)).await
    }

    async fn restart_with(self, configure: impl FnOnce(&mut App)) -> Self {
        let Self { state, router, store, ids, clock, first, directory, counting } = self;
        drop((state, router, counting));
        store.close().await;
        // What the application left running lets go of the store when it is next polled.
        while Arc::strong_count(&store) > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(store);
        let store = Arc::new(SqliteStore::open(directory.path()).await.unwrap());
        let state = Self::state(directory.path(), &store, &clock, &ids, configure).await;
        let counting = start_counting(&state);
        Self { router: build(Arc::clone(&state)), state, store, ids, clock, first, directory, counting }
    }

    /// Makes deliveries to webhooks until the guard is dropped.
    pub(crate) fn deliver(&self) -> DropGuard {
        let stop = CancellationToken::new();
        tokio::spawn(webhooks::deliver(Arc::clone(&self.state), stop.clone(), Duration::ZERO));
        stop.drop_guard()
    }

    /// Lets time pass, and whoever waits for it look at the clock.
    pub(crate) fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.state.deliveries_due.notify_one();
    }

    /// The database, to look behind the scenes.
    pub(crate) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The time.
    pub(crate) fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Makes the database go away for good.
    pub(crate) async fn lose_database(&self) {
        self.store.close().await;
    }

    /// Sends a request.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Sends a request to the listener that answers as an Agent.
    pub(crate) async fn send_to_agent(&self, method: &str, path: &str, body: Value) -> Answer {
        let router = build_agent(Arc::clone(&self.state), self.first.project_id.parse().unwrap());
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string())).unwrap();
        Answer::of(router.oneshot(request).await.unwrap()).await
    }

    /// Opens a stream of events.
    pub(crate) async fn listen(&self, path: &str, headers: &[(&str, &str)]) -> Listening {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        Listening { body: response.into_body(), text: String::new() }
    }

    /// Sends a request whose head arrives before `meanwhile` is done, and whose body is what that gives.
    pub(crate) async fn send_slowly(
        &self,
        method: &str,
        path: &str,
        headers: Vec<(String, String)>,
        meanwhile: impl Future<Output = String>,
    ) -> Answer {
        let (body_given, body) = tokio::sync::oneshot::channel::<String>();
        let body = futures_util::stream::once(async move { body.await.map(axum::body::Bytes::from) });
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from_stream(body)).unwrap();
        let answering = tokio::spawn(self.router.clone().oneshot(request));
        // Long enough for the head to be looked at: the router has nothing else to wait for.
        tokio::time::sleep(Duration::from_millis(100)).await;
        body_given.send(meanwhile.await).unwrap();
        Answer::of(answering.await.unwrap().unwrap()).await
    }

    /// The administrator of the first start.
    pub(crate) fn admin(&self) -> Caller<'_> {
        Caller {
            app: self,
            api_key: self.first.api_key.clone(),
            key: self.first.application_key.clone(),
            user_id: String::new(),
        }
    }

    /// Somebody else, in a built-in role, with a key of their own.
    pub(crate) async fn somebody(&self, role: BuiltInRole) -> Caller<'_> {
        self.somebody_with(RoleRef::BuiltIn(role), None).await
    }

    /// Somebody else, in some role, with a key of their own that is narrowed to `scopes`.
    pub(crate) async fn somebody_with(&self, role: RoleRef, scopes: Option<PermissionSet>) -> Caller<'_> {
        let project_id: ProjectId = self.first.project_id.parse().unwrap();
        let now = self.clock.now();
        let user_id = UserId::mint(self.ids.as_ref());
        let user = User {
            id: user_id,
            email: format!("{user_id}@example.com"),
            name: format!("Somebody {user_id}"),
            kind: UserKind::Person,
            password_hash: None,
            is_installation_admin: false,
            disabled_at: None,
            created_at: now,
        };
        let key = secret::generate(secret::APPLICATION_KEY_PREFIX).unwrap();
        let credential = Credential {
            id: CredentialId::mint(self.ids.as_ref()),
            project_id,
            kind: CredentialKind::ApplicationKey { user_id, scopes },
            name: format!("Key of {user_id}"),
            secret_hash: secret::hash(&key),
            secret_end: secret::end(&key),
            created_at: now,
            created_by: None,
            expires_at: None,
            last_used_at: None,
        };
        let mut writer = self.store.begin(project_id).await.unwrap();
        writer.insert_user(&user).await.unwrap();
        writer.save_membership(&Membership { project_id, user_id, role, created_at: now }).await.unwrap();
        writer.insert_credential(&credential).await.unwrap();
        let change = Change {
            id: HistoryId(self.ids.mint()),
            actor: Actor::System,
            dialect: Dialect::Internal,
            action: Action::MemberAdded,
            flag_id: None,
            environment_id: None,
            before: None,
            after: None,
            reason: None,
            authority: None,
            reverts: None,
            at: now,
        };
        writer.commit(change).await.unwrap();
        Caller { app: self, api_key: self.first.api_key.clone(), key, user_id: user_id.to_string() }
    }

    /// The administrator of a project of its own beside the first one.
    pub(crate) async fn other_project(&self) -> Caller<'_> {
        let body = json!({"name": "Somebody else's"});
        let made = self.admin().call("POST", "/api/v1/projects", Some(body)).await.expect(201).json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Caller { app: self, api_key: text("api_key"), key: text("application_key"), user_id: String::new() }
    }

    /// A reader of an environment with its server key.
    pub(crate) fn reader(&self, environment: &str) -> Reader<'_> {
        Reader { app: self, key: self.environment(environment).server_sdk_key.clone() }
    }

    /// A reader of an environment with its client key.
    pub(crate) fn browser(&self, environment: &str) -> Reader<'_> {
        Reader { app: self, key: self.environment(environment).client_sdk_key.clone() }
    }

    /// The id of an environment of the first start.
    pub(crate) fn environment_id(&self, key: &str) -> &str {
        &self.environment(key).id
    }

    fn environment(&self, key: &str) -> &flaghoist_server::bootstrap::BootstrapEnvironment {
        self.first.environments.iter().find(|environment| environment.key == key).unwrap()
    }
}

/// Somebody who manages flags.
pub(crate) struct Caller<'a> {
    app: &'a TestApp,
    pub(crate) api_key: String,
    pub(crate) key: String,
    /// Their id; empty for the administrator of the first start.
    pub(crate) user_id: String,
}

impl Caller<'_> {
    /// The headers of their requests with a body.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let pairs = [
            ("dd-api-key", self.api_key.as_str()),
            ("dd-application-key", self.key.as_str()),
            ("content-type", "application/json"),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let headers = [
            ("dd-api-key", self.api_key.as_str()),
            ("dd-application-key", self.key.as_str()),
            ("content-type", "application/json"),
        ];
        self.app.send(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await
    }

    /// The same for what is still as they saw it.
    pub(crate) async fn call_if(&self, tag: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let headers = self.headers();
        let mut headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.push(("if-match", tag));
        self.app.send(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    /// Makes a flag and gives its resource.
    pub(crate) async fn create_flag(&self, key: &str, value_type: &str, variants: &[(&str, &str)]) -> Value {
        let variants: Vec<Value> =
            variants.iter().map(|(key, value)| json!({"key": key, "name": key, "value": value})).collect();
        let attributes = json!({"key": key, "name": key, "value_type": value_type, "variants": variants});
        let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
        self.call("POST", "/api/v2/feature-flags", Some(body)).await.expect(201).json()["data"].take()
    }

    /// Makes a flag that is enabled in an environment, and gives its id.
    pub(crate) async fn enabled_flag(
        &self,
        key: &str,
        value_type: &str,
        variants: &[(&str, &str)],
        environment: &str,
    ) -> String {
        let flag = self.create_flag(key, value_type, variants).await;
        let id = flag["id"].as_str().unwrap().to_owned();
        self.call("POST", &self.place(&id, environment, "enable"), None).await.expect(200);
        id
    }

    /// Replaces the allocations of a flag in an environment.
    pub(crate) async fn replace(&self, flag_id: &str, environment: &str, allocations: &[Value]) -> Answer {
        let data: Vec<Value> = allocations
            .iter()
            .map(|attributes| json!({"type": "allocations", "attributes": attributes}))
            .collect();
        self.call("PUT", &self.place(flag_id, environment, "allocations"), Some(json!({"data": data}))).await
    }

    pub(crate) fn place(&self, flag_id: &str, environment: &str, what: &str) -> String {
        let environment_id = self.app.environment_id(environment);
        format!("/api/v2/feature-flags/{flag_id}/environments/{environment_id}/{what}")
    }
}

/// An allocation that serves one variant to all who match `rules`.
pub(crate) fn allocation(key: &str, variant: &str, rules: &Value) -> Value {
    json!({"key": key, "name": key, "type": "FEATURE_GATE", "targeting_rules": rules,
        "variant_weights": [{"variant_key": variant, "value": 100}]})
}

/// An open stream of events.
pub(crate) struct Listening {
    body: Body,
    text: String,
}

/// Long enough for an event that comes, and short enough to wait for one that does not.
const PATIENCE: Duration = Duration::from_millis(500);

impl Listening {
    /// The next event: its id and its data. None when none comes, or the stream ends.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        use http_body_util::BodyExt;
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let member = |name: &str| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.map(str::to_owned).next()
                };
                let found = member("id: ").zip(member("data: "));
                let rest = rest.to_owned();
                self.text = rest;
                if let Some((id, data)) = found {
                    return Some((id, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.ok()??;
            self.text += std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap();
        }
    }

    /// How often the stream shows that it lives within some time.
    pub(crate) async fn heartbeats_within(&mut self, time: Duration) -> usize {
        use http_body_util::BodyExt;
        let until = tokio::time::Instant::now() + time;
        let mut count = 0;
        while let Ok(Some(frame)) = tokio::time::timeout_at(until, self.body.frame()).await {
            count += usize::from(frame.unwrap().data_ref().unwrap().as_ref() == b":\n\n");
        }
        count
    }

    /// Whether the stream has ended.
    pub(crate) async fn has_ended(&mut self) -> bool {
        use http_body_util::BodyExt;
        loop {
            match tokio::time::timeout(PATIENCE, self.body.frame()).await {
                Err(_) => return false,
                Ok(None) => return true,
                Ok(Some(_)) => {}
            }
        }
    }
}

/// Somebody who reads flags.
pub(crate) struct Reader<'a> {
    app: &'a TestApp,
    key: String,
}

impl Reader<'_> {
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("x-api-key", self.key.as_str()), ("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.app.send("POST", path, &all, Some(body.as_bytes().to_vec())).await
    }

    pub(crate) async fn evaluate(&self, key: &str, context: Value) -> Answer {
        let body = json!({ "context": context }).to_string();
        self.post(&format!("/ofrep/v1/evaluate/flags/{key}"), &[], &body).await
    }

    pub(crate) async fn evaluate_all(&self, context: Value) -> Answer {
        self.post("/ofrep/v1/evaluate/flags", &[], &json!({ "context": context }).to_string()).await
    }

    pub(crate) async fn document(&self) -> Answer {
        self.app.send("GET", "/sdk/v1/config", &[("x-api-key", &self.key)], None).await
    }
}
