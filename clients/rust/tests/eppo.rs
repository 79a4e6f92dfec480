//! Eppo's SDK for Rust reads flags that were made in the Datadog dialect.

use eppo::{AttributeValue, Attributes, Client, ClientConfig, PollerThread};
use flaghoist_clients_rust::Server;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The SDK asks every 30 seconds, give or take a tenth, and cannot be told otherwise.
const A_POLL: Duration = Duration::from_secs(40);
const SUBJECTS: usize = 100;

/// An application that has its first configuration.
fn application(server: &Server) -> (Client<'static>, PollerThread) {
    let config = ClientConfig::from_api_key(server.sdk_key("production"));
    let mut client = config.base_url(format!("{}/api", server.url())).to_client();
    let poller = client.start_poller_thread().expect("a poller");
    poller.wait_for_configuration_timeout(Duration::from_secs(10)).expect("a configuration");
    (client, poller)
}

/// Makes a flag that is enabled in production, with these allocations, and gives its id.
fn make_flag(server: &Server, key: &str, kind: &str, values: [&str; 2], allocations: Value) -> String {
    let [first, second] = values;
    let variants = json!([
        {"key": "a", "name": "A", "value": first},
        {"key": "b", "name": "B", "value": second},
    ]);
    let attributes = json!({"key": key, "name": key, "value_type": kind, "variants": variants});
    let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
    let made = server.manage("POST", "/api/v2/feature-flags", &body);
    let id = made["data"]["id"].as_str().expect("an id").to_owned();
    serve(server, &id, allocations);
    server.manage("POST", &format!("{}/enable", place(server, &id)), &Value::Null);
    id
}

fn place(server: &Server, id: &str) -> String {
    format!("/api/v2/feature-flags/{id}/environments/{}", server.environment_id("production"))
}

/// Replaces what a flag serves in production.
fn serve(server: &Server, id: &str, allocations: Value) {
    let list = allocations.as_array().expect("a list").iter();
    let data: Vec<Value> = list.map(|it| json!({"type": "allocations", "attributes": it})).collect();
    server.manage("PUT", &format!("{}/allocations", place(server, id)), &json!({"data": data}));
}

/// An allocation that serves `b` where the plan is beta.
fn beta(key: &str) -> Value {
    let condition = json!({"attribute": "plan", "operator": "ONE_OF", "value": ["beta"]});
    json!({"key": key, "name": key, "type": "FEATURE_GATE", "targeting_rules": [{"conditions": [condition]}],
        "variant_weights": [{"variant_key": "b", "value": 100}]})
}

fn plan(name: &str) -> Arc<Attributes> {
    Arc::new(Attributes::from([("plan".into(), AttributeValue::from(name))]))
}

#[test]
fn every_type_is_read_targeted_and_split_as_elsewhere_and_outlives_the_server() {
    let server = Server::start();
    make_flag(&server, "boolean", "BOOLEAN", ["false", "true"], json!([beta("boolean-beta")]));
    let text = make_flag(&server, "text", "STRING", ["alpha", "beta"], json!([beta("text-beta")]));
    make_flag(&server, "whole", "INTEGER", ["1", "42"], json!([beta("whole-beta")]));
    make_flag(&server, "number", "NUMERIC", ["0.5", "2.75"], json!([beta("number-beta")]));
    make_flag(&server, "object", "JSON", ["{}", r#"{"size":7}"#], json!([beta("object-beta")]));
    let halves = json!([{"key": "halves", "name": "Halves", "type": "FEATURE_GATE", "variant_weights":
        [{"variant_key": "a", "value": 50}, {"variant_key": "b", "value": 50}]}]);
    make_flag(&server, "split", "STRING", ["alpha", "beta"], halves);
    let off = make_flag(&server, "off", "STRING", ["alpha", "beta"], json!([]));
    server.manage("POST", &format!("{}/disable", place(&server, &off)), &Value::Null);

    let (client, _poller) = application(&server);
    let (alice, in_beta, free) = ("alice".into(), plan("beta"), plan("free"));
    assert_eq!(client.get_boolean_assignment("boolean", &alice, &in_beta).unwrap(), Some(true));
    assert_eq!(client.get_boolean_assignment("boolean", &alice, &free).unwrap(), Some(false));
    assert_eq!(client.get_string_assignment("text", &alice, &in_beta).unwrap().as_deref(), Some("beta"));
    assert_eq!(client.get_integer_assignment("whole", &alice, &in_beta).unwrap(), Some(42));
    assert_eq!(client.get_numeric_assignment("number", &alice, &in_beta).unwrap(), Some(2.75));
    let object = client.get_json_assignment("object", &alice, &in_beta).unwrap().expect("an object");
    assert_eq!(*object, json!({"size": 7}));
    assert!(client.get_integer_assignment("text", &alice, &in_beta).is_err(), "a text is no number");
    assert_eq!(client.get_string_assignment("off", &alice, &free).unwrap(), None, "the coded default");
    assert_eq!(client.get_string_assignment("nothing", &alice, &free).unwrap(), None);

    let key = format!("X-API-Key: {}\r\n", server.sdk_key("production"));
    let mut served = [0; 2];
    for number in 0..SUBJECTS {
        let subject = format!("subject-{number}");
        let body = json!({"context": {"targetingKey": subject}});
        let ofrep = server.ask("POST", "/ofrep/v1/evaluate/flags/split", &key, &body);
        let ours = client.get_string_assignment("split", &subject.as_str().into(), &free).unwrap();
        assert_eq!(ours.as_deref(), ofrep["value"].as_str(), "{subject}");
        served[usize::from(ours.as_deref() == Some("beta"))] += 1;
    }
    assert!(served.iter().all(|count| *count > SUBJECTS / 4), "{served:?}");

    serve(&server, &text, json!([]));
    let changed = Instant::now();
    while client.get_string_assignment("text", &alice, &in_beta).unwrap().as_deref() != Some("alpha") {
        assert!(changed.elapsed() < A_POLL, "the change does not arrive");
        std::thread::sleep(Duration::from_millis(200));
    }

    drop(server);
    assert_eq!(client.get_boolean_assignment("boolean", &alice, &in_beta).unwrap(), Some(true));
}
