//! Metrics that guardrails watch: making, showing, replacing and removing them.

use crate::app::TestApp;
use flaghoist_model::Faults;
use flaghoist_model::access::BuiltInRole;
use flaghoist_model::history::Change;
use flaghoist_model::id::HistoryId;
use flaghoist_model::metric::{Metric, MetricDraft, SourceDraft, SourceType};
use flaghoist_server::clock::Clock as _;
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

const PATH: &str = "/api/v1/metrics";

/// The example of the contract (`guardrails.md`, 6.1), of which half is left out.
fn checkout_errors() -> Value {
    json!({"id": "metric-error-rate", "name": "Checkout errors",
        "source": {"type": "events", "event": "checkout.error", "filter": {"severity": ["error", "fatal"]}}})
}

fn query(name: &str) -> Value {
    json!({"type": "prometheus", "query": format!("sum({name}{{variant=\"$variant\"}})")})
}

/// A metric whose name does not say which way is harm.
fn orders(members: Value) -> Value {
    let mut metric = json!({"id": "orders", "direction": "decrease_is_bad",
        "source": {"type": "events", "event": "order.placed"}});
    let (Value::Object(metric_members), Value::Object(members)) = (&mut metric, members) else {
        unreachable!()
    };
    metric_members.extend(members);
    metric
}

#[tokio::test]
async fn a_metric_is_made_shown_replaced_and_removed_and_the_history_says_so() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let made = admin.call("POST", PATH, Some(checkout_errors())).await.expect(201).json();
    let expected = json!({"id": "metric-error-rate", "name": "Checkout errors", "description": null,
        "kind": "binary", "direction": "increase_is_bad",
        "source": {"type": "events", "event": "checkout.error", "filter": {"severity": ["error", "fatal"]}, "value": null},
        "margin": {"relative": 0.0}, "window_ms": null, "winsor_quantile": 0.995, "quantile": null,
        "denominator": null, "threshold": null, "require_noninferior": false, "min_subjects": 100,
        "allow_abort": true, "trust_logged_variant": false, "lane": "events",
        "created_at": made["created_at"], "updated_at": made["created_at"]});
    assert_eq!(made, expected);
    let path = format!("{PATH}/metric-error-rate");
    assert_eq!(admin.get(&path).await.expect(200).json(), expected);
    assert_eq!(admin.get(PATH).await.expect(200).json(), json!({"metrics": [expected]}));

    app.advance(SignedDuration::from_secs(5));
    let shown = admin.get(&path).await.json();
    let same = admin.call("PUT", &path, Some(shown.clone())).await.expect(200).json();
    assert_eq!(same["created_at"], shown["created_at"]);
    assert!(same["updated_at"].as_str() > shown["updated_at"].as_str());
    assert_eq!(Value::Null, strip(same.clone(), &shown), "what is shown can be written back");
    let count = json!({"kind": "count", "source": {"type": "events", "event": "checkout.error"}});
    let replaced = admin.call("PUT", &path, Some(count)).await.expect(200).json();
    assert_eq!(
        (&replaced["name"], &replaced["window_ms"], &replaced["lane"], &replaced["source"]["filter"]),
        (&json!("metric-error-rate"), &json!(3_600_000), &json!("values"), &json!({}))
    );
    admin.call("DELETE", &path, None).await.expect(204);
    admin.call("DELETE", &path, None).await.expect(404);
    assert_eq!(admin.get(PATH).await.json(), json!({"metrics": []}));

    let history = admin.get("/api/v1/history?aggregate=metric&whole=true").await.expect(200).json();
    let entries = history["data"].as_array().unwrap();
    let actions: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["metric_deleted", "metric_updated", "metric_updated", "metric_created"]);
    assert_eq!(entries[3]["after"]["source"]["event"], "checkout.error");
    assert_eq!((&entries[0]["before"]["kind"], &entries[0]["after"]), (&json!("count"), &Value::Null));
}

/// Null when both are the same beside the time of the last change.
fn strip(mut one: Value, other: &Value) -> Value {
    one["updated_at"] = other["updated_at"].clone();
    if one == *other { Value::Null } else { one }
}

#[tokio::test]
async fn an_absent_window_is_an_hour_and_null_is_the_whole_run() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for (id, window, expected_ms, lane) in [
        ("absent", json!({}), json!(3_600_000), "values"),
        ("open", json!({"window_ms": null}), Value::Null, "ratios"),
        ("day", json!({"window_ms": 86_400_000}), json!(86_400_000), "values"),
    ] {
        let mut metric = orders(window);
        metric["id"] = json!(id);
        metric["kind"] = json!("mean");
        let made = admin.call("POST", PATH, Some(metric)).await.expect(201).json();
        assert_eq!((&made["window_ms"], &made["lane"]), (&expected_ms, &json!(lane)), "{id}");
    }
}

#[tokio::test]
async fn metrics_of_every_kind_and_source_are_taken_and_say_how_they_are_tested() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let spans = json!({"type": "otlp_span", "name": "POST /checkout", "filter": {"status": ["error"]}});
    let logs = json!({"type": "otlp_log", "event": "payment.declined"});
    let threshold = json!({"operator": ">", "value": 0.05, "min_requests": 20});
    for (members, lane) in [
        (json!({"kind": "binary", "source": spans}), "events"),
        (
            json!({"kind": "ratio", "source": logs, "denominator": {"type": "events", "event": "payment"}}),
            "ratios",
        ),
        (json!({"kind": "quantile", "quantile": 0.95, "source": {"type": "otlp_span"}}), "ratios"),
        (json!({"kind": "ratio", "source": query("errors"), "denominator": query("requests")}), "prometheus"),
        (json!({"kind": "quantile", "quantile": 0.99, "source": query("latency_bucket")}), "prometheus"),
        (
            json!({"kind": "threshold", "direction": null, "threshold": threshold, "source": query("errors"),
                "denominator": query("requests")}),
            "prometheus",
        ),
    ] {
        let mut metric = orders(members);
        let id =
            format!("{}-{}", metric["kind"].as_str().unwrap(), metric["source"]["type"].as_str().unwrap());
        metric["id"] = json!(id);
        let made = admin.call("POST", PATH, Some(metric)).await.expect(201).json();
        assert_eq!(made["lane"], lane, "{id}");
    }
    let made = admin.get(&format!("{PATH}/threshold-prometheus")).await.expect(200).json();
    let expected =
        json!({"operator": ">", "value": 0.05, "min_requests": 20.0, "failing_blocks": 3, "of_blocks": 5});
    assert_eq!(made["threshold"], expected);
    assert_eq!(
        (&made["direction"], &made["margin"], &made["allow_abort"]),
        (&json!("increase_is_bad"), &json!({"relative": 0.1}), &json!(false))
    );
}

#[tokio::test]
async fn every_fault_of_a_metric_is_named() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for (body, pointers) in [
        (json!({}), vec!["/id", "/source"]),
        (json!({"id": null, "source": null}), vec!["/id", "/source"]),
        (orders(json!({"direction": null})), vec!["/direction"]),
        (orders(json!({"direction": "up"})), vec!["/direction"]),
        (orders(json!({"kind": "median"})), vec!["/kind"]),
        (orders(json!({"kind": "ratio"})), vec!["/denominator"]),
        (orders(json!({"source": {}})), vec!["/source/type"]),
        (orders(json!({"source": {"type": "otlp_metric"}})), vec!["/source/type"]),
        (orders(json!({"source": {"type": "events"}})), vec!["/source/event"]),
        (orders(json!({"source": {"type": "events", "event": 7}})), vec!["/source/event"]),
        (orders(json!({"source": {"type": "events", "event": "e", "evnt": 7}})), vec!["/source"]),
        (
            orders(json!({"source": {"type": "events", "event": "e", "filter": {"a": "b"}}})),
            vec!["/source/filter"],
        ),
        (orders(json!({"source": {"type": "prometheus", "query": "up"}})), vec!["/source/query"]),
        (orders(json!({"margin": 0.1})), vec!["/margin"]),
        (orders(json!({"margin": {}})), vec!["/margin/relative"]),
        (orders(json!({"margin": {"relative": 11}})), vec!["/margin/relative"]),
        (orders(json!({"margin": {"relative": 0.1, "absolute": 1}})), vec!["/margin"]),
        (
            orders(json!({"kind": "sum", "window_ms": 1, "winsor_quantile": 0.1})),
            vec!["/winsor_quantile", "/window_ms"],
        ),
        (orders(json!({"kind": "sum", "window_ms": 3_600_000.5})), vec!["/window_ms"]),
        (orders(json!({"min_subjects": -1, "allow_abort": "yes"})), vec!["/min_subjects", "/allow_abort"]),
        (
            orders(json!({"kind": "threshold", "threshold": {"operator": ">="}})),
            vec!["/threshold/operator", "/threshold/value"],
        ),
        (orders(json!({"marjin": {"relative": 0.1}})), vec![""]),
        (json!([]), vec![""]),
    ] {
        let refused = admin.call("POST", PATH, Some(body.clone())).await.expect(400).json();
        let faults = refused["errors"].as_array().unwrap();
        let found: Vec<&str> = faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
        assert_eq!(found, pointers, "{body}: {faults:?}");
    }
    let metrics = orders(json!({"source": {"type": "otlp_metric"}}));
    let refused = admin.call("POST", PATH, Some(metrics)).await.json();
    let message = refused["errors"][0]["message"].as_str().unwrap();
    assert_eq!(message, "\"otlp_metric\" is none of events, otlp_span, otlp_log, prometheus");
    let misspelt = orders(json!({"source": {"type": "events", "event": "e", "evnt": 7}}));
    let refused = admin.call("POST", PATH, Some(misspelt)).await.json();
    let message = refused["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("unknown field `evnt`, expected one of `type`, `event`"), "{message}");
}

#[tokio::test]
async fn an_id_is_taken_once_in_a_project_and_never_changes() {
    let app = TestApp::new().await;
    let (admin, other) = (app.admin(), app.other_project().await);
    admin.call("POST", PATH, Some(checkout_errors())).await.expect(201);
    let refused = admin.call("POST", PATH, Some(checkout_errors())).await.expect(409).json();
    assert_eq!(
        refused["errors"],
        json!([{"pointer": "/id", "message": "a metric with this id already exists"}])
    );
    let path = format!("{PATH}/metric-error-rate");
    other.get(&path).await.expect(404);
    other.call("PUT", &path, Some(checkout_errors())).await.expect(404);
    other.call("DELETE", &path, None).await.expect(404);
    other.call("POST", PATH, Some(checkout_errors())).await.expect(201);
    let refused = admin.call("PUT", &path, Some(orders(json!({})))).await.expect(400).json();
    assert_eq!(refused["errors"][0]["pointer"], "/id");
    for unknown in ["METRIC-ERROR-RATE", "%00", "%FF"] {
        admin.get(&format!("{PATH}/{unknown}")).await.expect(404);
    }
    admin.call("POST", PATH, Some(orders(json!({"id": "team/orders ü"})))).await.expect(201);
    let found = admin.get(&format!("{PATH}/team%2Forders%20%C3%BC")).await.expect(200).json();
    assert_eq!(found["id"], "team/orders ü");
}

#[tokio::test]
async fn viewers_read_metrics_and_editors_write_them() {
    let app = TestApp::new().await;
    let (viewer, editor) = (app.somebody(BuiltInRole::Viewer).await, app.somebody(BuiltInRole::Editor).await);
    viewer.call("POST", PATH, Some(checkout_errors())).await.expect(403);
    editor.call("POST", PATH, Some(checkout_errors())).await.expect(201);
    viewer.get(PATH).await.expect(200);
    viewer.call("DELETE", &format!("{PATH}/metric-error-rate"), None).await.expect(403);
}

#[tokio::test]
async fn a_project_has_at_most_a_thousand_metrics() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let project_id = app.first.project_id.parse().unwrap();
    let mut writer = app.store().begin(project_id).await.unwrap();
    let now = app.clock().now();
    for number in 0..1_000 {
        let source = SourceDraft {
            source_type: Some(SourceType::Events),
            event: Some("error".to_owned()),
            ..SourceDraft::default()
        };
        let draft = MetricDraft {
            id: Some(format!("errors-{number}")),
            source: Some(source),
            ..MetricDraft::default()
        };
        writer.insert_metric(&Metric::create(draft, project_id, now, Faults::new()).unwrap()).await.unwrap();
    }
    let mut entries = writer.history(project_id, 0, 1).await.unwrap();
    let change = Change { id: HistoryId(Uuid::from_u128(7)), at: now, ..entries.remove(0).change };
    writer.commit(change).await.unwrap();
    admin.call("POST", PATH, Some(checkout_errors())).await.expect(409);
    admin.call("DELETE", &format!("{PATH}/errors-7"), None).await.expect(204);
    admin.call("POST", PATH, Some(checkout_errors())).await.expect(201);
}
