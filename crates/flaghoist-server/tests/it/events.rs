//! What readers report is counted, and shown.

use crate::app::{Answer, TestApp, allocation};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;

/// The moment of the test clock at the start, in milliseconds since 1970: 2026-11-20T10:00:00Z.
const NOW_MS: i64 = 1_795_168_800_000;

/// A flag that serves `v` to the plan beta by the allocation `beta`.
async fn flag(app: &TestApp) -> String {
    let admin = app.admin();
    let id = admin.enabled_flag("new-ui", "STRING", &[("v", "1"), ("w", "2")], "production").await;
    let rules = json!([{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["beta"]}]}]);
    admin.replace(&id, "production", &[allocation("beta", "v", &rules)]).await.expect(200);
    id
}

async fn report(app: &TestApp, path: &str, body: &Value) -> Answer {
    app.reader("production").post(path, &[("content-type", "application/json")], &body.to_string()).await
}

/// What is shown of the flag in production.
async fn shown(app: &TestApp, flag_id: &str) -> Value {
    let environment_id = app.environment_id("production");
    let path = format!("/api/v1/flags/{flag_id}/evaluations?environment_id={environment_id}");
    app.admin().get(&path).await.expect(200).json()["environments"][0].take()
}

fn exposure(variant: &str, allocation: &str, timestamp: i64) -> Value {
    json!({"timestamp": timestamp, "flag": {"key": "new-ui"}, "variant": {"key": variant},
        "allocation": {"key": allocation}, "subject": {"id": "alice", "attributes": {"plan": "beta"}}})
}

#[tokio::test]
async fn exposures_of_servers_are_counted_by_allocation_variant_and_minute() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let exposures = [exposure("v", "beta", NOW_MS - 60_000), exposure("v", "beta", NOW_MS)];
    let body = json!({"context": {"service": "shop", "env": "prod"}, "exposures": exposures});
    let receipt = report(&app, "/api/v2/exposures", &body).await.expect(202).json();
    assert_eq!(receipt, json!({"accepted": 2, "dropped": {}}));
    let shown = shown(&app, &id).await;
    let total = &shown["totals"][0];
    assert_eq!(total["allocation_key"], "beta");
    assert_eq!((&total["variant_key"], &total["exposures"]), (&json!("v"), &json!(2)));
    assert_eq!(total["first_at"], "2026-11-20T09:59:00Z");
    assert_eq!(shown["last_evaluated_at"], "2026-11-20T10:00:00Z");
    let buckets = shown["buckets"].as_array().unwrap();
    let starts: Vec<&Value> = buckets.iter().map(|bucket| &bucket["start"]).collect();
    assert_eq!(starts, ["2026-11-20T09:59:00Z", "2026-11-20T10:00:00Z"]);
    let metrics = app.send("GET", "/metrics", &[], None).await.text;
    assert!(metrics.contains("flaghoist_events_accepted_total 2"), "{metrics}");
    let project = &app.first.project_id;
    let labels = format!(r#"project="{project}",environment="production",flag="new-ui",variant="v""#);
    let series = format!("flaghoist_reported_exposures_total{{{labels}}} 2");
    assert!(metrics.contains(&series), "{metrics}");
}

#[tokio::test]
async fn evaluations_are_counted_with_the_defaults_that_were_served_and_the_errors() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let evaluations = json!([
        {"timestamp": NOW_MS, "flag": {"key": "new-ui"}, "variant": {"key": "v"}, "allocation": {"key": "beta"},
            "first_evaluation": NOW_MS - 9_000, "last_evaluation": NOW_MS, "evaluation_count": 40,
            "targeting_key": "sha256_00"},
        {"timestamp": NOW_MS, "flag": {"key": "new-ui"}, "evaluation_count": 3, "runtime_default_used": true,
            "error": {"message": "TYPE_MISMATCH"}},
    ]);
    let body = json!({"context": {"env": "prod"}, "flagEvaluations": evaluations});
    report(&app, "/api/v2/flagevaluation", &body).await.expect(202);
    let shown = shown(&app, &id).await;
    let of = |position: usize, name: &str| shown["totals"][position][name].clone();
    assert_eq!(["evaluations", "defaults", "errors"].map(|name| of(0, name)), [3, 3, 3].map(Value::from));
    assert_eq!(of(0, "variant_key"), Value::Null);
    assert_eq!(["evaluations", "defaults", "errors"].map(|name| of(1, name)), [40, 0, 0].map(Value::from));
    assert_eq!(of(1, "first_at"), "2026-11-20T09:59:51Z");
}

#[tokio::test]
async fn browsers_report_lines_to_their_proxy_with_their_key_in_what_it_forwards() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let key = app.browser("production").key().to_owned();
    let lines = format!("{}\n{}", exposure("v", "beta", NOW_MS), exposure("v", "beta", NOW_MS));
    let forward = format!(
        "%2Fapi%2Fv2%2Fexposures%3Fddsource%3Dbrowser%26dd-api-key%3D{key}%26dd-evp-origin%3Dbrowser"
    );
    let headers = [("content-type", "text/plain;charset=UTF-8"), ("origin", "https://shop.example")];
    let path = format!("/intake?ddforward={forward}");
    let answer = app.send("POST", &path, &headers, Some(lines.into_bytes())).await.expect(202);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(shown(&app, &id).await["totals"][0]["exposures"], 2);
    let other = format!("/intake?ddforward=%2Fapi%2Fv2%2Frum%3Fdd-api-key%3D{key}");
    app.send("POST", &other, &headers, Some(b"anything".to_vec())).await.expect(202);
    app.send("POST", "/intake?ddforward=%2Fapi%2Fv2%2Fexposures", &headers, None).await.expect(401);
}

#[tokio::test]
async fn what_is_not_counted_is_said_with_its_reason_and_spoils_nothing_else() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let day_ms = 24 * 3_600 * 1_000;
    let exposures = json!([
        exposure("v", "beta", NOW_MS),
        exposure("v", "beta", NOW_MS - day_ms - 1_000),
        exposure("v", "beta", NOW_MS + 3_600_000),
        {"timestamp": NOW_MS, "flag": {"key": "nothing"}, "variant": {"key": "v"}},
        {"timestamp": NOW_MS, "flag": 7},
        7,
    ]);
    let receipt =
        report(&app, "/api/v2/exposures", &json!({"exposures": exposures})).await.expect(202).json();
    assert_eq!(receipt["accepted"], 1);
    assert_eq!(receipt["dropped"], json!({"malformed": 2, "out_of_time": 2, "unknown_flag": 1}));
    assert_eq!(shown(&app, &id).await["totals"][0]["exposures"], 1);
    let metrics = app.send("GET", "/metrics", &[], None).await.text;
    assert!(metrics.contains(r#"flaghoist_events_dropped_total{reason="out_of_time"} 2"#), "{metrics}");
    report(&app, "/api/v2/exposures", &json!([])).await.expect(202);
    let headers = [("content-type", "application/json")];
    app.reader("production").post("/api/v2/exposures", &headers, "{\"exposures\": [").await.expect(400);
    app.send("POST", "/api/v2/exposures", &headers, Some(b"{}".to_vec())).await.expect(401);
}

#[tokio::test]
async fn keys_that_a_flag_does_not_know_are_counted_together() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let made_up = (0..50).map(|number| exposure(&format!("made-up-{number}"), "beta", NOW_MS));
    let exposures: Vec<Value> = made_up.chain([exposure("v", "another", NOW_MS)]).collect();
    report(&app, "/api/v2/exposures", &json!({"exposures": exposures})).await.expect(202);
    let shown = shown(&app, &id).await;
    let keys = |total: &Value| (total["variant_key"].clone(), total["exposures"].clone());
    let totals: Vec<_> = shown["totals"].as_array().unwrap().iter().map(keys).collect();
    assert_eq!(totals, [(json!("(unknown)"), json!(50)), (json!("v"), json!(1))]);
}

#[tokio::test]
async fn evaluations_by_this_server_are_counted_too() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    for _ in 0..3 {
        app.reader("production").evaluate("new-ui", json!({"targetingKey": "a", "plan": "beta"})).await;
    }
    app.reader("production").evaluate("new-ui", json!({"targetingKey": "a"})).await;
    flaghoist_server::events::write_down(&app.state).await;
    flaghoist_server::events::write_down(&app.state).await;
    let shown = shown(&app, &id).await;
    let of = |total: &Value| (total["allocation_key"].clone(), total["evaluations"].clone());
    let totals: Vec<_> = shown["totals"].as_array().unwrap().iter().map(of).collect();
    assert!(totals.contains(&(json!("beta"), json!(3))), "{totals:?}");
    assert_eq!(totals.iter().map(|(_, count)| count.as_i64().unwrap()).sum::<i64>(), 4);
}

#[tokio::test]
async fn our_own_shape_has_keys_alone_and_eppos_names() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let body = json!({
        "exposures": [
            {"flag": "new-ui", "variant": "v", "allocation": "beta", "timestamp": "2026-11-20T09:30:00Z"},
            {"featureFlag": "new-ui", "variation": "v", "allocation": "beta", "subject": "alice"},
        ],
        "evaluations": [{"flag": "new-ui", "variant": "v", "allocation": "beta", "count": 5}],
    });
    let receipt = report(&app, "/sdk/v1/events", &body).await.expect(202).json();
    assert_eq!(receipt["accepted"], 3);
    let shown = shown(&app, &id).await;
    assert_eq!(
        (&shown["totals"][0]["exposures"], &shown["totals"][0]["evaluations"]),
        (&json!(2), &json!(5))
    );
    assert_eq!(shown["totals"][0]["first_at"], "2026-11-20T09:30:00Z");
}

#[tokio::test]
async fn compressed_reports_are_read_and_bombs_are_not() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let key = app.reader("production").key().to_owned();
    let headers = [("x-api-key", key.as_str()), ("content-encoding", "gzip")];
    let body = gzip(json!({"exposures": [exposure("v", "beta", NOW_MS)]}).to_string().as_bytes());
    app.send("POST", "/api/v2/exposures", &headers, Some(body)).await.expect(202);
    assert_eq!(shown(&app, &id).await["totals"][0]["exposures"], 1);
    let one = json!({"exposures": [exposure("v", "beta", NOW_MS)]}).to_string();
    let two_members = [gzip(one.as_bytes()), gzip(one.as_bytes())].concat();
    let receipt = app.send("POST", "/api/v2/exposures", &headers, Some(two_members)).await.expect(202).json();
    assert_eq!(receipt["accepted"], 2);
    let many = format!("{{\"exposures\": [{}1]}}", "1,".repeat(60_000));
    app.send("POST", "/api/v2/exposures", &headers, Some(gzip(many.as_bytes()))).await.expect(400);
    let lines = "1\n".repeat(60_000);
    app.send("POST", "/api/v2/exposures", &headers, Some(gzip(lines.as_bytes()))).await.expect(400);
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
    app.send("POST", "/api/v2/exposures", &headers, Some(bomb)).await.expect(413);
    app.send("POST", "/api/v2/exposures", &headers, Some(b"no gzip".to_vec())).await.expect(400);
}

#[tokio::test]
async fn a_flag_that_nobody_evaluates_is_stale_where_others_are_evaluated() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let staff = json!([{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["staff"]}]}]);
    app.admin().replace(&id, "production", &[allocation("staff", "w", &staff)]).await.expect(200);
    app.admin().enabled_flag("other", "STRING", &[("v", "1")], "production").await;
    let staleness = async || {
        flaghoist_server::events::look(&app.state).await;
        let flag = app.admin().get(&format!("/api/v2/feature-flags/{id}")).await.expect(200).json();
        let attributes = &flag["data"]["attributes"];
        let details = &attributes["staleness_details"];
        assert_eq!(details["staleness_status"], attributes["staleness_status"]);
        (attributes["staleness_status"].clone(), details["stale_reason"].clone())
    };
    assert_eq!(staleness().await, (json!("ACTIVE"), Value::Null));
    app.advance(jiff::SignedDuration::from_hours(31 * 24));
    app.reader("production").evaluate("other", json!({"targetingKey": "a"})).await;
    flaghoist_server::events::write_down(&app.state).await;
    assert_eq!(staleness().await, (json!("STALE"), json!("NO_EVALUATIONS")));
    app.reader("production").evaluate("new-ui", json!({"targetingKey": "a"})).await;
    flaghoist_server::events::write_down(&app.state).await;
    assert_eq!(staleness().await, (json!("STALE"), json!("NO_ACTIVITY")), "nobody changed it either");
}

#[tokio::test]
async fn clients_report_of_what_they_see_and_of_nothing_else() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    let hide = json!({"data": {"type": "feature-flags", "attributes": {"distribution_channel": "SERVER"}}});
    app.admin().call("PUT", &format!("/api/v2/feature-flags/{id}"), Some(hide)).await.expect(200);
    let body = json!({"exposures": [exposure("v", "beta", NOW_MS)]}).to_string();
    let headers = [("content-type", "application/json")];
    let receipt =
        app.browser("production").post("/api/v2/exposures", &headers, &body).await.expect(202).json();
    assert_eq!(receipt, json!({"accepted": 0, "dropped": {"unknown_flag": 1}}));
    let receipt =
        app.reader("production").post("/api/v2/exposures", &headers, &body).await.expect(202).json();
    assert_eq!(receipt["accepted"], 1);
}

#[tokio::test]
async fn a_report_with_too_many_different_counts_is_refused_as_a_whole() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    // Five outcomes, as they are counted, in each of 1 100 minutes.
    let outcomes = [("", ""), ("beta", "v"), ("?", "v"), ("?", "w"), ("?", "?"), ("", "?")];
    let evaluations: Vec<Value> = (0..1_100)
        .flat_map(|minute| outcomes.map(|(allocation, variant)| (minute, allocation, variant)))
        .map(|(minute, allocation, variant)| {
            let at = NOW_MS - 60_000 * minute;
            json!({"flag": "new-ui", "variant": variant, "allocation": allocation, "timestamp": at})
        })
        .collect();
    let fits = json!({"evaluations": &evaluations[..900]});
    report(&app, "/sdk/v1/events", &fits).await.expect(202);
    let before = shown(&app, &id).await;
    let refused = report(&app, "/sdk/v1/events", &json!({"evaluations": evaluations})).await.expect(400);
    assert!(refused.text.contains("5000 different counts"), "{}", refused.text);
    assert_eq!(shown(&app, &id).await["totals"], before["totals"], "nothing of it is counted");
}

#[tokio::test]
async fn a_flag_with_a_long_past_is_counted_by_what_it_serves_now() {
    let app = TestApp::new().await;
    let id = flag(&app).await;
    for number in 0..300 {
        let allocation = allocation(&format!("round-{number}"), "w", &json!([]));
        app.admin().replace(&id, "production", &[allocation]).await.expect(200);
    }
    app.reader("production").evaluate("new-ui", json!({"targetingKey": "a"})).await;
    flaghoist_server::events::write_down(&app.state).await;
    let shown = shown(&app, &id).await;
    assert_eq!(shown["totals"][0]["allocation_key"], "round-299");
    assert_eq!(shown["totals"][0]["evaluations"], 1);
}
