//! Guarded rollouts, made over the management API.

use crate::load::{Connection, Request};
use serde_json::{Value, json};

/// A day: no rollout enters its second step while it is measured.
const STEP_MS: i64 = 24 * 3_600 * 1_000;

/// A rollout that is on.
pub(super) struct Rollout {
    pub(super) flag_key: String,
    flag_id: String,
    schedule_id: String,
}

/// An administrator.
pub(super) struct Management {
    connection: Connection,
    keys: [(&'static str, String); 2],
    environment_id: String,
    sdk_key: String,
}

impl Management {
    pub(super) async fn open(bootstrap: &Value, address: &str) -> Self {
        let production = &bootstrap["environments"][2];
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        Self {
            connection: Connection::open(address).await,
            keys: crate::management(bootstrap),
            environment_id: text(&production["id"]),
            sdk_key: text(&production["server_sdk_key"]),
        }
    }

    /// The key of what applications ask and report.
    pub(super) fn sdk_key(&self) -> &str {
        &self.sdk_key
    }

    /// Sends a request, which is to succeed, and gives the answer.
    pub(super) async fn call(&mut self, request: impl FnOnce(&[(&str, &str)]) -> Request) -> Value {
        let headers: Vec<(&str, &str)> = self.keys.iter().map(|(name, key)| (*name, key.as_str())).collect();
        let head = self.connection.ask(&request(&headers)).await;
        let body = self.connection.body();
        assert!(head.starts_with("HTTP/1.1 20"), "{head}\n{}", String::from_utf8_lossy(body));
        serde_json::from_slice(body).unwrap_or(Value::Null)
    }

    /// Starts a rollout of half of the traffic, which metrics watch that stop it.
    pub(super) async fn start_rollout(&mut self, flag_key: &str, metric_ids: &[String]) -> Rollout {
        let variants = [("off", "OFF"), ("on", "ON")]
            .map(|(key, value)| json!({"key": key, "name": key, "value": value}));
        let flag = json!({"data": {"type": "feature-flags", "attributes": {
            "key": flag_key, "name": flag_key, "value_type": "STRING", "variants": variants, "default_variant_key": "off",
        }}});
        let made = self.call(|keys| Request::post("/api/v2/feature-flags", keys, &flag.to_string())).await;
        let flag_id = made["data"]["id"].as_str().expect("an id").to_owned();
        let place = format!("/api/v2/feature-flags/{flag_id}/environments/{}", self.environment_id);
        self.call(|keys| Request::post(&format!("{place}/enable"), keys, "")).await;
        let steps = [0.5, 1.0].into_iter().enumerate().map(|(group, ratio)| {
            json!({"exposure_ratio": ratio, "grouped_step_index": group, "is_pause_record": false, "interval_ms": STEP_MS})
        });
        let steps: Vec<Value> = steps.collect();
        let guardrails = metric_ids.iter().map(|id| json!({"metric_id": id, "trigger_action": "ABORT"}));
        let guardrails: Vec<Value> = guardrails.collect();
        let allocation = json!({
            "key": allocation_of(flag_key),
            "name": "Ramp",
            "type": "CANARY",
            "variant_weights": [{"variant_key": "on", "value": 100}],
            "exposure_schedule": {
                "rollout_options": {"strategy": "UNIFORM_INTERVALS"},
                "rollout_steps": steps,
                "control_variant_key": "off",
            },
            "guardrail_metrics": guardrails,
        });
        let body = json!({"data": [{"type": "allocations", "attributes": allocation}]});
        let saved =
            self.call(|keys| Request::put(&format!("{place}/allocations"), keys, &body.to_string())).await;
        let schedule_id = &saved["data"][0]["attributes"]["exposure_schedule"]["id"];
        let schedule_id = schedule_id.as_str().expect("an id").to_owned();
        let start = format!("/api/v2/feature-flags/exposure-schedules/{schedule_id}/start");
        self.call(|keys| Request::post(&start, keys, "")).await;
        Rollout { flag_key: flag_key.to_owned(), flag_id, schedule_id }
    }

    /// What its guardrails know.
    pub(super) async fn evidence(&mut self, rollout: &Rollout) -> Value {
        let path = format!("/api/v1/rollouts/{}/guardrails", rollout.schedule_id);
        self.call(|keys| Request::get(&path, keys)).await
    }

    /// How many exposures of its flag are counted.
    pub(super) async fn exposures(&mut self, rollout: &Rollout) -> i64 {
        let path = format!("/api/v1/flags/{}/evaluations", rollout.flag_id);
        let counted = self.call(|keys| Request::get(&path, keys)).await;
        let environments = counted["environments"].as_array().into_iter().flatten();
        let totals =
            environments.flat_map(|environment| environment["totals"].as_array().into_iter().flatten());
        totals.filter_map(|total| total["exposures"].as_i64()).sum()
    }
}

/// Key of the allocation of a flag's rollout.
pub(super) fn allocation_of(flag_key: &str) -> String {
    format!("{flag_key}-ramp")
}

/// Which variant a subject gets.
pub(super) async fn served(
    connection: &mut Connection,
    sdk_key: &str,
    flag_key: &str,
    subject: &str,
) -> String {
    let path = format!("/ofrep/v1/evaluate/flags/{flag_key}");
    let context = format!(r#"{{"context":{{"targetingKey":"{subject}"}}}}"#);
    let head = connection.ask(&Request::post(&path, &[("x-api-key", sdk_key)], &context)).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let answer: Value = serde_json::from_slice(connection.body()).expect("JSON");
    answer["variant"].as_str().unwrap_or_default().to_owned()
}
