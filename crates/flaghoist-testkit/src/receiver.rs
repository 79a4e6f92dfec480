//! A receiver of webhooks on the loopback interface, which remembers what it got.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request that arrived as a whole.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

impl Received {
    /// The value of a header; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body, which is JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }
}

/// How a request is answered.
#[derive(Clone, Copy, Debug)]
struct Answer {
    status: StatusCode,
    delay: Duration,
}

#[derive(Default)]
struct Memory {
    received: Mutex<Vec<Received>>,
    answers: Mutex<VecDeque<Answer>>,
}

/// Answers 200 to everything, unless told otherwise. Gone when dropped.
pub struct Receiver {
    url: String,
    memory: Arc<Memory>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// A receiver on a free port.
    pub async fn start() -> Self {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let memory = Arc::new(Memory::default());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&memory));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a receiver serves until it is dropped");
        });
        Self { url: format!("http://{address}/hook/of-somebody"), memory, serving }
    }

    /// Where it receives.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers the next request that has no answer yet with this status, after a while.
    pub fn answer_next(&self, status: u16, delay: Duration) {
        let status = StatusCode::from_u16(status).expect("a status");
        let mut answers = self.memory.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push_back(Answer { status, delay });
    }

    /// Everything it got so far.
    pub fn received(&self) -> Vec<Received> {
        self.memory.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it got what is waited for, and gives everything it got. Panics after `limit`.
    pub async fn wait(&self, limit: Duration, is_enough: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let deadline = Instant::now() + limit;
        loop {
            let received = self.received();
            if is_enough(&received) {
                return received;
            }
            let bodies: Vec<&str> = received.iter().map(|request| request.body.as_str()).collect();
            assert!(Instant::now() < deadline, "only this arrived: {bodies:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Memory {
    /// Remembers a request, and says how to answer it.
    fn keep(&self, request: Received) -> Option<Answer> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

async fn receive(State(memory): State<Arc<Memory>>, headers: HeaderMap, body: String) -> StatusCode {
    let Some(answer) = memory.keep(Received { headers, body }) else { return StatusCode::OK };
    tokio::time::sleep(answer.delay).await;
    answer.status
}
