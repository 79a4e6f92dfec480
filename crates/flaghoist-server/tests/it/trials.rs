//! Trying out a change: what would be served stands beside what is served, and nothing is changed.

use crate::app::{TestApp, allocation};
use serde_json::{Value, json};

/// A flag that serves `w` to the plan beta in production, and `v` to everybody else.
async fn flag(app: &TestApp) -> String {
    let admin = app.admin();
    let id = admin.enabled_flag("new-ui", "STRING", &[("v", "1"), ("w", "2")], "production").await;
    admin.replace(&id, "production", &[allocation("beta", "w", &plan("beta"))]).await.expect(200);
    id
}

fn plan(plan: &str) -> Value {
    json!([{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": [plan]}]}])
}

/// For the plans beta, staff and none: what is served, what would be, and whether that is a change.
async fn tried(app: &TestApp, proposal: Value) -> Vec<(Value, Value, Value)> {
    let contexts = ["beta", "staff", "none"].map(|plan| json!({"targetingKey": "alice", "plan": plan}));
    let body = json!({"flag_key": "new-ui", "contexts": contexts, "proposal": proposal});
    let answer = app.admin().call("POST", "/api/v1/environments/production/explain", Some(body)).await;
    let answer = answer.expect(200).json();
    let contexts = answer["contexts"].as_array().unwrap();
    let of = |context: &Value| {
        (
            context["flags"][0]["variant_key"].clone(),
            context["proposed"]["variant_key"].clone(),
            context["is_changed"].clone(),
        )
    };
    contexts.iter().map(of).collect()
}

#[tokio::test]
async fn new_allocations_are_tried_beside_the_old() {
    let app = TestApp::new().await;
    flag(&app).await;
    let before = app.reader("production").document().await.text;
    let staff = json!({"allocations": [allocation("staff", "w", &plan("staff"))]});
    let (v, w) = (json!("v"), json!("w"));
    let expected = [
        (w.clone(), v.clone(), json!(true)),
        (v.clone(), w.clone(), json!(true)),
        (v.clone(), v.clone(), json!(false)),
    ];
    assert_eq!(tried(&app, staff).await, expected);
    assert_eq!(app.reader("production").document().await.text, before, "nothing is changed");
}

#[tokio::test]
async fn switching_off_and_other_defaults_are_tried_too() {
    let app = TestApp::new().await;
    flag(&app).await;
    let off = tried(&app, json!({"enabled": false})).await;
    assert!(off.iter().all(|(_, proposed, is_changed)| proposed.is_null() && *is_changed == json!(true)));
    let default = tried(&app, json!({"serving": {"default_variant_key": "w"}})).await;
    let changed: Vec<&Value> = default.iter().map(|(_, _, is_changed)| is_changed).collect();
    assert_eq!(changed, [false, true, true]);
}

#[tokio::test]
async fn a_suggestion_is_tried_before_it_is_approved() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let admin = app.admin();
    let guard = json!({"data": {"type": "feature-flags", "attributes": {"require_approval": true}}});
    admin.call("PUT", &format!("/api/v2/feature-flags/{id}"), Some(guard)).await.expect(200);
    let editor = app.somebody(flaghoist_model::access::BuiltInRole::Editor).await;
    editor.replace(&id, "production", &[allocation("staff", "w", &plan("staff"))]).await.expect(202);
    let flag = admin.get(&format!("/api/v2/feature-flags/{id}")).await.expect(200).json();
    let environments = flag["data"]["attributes"]["feature_flag_environments"].as_array().unwrap();
    let pending = environments.iter().find_map(|entry| entry["pending_suggestion_id"].as_str()).unwrap();
    let changed: Vec<Value> =
        tried(&app, json!({"suggestion_id": pending})).await.into_iter().map(|(_, _, it)| it).collect();
    assert_eq!(changed, [true, true, false]);
}

#[tokio::test]
async fn a_proposal_that_could_not_be_made_is_refused_with_its_faults() {
    let app = TestApp::new().await;
    flag(&app).await;
    let path = "/api/v1/environments/production/explain";
    for (body, fault) in [
        (json!({"proposal": {"enabled": true}}), "/proposal"),
        (json!({"flag_key": "new-ui", "at": "1", "proposal": {"enabled": true}}), "/proposal"),
        (json!({"flag_key": "new-ui", "proposal": 7}), "/proposal"),
        (json!({"flag_key": "new-ui", "proposal": {"enabled": 7}}), "/proposal/enabled"),
        (
            json!({"flag_key": "new-ui", "proposal": {"serving": {"default_variant_key": "x"}}}),
            "/proposal/serving/default_variant_key",
        ),
        (json!({"flag_key": "new-ui", "proposal": {"allocations": [{}]}}), "/proposal/allocations/0"),
    ] {
        let answer = app.admin().call("POST", path, Some(body)).await.expect(400).json();
        let pointer = answer["errors"][0]["pointer"].as_str().unwrap();
        assert!(pointer.starts_with(fault), "{answer}");
    }
    let unknown = json!({"flag_key": "new-ui", "proposal": {"suggestion_id": app.first.project_id}});
    let answer = app.admin().call("POST", path, Some(unknown)).await.expect(400).json();
    assert_eq!(answer["errors"][0]["pointer"], "/proposal/suggestion_id");
}
