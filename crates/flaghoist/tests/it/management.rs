//! A management client: the Datadog dialect, as the official clients speak it.

use flaghoist_server::outgoing;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(15);

/// A client for plain HTTP.
pub(crate) fn http() -> reqwest::Client {
    outgoing::client(|| reqwest::Client::builder().tls_certs_only([])).unwrap()
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    /// Null when there is none.
    pub(crate) body: Value,
    pub(crate) took: Duration,
}

impl Answer {
    /// Sends a request. An error means that no answer came.
    pub(crate) async fn to(request: RequestBuilder) -> reqwest::Result<Self> {
        let started = Instant::now();
        let response = request.timeout(LIMIT).send().await?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let bytes = response.bytes().await?;
        let body =
            if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("a JSON body") };
        Ok(Self { status, retry_after, body, took: started.elapsed() })
    }

    /// The answer, which is to have that status.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#}", self.body);
        self
    }

    /// The id of the only resource.
    pub(crate) fn id(&self) -> String {
        self.body["data"]["id"].as_str().expect("an id").to_owned()
    }

    /// The resources of a list.
    pub(crate) fn resources(&self) -> &Vec<Value> {
        self.body["data"].as_array().expect("a list")
    }
}

/// Acts with one application key. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Management {
    http: reqwest::Client,
    url: String,
    api_key: String,
    application_key: String,
}

impl Management {
    pub(crate) fn new(url: &str, api_key: &str, application_key: &str) -> Self {
        Self {
            http: http(),
            url: url.to_owned(),
            api_key: api_key.to_owned(),
            application_key: application_key.to_owned(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .header("dd-api-key", &self.api_key)
            .header("dd-application-key", &self.application_key)
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Result<Answer> {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// Flags whose key contains `key`.
    pub(crate) async fn flags(&self, key: &str) -> reqwest::Result<Answer> {
        self.get(&format!("/api/v2/feature-flags?limit=1000&key={key}")).await
    }

    pub(crate) async fn flag(&self, id: &str) -> reqwest::Result<Answer> {
        self.get(&format!("/api/v2/feature-flags/{id}")).await
    }

    pub(crate) async fn environments(&self) -> reqwest::Result<Answer> {
        self.get("/api/v2/feature-flags/environments?limit=1000").await
    }

    /// Makes a STRING flag whose variants have their key as their value. The first one is the default.
    pub(crate) async fn create_flag(&self, key: &str, variants: &[&str]) -> reqwest::Result<Answer> {
        let variants: Vec<Value> = variants.iter().map(|variant| variant_named(variant)).collect();
        let attributes = json!({"key": key, "name": key, "value_type": "STRING", "variants": variants});
        let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
        Answer::to(self.request(Method::POST, "/api/v2/feature-flags").json(&body)).await
    }

    pub(crate) async fn create_variant(&self, flag: &str, variant: &str) -> reqwest::Result<Answer> {
        let path = format!("/api/v2/feature-flags/{flag}/variants");
        Answer::to(self.request(Method::POST, &path).json(&variant_named(variant))).await
    }

    /// Replaces the allocations of a flag in an environment; each is given by its attributes.
    pub(crate) async fn replace_allocations(
        &self,
        (flag, environment): (&str, &str),
        allocations: &[Value],
    ) -> reqwest::Result<Answer> {
        let path = format!("/api/v2/feature-flags/{flag}/environments/{environment}/allocations");
        let resource = |attributes| json!({"type": "allocations", "attributes": attributes});
        let data: Vec<Value> = allocations.iter().map(resource).collect();
        Answer::to(self.request(Method::PUT, &path).json(&json!({"data": data}))).await
    }

    pub(crate) async fn set_enabled(
        &self,
        (flag, environment): (&str, &str),
        enabled: bool,
    ) -> reqwest::Result<Answer> {
        let action = if enabled { "enable" } else { "disable" };
        let path = format!("/api/v2/feature-flags/{flag}/environments/{environment}/{action}");
        Answer::to(self.request(Method::POST, &path)).await
    }

    /// Makes an environment whose only query is its name.
    pub(crate) async fn create_environment(&self, name: &str) -> reqwest::Result<Answer> {
        let attributes = json!({"name": name, "queries": [name]});
        let body = json!({"data": {"type": "environments", "attributes": attributes}});
        Answer::to(self.request(Method::POST, "/api/v2/feature-flags/environments").json(&body)).await
    }

    pub(crate) async fn delete_environment(&self, id: &str) -> reqwest::Result<Answer> {
        let path = format!("/api/v2/feature-flags/environments/{id}");
        Answer::to(self.request(Method::DELETE, &path)).await
    }
}

fn variant_named(key: &str) -> Value {
    json!({"key": key, "name": key, "value": key})
}

/// Attributes of an allocation that serves one variant to everybody.
pub(crate) fn serving(key: &str, name: &str, variant: &str) -> Value {
    json!({
        "key": key,
        "name": name,
        "type": "FEATURE_GATE",
        "variant_weights": [{"variant_key": variant, "value": 100.0}],
    })
}

/// The same for subjects whose `attribute` is `value`.
pub(crate) fn only_for(mut allocation: Value, attribute: &str, value: &str) -> Value {
    let condition = json!({"attribute": attribute, "operator": "ONE_OF", "value": [value]});
    allocation["targeting_rules"] = json!([{"conditions": [condition]}]);
    allocation
}
