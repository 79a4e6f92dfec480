use crate::app::TestApp;
use flaghoist_server::app::describe;
use serde_json::Value;
use std::collections::BTreeSet;

fn committed() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_committed_document_is_the_one_of_the_router() {
    let described = serde_json::to_value(describe()).unwrap();
    assert!(
        described == committed(),
        "openapi/openapi.json is not current: run `cargo run -- openapi > openapi/openapi.json` and review the diff"
    );
}

#[test]
fn everything_that_is_referred_to_is_there() {
    let document = committed();
    let text = document.to_string();
    let known: BTreeSet<&str> =
        document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(known.contains(name), "{name} is referred to and not there");
    }
}

#[tokio::test]
async fn every_described_operation_exists_and_other_methods_are_refused() {
    let app = TestApp::new().await;
    let document = committed();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let concrete = path.replace(['{', '}'], "");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = app.send(method, &concrete, &[], None).await;
            if operations.get(method.to_lowercase()).is_some() {
                assert_ne!(answer.status.as_u16(), 405, "{method} {path}");
                let is_stream = answer.header("content-type") == "text/event-stream";
                assert!(is_stream || !answer.text.is_empty(), "{method} {path}");
            } else {
                assert_eq!(answer.status.as_u16(), 405, "{method} {path}");
            }
        }
    }
}
