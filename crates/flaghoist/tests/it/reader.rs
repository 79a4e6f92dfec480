//! A reader: what an application asks over OFREP.

use crate::management::{Answer, http};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Asks with one SDK key. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reader {
    http: reqwest::Client,
    url: String,
    sdk_key: String,
}

impl Reader {
    pub(crate) fn new(url: &str, sdk_key: &str) -> Self {
        Self { http: http(), url: url.to_owned(), sdk_key: sdk_key.to_owned() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).header("x-api-key", &self.sdk_key)
    }

    /// Evaluates one flag.
    pub(crate) async fn evaluate(&self, flag: &str, context: &Value) -> Answer {
        let path = format!("/ofrep/v1/evaluate/flags/{flag}");
        Answer::to(self.request(Method::POST, &path).json(&json!({"context": context}))).await.unwrap()
    }

    /// The whole configuration, with its entity tag.
    pub(crate) async fn document(&self) -> (String, String) {
        let response = self.request(Method::GET, "/sdk/v1/config").send().await.unwrap();
        let etag = response.headers()["etag"].to_str().unwrap().to_owned();
        (etag, response.text().await.unwrap())
    }

    /// Evaluates all flags.
    pub(crate) async fn evaluate_all(&self, context: &Value) -> Answer {
        let request = self.request(Method::POST, "/ofrep/v1/evaluate/flags");
        Answer::to(request.json(&json!({"context": context}))).await.unwrap()
    }
}
