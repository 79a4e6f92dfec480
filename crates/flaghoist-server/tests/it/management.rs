use crate::app::{TestApp, allocation};
use flaghoist_model::history::Action;
use serde_json::{Value, json};

const ON_OFF: &[(&str, &str)] = &[("on", "true"), ("off", "false")];

#[tokio::test]
async fn every_change_has_a_history_row_and_the_next_revision() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    admin.replace(&flag, "production", &[allocation("all", "off", &json!([]))]).await.expect(200);
    admin.call("POST", "/api/v2/feature-flags", Some(json!({"data": {}}))).await.expect(400);
    admin.call("POST", &format!("/api/v2/feature-flags/{flag}/archive"), None).await.expect(200);

    let project = app.first.project_id.parse().unwrap();
    let history = app.store().read().await.unwrap().history(project, 0, 100).await.unwrap();
    let actions: Vec<(i64, Action)> =
        history.iter().map(|entry| (entry.revision, entry.change.action)).collect();
    assert_eq!(
        actions,
        [
            (1, Action::ProjectCreated),
            (2, Action::FlagCreated),
            (3, Action::FlagEnabled),
            (4, Action::AllocationsReplaced),
            (5, Action::FlagArchived),
        ]
    );
    let replaced = &history[3].change;
    assert_eq!(replaced.before.as_ref().unwrap()["allocations"], json!([]));
    assert_eq!(replaced.after.as_ref().unwrap()["allocations"][0]["key"], json!("all"));
    assert_eq!(replaced.flag_id.map(|id| id.to_string()), Some(flag));
}

#[tokio::test]
async fn all_faults_of_a_request_come_at_once_and_change_nothing() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let attributes =
        json!({"key": 5, "value_type": "COLOUR", "variants": [{"key": "a", "value": true}], "tags": "x"});
    let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
    let refused = admin.call("POST", "/api/v2/feature-flags", Some(body)).await.expect(400);
    let mut found: Vec<String> = serde_json::from_value(refused.json()["errors"].take()).unwrap();
    found.sort();
    assert_eq!(
        found,
        [
            "/data/attributes/key: 5 does not do; give a string",
            "/data/attributes/name: is required; give a string",
            "/data/attributes/tags: \"x\" does not do; give an array of strings",
            "/data/attributes/value_type: \"COLOUR\" is none of BOOLEAN, INTEGER, NUMERIC, STRING, JSON",
            "/data/attributes/variants/0/name: is required; give a string",
            "/data/attributes/variants/0/value: true does not do; give the value as a string",
        ]
    );
    let list = admin.get("/api/v2/feature-flags").await.expect(200).json();
    assert_eq!((&list["data"], &list["meta"]["page"]["total_count"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn allocation_keys_can_be_swapped_and_are_unique_in_the_project() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let one = admin.enabled_flag("one", "BOOLEAN", ON_OFF, "production").await;
    let two = admin.enabled_flag("two", "BOOLEAN", ON_OFF, "production").await;
    let pair = [allocation("a", "on", &json!([])), allocation("b", "off", &json!([]))];
    let saved = admin.replace(&one, "production", &pair).await.expect(200).json();
    let ids: Vec<&Value> =
        saved["data"].as_array().unwrap().iter().map(|allocation| &allocation["id"]).collect();
    let swapped: Vec<Value> = [("b", ids[0]), ("a", ids[1])]
        .into_iter()
        .map(|(key, id)| {
            let mut attributes = allocation(key, "on", &json!([]));
            attributes["id"] = id.clone();
            attributes
        })
        .collect();
    admin.replace(&one, "production", &swapped).await.expect(200);
    let taken = admin.replace(&two, "production", &[allocation("a", "on", &json!([]))]).await.expect(409);
    assert_eq!(
        taken.json()["errors"],
        json!(["/data/attributes/key: allocation with this key already exists"])
    );
    admin.replace(&one, "production", &[]).await.expect(200);
    admin.replace(&two, "production", &[allocation("a", "on", &json!([]))]).await.expect(200);
}

#[tokio::test]
async fn a_flag_may_start_with_allocations() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let mut first = allocation("beta", "off", &json!([]));
    first["environment_id"] = json!(app.environment_id("production"));
    let attributes = json!({"key": "x", "name": "X", "value_type": "BOOLEAN", "allocations": [first],
        "variants": [{"key": "on", "name": "On", "value": "true"}, {"key": "off", "name": "Off", "value": "false"}]});
    let body =
        |attributes: &Value| Some(json!({"data": {"type": "feature-flags", "attributes": attributes}}));
    let made = admin.call("POST", "/api/v2/feature-flags", body(&attributes)).await.expect(201).json();
    let entries = made["data"]["attributes"]["feature_flag_environments"].as_array().unwrap();
    let in_production = |entry: &&Value| entry["environment_id"] == json!(app.environment_id("production"));
    assert_eq!(entries.iter().find(in_production).unwrap()["allocations"]["beta"]["key"], json!("beta"));
    assert!(entries.iter().filter(|entry| !in_production(entry)).all(|entry| entry["allocations"].is_null()));

    let mut elsewhere = attributes.clone();
    elsewhere["key"] = json!("y");
    elsewhere["name"] = json!("Y");
    elsewhere["allocations"][0]["environment_id"] = json!("00000000-0000-0000-0000-000000000001");
    let refused = admin.call("POST", "/api/v2/feature-flags", body(&elsewhere)).await.expect(400);
    assert!(refused.text.contains("/data/attributes/allocations/0/environment_id"), "{}", refused.text);
    assert_eq!(admin.get("/api/v2/feature-flags").await.json()["meta"]["page"]["total_count"], json!(1));
}

#[tokio::test]
async fn a_new_environment_is_in_every_flag_and_a_deleted_one_in_none() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.create_flag("dark-mode", "BOOLEAN", ON_OFF).await["id"].as_str().unwrap().to_owned();
    let names = async || -> Vec<String> {
        let found = admin.get(&format!("/api/v2/feature-flags/{flag}")).await.json();
        let entries = found["data"]["attributes"]["feature_flag_environments"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["environment_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names().await, ["Development", "Staging", "Production"]);
    let body = json!({"data": {"type": "environments", "attributes": {"name": "QA", "queries": ["qa"]}}});
    let made = admin.call("POST", "/api/v2/feature-flags/environments", Some(body)).await.expect(201).json();
    assert_eq!(made["data"]["attributes"]["key"], json!("qa"));
    assert_eq!(names().await, ["Development", "Staging", "Production", "QA"]);
    let path = format!("/api/v2/feature-flags/environments/{}", made["data"]["id"].as_str().unwrap());
    admin.call("DELETE", &path, None).await.expect(204);
    assert_eq!(names().await, ["Development", "Staging", "Production"]);
    admin.get(&path).await.expect(404);
}
