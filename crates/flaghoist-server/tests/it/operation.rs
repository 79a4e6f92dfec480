use crate::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn metrics_count_requests_and_evaluations() {
    let app = TestApp::new().await;
    app.admin().enabled_flag("dark-mode", "BOOLEAN", &[("on", "true"), ("off", "false")], "production").await;
    for _ in 0..3 {
        app.reader("production").evaluate("dark-mode", json!({})).await.expect(200);
    }
    app.reader("production").evaluate("made%20up%20by%20a%20stranger", json!({})).await.expect(404);
    let text = app.send("GET", "/metrics", &[], None).await.expect(200).text;
    let project = &app.first.project_id;
    let evaluations = r#"environment="production",flag="dark-mode",reason="STATIC""#;
    let evaluations = format!(r#"flaghoist_evaluations_total{{project="{project}",{evaluations}}} 3"#);
    let flags = format!(r#"flaghoist_published_flags{{project="{project}",environment="production"}} 1"#);
    for line in [
        evaluations.as_str(),
        flags.as_str(),
        "flaghoist_http_requests_total{method=\"POST\",route=\"/ofrep/v1/evaluate/flags/{*key}\",status=\"404\"} 1",
        "flaghoist_published_current 1",
        "flaghoist_store_transactions_total{kind=\"write\",outcome=\"opened\"} 2",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("stranger"), "what clients make up is no label");
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn a_request_keeps_the_id_it_came_with() {
    let app = TestApp::new().await;
    let named = app.send("GET", "/healthz", &[("x-request-id", "abc-123")], None).await;
    assert_eq!(named.header("x-request-id"), "abc-123");
    let too_long = "x".repeat(65);
    let unnamed = app.send("GET", "/healthz", &[("x-request-id", &too_long)], None).await;
    assert_eq!(unnamed.header("x-request-id").len(), 16);
}

#[tokio::test]
async fn unknown_paths_answer_in_the_shape_they_look_like() {
    let app = TestApp::new().await;
    let datadog = app.send("GET", "/api/v2/nothing", &[], None).await.expect(404);
    assert_eq!(datadog.json(), json!({"errors": ["there is nothing at this path"]}));
    assert_eq!(datadog.header("x-request-id").len(), 16);
    let ofrep = app.send("POST", "/ofrep/v1/evaluate/flags/", &[], None).await.expect(404);
    assert_eq!(ofrep.json()["errorCode"], json!("FLAG_NOT_FOUND"));
    let native = app.send("GET", "/nothing", &[], None).await.expect(404);
    assert_eq!(
        (native.header("content-type"), &native.json()["code"]),
        ("application/problem+json", &json!("not_found"))
    );
}
