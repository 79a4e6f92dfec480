//! Webhooks with a real receiver on the loopback interface.

mod deliveries;
mod management;
mod messages;

use crate::app::{Answer, Caller, TestApp};
use flaghoist_testkit::receiver::{Received, Receiver};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{Duration, Instant};

/// How long anything may take that happens at once.
const SOON: Duration = Duration::from_secs(20);

/// An application whose webhooks may lead to private addresses.
async fn app() -> TestApp {
    TestApp::new().await.with_private_webhooks().await
}

/// A webhook as it was answered when it was made.
struct Hook {
    id: String,
    secret: String,
}

impl Hook {
    /// Makes a webhook with these members beside a name and the receiver's URL.
    async fn create(admin: &Caller<'_>, receiver: &Receiver, mut members: Value) -> Self {
        members["name"] = json!("Release channel");
        members["url"] = json!(receiver.url());
        let made = admin.call("POST", "/api/v1/webhooks", Some(members)).await.expect(201).json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Self { id: text("id"), secret: text("secret") }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/webhooks/{}{rest}", self.id)
    }

    async fn change(&self, admin: &Caller<'_>, members: Value) -> Answer {
        admin.call("PATCH", &self.path(""), Some(members)).await
    }

    /// What the log shows.
    async fn log(&self, admin: &Caller<'_>) -> Vec<Value> {
        let log = admin.get(&self.path("/deliveries")).await.expect(200).json();
        log["deliveries"].as_array().unwrap().clone()
    }

    /// Waits until the log shows what is waited for.
    async fn wait_for_log(&self, admin: &Caller<'_>, is_enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let deadline = Instant::now() + SOON;
        loop {
            let log = self.log(admin).await;
            if is_enough(&log) {
                return log;
            }
            assert!(Instant::now() < deadline, "the log only shows {log:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Whether the request was signed with the secret of this webhook. Another implementation than ours.
    fn signed(&self, received: &Received) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(received.header("x-flaghoist-timestamp").as_bytes());
        mac.update(b".");
        mac.update(received.body.as_bytes());
        let signature = received.header("x-flaghoist-signature").strip_prefix("v1=").unwrap();
        mac.verify_slice(&hex::decode(signature).unwrap()).is_ok()
    }
}

/// A boolean flag.
async fn make_flag(admin: &Caller<'_>, key: &str) -> String {
    let flag = admin.create_flag(key, "BOOLEAN", &[("on", "true"), ("off", "false")]).await;
    flag["id"].as_str().unwrap().to_owned()
}

async fn enable(admin: &Caller<'_>, flag: &str) {
    admin.call("POST", &admin.place(flag, "production", "enable"), None).await.expect(200);
}

async fn disable(admin: &Caller<'_>, flag: &str) {
    admin.call("POST", &admin.place(flag, "production", "disable"), None).await.expect(200);
}

/// The events that arrived, in the order in which they happened.
fn events(received: &[Received]) -> Vec<String> {
    let mut messages: Vec<Value> = received.iter().map(Received::json).collect();
    messages.sort_by_key(|message| message["revision"].as_i64());
    messages.iter().map(|message| message["event"].as_str().unwrap().to_owned()).collect()
}
