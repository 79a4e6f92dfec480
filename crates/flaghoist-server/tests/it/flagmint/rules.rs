//! Targeting rules: the two operations of the reference pages, and their siblings.

use super::{Flagmint, history_length};
use crate::app::TestApp;
use flaghoist_model::access::BuiltInRole;
use serde_json::{Value, json};

/// The members that every rule has, and those of rules with a segment.
const MEMBERS: [&str; 14] = [
    "id",
    "flag_id",
    "environment_id",
    "project_id",
    "kind",
    "conditions",
    "order_index",
    "created_at",
    "updated_at",
    "name",
    "segment_id",
    "variation_id",
    "rollout_id",
    "deleted_at",
];
const OF_SEGMENT: [&str; 6] =
    ["segment_name", "segment_description", "segment_rules", "segment_logical_op", "segment_key", "segment"];

struct World<'a> {
    admin: Flagmint<'a>,
    flag: Value,
    variation: String,
    rollout: Value,
    segment: Value,
}

impl<'a> World<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let admin = Flagmint::admin(app);
        let flag = admin.flag("Checkout", "boolean").await;
        let variation = admin.variation(&flag, "true").await;
        let rollout = json!({"strategy": "percentage", "percentage": 30});
        let rollout = admin.data("POST", &admin.of_flag(&flag, "rollouts"), Some(rollout), 201).await;
        let segment = json!({"name": "Germans", "description": "By country",
            "rules": [{"type": "rule", "attribute": "country", "operator": "eq", "value": "DE"}]});
        let segment = admin.data("POST", "/segments", Some(segment), 201).await;
        Self { admin, flag, variation, rollout, segment }
    }

    fn path(&self, rest: &str) -> String {
        self.admin.of_flag(&self.flag, &format!("targeting-rules{rest}"))
    }

    /// The request of the reference pages, with ids that are there in place of the dummy one.
    fn sample(&self) -> Value {
        json!({"kind": "segment", "name": "<string>",
            "conditions": [{"attribute": "<string>", "operator": "eq", "value": "<string>", "logical_op": "AND"}],
            "segment_id": self.segment["id"], "variation_id": self.variation, "rollout_id": self.rollout["id"],
            "order_index": 123})
    }

    async fn make(&self, body: Value) -> Value {
        self.admin.data("POST", &self.path(""), Some(body), 201).await
    }

    async fn refused(&self, body: Value) -> String {
        let path = format!("/projects/{}{}", self.admin.project, self.path(""));
        let answer = self.admin.send("POST", &path, Some(body)).await.expect(400).json();
        assert_eq!(answer["statusCode"], 400);
        assert_eq!(answer["error"], "Bad Request");
        answer["message"].as_str().unwrap().to_owned()
    }
}

fn custom(attribute: &str, operator: &str, value: &Value) -> Value {
    json!({"kind": "custom", "conditions": [{"attribute": attribute, "operator": operator, "value": value}]})
}

fn assert_members(rule: &Value, with_segment: bool) {
    let rule = rule.as_object().unwrap();
    let expected = MEMBERS.into_iter().chain(OF_SEGMENT.into_iter().filter(|_| with_segment));
    let mut expected: Vec<&str> = expected.collect();
    expected.sort_unstable();
    let mut found: Vec<&str> = rule.keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_sample_requests_get_the_documented_shapes() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let created = world.admin.call("POST", &world.path(""), Some(world.sample()), 201).await;
    assert_eq!(created["message"], "OK");
    let rule = &created["data"];
    assert_members(rule, true);
    assert_eq!(rule["kind"], "segment");
    assert_eq!(rule["conditions"], json!([]), "a segment's rule has no conditions of its own");
    assert_eq!(rule["order_index"], json!(123.0));
    assert_eq!(rule["variation_id"], json!(world.variation));
    assert_eq!(rule["rollout_id"], world.rollout["id"], "it is named beside the variation, which wins");
    assert_eq!(rule["segment_name"], "Germans");
    assert_eq!(rule["segment_logical_op"], "AND");
    let condition = json!({"attribute": "country", "operator": "eq", "value": "DE", "logical_op": "AND"});
    assert_eq!(rule["segment_rules"], json!([condition]));
    let in_segment = json!({"type": "rule", "attribute": "country", "operator": "eq", "value": "DE"});
    assert_eq!(rule["segment"]["rules"], json!([in_segment]));
    assert_eq!(rule["segment"]["key"], "germans");
    assert_eq!(rule["segment"]["force"], false);

    let path = world.path(&format!("/{}", rule["id"].as_str().unwrap()));
    let updated = world.admin.call("PUT", &path, Some(world.sample()), 200).await;
    assert_eq!(updated["message"], "OK");
    assert_members(&updated["data"]["rule"], true);
    assert!(updated["data"]["message"].is_string());
    let listed = world.admin.data("GET", &world.path(""), None, 200).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(world.admin.data("GET", &path, None, 200).await["id"], rule["id"]);
    assert_eq!(world.admin.data("DELETE", &path, None, 200).await["id"], rule["id"]);
    assert_eq!(world.admin.data("GET", &world.path(""), None, 200).await, json!([]));
    let gone = world.admin.call("GET", &path, None, 404).await;
    assert_eq!(gone["error"], "Not Found");
    assert_eq!(gone["message"], "Targeting rule not found");
}

#[tokio::test]
async fn every_spelling_of_a_path_leads_to_the_same_rules() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let rule = world.make(custom("plan", "eq", &json!("pro"))).await;
    let (flag, environment) = (world.flag["id"].as_str().unwrap(), world.admin.environment.as_str());
    for spelling in ["envs", "environments"] {
        for place in [
            format!("/{spelling}/{environment}/flags/{flag}"),
            format!("/flags/{flag}/{spelling}/{environment}"),
        ] {
            let rules = world.admin.data("GET", &format!("{place}/targeting-rules"), None, 200).await;
            assert_eq!(rules[0]["id"], rule["id"], "{place}");
            let one = format!("{place}/targeting-rules/{}", rule["id"].as_str().unwrap());
            world.admin.data("PUT", &one, Some(json!({"name": place})), 200).await;
            let value = world.admin.data("GET", &format!("{place}/value"), None, 200).await;
            assert_eq!(value["targeting_rules"][0]["attribute"], "plan");
            let rollouts = world.admin.data("GET", &format!("{place}/rollouts"), None, 200).await;
            assert_eq!(rollouts[0]["id"], world.rollout["id"]);
        }
    }
}

#[tokio::test]
async fn a_partial_update_changes_what_it_names_and_null_clears_an_id() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let mut wanted = custom("plan", "in", &json!(["pro", 7, true]));
    wanted["variation_id"] = json!(world.variation);
    wanted["rollout_id"] = world.rollout["id"].clone();
    let rule = world.make(wanted).await;
    let path = world.path(&format!("/{}", rule["id"].as_str().unwrap()));
    let update = async |body: Value| world.admin.data("PUT", &path, Some(body), 200).await["rule"].take();

    let renamed = update(json!({"name": "Customers"})).await;
    assert_eq!(renamed["name"], "Customers");
    assert_eq!(renamed["conditions"], rule["conditions"]);
    assert_eq!(renamed["variation_id"], rule["variation_id"]);
    let cleared = update(json!({"variation_id": null})).await;
    assert_eq!(cleared["variation_id"], Value::Null);
    assert_eq!(cleared["rollout_id"], world.rollout["id"]);
    let cleared = update(json!({"rollout_id": null})).await;
    assert_eq!((&cleared["variation_id"], &cleared["rollout_id"]), (&Value::Null, &Value::Null));
    let of_segment = update(json!({"kind": "segment", "segment_id": world.segment["id"]})).await;
    assert_eq!(of_segment["segment_id"], world.segment["id"]);
    assert_eq!(of_segment["conditions"], json!([]));
    let full = format!("/projects/{}{path}", world.admin.project);
    let back = json!({"kind": "custom"});
    let refused = world.admin.send("PUT", &full, Some(back)).await.expect(400).json();
    assert!(refused["message"].as_str().unwrap().contains("conditions is required"), "{refused}");
}

#[tokio::test]
async fn rules_stand_in_the_order_of_their_indexes() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    for (name, index) in [("b", json!(5)), ("d", json!(7)), ("a", json!(1.5)), ("c", json!(5))] {
        let mut rule = custom("plan", "eq", &json!(name));
        (rule["name"], rule["order_index"]) = (json!(name), index);
        world.make(rule).await;
    }
    let order = async || -> Vec<String> {
        let rules = world.admin.data("GET", &world.path(""), None, 200).await;
        let rules = rules.as_array().unwrap();
        rules.iter().map(|rule| rule["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(order().await, ["a", "b", "c", "d"]);
    let rules = world.admin.data("GET", &world.path(""), None, 200).await;
    let last = world.path(&format!("/{}", rules[3]["id"].as_str().unwrap()));
    world.admin.data("PUT", &last, Some(json!({"order_index": 0})), 200).await;
    assert_eq!(order().await, ["d", "a", "b", "c"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_named_and_changes_nothing() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let before = history_length(&app).await;
    let unknown = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
    let with = |name: &str, value: Value| {
        let mut rule = custom("plan", "eq", &json!("pro"));
        rule[name] = value;
        rule
    };
    for (body, said) in [
        (json!({}), "body/kind is required"),
        (json!({"kind": "other"}), "body/kind \"other\" is none of segment, custom"),
        (json!({"kind": "custom"}), "body/conditions is required"),
        (json!({"kind": "custom", "conditions": []}), "body/conditions is required"),
        (json!({"kind": "segment"}), "body/segment_id is required"),
        (custom("plan", "like", &json!("x")), "body/conditions/0/operator \"like\" is none of eq, neq"),
        (custom("plan", "regex", &json!("(")), "body/conditions/0/value \"(\" is no regular expression"),
        (custom("", "eq", &json!("x")), "body/conditions/0/attribute is empty"),
        (with("segment_id", world.segment["id"].clone()), "body/segment_id does not go with conditions"),
        (with("variation_id", json!(unknown)), "body/variation_id 3c90c3cc"),
        (with("rollout_id", json!(unknown)), "body/rollout_id 3c90c3cc"),
        (with("variation_id", json!("nonsense")), "body/variation_id \"nonsense\""),
        (with("order_index", json!("first")), "body/order_index \"first\""),
        (json!({"kind": "segment", "segment_id": unknown}), "3c90c3cc"),
    ] {
        let message = world.refused(body.clone()).await;
        assert!(message.contains(said), "{body}: {message}");
    }
    let bad_id = format!("/projects/{}/envs/nonsense/flags/x/targeting-rules", world.admin.project);
    world.admin.send("GET", &bad_id, None).await.expect(400);
    let bad_project = "/projects/nonsense/flags";
    world.admin.send("GET", bad_project, None).await.expect(400);
    world.admin.send("GET", &format!("/projects/{unknown}/flags"), None).await.expect(404);
    assert_eq!(history_length(&app).await, before);
}

#[tokio::test]
async fn viewers_read_rules_and_sdk_keys_do_not() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let viewer = app.somebody(BuiltInRole::Viewer).await;
    let viewer = Flagmint::with_key(&app, &viewer.key);
    viewer.data("GET", &world.path(""), None, 200).await;
    let refused = viewer.call("POST", &world.path(""), Some(custom("plan", "eq", &json!("pro"))), 403).await;
    assert_eq!(refused["error"], "Forbidden");
    let sdk = Flagmint::with_key(&app, app.reader("development").key());
    let refused = sdk.call("GET", &world.path(""), None, 401).await;
    assert_eq!(refused["error"], "Unauthorized");
}

#[tokio::test]
async fn writing_back_what_is_shown_changes_nothing() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let mut rule = custom("plan", "neq", &json!("pro"));
    rule["rollout_id"] = world.rollout["id"].clone();
    let rule = world.make(rule).await;
    // A rule of the other dialect, with an operator that this one lacks and weights of its own.
    let flag_id = world.flag["id"].as_str().unwrap();
    let conditions = json!([{"conditions": [{"attribute": "version", "operator": "SEMVER_GTE", "value": ["1.2.0"]},
        {"attribute": "plan", "operator": "NOT_ONE_OF", "value": ["free"]}]}]);
    let allocation = json!({"data": {"type": "allocations", "attributes": {"key": "semver", "name": "By version",
        "type": "FEATURE_GATE", "targeting_rules": conditions,
        "variant_weights": [{"variant_key": "true", "value": 40}, {"variant_key": "false", "value": 60}]}}});
    let place = app.admin().place(flag_id, "development", "allocations");
    app.admin().call("POST", &place, Some(allocation)).await.expect(201);
    let shown = world.admin.data("GET", &world.path(""), None, 200).await;
    assert_eq!(shown[1]["conditions"][0]["operator"], "semver_gte");
    assert_eq!(shown[1]["rollout_id"], shown[1]["id"], "its weights are shown as a rollout of its own");
    let flag = app.admin().get(&format!("/api/v2/feature-flags/{flag_id}")).await.expect(200).json();
    let document = app.reader("development").document().await.expect(200).text;
    for rule in shown.as_array().unwrap() {
        let path = world.path(&format!("/{}", rule["id"].as_str().unwrap()));
        let after = world.admin.data("PUT", &path, Some(rule.clone()), 200).await["rule"].take();
        assert_eq!(after["conditions"], rule["conditions"]);
    }
    let segment = format!("/segments/{}", world.segment["id"].as_str().unwrap());
    world.admin.data("PUT", &segment, Some(world.segment.clone()), 200).await;
    assert_eq!(app.reader("development").document().await.expect(200).text, document);
    // The other way round: the Datadog dialect writes back what it shows of both.
    let entries = flag["data"]["attributes"]["feature_flag_environments"].as_array().unwrap();
    let entry =
        entries.iter().find(|entry| entry["environment_id"] == app.environment_id("development")).unwrap();
    let mut allocations: Vec<Value> = entry["allocations"].as_object().unwrap().values().cloned().collect();
    allocations.sort_by_key(|allocation| allocation["order_position"].as_i64());
    app.admin().replace(flag_id, "development", &allocations).await.expect(200);
    let after = world.admin.data("GET", &world.path(""), None, 200).await;
    for (before, after) in shown.as_array().unwrap().iter().zip(after.as_array().unwrap()) {
        for member in ["id", "conditions", "variation_id", "rollout_id", "order_index", "name"] {
            assert_eq!(before[member], after[member], "{member}");
        }
    }
    assert_eq!(after[0]["id"], rule["id"]);
    assert_eq!(app.reader("development").document().await.expect(200).text, document);
}
