//! What SDKs of others read: the same flags in their own forms.

use crate::app::{TestApp, allocation};
use serde_json::{Value, json};
use std::io::Read;

const SERVER: &str = "/api/v2/feature-flagging/config/rules-based/server";

/// A JSON flag for everybody, one for servers, and one for clients, each served in production.
async fn flags(app: &TestApp) {
    let admin = app.admin();
    for (key, channel) in [("for-all", "ALL"), ("for-servers", "SERVER"), ("for-clients", "CLIENT")] {
        let id = admin.enabled_flag(key, "JSON", &[("v", r#"{"a":1}"#)], "production").await;
        let body =
            json!({"data": {"type": "feature-flags", "attributes": {"distribution_channel": channel}}});
        admin.call("PUT", &format!("/api/v2/feature-flags/{id}"), Some(body)).await.expect(200);
        let rules = json!([{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["beta"]}]}]);
        admin
            .replace(&id, "production", &[allocation(&format!("beta-{key}"), "v", &rules)])
            .await
            .expect(200);
    }
}

fn keys(flags: &Value) -> Vec<&str> {
    flags.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn datadogs_server_sdks_read_an_envelope_with_their_key_in_the_address() {
    let app = TestApp::new().await;
    flags(&app).await;
    let key = app.reader("production").key().to_owned();
    let bare = app.reader("production").document().await.expect(200).json();
    for address in [
        format!("{SERVER}?dd_env=production&key={key}"),
        format!("{SERVER}?key={key}"),
        format!("/sdk/keys/{key}{SERVER}"),
    ] {
        let answer = app.send("GET", &address, &[], None).await.expect(200);
        let document = answer.json();
        assert_eq!(document["data"]["type"], "universal-flag-configuration");
        assert_eq!(document["data"]["attributes"], bare, "{address}");
        let held = app.send("GET", &address, &[("if-none-match", answer.header("etag"))], None).await;
        assert_eq!((held.status.as_u16(), held.text.as_str()), (304, ""));
    }
    app.send("GET", &format!("{SERVER}?dd_env=staging&key={key}"), &[], None).await.expect(403);
    app.send("GET", &format!("{SERVER}?key=nobody"), &[], None).await.expect(401);
    app.send("GET", &format!("/sdk/keys/nobody{SERVER}"), &[], None).await.expect(401);
    let client = app.browser("production").key().to_owned();
    app.send("GET", &format!("{SERVER}?key={client}"), &[], None).await.expect(403);
}

#[tokio::test]
async fn documents_are_compressed_as_clients_ask_and_each_form_has_its_own_tag() {
    let app = TestApp::new().await;
    flags(&app).await;
    let key = app.reader("production").key().to_owned();
    let address = format!("{SERVER}?key={key}");
    let plain = app.send("GET", &address, &[], None).await.expect(200);
    assert!(plain.headers.get("content-encoding").is_none());
    for (accepted, encoding) in [("gzip", "gzip"), ("gzip, zstd", "zstd"), ("zstd;q=0, gzip;q=0.5", "gzip")] {
        let answer = app.send("GET", &address, &[("accept-encoding", accepted)], None).await.expect(200);
        assert_eq!(answer.header("content-encoding"), encoding);
        assert_ne!(answer.header("etag"), plain.header("etag"));
        let mut text = String::new();
        match encoding {
            "gzip" => {
                flate2::read::GzDecoder::new(&answer.bytes[..]).read_to_string(&mut text).unwrap();
            }
            _ => text = String::from_utf8(zstd::decode_all(&answer.bytes[..]).unwrap()).unwrap(),
        }
        assert_eq!(text, plain.text);
        let held = [("if-none-match", answer.header("etag")), ("accept-encoding", accepted)];
        app.send("GET", &address, &held, None).await.expect(304);
    }
    let identity = app.send("GET", &address, &[("accept-encoding", "gzip;q=0, br")], None).await.expect(200);
    assert!(identity.headers.get("content-encoding").is_none());
}

#[tokio::test]
async fn browsers_get_what_they_are_served_and_no_rule() {
    let app = TestApp::new().await;
    flags(&app).await;
    let (client, server) =
        (app.browser("production").key().to_owned(), app.reader("production").key().to_owned());
    let ask = |token: String, dd_env: &'static str, subject: Value| {
        let app = &app;
        async move {
            let attributes = json!({"env": {"dd_env": "production"}, "subject": subject});
            let body = json!({"data": {"type": "precompute-assignments-request", "attributes": attributes}});
            let headers = [
                ("dd-client-token", token.as_str()),
                ("content-type", "application/vnd.api+json"),
                ("origin", "https://shop.example"),
            ];
            let path = format!("/precompute-assignments?dd_env={dd_env}");
            app.send("POST", &path, &headers, Some(body.to_string().into_bytes())).await
        }
    };
    let beta = json!({"targeting_key": "alice", "targeting_attributes": {"plan": "beta"}});
    let answer = ask(client.clone(), "production", beta.clone()).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let attributes = &answer.json()["data"]["attributes"];
    assert_eq!(keys(&attributes["flags"]), ["for-all", "for-clients"]);
    assert!(attributes["createdAt"].is_string());
    assert_eq!(
        attributes["flags"]["for-all"],
        json!({"allocationKey": "beta-for-all", "variationKey": "v", "variationType": "object",
            "variationValue": {"a": 1}, "reason": "TARGETING_MATCH", "doLog": true, "extraLogging": {}})
    );
    let others = json!({"targeting_key": "bob", "targeting_attributes": {"plan": "free"}});
    let others = ask(client.clone(), "", others).await.expect(200).json();
    assert!(!others.to_string().contains("beta-for-all"), "an allocation that is not served is not told of");
    let of_server = ask(server, "production", beta.clone()).await.expect(200).json();
    assert_eq!(keys(&of_server["data"]["attributes"]["flags"]), ["for-all", "for-clients"]);
    ask(client.clone(), "staging", beta.clone()).await.expect(403);
    ask("nobody".to_owned(), "production", beta).await.expect(401);
    let wrong = ask(client, "production", json!({"targeting_key": 1})).await.expect(400);
    assert!(wrong.json()["errors"][0].is_object() || wrong.json()["errors"][0].is_string(), "{}", wrong.text);
}

#[tokio::test]
async fn eppos_sdks_read_their_dialect_and_clients_read_no_plain_name() {
    let app = TestApp::new().await;
    flags(&app).await;
    let (client, server) =
        (app.browser("production").key().to_owned(), app.reader("production").key().to_owned());
    let config = |key: &str| format!("/api/flag-config/v1/config?apiKey={key}&sdkName=python&sdkVersion=4");
    let document = app.send("GET", &config(&server), &[], None).await.expect(200).json();
    assert_eq!(
        (&document["format"], &document["environment"]["name"]),
        (&json!("SERVER"), &json!("production"))
    );
    let flag = &document["flags"]["for-all"];
    assert_eq!(flag["variations"]["v"]["value"], json!(r#"{"a":1}"#), "values of JSON flags are text");
    assert!(flag["totalShards"].is_u64());
    assert_eq!(keys(&document["flags"]), ["for-all", "for-servers"]);
    let hidden = app.send("GET", &config(&client), &[], None).await.expect(200);
    assert_eq!(hidden.json()["format"], "CLIENT");
    for name in ["for-all", "for-clients", "plan", "beta", "ONE_OF"] {
        assert!(!hidden.text.contains(name), "{name} in {}", hidden.text);
    }
    // MD5 of "for-all" by md5sum.
    assert!(hidden.json()["flags"]["0dd2e30aa8ecbaa098217530ac258af0"].is_object(), "{}", hidden.text);
    let bandits = format!("/api/flag-config/v1/bandits?apiKey={server}");
    let bandits = app.send("GET", &bandits, &[], None).await.expect(200).json();
    assert_eq!(bandits["bandits"], json!({}));
    app.send("GET", &config("nobody"), &[], None).await.expect(401);
}

#[tokio::test]
async fn eppos_clients_get_assignments_with_hidden_names() {
    let app = TestApp::new().await;
    flags(&app).await;
    let body = json!({"subject_key": "alice", "subject_attributes":
        {"numericAttributes": {"age": 42}, "categoricalAttributes": {"plan": "beta"}}});
    let headers = [("content-type", "application/json")];
    let answer = app.browser("production").post("/api/assignments", &headers, &body.to_string()).await;
    let answer = answer.expect(200).json();
    assert_eq!((&answer["format"], &answer["obfuscated"]), (&json!("PRECOMPUTED"), &json!(true)));
    let salt = answer["salt"].as_str().unwrap();
    let flags = answer["flags"].as_object().unwrap();
    assert_eq!(flags.len(), 2, "of the client channel: {flags:?}");
    let flag = &flags[&flaghoist_eval::eppo_document::hash(&format!("{salt}for-all"))];
    let decoded = |text: &Value| {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_str().unwrap()).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(
        (decoded(&flag["variationValue"]), &flag["variationType"]),
        ("{\"a\":1}".into(), &json!("JSON"))
    );
    assert_eq!(flag["doLog"], true);
    assert_eq!(decoded(&flag["variationKey"]), "v");
    assert_eq!(decoded(&flag["allocationKey"]), "beta-for-all");
    for wrong in [json!({}), json!({"subject_key": 7}), json!({"subject_key": "a", "subject_attributes": 7})]
    {
        app.browser("production").post("/api/assignments", &headers, &wrong.to_string()).await.expect(400);
    }
}

#[tokio::test]
async fn clients_that_can_hide_keys_get_them_hidden() {
    let app = TestApp::new().await;
    flags(&app).await;
    let body = json!({"data": {"type": "precompute-assignments-request", "attributes": {
        "capabilities": ["assignment-encoding-flag-key-256-v1"],
        "subject": {"targeting_key": "alice", "targeting_attributes": {"plan": "beta"}}}}});
    let headers = [("content-type", "application/vnd.api+json")];
    let answer = app.browser("production").post("/precompute-assignments", &headers, &body.to_string()).await;
    let answer = answer.expect(200).json();
    let attributes = &answer["data"]["attributes"];
    assert_eq!(
        (&attributes["obfuscated"], attributes["flags"].as_object().unwrap().len()),
        (&json!(true), 2)
    );
    assert_eq!(attributes["obfuscation"]["scheme"], "flag-key-sha256-v1");
    let keys = keys(&attributes["flags"]);
    assert!(keys.iter().all(|key| key.len() == 64), "{keys:?}");
}
