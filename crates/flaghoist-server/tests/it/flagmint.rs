//! The Flagmint dialect: what it answers, what the other dialects see of it, and what its applications get.

mod differential;
mod others;
mod protected;
mod ramps;
mod reference;
mod rules;
mod story;

use crate::app::{Answer, TestApp};
use serde_json::{Value, json};

/// Somebody who manages flags through the Flagmint API.
pub(crate) struct Flagmint<'a> {
    app: &'a TestApp,
    bearer: String,
    project: String,
    environment: String,
}

impl<'a> Flagmint<'a> {
    /// The administrator, in the environment Development, where nothing needs an approval.
    fn admin(app: &'a TestApp) -> Self {
        Self::with_key(app, &app.first.application_key)
    }

    fn with_key(app: &'a TestApp, key: &str) -> Self {
        Self {
            app,
            bearer: format!("Bearer {key}"),
            project: app.first.project_id.clone(),
            environment: app.environment_id("development").to_owned(),
        }
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let headers = [("authorization", self.bearer.as_str()), ("content-type", "application/json")];
        self.app.send(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await
    }

    /// Asks for something of the project. The status of the answer stands in its body too.
    async fn call(&self, method: &str, path: &str, body: Option<Value>, status: u16) -> Value {
        let path = format!("/projects/{}{path}", self.project);
        let answer = self.send(method, &path, body).await.expect(status).json();
        assert_eq!(answer["statusCode"], status);
        answer
    }

    /// The same, and gives the data.
    async fn data(&self, method: &str, path: &str, body: Option<Value>, status: u16) -> Value {
        self.call(method, path, body, status).await["data"].take()
    }

    /// Makes a flag, and gives it.
    async fn flag(&self, name: &str, kind: &str) -> Value {
        self.data("POST", "/flags", Some(json!({"name": name, "type": kind})), 201).await
    }

    /// The path of something of a flag in the environment.
    fn of_flag(&self, flag: &Value, rest: &str) -> String {
        format!("/envs/{}/flags/{}/{rest}", self.environment, flag["id"].as_str().unwrap())
    }

    /// The id of the variation of that key.
    async fn variation(&self, flag: &Value, key: &str) -> String {
        let path = format!("/flags/{}/variations", flag["id"].as_str().unwrap());
        let variations = self.data("GET", &path, None, 200).await;
        let found = variations.as_array().unwrap().iter().find(|variation| variation["key"] == key).cloned();
        found.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// The values that an application gets for a context.
    async fn evaluate(&self, context: Value) -> Value {
        let body = json!({ "context": context }).to_string();
        let answer = self.app.reader("development").post("/evaluator/evaluate", &[], &body).await.expect(200);
        answer.json()["data"].take()
    }
}

/// What was changed in the project so far.
async fn history_length(app: &TestApp) -> usize {
    let history = app.admin().get("/api/v1/history?limit=500").await.expect(200).json();
    history["data"].as_array().unwrap().len()
}
