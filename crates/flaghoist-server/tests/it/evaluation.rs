use crate::app::{TestApp, allocation};
use serde_json::{Value, json};

const ON_OFF: &[(&str, &str)] = &[("on", "true"), ("off", "false")];

fn plan(value: &str) -> Value {
    json!([{"conditions": [{"attribute": "plan", "operator": "EQUALS", "value": [value]}]}])
}

#[tokio::test]
async fn a_rule_serves_whom_it_is_for_and_the_default_everybody_else() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    admin.replace(&flag, "production", &[allocation("beta", "off", &plan("beta"))]).await.expect(200);
    let reader = app.reader("production");

    let beta =
        reader.evaluate("dark-mode", json!({"targetingKey": "alice", "plan": "beta"})).await.expect(200);
    assert_eq!(
        beta.json(),
        json!({"key": "dark-mode", "value": false, "variant": "off", "reason": "TARGETING_MATCH",
            "metadata": {"allocationKey": "beta", "variationType": "BOOLEAN", "doLog": true}})
    );
    let other = reader.evaluate("dark-mode", json!({"plan": "free"})).await.expect(200).json();
    assert_eq!((&other["value"], &other["reason"]), (&json!(true), &json!("STATIC")));
}

#[tokio::test]
async fn environments_are_isolated() {
    let app = TestApp::new().await;
    let admin = app.admin();
    admin.enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    let staging = app.reader("staging").evaluate("dark-mode", json!({})).await.expect(200);
    assert_eq!(
        staging.json(),
        json!({"key": "dark-mode", "variant": null, "reason": "DISABLED",
            "metadata": {"variationType": "BOOLEAN", "doLog": false}})
    );
}

#[tokio::test]
async fn values_keep_their_types_on_the_wire() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for (key, value_type, value, expected) in [
        ("whole", "INTEGER", "42", "42"),
        ("float", "NUMERIC", "1", "1.0"),
        ("text", "STRING", "1", "\"1\""),
        ("object", "JSON", "{ \"a\": [1, null] }", "{\"a\":[1,null]}"),
    ] {
        admin.enabled_flag(key, value_type, &[("v", value)], "production").await;
        let answer = app.reader("production").evaluate(key, json!({})).await.expect(200);
        assert!(answer.text.contains(&format!("\"value\":{expected},")), "{}", answer.text);
    }
}

#[tokio::test]
async fn an_off_variant_is_served_while_disabled() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.create_flag("dark-mode", "BOOLEAN", ON_OFF).await;
    let (id, environment) = (flag["id"].as_str().unwrap(), app.environment_id("production"));
    let path = format!("/api/v1/flags/{id}/environments/{environment}/serving");
    let set = admin.call("PATCH", &path, Some(json!({"off_variant_key": "off"}))).await.expect(200).json();
    assert_eq!((&set["off_variant_key"], &set["default_variant_key"]), (&json!("off"), &json!("on")));
    let answer = app.reader("production").evaluate("dark-mode", json!({})).await.expect(200).json();
    assert_eq!((&answer["value"], &answer["variant"]), (&json!(false), &json!("off")));
}

#[tokio::test]
async fn an_override_is_for_everybody_until_it_is_cleared() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    admin.replace(&flag, "production", &[allocation("all", "on", &json!([]))]).await.expect(200);
    let path = format!("/api/v1/flags/{flag}/environments/{}/serving", app.environment_id("production"));
    let variant =
        async || app.reader("production").evaluate("dark-mode", json!({})).await.json()["variant"].take();

    admin.call("PATCH", &path, Some(json!({"override_variant_key": "off"}))).await.expect(200);
    assert_eq!(variant().await, json!("off"));
    admin.call("PATCH", &path, Some(json!({"override_variant_key": null}))).await.expect(200);
    assert_eq!(variant().await, json!("on"));
    let refused = admin.call("PATCH", &path, Some(json!({"override_variant_key": "dim"}))).await.expect(400);
    assert_eq!(refused.json()["errors"][0]["pointer"], json!("/override_variant_key"));
}

#[tokio::test]
async fn keys_may_hold_slashes_and_spaces_encoded_or_not() {
    let app = TestApp::new().await;
    app.admin().enabled_flag("team a/dark mode", "BOOLEAN", ON_OFF, "production").await;
    for path in ["team%20a/dark%20mode", "team%20a%2Fdark%20mode"] {
        let answer = app.reader("production").evaluate(path, json!({})).await.expect(200).json();
        assert_eq!(answer["key"], json!("team a/dark mode"));
    }
}

#[tokio::test]
async fn a_split_needs_a_targeting_key_and_says_so() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    let halves = json!({"key": "halves", "name": "halves", "type": "FEATURE_GATE",
        "variant_weights": [{"variant_key": "on", "value": 50}, {"variant_key": "off", "value": 50}]});
    admin.replace(&flag, "production", &[halves]).await.expect(200);
    let reader = app.reader("production");
    let missing = reader.evaluate("dark-mode", json!({})).await.expect(400).json();
    assert_eq!(
        (&missing["key"], &missing["errorCode"]),
        (&json!("dark-mode"), &json!("TARGETING_KEY_MISSING"))
    );
    assert!(missing["errorDetails"].as_str().is_some_and(|details| details.contains("targetingKey")));
    let empty = reader.evaluate("dark-mode", json!({"targetingKey": ""})).await.expect(200).json();
    assert_eq!(empty["reason"], json!("SPLIT"));
    let all = reader.evaluate_all(json!({})).await.expect(200).json();
    assert_eq!(all["flags"][0]["errorCode"], json!("TARGETING_KEY_MISSING"), "one flag's failure is its own");
}

#[tokio::test]
async fn an_unknown_flag_is_not_found_with_details() {
    let app = TestApp::new().await;
    let answer = app.reader("production").evaluate("nothing", json!({})).await.expect(404).json();
    assert_eq!((&answer["key"], &answer["errorCode"]), (&json!("nothing"), &json!("FLAG_NOT_FOUND")));
    assert!(answer["errorDetails"].is_string());
}

#[tokio::test]
async fn requests_without_a_context_are_fine_and_broken_ones_are_not() {
    let app = TestApp::new().await;
    app.admin().enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    let reader = app.reader("production");
    for (body, status, code) in [
        ("", 200, Value::Null),
        ("{}", 200, Value::Null),
        ("{\"context\":{}}", 200, Value::Null),
        ("{\"context\":null}", 200, Value::Null),
        ("{\"context\":{\"targetingKey\":null,\"nested\":{\"a\":[1]}}}", 200, Value::Null),
        ("{\"context\":[]}", 400, json!("INVALID_CONTEXT")),
        ("{\"context\":{\"targetingKey\":5}}", 400, json!("INVALID_CONTEXT")),
        ("{\"context\":{\"targetingKey\":{\"a\":1}}}", 400, json!("INVALID_CONTEXT")),
        ("{", 400, json!("PARSE_ERROR")),
        ("[]", 400, json!("PARSE_ERROR")),
    ] {
        for path in ["/ofrep/v1/evaluate/flags/dark-mode", "/ofrep/v1/evaluate/flags"] {
            let answer = reader.post(path, &[], body).await.expect(status).json();
            assert_eq!(answer.get("errorCode").cloned().unwrap_or_default(), code, "{path} {body}");
            assert_eq!(answer.get("errorDetails").is_some(), status != 200, "{path} {body}");
        }
    }
    let large = format!("{{\"context\":{{\"a\":\"{}\"}}}}", "x".repeat(2 * 1024 * 1024));
    let answer = reader.post("/ofrep/v1/evaluate/flags", &[], &large).await.expect(413);
    assert_eq!(answer.json()["errorCode"], json!("GENERAL"));
}

#[tokio::test]
async fn the_entity_tag_covers_values_and_spares_the_body() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.enabled_flag("size", "INTEGER", &[("v", "1")], "production").await;
    let reader = app.reader("production");
    let body = "{\"context\":{}}";
    let path = "/ofrep/v1/evaluate/flags";
    let first = reader.post(path, &[], body).await.expect(200);
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    let held = [("if-none-match", etag.as_str())];
    let unchanged = reader.post(path, &held, body).await.expect(304);
    assert_eq!((unchanged.text.as_str(), unchanged.header("etag")), ("", etag.as_str()));
    let weak = format!("\"x\", W/{etag}");
    reader.post(path, &[("if-none-match", &weak)], body).await.expect(304);

    let found = admin.get(&format!("/api/v2/feature-flags/{flag}")).await.json();
    let variant = found["data"]["attributes"]["variants"][0]["id"].as_str().unwrap();
    let path_of_variant = format!("/api/v2/feature-flags/{flag}/variants/{variant}");
    admin.call("PUT", &path_of_variant, Some(json!({"value": "2"}))).await.expect(200);
    let changed = reader.post(path, &held, body).await.expect(200);
    assert_ne!(changed.header("etag"), etag, "same variant key, other value");
}

#[tokio::test]
async fn browsers_of_any_origin_may_ask_with_their_key() {
    let app = TestApp::new().await;
    let headers = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,if-none-match"),
    ];
    let preflight = app.send("OPTIONS", "/ofrep/v1/evaluate/flags", &headers, None).await.expect(200);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert_eq!(preflight.header("access-control-allow-headers"), "authorization,content-type,if-none-match");
    let answer =
        app.browser("production").post("/ofrep/v1/evaluate/flags", &headers[..1], "{}").await.expect(200);
    assert!(answer.header("access-control-expose-headers").contains("etag"));
    let refused = app.send("POST", "/ofrep/v1/evaluate/flags", &headers[..1], None).await.expect(401);
    assert_eq!(refused.header("access-control-allow-origin"), "*", "a browser can read why");
}

#[tokio::test]
async fn channels_decide_which_flags_a_key_sees() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for (key, channel) in [("both", "ALL"), ("client", "CLIENT"), ("server", "SERVER")] {
        let id = admin.enabled_flag(key, "BOOLEAN", ON_OFF, "production").await;
        let update =
            json!({"data": {"type": "feature-flags", "attributes": {"distribution_channel": channel}}});
        admin.call("PUT", &format!("/api/v2/feature-flags/{id}"), Some(update)).await.expect(200);
    }
    let keys = |answer: Value| -> Vec<String> {
        answer["flags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|flag| flag["key"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(keys(app.reader("production").evaluate_all(json!({})).await.json()), ["both", "server"]);
    assert_eq!(keys(app.browser("production").evaluate_all(json!({})).await.json()), ["both", "client"]);
    app.browser("production").evaluate("server", json!({})).await.expect(404);
}

#[tokio::test]
async fn readers_are_answered_while_the_database_is_away() {
    let app = TestApp::new().await;
    let admin = app.admin();
    admin.enabled_flag("dark-mode", "BOOLEAN", ON_OFF, "production").await;
    app.lose_database().await;
    let answer = app.reader("production").evaluate("dark-mode", json!({})).await.expect(200).json();
    assert_eq!(answer["variant"], json!("on"));
    let refused = admin.get("/api/v2/feature-flags").await.expect(503);
    assert_eq!(refused.header("retry-after"), "1");
    assert!(refused.json()["errors"][0].as_str().is_some_and(|text| text.contains("database")));
    app.send("GET", "/healthz", &[], None).await.expect(200);
    app.send("GET", "/readyz", &[], None).await.expect(503);
}
