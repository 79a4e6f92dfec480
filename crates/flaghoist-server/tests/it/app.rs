//! An application in a temporary directory, and those who call it.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use flaghoist_model::MintId;
use flaghoist_model::access::{Actor, Role};
use flaghoist_model::credential::{Credential, CredentialKind};
use flaghoist_model::history::{Action, Change};
use flaghoist_model::id::{CredentialId, HistoryId};
use flaghoist_server::app::{App, build};
use flaghoist_server::bootstrap::{Bootstrap, GivenSecrets, first_start};
use flaghoist_server::clock::Clock;
use flaghoist_server::secret;
use flaghoist_store::{SqliteStore, Store};
use flaghoist_testkit::ids::SeededIds;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tower::ServiceExt;

/// A clock that moves by a millisecond whenever it is read.
pub(crate) struct TestClock(Mutex<Timestamp>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_millis(1);
        *now
    }
}

/// A running application.
pub(crate) struct TestApp {
    router: Router,
    store: Arc<SqliteStore>,
    ids: Arc<SeededIds>,
    clock: Arc<TestClock>,
    pub(crate) first: Bootstrap,
    directory: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
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
    /// A fresh application after its first start.
    pub(crate) async fn new() -> Self {
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
        let router = Self::route(&store, &clock, &ids).await;
        Self { router, store, ids, clock, first, directory }
    }

    async fn route(store: &Arc<SqliteStore>, clock: &Arc<TestClock>, ids: &Arc<SeededIds>) -> Router {
        let store: Arc<dyn Store> = Arc::clone(store) as _;
        let app = Arc::new(App::new(store, Arc::clone(clock) as _, Arc::clone(ids) as _));
        app.publisher.refresh().await.unwrap();
        build(app)
    }

    /// The same application after a restart of the process.
    pub(crate) async fn restart(self) -> Self {
        let Self { router, store, ids, clock, first, directory } = self;
        drop(router);
        store.close().await;
        drop(store);
        let store = Arc::new(SqliteStore::open(directory.path()).await.unwrap());
        let router = Self::route(&store, &clock, &ids).await;
        Self { router, store, ids, clock, first, directory }
    }

    /// The database, to look behind the scenes.
    pub(crate) fn store(&self) -> &dyn Store {
        self.store.as_ref()
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
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// The administrator of the first start.
    pub(crate) fn admin(&self) -> Caller<'_> {
        Caller { app: self, api_key: self.first.api_key.clone(), key: self.first.application_key.clone() }
    }

    /// Somebody with another role, and a key of their own.
    pub(crate) async fn somebody(&self, role: Role) -> Caller<'_> {
        let key = secret::generate(secret::APPLICATION_KEY_PREFIX).unwrap();
        let project_id = self.first.project_id.parse().unwrap();
        let admin = secret::hash(&self.first.application_key);
        let admin = self.store.read().await.unwrap().find_credential(&admin).await.unwrap().unwrap();
        let CredentialKind::ApplicationKey { user_id, .. } = admin.kind else { panic!("no application key") };
        let now = self.clock.now();
        let credential = Credential {
            id: CredentialId::mint(self.ids.as_ref()),
            project_id,
            kind: CredentialKind::ApplicationKey { user_id, role },
            name: format!("{role:?}"),
            secret_hash: secret::hash(&key),
            created_at: now,
        };
        let mut writer = self.store.begin(project_id).await.unwrap();
        writer.insert_credential(&credential).await.unwrap();
        let change = Change {
            id: HistoryId(self.ids.mint()),
            actor: Actor::System,
            action: Action::CredentialsCreated,
            flag_id: None,
            environment_id: None,
            before: None,
            after: None,
            reason: None,
            at: now,
        };
        writer.commit(change).await.unwrap();
        Caller { app: self, api_key: self.first.api_key.clone(), key }
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
    api_key: String,
    key: String,
}

impl Caller<'_> {
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let headers = [
            ("dd-api-key", self.api_key.as_str()),
            ("dd-application-key", self.key.as_str()),
            ("content-type", "application/json"),
        ];
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

/// Somebody who reads flags.
pub(crate) struct Reader<'a> {
    app: &'a TestApp,
    key: String,
}

impl Reader<'_> {
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
