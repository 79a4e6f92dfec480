//! What must not change under a rollout.

use super::{Rollout, ramp, schedule};
use crate::app::{Answer, allocation};
use serde_json::{Value, json};

async fn put(rollout: &Rollout, allocations: &[Value]) -> Answer {
    rollout.app.admin().replace(&rollout.flag_id, "production", allocations).await
}

fn with(member: &str, value: Value) -> Value {
    let mut changed = ramp(schedule(&[0.1, 1.0]));
    changed[member] = value;
    changed
}

async fn refused(rollout: &Rollout, allocations: &[Value], named: &str) {
    let answer = put(rollout, allocations).await.expect(409).json();
    assert!(answer["errors"][0].as_str().unwrap().contains(named), "{answer}");
}

#[tokio::test]
async fn what_a_running_rollout_shows_people_is_locked() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    rollout.do_it("start").await;
    for status in ["running", "paused"] {
        let weights = json!([{"variant_key": "on", "value": 50}, {"variant_key": "off", "value": 50}]);
        refused(&rollout, &[with("variant_weights", weights)], "variant_weights").await;
        let rules = json!([{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["beta"]}]}]);
        refused(&rollout, &[with("targeting_rules", rules)], "targeting_rules").await;
        refused(&rollout, &[with("exposure_schedule", schedule(&[0.2, 1.0]))], "exposure_schedule").await;
        refused(&rollout, &[with("exposure_schedule", Value::Null)], "exposure_schedule").await;
        let guardrails = json!([{"metric_id": "errors", "trigger_action": "PAUSE"}]);
        refused(&rollout, &[with("guardrail_metrics", guardrails)], "guardrail_metrics").await;
        refused(&rollout, &[], "place in the list").await;
        if status == "running" {
            rollout.do_it("pause").await;
        }
    }
    rollout.do_it("stop").await;
    put(&rollout, &[with("exposure_schedule", schedule(&[0.2, 1.0]))]).await.expect(200);
    assert_eq!(rollout.stands().await.0, "NOT_STARTED");
    put(&rollout, &[]).await.expect(200);
}

#[tokio::test]
async fn saying_the_same_again_is_fine_and_so_is_what_is_around_it() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    rollout.do_it("start").await;
    let same = ramp(schedule(&[0.1, 1.0]));
    let answer = put(&rollout, std::slice::from_ref(&same)).await.expect(200).json();
    let shown = &answer["data"][0]["attributes"]["exposure_schedule"];
    assert_eq!((&shown["id"], &shown["status"]), (&json!(rollout.id), &json!("RUNNING")));
    let mut renamed = same;
    renamed["name"] = json!("Another name");
    let first = allocation(
        "first",
        "off",
        &json!([{"conditions": [
        {"attribute": "plan", "operator": "ONE_OF", "value": ["beta"]}]}]),
    );
    put(&rollout, &[first, renamed]).await.expect(200);
    assert_eq!(rollout.stands().await.0, "RUNNING");
}

#[tokio::test]
async fn a_completed_rollout_keeps_its_steps_and_becomes_a_gate_at_what_it_reached() {
    let rollout = Rollout::of(schedule(&[0.1, 0.4])).await;
    rollout.do_it("start").await;
    rollout.pass(60).await;
    let reached = rollout.exposed().await;
    refused(&rollout, &[with("exposure_schedule", schedule(&[0.1, 1.0]))], "to its end").await;
    for _ in 0..2 {
        put(&rollout, &[with("exposure_schedule", Value::Null)]).await.expect(200);
        assert_eq!(rollout.exposed().await, reached, "the gate keeps what was reached");
    }
    put(&rollout, &[with("exposure_schedule", schedule(&[0.5, 1.0]))]).await.expect(200);
    assert_eq!(
        rollout.exposed().await.iter().filter(|is_in| **is_in).count(),
        0,
        "a new rollout begins anew"
    );
    put(&rollout, &[]).await.expect(200);
}

#[tokio::test]
async fn a_plain_gate_is_never_locked() {
    let gate = |ratio: f64| {
        let mut gate = schedule(&[ratio]);
        gate["rollout_options"] = json!({"strategy": "NO_ROLLOUT"});
        ramp(gate)
    };
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    put(&rollout, &[gate(0.3)]).await.expect(200);
    let before = rollout.exposed().await;
    put(&rollout, &[gate(0.6)]).await.expect(200);
    let after = rollout.exposed().await;
    assert!(super::keeps(&before, &after) && super::count(&after) > super::count(&before));
}

#[tokio::test]
async fn a_reverted_change_does_not_move_a_rollout() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    rollout.do_it("start").await;
    let admin = rollout.app.admin();
    let history = admin.get(&format!("/api/v1/flags/{}/history", rollout.flag_id)).await.expect(200).json();
    let started = history["data"][0].clone();
    assert_eq!(started["action"], "rollout_started");
    let path = format!("/api/v1/history/{}/revert", started["id"].as_str().unwrap());
    let answer = admin.call("POST", &path, Some(json!({}))).await.expect(409).json();
    assert!(answer["detail"].as_str().unwrap().contains("stop"), "{answer}");
    assert_eq!(rollout.stands().await.0, "RUNNING");
}

/// The history of what the flag serves, the last first.
async fn entries(rollout: &Rollout) -> Vec<Value> {
    let path = format!("/api/v1/flags/{}/history?aggregate=flag_environment", rollout.flag_id);
    rollout.app.admin().get(&path).await.expect(200).json()["data"].as_array().unwrap().clone()
}

async fn revert(rollout: &Rollout, entry: &Value, body: Value) -> Answer {
    let path = format!("/api/v1/history/{}/revert", entry["id"].as_str().unwrap());
    rollout.app.admin().call("POST", &path, Some(body)).await
}

#[tokio::test]
async fn steps_of_a_rollout_stand_in_the_way_of_no_revert() {
    let rollout = Rollout::of(schedule(&[0.1, 0.5, 1.0])).await;
    rollout.do_it("start").await;
    rollout.serve(json!({"off_variant_key": "off"})).await;
    rollout.pass(60).await;
    let edit =
        entries(&rollout).await.into_iter().find(|entry| entry["action"] == "serving_updated").unwrap();
    revert(&rollout, &edit, json!({})).await.expect(200);
    assert_eq!(rollout.stands().await, ("RUNNING".to_owned(), Value::Null, json!(1), 0.5));
}

#[tokio::test]
async fn a_revert_keeps_the_subjects_of_a_rollout_that_was_reshuffled() {
    let rollout = Rollout::of(schedule(&[0.3, 1.0])).await;
    rollout.serve(json!({"off_variant_key": "off"})).await;
    let edit = entries(&rollout).await[0].clone();
    rollout.do_it("start").await;
    rollout.do_it("stop").await;
    rollout.do_it("start?reshuffle=true").await;
    let subjects = rollout.exposed().await;
    revert(&rollout, &edit, json!({"discard_later_changes": true})).await.expect(200);
    assert_eq!(rollout.exposed().await, subjects);
}

#[tokio::test]
async fn what_was_removed_comes_back_after_what_it_had_come_through() {
    let mut eager = schedule(&[0.1, 0.4]);
    eager["rollout_options"]["autostart"] = json!(true);
    let rollout = Rollout::of(eager).await;
    assert_eq!(rollout.stands().await.0, "RUNNING");
    rollout.do_it("stop").await;
    put(&rollout, &[]).await.expect(200);
    let removal = entries(&rollout).await[0].clone();
    revert(&rollout, &removal, json!({})).await.expect(200);
    assert_eq!(rollout.stands().await.0, "ABORTED", "what was stopped does not start by itself");
    let started = rollout.do_it("start").await;
    assert_eq!(started["run"], 2);
    rollout.pass(61).await;
    let reached = rollout.exposed().await;
    put(&rollout, &[]).await.expect(200);
    let removal = entries(&rollout).await[0].clone();
    revert(&rollout, &removal, json!({})).await.expect(200);
    assert_eq!(rollout.stands().await.0, "COMPLETED");
    assert_eq!(rollout.exposed().await, reached);
}

#[tokio::test]
async fn a_copy_of_a_gate_is_open_as_far_as_the_gate() {
    let rollout = Rollout::of(schedule(&[0.1, 0.4])).await;
    rollout.do_it("start").await;
    rollout.pass(61).await;
    put(&rollout, &[with("exposure_schedule", Value::Null)]).await.expect(200);
    let (app, flag) = (&rollout.app, &rollout.flag_id);
    let (from, to) = (app.environment_id("production"), app.environment_id("staging"));
    let path = format!("/api/v1/flags/{flag}/environments/{to}/copy");
    app.admin().call("POST", &path, Some(json!({"from_environment_id": from}))).await.expect(200);
    let shown = app.admin().get(&format!("/api/v2/feature-flags/{flag}")).await.expect(200).json();
    for entry in shown["data"]["attributes"]["feature_flag_environments"].as_array().unwrap() {
        for (_, allocation) in entry["allocations"].as_object().into_iter().flatten() {
            assert_eq!(allocation["current_exposure_ratio"], 0.4, "{allocation}");
        }
    }
}

#[tokio::test]
async fn no_revert_takes_back_what_a_rollout_reached() {
    let rollout = Rollout::of(schedule(&[0.1, 0.3])).await;
    rollout.do_it("start").await;
    rollout.pass(61).await;
    put(&rollout, &[with("exposure_schedule", Value::Null)]).await.expect(200);
    let mut second = schedule(&[0.5, 1.0]);
    second["rollout_options"]["autostart"] = json!(true);
    put(&rollout, &[with("exposure_schedule", second)]).await.expect(200);
    let edit = entries(&rollout).await[0].clone();
    rollout.pass(61).await;
    let exposed = rollout.exposed().await;
    assert_eq!(super::count(&exposed), 1_000);
    revert(&rollout, &edit, json!({})).await.expect(200);
    assert_eq!(rollout.exposed().await, exposed, "all who came in stay");
}
