//! One flag, several dialects: what one writes the others show, and every evaluator serves the same, at each moment.

use super::Flagmint;
use crate::app::TestApp;
use eppo_core::eval::get_assignment;
use eppo_core::ufc::{AssignmentValue, UniversalFlagConfig};
use eppo_core::{Attributes, Configuration, Str};
use flaghoist_eval::{Dialect, Expected, Snapshot, Subject};
use flaghoist_server::rollouts::move_all_due;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

const SUBJECTS: usize = 200;

/// Everybody, with the plan they have.
fn subjects() -> impl Iterator<Item = (String, &'static str)> {
    (0..SUBJECTS).map(|number| (format!("subject-{number}"), if number % 4 == 0 { "pro" } else { "free" }))
}

/// What each evaluator serves everybody of flag `checkout`. They agree; what they agree on is given.
async fn served(app: &TestApp, admin: &Flagmint<'_>) -> Vec<bool> {
    let document = app.reader("development").document().await.expect(200).bytes;
    let snapshot = Snapshot::from_json(&document, Dialect::Datadog).unwrap();
    let key = app.reader("development").key().to_owned();
    let path = format!("/api/flag-config/v1/config?apiKey={key}");
    let eppo = app.send("GET", &path, &[], None).await.expect(200).bytes;
    let eppo =
        UniversalFlagConfig::from_json(eppo_core::SdkMetadata { name: "test", version: "1" }, eppo).unwrap();
    let eppo = Configuration::from_server_response(eppo, None);
    let mut served = Vec::new();
    for (key, plan) in subjects() {
        let flagmint = admin.evaluate(json!({"kind": "user", "key": key, "plan": plan})).await;
        let ofrep = json!({"targetingKey": key, "plan": plan});
        let ofrep = app.reader("development").evaluate("checkout", ofrep).await.expect(200).json();
        let mut attributes = flaghoist_eval::Attributes::new();
        attributes.insert("plan", plan);
        let subject = Subject { targeting_key: Some(&key), attributes: &attributes };
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        let exported = snapshot.decide("checkout", Expected::Boolean, &subject, now);
        let exported = exported.value.map(|value| serde_json::to_value(value).unwrap());
        let known: HashMap<Str, eppo_core::AttributeValue> =
            HashMap::from([("plan".into(), eppo_core::AttributeValue::from(plan))]);
        let theirs = get_assignment(
            Some(&eppo),
            "checkout",
            &Str::from(key.as_str()),
            &Arc::new(Attributes::from(known)),
            Some(eppo_core::ufc::VariationType::Boolean),
            eppo_core::timestamp::now(),
        );
        let theirs = match theirs.unwrap().unwrap().value {
            AssignmentValue::Boolean(value) => json!(value),
            other => panic!("{other:?}"),
        };
        let value = &flagmint["checkout"];
        assert_eq!(Some(value), Some(&ofrep["value"]), "OFREP for {key}");
        assert_eq!(Some(value), exported.as_ref(), "the exported document for {key}");
        assert_eq!(value, &theirs, "eppo_core for {key}");
        served.push(value == &json!(true));
    }
    served
}

fn share(served: &[bool]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let share = served.iter().filter(|on| **on).count() as f64 / served.len() as f64;
    share
}

async fn pass(app: &TestApp, hours: i64) {
    app.advance(SignedDuration::from_hours(hours));
    move_all_due(&app.state).await.unwrap();
}

#[tokio::test]
async fn a_flag_of_flagmint_is_changed_by_datadog_and_ramped_and_everybody_agrees_all_the_time() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);

    // Made in Flagmint: customers get it.
    let flag = admin.flag("Checkout", "boolean").await;
    let flag_id = flag["id"].as_str().unwrap();
    let on = admin.variation(&flag, "true").await;
    let rule = json!({"kind": "custom", "name": "Customers", "variation_id": on,
        "conditions": [{"attribute": "user.plan", "operator": "eq", "value": "pro"}]});
    let rule = admin.data("POST", &admin.of_flag(&flag, "targeting-rules"), Some(rule), 201).await;
    // `user.plan` is the name here; other SDKs call it `plan`, so the condition is changed through Datadog's API.
    let path = app.admin().place(flag_id, "development", "allocations");
    let shown = app.admin().get(&format!("/api/v2/feature-flags/{flag_id}")).await.expect(200).json();
    let entries = shown["data"]["attributes"]["feature_flag_environments"].as_array().unwrap();
    let entry = entries.iter().find(|one| one["environment_id"] == json!(admin.environment)).unwrap();
    let mut allocation = entry["allocations"].as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(allocation["name"], "Customers");
    assert_eq!(allocation["targeting_rules"][0]["conditions"][0]["attribute"], "user.plan");
    allocation["targeting_rules"] =
        json!([{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["pro"]}]}]);
    let body = json!({"data": [{"type": "allocations", "attributes": allocation}]});
    app.admin().call("PUT", &path, Some(body)).await.expect(200);
    let rules = admin.data("GET", &admin.of_flag(&flag, "targeting-rules"), None, 200).await;
    assert_eq!(rules[0]["id"], rule["id"]);
    let condition = json!({"attribute": "plan", "operator": "in", "value": ["pro"], "logical_op": "AND"});
    assert_eq!(rules[0]["conditions"], json!([condition]));
    let at_first = served(&app, &admin).await;
    assert!((share(&at_first) - 0.25).abs() < 1e-9);

    // Everybody else, step by step: a second rule serves a gradual rollout.
    let rollout = json!({"strategy": "gradual", "target_percentage": 80, "increment": 40, "interval_hours": 2,
        "salt": "checkout-v1"});
    let rollout = admin.data("POST", &admin.of_flag(&flag, "rollouts"), Some(rollout), 201).await;
    let rule = json!({"kind": "custom", "order_index": 9, "rollout_id": rollout["id"],
        "conditions": [{"attribute": "plan", "operator": "exists"}]});
    admin.data("POST", &admin.of_flag(&flag, "targeting-rules"), Some(rule), 201).await;
    pass(&app, 0).await;
    let first_step = served(&app, &admin).await;
    assert!((share(&first_step) - 0.55).abs() < 0.08, "{}", share(&first_step));
    let shown = async || {
        let path = admin.of_flag(&flag, &format!("rollouts/{}", rollout["id"].as_str().unwrap()));
        admin.data("GET", &path, None, 200).await["config"]["schedule"].take()
    };
    assert_eq!(shown().await["current_percentage"], 40.0);
    let schedule = shown().await["id"].as_str().unwrap().to_owned();
    let seen = app.admin().get(&format!("/api/v1/rollouts/{schedule}")).await.expect(200).json();
    assert_eq!(seen["status"], "RUNNING");

    // Paused through Datadog's API, it stays where it is.
    let command = async |command: &str| {
        let path = format!("/api/v2/feature-flags/exposure-schedules/{schedule}/{command}");
        app.admin().call("POST", &path, None).await.expect(200);
    };
    command("pause").await;
    pass(&app, 5).await;
    assert_eq!(served(&app, &admin).await, first_step);
    command("resume").await;
    pass(&app, 2).await;
    assert_eq!(shown().await["status"], "COMPLETED");
    let last_step = served(&app, &admin).await;
    assert!((share(&last_step) - 0.85).abs() < 0.08, "{}", share(&last_step));
    for (before, after) in first_step.iter().zip(&last_step) {
        assert!(!before || *after, "nobody who is in leaves");
    }

    // Its salt is that of the shards, so another evaluator can tell who is in.
    let document = app.reader("development").document().await.expect(200).json();
    let salts: Vec<&Value> = document["flags"]["checkout"]["allocations"][1]["splits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|split| &split["shards"][0]["salt"])
        .collect();
    assert_eq!(salts, [&json!("checkout-v1"), &json!("checkout-v1")]);

    // Switched off in Flagmint, everybody gets the default; in OFREP that is the code's.
    let path = format!("/flags/{flag_id}");
    admin.data("PUT", &path, Some(json!({"is_active": false})), 200).await;
    let values = admin.evaluate(json!({"kind": "user", "key": "subject-0", "plan": "pro"})).await;
    assert_eq!(values["checkout"], false);
}
