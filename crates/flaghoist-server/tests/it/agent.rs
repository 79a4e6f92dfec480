//! Tracers that take this server for their Agent.

use crate::app::{TestApp, allocation};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The moment of the test clock at the start, in milliseconds since 1970: 2026-11-20T10:00:00Z.
const NOW_MS: i64 = 1_795_168_800_000;

/// What a tracer sends that has nothing yet.
fn first_poll(env: &str) -> Value {
    poll(env, &Held::default())
}

/// What a tracer has.
#[derive(Default)]
struct Held {
    /// The part of the path that names the configuration.
    id: String,
    version: i64,
}

/// What a tracer sends that has applied what it holds.
fn poll(env: &str, held: &Held) -> Value {
    let version = held.version;
    let states = if version == 0 {
        json!([])
    } else {
        json!([{"id": held.id, "version": version, "product": "FFE_FLAGS", "apply_state": 2, "apply_error": ""}])
    };
    json!({"client": {
        "id": "instance-1", "is_tracer": true, "products": ["APM_TRACING", "FFE_FLAGS"],
        "capabilities": [0x40, 0, 0],
        "state": {"root_version": 1, "targets_version": version, "config_states": states, "has_error": false,
            "error": "", "backend_client_state": ""},
        "client_tracer": {"runtime_id": "r", "language": "python", "tracer_version": "4.16.0", "service": "shop",
            "env": env, "app_version": "1.2.3", "tags": []},
    }, "cached_target_files": []})
}

fn decoded(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap()).unwrap()
}

/// What a tracer holds after an answer, which is as it checks it, and the document.
fn read(answer: &Value) -> (Held, Value) {
    let targets: Value = serde_json::from_slice(&decoded(&answer["targets"])).unwrap();
    let path = answer["client_configs"][0].as_str().unwrap();
    let raw = decoded(&answer["target_files"][0]["raw"]);
    assert_eq!(answer["target_files"][0]["path"], path);
    let target = &targets["signed"]["targets"][path];
    assert_eq!(target["length"], raw.len());
    assert_eq!(target["hashes"]["sha256"], hex::encode(Sha256::digest(&raw)));
    assert_eq!(target["custom"]["v"], targets["signed"]["version"]);
    let id = path.split('/').nth(3).unwrap().to_owned();
    let version = targets["signed"]["version"].as_i64().unwrap();
    (Held { id, version }, serde_json::from_slice(&raw).unwrap())
}

#[tokio::test]
async fn a_tracer_gets_the_document_of_its_environment_once_and_again_after_a_change() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = admin.enabled_flag("new-ui", "STRING", &[("v", "1"), ("w", "2")], "production").await;
    for method in ["POST", "GET"] {
        let answer = app.send_to_agent(method, "/v0.7/config", first_poll("prod")).await.expect(200).json();
        let (held, document) = read(&answer);
        assert_eq!(document, app.reader("production").document().await.json(), "bare, without an envelope");
        let again = app.send_to_agent(method, "/v0.7/config", poll("prod", &held)).await.expect(200);
        assert_eq!(again.json(), json!({}));
    }
    let (before, _) =
        read(&app.send_to_agent("POST", "/v0.7/config", first_poll("prod")).await.expect(200).json());
    admin.replace(&id, "production", &[allocation("beta", "w", &json!([]))]).await.expect(200);
    let answer = app.send_to_agent("POST", "/v0.7/config", poll("prod", &before)).await.expect(200).json();
    let (after, document) = read(&answer);
    assert!(after.version > before.version);
    assert!(document["flags"]["new-ui"].to_string().contains("beta"));
    let staging = app.send_to_agent("POST", "/v0.7/config", first_poll("staging")).await.expect(200).json();
    assert_ne!(read(&staging).1["environment"], document["environment"]);
}

#[tokio::test]
async fn it_is_shown_which_instance_runs_which_revision_and_which_failed() {
    let app = TestApp::new().await;
    app.admin().enabled_flag("new-ui", "STRING", &[("v", "1")], "production").await;
    let answer = app.send_to_agent("POST", "/v0.7/config", first_poll("prod")).await.expect(200).json();
    let (held, _) = read(&answer);
    let shown = async || app.admin().get("/api/v1/instances").await.expect(200).json()["data"].take();
    let before = shown().await;
    assert_eq!((&before[0]["state"], &before[0]["revision"]), (&json!("none"), &Value::Null));
    app.send_to_agent("POST", "/v0.7/config", poll("prod", &held)).await.expect(200);
    let applied = shown().await;
    assert_eq!(applied.as_array().unwrap().len(), 1);
    let of = |name: &str| applied[0][name].clone();
    assert_eq!(of("state"), "applied");
    assert_eq!(of("revision"), of("current_revision"));
    assert_eq!(
        [of("service"), of("env"), of("environment_key"), of("language"), of("tracer_version")],
        ["shop", "prod", "production", "python", "4.16.0"].map(Value::from)
    );
    let mut failed = poll("prod", &held);
    failed["client"]["state"]["config_states"][0]["apply_state"] = json!(3);
    failed["client"]["state"]["config_states"][0]["apply_error"] = json!("cannot parse");
    app.send_to_agent("POST", "/v0.7/config", failed).await.expect(200);
    let failed = shown().await;
    assert_eq!((&failed[0]["state"], &failed[0]["error"]), (&json!("error"), &json!("cannot parse")));
    let strangers = app.other_project().await.get("/api/v1/instances").await.expect(200).json();
    assert_eq!(strangers["data"], json!([]), "another project sees none");
    app.advance(jiff::SignedDuration::from_mins(11));
    assert_eq!(shown().await, json!([]), "who says nothing is forgotten");
}

#[tokio::test]
async fn what_a_tracer_asks_that_is_not_ours_to_answer_is_answered_politely() {
    let app = TestApp::new().await;
    let info = app.send_to_agent("GET", "/info", json!(null)).await.expect(200).json();
    let listed = |path: &str| info["endpoints"].as_array().unwrap().contains(&json!(path));
    assert!(["/v0.7/config", "/evp_proxy/v2/", "/evp_proxy/v4/", "/v0.4/traces"].into_iter().all(listed));
    let headers = info["evp_proxy_allowed_headers"].to_string();
    assert!(headers.contains("DD-EVP-ORIGIN") && headers.contains("DD-EVP-ORIGIN-VERSION"));
    let nowhere = app.send_to_agent("POST", "/v0.7/config", first_poll("nowhere")).await.expect(200);
    assert_eq!(nowhere.json(), json!({}));
    let mut without_flags = first_poll("prod");
    without_flags["client"]["products"] = json!(["APM_TRACING"]);
    assert_eq!(app.send_to_agent("POST", "/v0.7/config", without_flags).await.expect(200).json(), json!({}));
    app.send_to_agent("PUT", "/v0.4/traces", json!([])).await.expect(200);
    for path in [
        "/telemetry/proxy/api/v2/apmtelemetry",
        "/dogstatsd/v2/proxy",
        "/v0.6/stats",
        "/evp_proxy/v2/api/v2/other",
    ] {
        app.send_to_agent("POST", path, json!({})).await.expect(202);
    }
    app.send_to_agent("POST", "/v0.7/config", json!([])).await.expect(400);
    app.send_to_agent("GET", "/api/v2/feature-flags", json!(null)).await.expect(404);
}

#[tokio::test]
async fn reports_by_way_of_the_agent_find_their_environment_by_themselves() {
    let app = TestApp::new().await;
    let id = app.admin().enabled_flag("new-ui", "STRING", &[("v", "1")], "production").await;
    let exposure = json!({"timestamp": NOW_MS, "flag": {"key": "new-ui"}, "variant": {"key": "v"},
        "allocation": {"key": "a"}, "subject": {"id": "alice"}});
    for version in ["v2", "v4"] {
        let body = json!({"context": {"env": "prod"}, "exposures": [&exposure]});
        let path = format!("/evp_proxy/{version}/api/v2/exposures");
        let receipt = app.send_to_agent("POST", &path, body).await.expect(202).json();
        assert_eq!(receipt["accepted"], 1);
    }
    let body = json!({"context": {"env": "nowhere"}, "exposures": [&exposure]});
    let receipt = app.send_to_agent("POST", "/evp_proxy/v2/api/v2/exposures", body).await.expect(202).json();
    assert_eq!(receipt, json!({"accepted": 0, "dropped": {"unknown_environment": 1}}));
    let shown = app.admin().get(&format!("/api/v1/flags/{id}/evaluations")).await.expect(200).json();
    let environments = shown["environments"].as_array().unwrap();
    let production = environments.iter().find(|it| it["environment_key"] == "production").unwrap();
    assert_eq!(production["totals"][0]["exposures"], 2);
}

#[tokio::test]
async fn a_dd_env_that_moves_to_another_environment_takes_its_tracers_along() {
    let app = TestApp::new().await;
    let admin = app.admin();
    admin.enabled_flag("new-ui", "STRING", &[("v", "1")], "production").await;
    let answer = app.send_to_agent("POST", "/v0.7/config", first_poll("prod")).await.expect(200).json();
    let (held, _) = read(&answer);
    let rename = async |key: &str, queries: Value| {
        let path = format!("/api/v2/feature-flags/environments/{}", app.environment_id(key));
        let body = json!({"data": {"type": "environments", "attributes": {"queries": queries}}});
        admin.call("PUT", &path, Some(body)).await.expect(200);
    };
    rename("production", json!(["production"])).await;
    rename("staging", json!(["staging", "prod"])).await;
    let answer = app.send_to_agent("POST", "/v0.7/config", poll("prod", &held)).await.expect(200).json();
    assert_ne!(read(&answer).0.id, held.id);
}

#[tokio::test]
async fn members_that_are_null_are_as_good_as_absent() {
    let app = TestApp::new().await;
    for members in [
        json!({"products": null}),
        json!({"products": ["FFE_FLAGS"], "state": null, "client_tracer": null}),
        json!({"products": ["FFE_FLAGS"], "state": {"has_error": null, "targets_version": null}}),
    ] {
        let mut client = json!({"id": "i"});
        client.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        app.send_to_agent("POST", "/v0.7/config", json!({"client": client})).await.expect(200);
    }
}
