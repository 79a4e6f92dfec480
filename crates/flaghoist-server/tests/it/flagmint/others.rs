//! What stands around the rules: flags and templates, values, variations, rollouts, segments, keys, attributes, log-ins;
//! and approvals.

use super::{Flagmint, history_length};
use crate::app::TestApp;
use flaghoist_server::rollouts::move_all_due;
use serde_json::{Value, json};

#[tokio::test]
async fn a_project_has_two_environments_and_is_found() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let body = json!({"name": "Shop", "projectKey": "shop", "description": "The web shop"});
    let made = admin.send("POST", "/projects", Some(body)).await.expect(201).json();
    let project = &made["data"];
    assert_eq!((&project["project_key"], &project["projectKey"]), (&json!("shop"), &json!("shop")));
    let slugs: Vec<(&Value, &Value)> = project["environments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|environment| (&environment["slug"], &environment["is_default"]))
        .collect();
    assert_eq!(slugs, [(&json!("live"), &json!(true)), (&json!("staging"), &json!(false))]);
    let page = admin.send("GET", "/projects?q=sho&page=1&limit=10", None).await.expect(200).json();
    assert_eq!(page["data"]["meta"], json!({"total": 1, "page": 1, "pageCount": 1}));
    let path = format!("/projects/{}", app.first.project_id);
    let renamed = admin.send("PUT", &path, Some(json!({"name": "Main"}))).await.expect(200).json();
    assert_eq!(renamed["data"]["name"], "Main");
    assert_eq!(renamed["data"]["project_key"], "default");
    let refused = admin.send("PUT", &path, Some(json!({"projectKey": "other"}))).await.expect(400).json();
    assert!(refused["message"].as_str().unwrap().contains("never changes"));
}

#[tokio::test]
async fn templates_make_what_they_are_for() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let make = async |body: Value| admin.data("POST", "/flags", Some(body), 201).await;
    let switch = make(json!({"name": "Payments", "template": "kill_switch"})).await;
    assert_eq!(switch["metadata"], json!({"flag_template": "kill_switch"}));
    make(json!({"name": "Slow start", "template": "gradual_rollout"})).await;
    make(json!({"name": "Colours", "template": "ab_test", "flavor": "string"})).await;
    let values = admin.evaluate(json!({"kind": "user", "key": "ada"})).await;
    assert_eq!(values["payments"], true, "a kill switch is on");
    assert_eq!(values["slow-start"], false, "a gradual rollout starts at 0 %");
    assert!(["control", "treatment"].contains(&values["colours"].as_str().unwrap()));
    let mut treated = 0;
    for number in 0..400 {
        let values = admin.evaluate(json!({"kind": "user", "key": format!("subject-{number}")})).await;
        treated += i32::from(values["colours"] == "treatment");
    }
    assert!((140..=260).contains(&treated), "{treated} of 400 in an equal split");
    let listed = admin.data("GET", "/flags?template=ab_test", None, 200).await;
    assert_eq!(listed["meta"]["total"], 1);
    let path = format!("/environments/{}/flags?q=colo&sortBy=name&sortDirection=desc", admin.environment);
    let listed = admin.data("GET", &path, None, 200).await;
    let counts = &listed["data"][0]["flag_value"];
    assert_eq!((&counts["variations_count"], &counts["targeting_rules_count"]), (&json!(2), &json!(0)));
    let wrong = admin.call("POST", "/flags", Some(json!({"name": "X", "template": "ab_test"})), 400).await;
    assert!(wrong["message"].as_str().unwrap().contains("body/flavor is required"), "{wrong}");
    let taken = admin.call("POST", "/flags", Some(json!({"name": "Payments", "type": "boolean"})), 409).await;
    assert_eq!(taken["error"], "Conflict");
}

#[tokio::test]
async fn a_value_that_no_variation_has_makes_one_and_off_is_served_when_inactive() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let flag = admin.flag("Limit", "number").await;
    let path = admin.of_flag(&flag, "value");
    assert_eq!(admin.data("GET", &path, None, 200).await["value"], json!(0.0));
    let changed = admin.data("PUT", &path, Some(json!({"value": 2.5})), 200).await;
    assert_eq!(changed["value"], 2.5);
    assert_eq!(admin.evaluate(json!({})).await["limit"], 2.5);
    admin.data("PUT", &path, Some(json!({"value": 1})), 200).await;
    let variations = format!("/flags/{}/variations", flag["id"].as_str().unwrap());
    assert_eq!(admin.data("GET", &variations, None, 200).await.as_array().unwrap().len(), 3);
    let off = admin.variation(&flag, "treatment").await;
    admin.data("PUT", &path, Some(json!({"is_active": false, "value": 2.5})), 200).await;
    assert_eq!(admin.evaluate(json!({})).await["limit"], 2.5, "the default when there is no off variation");
    admin.data("PUT", &path, Some(json!({"off_variation_id": off})), 200).await;
    assert_eq!(admin.evaluate(json!({})).await["limit"], 1.0);
    let wrong = admin.call("PUT", &path, Some(json!({"value": "many"})), 400).await;
    assert!(wrong["message"].as_str().unwrap().contains("number"), "{wrong}");
}

#[tokio::test]
async fn a_default_that_changes_while_a_flag_is_inactive_is_served_at_once() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let flag = admin.flag("Banner", "string").await;
    let path = admin.of_flag(&flag, "value");
    admin.data("PUT", &path, Some(json!({"is_active": false})), 200).await;
    assert_eq!(admin.evaluate(json!({})).await["banner"], "control");
    admin.data("PUT", &path, Some(json!({"value": "treatment"})), 200).await;
    assert_eq!(admin.evaluate(json!({})).await["banner"], "treatment");
}

#[tokio::test]
async fn variations_are_made_changed_and_removed_together() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let flag = admin.flag("Colour", "string").await;
    let path = format!("/flags/{}/variations", flag["id"].as_str().unwrap());
    let (control, treatment) =
        (admin.variation(&flag, "control").await, admin.variation(&flag, "treatment").await);
    let body = json!({"updates": [
            {"id": control, "key": "control", "name": "Grey", "type": "string", "value": "grey", "order_index": 2},
            {"key": "red", "name": "Red", "type": "string", "value": "red", "is_default": true, "order_index": 1}],
        "deletedIds": [treatment], "offVariationId": control, "environmentId": admin.environment});
    let after = admin.data("PUT", &path, Some(body), 200).await;
    let shown: Vec<(&Value, &Value, &Value)> = after
        .as_array()
        .unwrap()
        .iter()
        .map(|variation| (&variation["key"], &variation["value"], &variation["is_default"]))
        .collect();
    assert_eq!(
        shown,
        [(&json!("red"), &json!("red"), &json!(true)), (&json!("control"), &json!("grey"), &json!(false)),]
    );
    assert_eq!(admin.evaluate(json!({})).await["colour"], "red");
    let before = history_length(&app).await;
    let red = admin.variation(&flag, "red").await;
    for body in [
        json!({"updates": [], "deletedIds": [red]}),
        json!({"updates": [{"key": "x", "name": "X", "type": "number", "value": 1}]}),
        json!({"updates": [{"id": treatment, "key": "t", "name": "T", "type": "string", "value": "t"}]}),
        json!({"updates": [{"id": control, "key": "renamed", "name": "T", "type": "string", "value": "t"}]}),
        json!({"deletedIds": []}),
    ] {
        let full = format!("/projects/{}{path}", admin.project);
        admin.send("PUT", &full, Some(body)).await.expect(400);
    }
    assert_eq!(history_length(&app).await, before);
}

#[tokio::test]
async fn the_oldest_rollout_serves_everybody_while_there_are_no_rules() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let flag = admin.flag("Search", "boolean").await;
    let rollouts = admin.of_flag(&flag, "rollouts");
    let all = json!({"strategy": "percentage", "percentage": 100});
    let first = admin.data("POST", &rollouts, Some(all), 201).await;
    admin.data("POST", &rollouts, Some(json!({"strategy": "off"})), 201).await;
    let search = async || admin.evaluate(json!({"kind": "user", "key": "ada"})).await["search"].take();
    assert_eq!(search().await, true);
    let shown = app.admin().get(&format!("/api/v2/feature-flags/{}", flag["id"].as_str().unwrap())).await;
    assert!(shown.text.contains("allocation-rollout-"), "the Datadog API shows it as an allocation");
    let rule =
        json!({"kind": "custom", "conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}]});
    let rule = admin.data("POST", &admin.of_flag(&flag, "targeting-rules"), Some(rule), 201).await;
    assert_eq!(search().await, false, "rules are there, and none matches");
    let path = admin.of_flag(&flag, &format!("targeting-rules/{}", rule["id"].as_str().unwrap()));
    admin.data("DELETE", &path, None, 200).await;
    assert_eq!(search().await, true);
    let of_first = format!("{rollouts}/{}", first["id"].as_str().unwrap());
    let body = json!({"strategy": "percentage", "percentage": 0});
    admin.data("PUT", &of_first, Some(body), 200).await;
    assert_eq!(search().await, false);
    admin.data("DELETE", &of_first, None, 200).await;
    assert_eq!(admin.data("GET", &rollouts, None, 200).await.as_array().unwrap().len(), 1);
    for (body, said) in [
        (json!({}), "body/strategy is required"),
        (json!({"strategy": "sometimes"}), "none of off, percentage, variant, gradual"),
        (json!({"strategy": "percentage", "percentage": 101}), "body/percentage 101 is out of range"),
        (json!({"strategy": "variant", "variants": []}), "body/variants is required"),
        (
            json!({"strategy": "gradual", "target_percentage": 50, "increment": 10, "interval_hours": 0.5}),
            "body/interval_hours 0.5 is out of range",
        ),
        (
            json!({"strategy": "gradual", "target_percentage": 100, "increment": 0.01, "interval_hours": 1}),
            "needs more than 1000 steps",
        ),
    ] {
        let refused = admin.call("POST", &rollouts, Some(body), 400).await;
        assert!(refused["message"].as_str().unwrap().contains(said), "{refused}");
    }
    let text = admin.flag("Text", "string").await;
    let body = json!({"strategy": "percentage", "percentage": 10});
    admin.call("POST", &admin.of_flag(&text, "rollouts"), Some(body), 400).await;
}

#[tokio::test]
async fn an_application_reads_a_value_with_the_server_key_of_its_environment() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let flag = admin.flag("Limit", "number").await;
    admin.data("PUT", &admin.of_flag(&flag, "value"), Some(json!({"value": 2.5})), 200).await;
    let shown = admin.data("GET", &admin.of_flag(&flag, "value"), None, 200).await;
    let read = async |key: &str, project: &str, place: &str| {
        let by_key = Flagmint { bearer: format!("Bearer {key}"), ..Flagmint::admin(&app) };
        by_key.send("GET", &format!("/projects/{project}{place}"), None).await
    };
    let place = admin.of_flag(&flag, "value");
    let server = app.reader("development").key().to_owned();
    let answer = read(&server, &admin.project, &place).await.expect(200).json();
    assert_eq!(answer["data"], shown);
    // The keys of clients are known to everybody.
    read(app.browser("development").key(), &admin.project, &place).await.expect(403);
    read(app.reader("production").key(), &admin.project, &place).await.expect(404);
    read(&server, &admin.environment, &place).await.expect(404);
    read(&server, &admin.project, &place.replace(flag["id"].as_str().unwrap(), &admin.project))
        .await
        .expect(404);
    read(&server, &admin.project, "/flags").await.expect(401);
}

#[tokio::test]
async fn a_segment_is_a_saved_filter_and_changes_every_flag_that_uses_it() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let flag = admin.flag("Checkout", "boolean").await;
    let body =
        json!({"name": "Customers", "rules": [{"attribute": "plan", "operator": "eq", "value": "pro"}]});
    let segment = admin.data("POST", "/segments", Some(body), 201).await;
    let variation = admin.variation(&flag, "true").await;
    let rule = json!({"kind": "segment", "segment_id": segment["id"], "variation_id": variation});
    admin.data("POST", &admin.of_flag(&flag, "targeting-rules"), Some(rule), 201).await;
    let checkout =
        async |plan: &str| admin.evaluate(json!({"kind": "user", "plan": plan})).await["checkout"].take();
    assert_eq!((checkout("pro").await, checkout("free").await), (json!(true), json!(false)));

    let id = segment["id"].as_str().unwrap();
    let filter = format!("/api/v2/feature-flags/saved-filters/{id}");
    let shown = app.admin().get(&filter).await.expect(200).json();
    let condition = &shown["data"]["attributes"]["targeting_rules"][0]["conditions"][0];
    assert_eq!((&condition["operator"], &condition["value"]), (&json!("ONE_OF"), &json!(["pro"])));
    let uses = app.admin().get(&format!("/api/v1/saved-filters/{id}/flags")).await.expect(200).json();
    assert_eq!(uses["uses"][0]["flag_key"], "checkout");
    let rules = json!([{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["free"]}]}]);
    let body = json!({"data": {"type": "saved-filters", "id": id, "attributes": {"targeting_rules": rules}}});
    app.admin().call("PUT", &filter, Some(body)).await.expect(200);
    assert_eq!((checkout("pro").await, checkout("free").await), (json!(false), json!(true)));
    let path = format!("/segments/{id}");
    assert_eq!(admin.data("GET", &path, None, 200).await["rules"][0]["operator"], "in");
    admin.data("PUT", &path, Some(json!({"force": true, "rules": []})), 200).await;
    assert_eq!((checkout("pro").await, checkout("free").await), (json!(true), json!(true)));
    let refused = admin.call("DELETE", &path, None, 409).await;
    assert!(refused["message"].as_str().unwrap().contains("\"checkout\" uses it"), "{refused}");
    let twin = admin.call("POST", "/segments", Some(json!({"name": "Customers"})), 409).await;
    assert_eq!(twin["message"], "body/name a saved filter with this name already exists");
}

#[tokio::test]
async fn keys_are_shown_once_and_do_what_they_are_for() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    admin.flag("Checkout", "boolean").await;
    let path = format!("/api-keys/{}", app.first.project_id);
    let make = async |permissions: &str| {
        let body = json!({"name": "Shop", "environmentId": admin.environment, "permissions": permissions});
        admin.send("POST", &path, Some(body)).await.expect(201).json()["data"].take()
    };
    let read = make("read").await;
    assert_eq!(read["key"], read["apiKey"]);
    let key = read["key"].as_str().unwrap();
    assert!(key.starts_with("ff_"));
    let evaluate = async |key: &str| {
        app.send("POST", "/evaluator/evaluate", &[("x-api-key", key)], Some(b"{}".to_vec())).await
    };
    assert_eq!(evaluate(key).await.expect(200).json()["checkout"], false);
    let write = make("write").await;
    let writer = Flagmint::with_key(&app, write["key"].as_str().unwrap());
    writer.flag("By key", "boolean").await;
    let body = json!({"name": "More", "environmentId": admin.environment});
    writer.send("POST", &path, Some(body)).await.expect(403);
    let listed = admin.send("GET", &path, None).await.expect(200);
    assert!(!listed.text.contains(key));
    let listed = listed.json();
    let found = listed["data"].as_array().unwrap().iter().find(|one| one["id"] == read["id"]).unwrap();
    assert_eq!(
        (&found["permissions"], &found["environment_id"]),
        (&json!("read"), &json!(admin.environment))
    );
    let revoke = format!("{path}/{}", read["id"].as_str().unwrap());
    admin.send("DELETE", &revoke, None).await.expect(200);
    evaluate(key).await.expect(401);
    for body in [
        json!({"name": "ab", "environmentId": admin.environment}),
        json!({"name": "Shop"}),
        json!({"name": "Shop", "environmentId": "3c90c3cc-0d44-4b50-8888-8dd25736052a"}),
        json!({"name": "Shop", "environmentId": admin.environment, "permissions": "all"}),
    ] {
        admin.send("POST", &path, Some(body)).await.expect(400);
    }
}

#[tokio::test]
async fn attributes_are_a_dictionary_with_some_that_are_always_there() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let body = json!({"key": "user.plan", "label": "Plan", "type": "string", "suggestions": ["pro", "free"]});
    let made = admin.send("POST", "/api/attributes", Some(body.clone())).await.expect(201).json();
    assert_eq!((&made["data"]["category"], &made["data"]["is_custom"]), (&json!("user"), &json!(true)));
    admin.send("POST", "/api/attributes", Some(body)).await.expect(409);
    let all = admin.send("GET", "/api/attributes", None).await.expect(200).json();
    let keys: Vec<&str> =
        all["data"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert!(keys.contains(&"user.plan") && keys.contains(&"user.key"));
    let off = json!({"is_active": false});
    let off = admin.send("PUT", "/api/attributes/user.key", Some(off)).await.expect(200).json();
    assert_eq!(off["data"]["is_active"], false);
    let again = admin.send("GET", "/api/attributes/user.key", None).await.expect(200).json();
    assert_eq!(again["data"]["is_active"], false);
    admin.send("DELETE", "/api/attributes/user.key", None).await.expect(409);
    admin.send("DELETE", "/api/attributes/user.plan", None).await.expect(200);
    admin.send("GET", "/api/attributes/user.plan", None).await.expect(404);
    for key in ["X", "user plan", "a"] {
        admin.send("POST", "/api/attributes", Some(json!({"key": key}))).await.expect(400);
    }
}

#[tokio::test]
async fn a_log_in_gives_a_token_for_every_project_of_its_user() {
    let app = TestApp::new().await;
    let log_in = async |password: &str| {
        let body = json!({"email": "admin@localhost", "password": password}).to_string().into_bytes();
        app.send("POST", "/auth/login", &[("content-type", "application/json")], Some(body)).await
    };
    log_in("wrong").await.expect(401);
    let token = log_in(&app.first.admin.password).await.expect(200).json();
    let user = Flagmint::with_key(&app, token["data"]["token"].as_str().unwrap());
    let me = user.send("GET", "/auth/me", None).await.expect(200).json();
    assert_eq!((&me["data"]["email"], &me["data"]["role"]), (&json!("admin@localhost"), &json!("admin")));
    let made = user.send("POST", "/projects", Some(json!({"name": "Shop"}))).await.expect(201).json();
    let shop = format!("/projects/{}/flags", made["data"]["id"].as_str().unwrap());
    user.send("POST", &shop, Some(json!({"name": "In the shop", "type": "boolean"}))).await.expect(201);
    assert_eq!(user.data("GET", "/flags", None, 200).await["meta"]["total"], 0);
    let renewed = user.send("POST", "/auth/refresh", None).await.expect(200).json();
    user.send("GET", "/auth/me", None).await.expect(401);
    let user = Flagmint::with_key(&app, renewed["data"]["access_token"].as_str().unwrap());
    user.send("GET", "/auth/me", None).await.expect(200);
    app.send("POST", "/auth/register", &[], None).await.expect(403);
}

#[tokio::test]
async fn deleting_a_flag_archives_it_and_null_brings_it_back() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let flag = admin.flag("Checkout", "boolean").await;
    let path = format!("/flags/{}", flag["id"].as_str().unwrap());
    let gone = admin.data("DELETE", &path, None, 200).await;
    assert!(gone["deleted_at"].is_string());
    assert_eq!(admin.evaluate(json!({})).await.get("checkout"), None);
    assert_eq!(admin.data("GET", "/flags", None, 200).await["meta"]["total"], 0);
    let back = admin.data("PATCH", &path, Some(json!({"archived_at": null})), 200).await;
    assert_eq!(back["archived_at"], Value::Null);
    let off =
        admin.data("PUT", &path, Some(json!({"is_active": false, "client_side_enabled": false})), 200).await;
    assert_eq!((&off["is_active"], &off["client_side_enabled"]), (&json!(false), &json!(false)));
    let before = history_length(&app).await;
    admin.data("PUT", &path, Some(off.clone()), 200).await;
    let after = history_length(&app).await;
    // The flag itself is saved once more, with nothing changed; environments are left alone.
    assert!(after - before <= 1, "{} entries for writing back what is shown", after - before);
}

#[tokio::test]
async fn a_copy_to_another_environment_serves_the_same_rollouts_there() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let flag = admin.flag("Checkout", "boolean").await;
    let (rollouts, rules) = (admin.of_flag(&flag, "rollouts"), admin.of_flag(&flag, "targeting-rules"));
    let gradual =
        json!({"strategy": "gradual", "target_percentage": 100, "increment": 50, "interval_hours": 1});
    let gradual = admin.data("POST", &rollouts, Some(gradual), 201).await;
    let rule = json!({"kind": "custom", "rollout_id": gradual["id"],
        "conditions": [{"attribute": "plan", "operator": "neq", "value": "free"}]});
    admin.data("POST", &rules, Some(rule), 201).await;
    move_all_due(&app.state).await.unwrap();
    let path = format!(
        "/api/v1/flags/{}/environments/{}/copy",
        flag["id"].as_str().unwrap(),
        app.environment_id("staging")
    );
    for _ in 0..2 {
        let body = json!({"from_environment_id": admin.environment, "with_status": true});
        app.admin().call("POST", &path, Some(body)).await.expect(200);
        move_all_due(&app.state).await.unwrap();
    }
    let staging = Flagmint { environment: app.environment_id("staging").to_owned(), ..Flagmint::admin(&app) };
    let copied = staging.data("GET", &staging.of_flag(&flag, "targeting-rules"), None, 200).await;
    assert_eq!(copied[0]["conditions"][0]["operator"], "neq");
    let there = staging.data("GET", &staging.of_flag(&flag, "rollouts"), None, 200).await;
    assert_eq!(there.as_array().unwrap().len(), 1);
    assert_eq!(copied[0]["rollout_id"], there[0]["id"]);
    assert_ne!(there[0]["id"], gradual["id"]);
    assert_eq!(
        there[0]["config"]["schedule"]["status"], "RUNNING",
        "it runs by itself, and the second copy left it alone"
    );
    for number in 0..50 {
        let context = json!({"targetingKey": format!("subject-{number}"), "plan": "pro"});
        let here = app.reader("development").evaluate("checkout", context.clone()).await.json();
        let there = app.reader("staging").evaluate("checkout", context).await.json();
        assert_eq!(here["value"], there["value"]);
    }
}

#[tokio::test]
async fn what_is_shown_of_a_flag_is_written_back_and_what_is_asked_for_holds_everywhere() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let flag = admin.flag("Limit", "number").await;
    let path = format!("/flags/{}", flag["id"].as_str().unwrap());
    let active = async || -> Vec<bool> {
        let shown = admin.data("GET", &path, None, 200).await;
        let environments = shown["environments"].as_array().unwrap();
        environments.iter().map(|one| one["is_active"].as_bool().unwrap()).collect()
    };
    admin.data("PUT", &path, Some(json!({"is_active": true})), 200).await;
    admin.data("PUT", &admin.of_flag(&flag, "value"), Some(json!({"is_active": false})), 200).await;
    assert_eq!(active().await.iter().filter(|is_active| !**is_active).count(), 1);
    let shown = admin.data("GET", &path, None, 200).await;
    assert_eq!(shown["is_active"], true);
    admin.data("PUT", &path, Some(shown), 200).await;
    assert!(active().await.contains(&false), "nobody asked for that");
    admin.data("PUT", &path, Some(json!({"is_active": true})), 200).await;
    assert!(!active().await.contains(&false), "everywhere, though it is on somewhere");

    // A flag that serves nothing by default shows its type's zero; that is no default.
    let serving =
        format!("/api/v1/flags/{}/environments/{}/serving", flag["id"].as_str().unwrap(), admin.environment);
    app.admin().call("PATCH", &serving, Some(json!({"default_variant_key": null}))).await.expect(200);
    let value = admin.of_flag(&flag, "value");
    let shown = admin.data("GET", &value, None, 200).await;
    admin.data("PUT", &value, Some(shown), 200).await;
    let variations = admin.data("GET", &format!("{path}/variations"), None, 200).await;
    assert_eq!(variations.as_array().unwrap().len(), 2);
    let answer = app.reader("development").evaluate("limit", json!({"targetingKey": "a"})).await;
    assert_eq!(answer.json()["value"], Value::Null, "{}", answer.text);

    // A rule for everybody, made through Datadog's API, has no conditions to show.
    let everybody = json!([crate::app::allocation("everybody", "control", &json!([]))]);
    let everybody = everybody.as_array().unwrap();
    app.admin().replace(flag["id"].as_str().unwrap(), "development", everybody).await.expect(200);
    let rules = admin.of_flag(&flag, "targeting-rules");
    let rule = admin.data("GET", &rules, None, 200).await[0].take();
    let path = format!("{rules}/{}", rule["id"].as_str().unwrap());
    let after = admin.data("PUT", &path, Some(rule.clone()), 200).await["rule"].take();
    assert_eq!((&after["conditions"], &after["name"]), (&json!([]), &rule["name"]));
}

#[tokio::test]
async fn a_description_with_the_character_zero_is_refused() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let path = format!("/projects/{}", admin.project);
    let refused = admin.send("PUT", &path, Some(json!({"description": "a\u{0}b"}))).await.expect(400).json();
    assert!(refused["message"].as_str().unwrap().contains("U+0000"), "{refused}");
}
