//! A Prometheus that answers as told, and remembers what it was asked.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) path: String,
    pub(crate) authorization: String,
    form: BTreeMap<String, String>,
}

impl Question {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.form.get(name).map_or("", String::as_str)
    }

    /// A member that is a number of seconds, in minutes.
    pub(crate) fn minute(&self, name: &str) -> i64 {
        let seconds: i64 = self.text(name).parse().unwrap();
        assert_eq!(seconds % 60, 0, "{name} is on the grid");
        seconds / 60
    }
}

type Answer = dyn Fn(&Question) -> (u16, String) + Send + Sync;

struct Memory {
    answer: Box<Answer>,
    questions: Mutex<Vec<Question>>,
}

/// Gone when dropped.
pub(crate) struct Fake {
    url: String,
    memory: Arc<Memory>,
    serving: JoinHandle<()>,
}

impl Fake {
    /// Answers every question by `answer`: a status and a body.
    pub(crate) async fn start(answer: impl Fn(&Question) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let memory = Arc::new(Memory { answer: Box::new(answer), questions: Mutex::default() });
        let router = Router::new().fallback(reply).with_state(Arc::clone(&memory));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, memory, serving }
    }

    /// Answers range queries by their text with series.
    pub(crate) async fn with_series(series: impl Fn(&str) -> Vec<Value> + Send + Sync + 'static) -> Self {
        Self::start(move |question| (200, matrix(&series(question.text("query"))))).await
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn questions(&self) -> Vec<Question> {
        self.memory.questions.lock().unwrap().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn reply(
    State(memory): State<Arc<Memory>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let authorization = headers.get("authorization").map_or("", |value| value.to_str().unwrap());
    let question = Question {
        path: uri.path().to_owned(),
        authorization: authorization.to_owned(),
        form: form_urlencoded::parse(&body).into_owned().collect(),
    };
    memory.questions.lock().unwrap().push(question.clone());
    let (status, body) = (memory.answer)(&question);
    (StatusCode::from_u16(status).unwrap(), body)
}

/// The answer to a range query, as Prometheus 2.42 writes it.
pub(crate) fn matrix(series: &[Value]) -> String {
    json!({"status": "success", "data": {"resultType": "matrix", "result": series}}).to_string()
}

/// A series with a value at each of these minutes since 1970.
pub(crate) fn series(labels: &[(&str, &str)], samples: &[(i64, &str)]) -> Value {
    let labels: BTreeMap<_, _> = labels.iter().copied().collect();
    let values: Vec<Value> = samples.iter().map(|(minute, value)| json!([minute * 60, value])).collect();
    json!({"metric": labels, "values": values})
}
