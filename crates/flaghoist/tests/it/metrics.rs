//! `flaghoist metrics`, against a running server.

use crate::command_line::{Output, finish};
use crate::process::flaghoist;
use crate::server::Place;
use serde_json::{Value, json};

fn run(place: &Place, arguments: &[&str], input: &str) -> Output {
    finish(flaghoist().arg("metrics").args(arguments).arg("--data-dir").arg(place.data_dir()), input)
}

fn shown(place: &Place, metric: &str) -> Value {
    serde_json::from_str(&run(place, &["show", metric], "").good()).unwrap()
}

#[test]
fn a_metric_of_events_is_made_by_options_listed_shown_and_removed() {
    let place = Place::sqlite();
    let _server = place.start();
    let event = ["--event", "checkout.error", "--direction", "increase"];
    let made = run(&place, &[&["create", "checkout-errors"], &event[..]].concat(), "").good();
    assert_eq!(made, "checkout-errors\n");
    let options = ["create", "orders a/b", "--event=order.placed", "--direction=decrease", "--kind=sum"];
    let more = [
        "--filter=plan=pro,team",
        "--filter=country=DE",
        "--value=amount",
        "--margin=0.05",
        "--name=Revenue",
    ];
    run(&place, &[&options[..], &more[..]].concat(), "").good();
    let list = run(&place, &["list"], "").good();
    let lines: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(
        lines,
        [
            vec!["ID", "NAME", "KIND", "SOURCE", "DIRECTION", "LANE"],
            vec!["checkout-errors", "checkout-errors", "binary", "events", "increase_is_bad", "events"],
            vec!["orders a/b", "Revenue", "sum", "events", "decrease_is_bad", "values"],
        ]
    );
    let revenue = shown(&place, "orders a/b");
    let source = json!({"type": "events", "event": "order.placed", "value": "amount",
        "filter": {"plan": ["pro", "team"], "country": ["DE"]}});
    assert_eq!((&revenue["source"], &revenue["margin"]), (&source, &json!({"relative": 0.05})));
    assert_eq!(run(&place, &["delete", "orders a/b"], "").good(), "removed orders a/b\n");
    let listed: Value = serde_json::from_str(&run(&place, &["list", "--json"], "").good()).unwrap();
    assert_eq!(listed["metrics"], json!([shown(&place, "checkout-errors")]));
    let gone = run(&place, &["show", "orders a/b"], "");
    assert!(
        gone.code == Some(1) && gone.stderr.contains("there is no metric \"orders a/b\""),
        "{}",
        gone.stderr
    );
}

#[test]
fn any_metric_is_made_from_json_and_what_is_wrong_with_it_is_said() {
    let place = Place::sqlite();
    let _server = place.start();
    let query =
        |name: &str| json!({"type": "prometheus", "query": format!("sum({name}{{variant=\"$variant\"}})")});
    let ratio = json!({"id": "http-5xx", "kind": "ratio", "direction": "increase_is_bad",
        "source": query("http_errors_total"), "denominator": query("http_requests_total")});
    assert_eq!(run(&place, &["create", "--file", "-"], &ratio.to_string()).good(), "http-5xx\n");
    assert_eq!(shown(&place, "http-5xx")["margin"], json!({"relative": 0.1}));
    // What is shown is what is taken.
    let mut copy = shown(&place, "http-5xx");
    copy["id"] = json!("http-5xx-again");
    let file = place.data_dir().join("metric.json");
    std::fs::write(&file, copy.to_string()).unwrap();
    run(&place, &["create", "--file", file.to_str().unwrap()], "").good();
    let again = run(&place, &["create", "--file", "-"], &ratio.to_string());
    assert!(again.stderr.contains("id a metric with this id already exists"), "{}", again.stderr);
    let wrong = json!({"id": "x", "marjin": 1});
    let wrong = run(&place, &["create", "--file=-"], &wrong.to_string());
    assert!(wrong.code == Some(1) && wrong.stderr.contains("unknown field `marjin`"), "{}", wrong.stderr);
    let vague = run(&place, &["create", "orders", "--event", "order.placed"], "");
    assert!(vague.stderr.contains("direction is required"), "{}", vague.stderr);
    let neither = run(&place, &["create", "orders"], "");
    assert!(neither.code == Some(2) && neither.stderr.contains("--event"), "{}", neither.stderr);
    let unreadable = run(&place, &["create", "--file", "-"], "not json");
    assert!(unreadable.stderr.contains("- is no JSON"), "{}", unreadable.stderr);
}
