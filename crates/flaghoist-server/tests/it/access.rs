use crate::app::TestApp;
use flaghoist_model::access::BuiltInRole;
use flaghoist_server::app::describe;
use serde_json::{Value, json};
use uuid::Uuid;

/// Operations that need no key at all.
const OPEN: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// What one who may only read gets from operations that change something.
const FORBIDDEN_TO_VIEWERS: [&str; 22] = [
    "create_feature_flag",
    "update_feature_flag",
    "archive_feature_flag",
    "unarchive_feature_flag",
    "create_variant",
    "update_variant",
    "delete_variant",
    "create_allocation",
    "replace_allocations",
    "enable_feature_flag",
    "disable_feature_flag",
    "update_serving",
    "create_environment",
    "create_suggestion",
    "update_suggestion",
    "delete_suggestion",
    "approve_suggestion",
    "reject_suggestion",
    "apply_suggestion",
    "comment_on_suggestion",
    "copy_configuration",
    "revert_history_entry",
];

/// Operations for which one needs to be an administrator.
const ADMIN_ONLY: [&str; 12] = [
    "create_environment",
    "update_environment",
    "delete_environment",
    "create_sdk_key",
    "list_webhooks",
    "create_webhook",
    "get_webhook",
    "update_webhook",
    "delete_webhook",
    "rotate_webhook_secret",
    "ping_webhook",
    "list_webhook_deliveries",
];

struct Operation {
    method: String,
    path: String,
    id: String,
}

impl Operation {
    fn is_data_plane(&self) -> bool {
        self.path.starts_with("/ofrep/") || self.path.starts_with("/sdk/")
    }
}

/// Every operation that needs a key, with ids in its path that name nothing.
fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(describe()).unwrap();
    let nothing = Uuid::from_u64_pair(1, 1).to_string();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if OPEN.contains(&path.as_str()) {
                continue;
            }
            let mut concrete = path.clone();
            while let (Some(from), Some(to)) = (concrete.find('{'), concrete.find('}')) {
                concrete.replace_range(from..=to, &nothing);
            }
            operations.push(Operation {
                method: method.to_uppercase(),
                path: concrete,
                id: operation["operationId"].as_str().unwrap().to_owned(),
            });
        }
    }
    assert!(operations.len() > 20, "the document has all operations");
    operations
}

#[tokio::test]
async fn nobody_gets_anywhere_without_the_right_keys() {
    let app = TestApp::new().await;
    let first = app.first.clone();
    let server_key = first.environments[0].server_sdk_key.as_str();
    let wrong = "fhp_0000000000000000000000000000000000000000000000000000000000000000";
    let (api, application) = (first.api_key.as_str(), first.application_key.as_str());
    let strangers: [(&str, Vec<(&str, &str)>); 9] = [
        ("anonymous", vec![]),
        ("wrong keys", vec![("dd-api-key", wrong), ("dd-application-key", wrong)]),
        ("wrong application key", vec![("dd-api-key", api), ("dd-application-key", wrong)]),
        ("wrong API key", vec![("dd-api-key", wrong), ("dd-application-key", application)]),
        ("keys swapped", vec![("dd-api-key", application), ("dd-application-key", api)]),
        ("application key alone in its header", vec![("dd-application-key", application)]),
        ("wrong bearer", vec![("authorization", "Bearer nonsense")]),
        ("API key as bearer", vec![("x-api-key", api)]),
        ("SDK key for management, application key for reading", vec![]),
    ];
    for operation in operations() {
        for (who, headers) in &strangers {
            let mut headers = headers.clone();
            if who.starts_with("SDK key") {
                headers.push(("x-api-key", if operation.is_data_plane() { application } else { server_key }));
            }
            headers.push(("content-type", "application/json"));
            let answer = app.send(&operation.method, &operation.path, &headers, Some(b"{}".to_vec())).await;
            assert_eq!(answer.status.as_u16(), 401, "{who}: {} {}", operation.id, answer.text);
        }
    }
}

#[tokio::test]
async fn a_role_may_do_what_it_may_and_nothing_else() {
    let app = TestApp::new().await;
    let viewer = app.somebody(BuiltInRole::Viewer).await;
    let editor = app.somebody(BuiltInRole::Editor).await;
    let admin = app.admin();
    for operation in operations().into_iter().filter(|operation| !operation.is_data_plane()) {
        let expected = |forbidden: bool| if forbidden { 403 } else { 0 };
        let is_admin_only = ADMIN_ONLY.contains(&operation.id.as_str());
        let is_write = FORBIDDEN_TO_VIEWERS.contains(&operation.id.as_str()) || is_admin_only;
        for (who, caller, forbidden) in
            [("viewer", &viewer, is_write), ("editor", &editor, is_admin_only), ("admin", &admin, false)]
        {
            let answer = caller.call(&operation.method, &operation.path, Some(json!({}))).await;
            let status = answer.status.as_u16();
            let got = if status == 403 { 403 } else { 0 };
            assert_eq!(got, expected(forbidden), "{who}: {} gave {status} {}", operation.id, answer.text);
            assert!(status < 500, "{who}: {} gave {status}", operation.id);
        }
    }
}

#[tokio::test]
async fn a_missing_permission_is_named_and_differs_from_a_missing_key() {
    let app = TestApp::new().await;
    let viewer = app.somebody(BuiltInRole::Viewer).await;
    let refused = viewer.call("POST", "/api/v2/feature-flags", Some(json!({}))).await.expect(403);
    assert_eq!(
        refused.json(),
        json!({"errors": ["the application key lacks the permission feature_flag_config_write"]})
    );
    let stranger = app.send("GET", "/api/v2/feature-flags", &[], None).await.expect(401);
    assert_eq!(stranger.header("content-type"), "application/vnd.api+json");
}

#[tokio::test]
async fn an_application_key_alone_does_as_a_bearer() {
    let app = TestApp::new().await;
    let bearer = format!("Bearer {}", app.first.application_key);
    app.send("GET", "/api/v2/feature-flags", &[("authorization", &bearer)], None).await.expect(200);
}

#[tokio::test]
async fn an_sdk_key_is_taken_from_wherever_sdks_can_put_it() {
    let app = TestApp::new().await;
    let key = app.first.environments[0].server_sdk_key.clone();
    let bearer = format!("Bearer {key}");
    for header in
        [("x-api-key", key.as_str()), ("authorization", bearer.as_str()), ("dd-api-key", key.as_str())]
    {
        let answer = app.send("POST", "/ofrep/v1/evaluate/flags", &[header], None).await.expect(200);
        assert_eq!(answer.json(), json!({"flags": []}));
    }
}

#[tokio::test]
async fn a_client_key_reads_no_configuration() {
    let app = TestApp::new().await;
    let refused = app.browser("production").document().await.expect(403);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.json()["code"], json!("wrong_credential"));
}

#[tokio::test]
async fn tricks_with_paths_do_not_reach_a_handler() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.create_flag("dark-mode", "BOOLEAN", &[("on", "true"), ("off", "false")]).await;
    let id = flag["id"].as_str().unwrap();
    for path in [
        "//api/v2/feature-flags".to_owned(),
        "/api//v2/feature-flags".to_owned(),
        "/API/v2/feature-flags".to_owned(),
        "/api/v2/feature-flags/".to_owned(),
        "/api/v2/./feature-flags".to_owned(),
        "/api/v2/x/../feature-flags".to_owned(),
        "/api/v2/%66eature-flags".to_owned(),
        "/api/v2/feature-flags.".to_owned(),
        format!("/api/v2/feature-flags/{id}/"),
        format!("/api/v2/feature-flags/{id}%2Farchive"),
    ] {
        let answer = app.send("GET", &path, &[], None).await;
        assert!([401, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
    }
    let found: Value = admin.get(&format!("/api/v2/feature-flags/{id}")).await.expect(200).json();
    assert_eq!(found["data"]["attributes"]["archived_at"], Value::Null);
}
