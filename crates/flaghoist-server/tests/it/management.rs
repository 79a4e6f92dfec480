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
    assert_eq!(taken.json()["errors"], json!(["/data: allocation with this key already exists"]));
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

#[tokio::test]
async fn what_is_nested_too_deeply_is_refused_and_harms_nobody() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("sound", "BOOLEAN", ON_OFF, "production").await;
    let deep = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let create = async |members: String| {
        let body = format!("{{\"data\":{{\"type\":\"feature-flags\",\"attributes\":{{{members}}}}}}}");
        let headers = [
            ("dd-api-key", app.first.api_key.as_str()),
            ("dd-application-key", app.first.application_key.as_str()),
            ("content-type", "application/json"),
        ];
        app.send("POST", "/api/v2/feature-flags", &headers, Some(body.into_bytes())).await
    };
    let metadata = |levels| {
        format!(
            r#""key":"x","name":"x","value_type":"STRING","variants":[{{"key":"v","name":"v","value":""}}],"migration_metadata":{}"#,
            deep(levels)
        )
    };
    for levels in [33, 100, 127, 4_000] {
        let refused = create(metadata(levels)).await.expect(400);
        assert!(refused.text.contains("/data/attributes/migration_metadata"), "{}", refused.text);
    }
    create(metadata(32)).await.expect(201);
    let value = json!({"key": "j", "name": "j", "value_type": "JSON",
        "variants": [{"key": "v", "name": "v", "value": deep(33)}]});
    let body = json!({"data": {"type": "feature-flags", "attributes": value}});
    admin.call("POST", "/api/v2/feature-flags", Some(body)).await.expect(400);

    admin.call("POST", &admin.place(&flag, "production", "disable"), None).await.expect(200);
    let answer = app.reader("production").evaluate("sound", json!({})).await.expect(200).json();
    assert_eq!(answer["reason"], json!("DISABLED"), "changes are still published");
    app.send("GET", "/readyz", &[], None).await.expect(200);
}

#[tokio::test]
async fn long_lists_are_refused_before_they_cost_anything() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("sound", "BOOLEAN", ON_OFF, "production").await;
    let started = std::time::Instant::now();
    let tags: Vec<String> = (0..200_000).map(|number| number.to_string()).collect();
    let update = json!({"data": {"type": "feature-flags", "attributes": {"tags": tags}}});
    admin.call("PUT", &format!("/api/v2/feature-flags/{flag}"), Some(update)).await.expect(400);

    let pattern =
        json!([{"conditions": [{"attribute": "a", "operator": "MATCHES", "value": ["\\w{1,64}"]}]}]);
    let rules: Vec<Value> = (0..400).flat_map(|_| pattern.as_array().unwrap().clone()).collect();
    let refused =
        admin.replace(&flag, "production", &[allocation("p", "on", &json!(rules))]).await.expect(400);
    assert!(refused.text.contains("400 patterns together"), "{}", refused.text);

    let weights: Vec<Value> = (0..20_000).map(|_| json!({"variant_key": "on", "value": 1e9})).collect();
    let many = json!({"key": "w", "name": "w", "type": "FEATURE_GATE", "variant_weights": weights});
    let refused = admin.replace(&flag, "production", &[many]).await.expect(400);
    assert!(refused.text.len() < 100_000, "an answer of {} bytes", refused.text.len());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_taken_allocation_key_is_named_where_it_was_given() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let one = admin.enabled_flag("one", "BOOLEAN", ON_OFF, "production").await;
    let two = admin.enabled_flag("two", "BOOLEAN", ON_OFF, "production").await;
    admin.replace(&one, "production", &[allocation("a", "on", &json!([]))]).await.expect(200);
    let appended = json!({"data": {"type": "allocations", "attributes": allocation("a", "on", &json!([]))}});
    let place = admin.place(&two, "production", "allocations");
    let taken = admin.call("POST", &place, Some(appended)).await.expect(409).json();
    assert_eq!(taken["errors"], json!(["/data/attributes/key: allocation with this key already exists"]));
    let mut first = allocation("a", "on", &json!([]));
    first["environment_id"] = json!(app.environment_id("staging"));
    let attributes = json!({"key": "x", "name": "X", "value_type": "STRING", "allocations": [first],
        "variants": [{"key": "on", "name": "On", "value": ""}]});
    let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
    let taken = admin.call("POST", "/api/v2/feature-flags", Some(body)).await.expect(409).json();
    assert_eq!(
        taken["errors"],
        json!(["/data/attributes/allocations: allocation with this key already exists"])
    );
}

#[tokio::test]
async fn a_new_environment_is_read_with_keys_made_for_it() {
    let app = TestApp::new().await;
    let admin = app.admin();
    admin.create_flag("dark-mode", "BOOLEAN", ON_OFF).await;
    let body = json!({"data": {"type": "environments", "attributes": {"name": "QA", "queries": ["qa"]}}});
    let made = admin.call("POST", "/api/v2/feature-flags/environments", Some(body)).await.expect(201).json();
    let id = made["data"]["id"].as_str().unwrap();
    let path = format!("/api/v1/environments/{id}/sdk-keys");
    for (kind, prefix) in [("server", "ff_"), ("client", "ffc_")] {
        let key =
            admin.call("POST", &path, Some(json!({"kind": kind, "name": "shop"}))).await.expect(201).json();
        assert_eq!((&key["kind"], &key["environment_id"]), (&json!(kind), &json!(id)));
        let secret = key["secret"].as_str().unwrap();
        assert!(secret.starts_with(prefix) && secret.len() == prefix.len() + 64, "{secret}");
        let headers = [("x-api-key", secret), ("content-type", "application/json")];
        let path = "/ofrep/v1/evaluate/flags/dark-mode";
        let answer = app.send("POST", path, &headers, Some(b"{}".to_vec())).await.expect(200).json();
        assert_eq!(answer["reason"], json!("DISABLED"));
        let project = app.first.project_id.parse().unwrap();
        let history = app.store().read().await.unwrap().history(project, 0, 100).await.unwrap();
        let told = format!("{:?}", history.last().unwrap().change);
        assert!(told.contains("shop") && !told.contains(secret), "{told}");
    }
    for (body, pointer) in [
        (json!({}), "/kind"),
        (json!({"kind": "root"}), "/kind"),
        (json!({"kind": "server", "name": ""}), "/name"),
    ] {
        let refused = admin.call("POST", &path, Some(body)).await.expect(400).json();
        assert_eq!(refused["errors"][0]["pointer"], json!(pointer));
    }
    let nowhere = "/api/v1/environments/00000000-0000-0000-0000-000000000001/sdk-keys";
    admin.call("POST", nowhere, Some(json!({"kind": "server"}))).await.expect(404);
}
