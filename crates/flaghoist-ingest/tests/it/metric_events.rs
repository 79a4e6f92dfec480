//! Our own shape of events.

use crate::reading::{NOW_MS, into_event, metric_event, metric_events, only, properties};
use flaghoist_ingest::{Dropped, Event, Origin};
use std::collections::BTreeMap;

#[test]
fn an_event_is_read_as_it_is_documented() {
    let event = metric_event(
        r#"{"event_id": "0198f3", "name": "checkout.paid", "subject": "alice", "timestamp": 1795209533986,
            "value": 12.5, "properties": {"plan": "pro"}}"#,
    );
    assert_eq!(
        event,
        Ok(Event {
            origin: Origin::Event,
            name: "checkout.paid".to_owned(),
            subject: "alice".to_owned(),
            at_ms: 1_795_209_533_986,
            value: Some(12.5),
            event_id: Some("0198f3".to_owned()),
            properties: properties(&[("plan", "pro")]),
        })
    );
}

#[test]
fn an_event_needs_a_name_and_a_subject_only() {
    let event = metric_event(r#"{"name": "n", "targeting_key": "s"}"#).unwrap();
    assert_eq!((event.subject.as_str(), event.at_ms, event.value, event.event_id), ("s", NOW_MS, None, None));
    assert_eq!(event.properties, BTreeMap::new());
}

#[test]
fn null_is_the_same_as_absent() {
    let event = metric_event(
        r#"{"name": "n", "subject": "s", "timestamp": null, "value": null, "event_id": null, "properties": null}"#,
    );
    assert_eq!(event, metric_event(r#"{"name": "n", "subject": "s"}"#));
    assert_eq!(metric_event(r#"{"name": null, "subject": "s"}"#), Err(Dropped::WithoutName));
    assert_eq!(metric_event(r#"{"name": "n", "subject": null}"#), Err(Dropped::WithoutSubject));
}

#[test]
fn a_single_event_may_be_posted_without_a_list() {
    let event = only(metric_events(r#" {"name": "n", "subject": "s"} "#).unwrap()).map(into_event);
    assert_eq!(event, metric_event(r#"{"name": "n", "subject": "s"}"#));
}

#[test]
fn subjects_are_neither_trimmed_nor_folded() {
    for subject in [" Alice ", "ALICE", "alice\\n", "Stra\u{df}e", "\\u0000"] {
        let event = metric_event(&format!(r#"{{"name": "n", "subject": "{subject}"}}"#)).unwrap();
        assert_eq!(event.subject, subject.replace("\\n", "\n").replace("\\u0000", "\0"));
    }
}

#[test]
fn an_empty_subject_is_none_and_so_is_an_empty_name() {
    assert_eq!(metric_event(r#"{"name": "n", "subject": ""}"#), Err(Dropped::WithoutSubject));
    assert_eq!(metric_event(r#"{"name": "n"}"#), Err(Dropped::WithoutSubject));
    assert_eq!(metric_event(r#"{"name": "", "subject": "s"}"#), Err(Dropped::WithoutName));
    assert_eq!(metric_event(r#"{"subject": "s"}"#), Err(Dropped::WithoutName));
}

#[test]
fn an_empty_id_is_none_so_that_events_without_one_are_no_repetitions_of_each_other() {
    assert_eq!(metric_event(r#"{"name": "n", "subject": "s", "event_id": ""}"#).unwrap().event_id, None);
}

#[test]
fn times_are_milliseconds_or_text_of_rfc_3339() {
    for (written, at_ms) in [
        ("1795209533986", 1_795_209_533_986),
        ("1795209533986.9", 1_795_209_533_986),
        ("1.795209533986e12", 1_795_209_533_986),
        ("0", 0),
        ("-1", -1),
        (r#""2026-11-20T21:18:53.986Z""#, 1_795_209_533_986),
        (r#""2026-11-20T22:18:53.986+01:00""#, 1_795_209_533_986),
    ] {
        let event = metric_event(&format!(r#"{{"name": "n", "subject": "s", "timestamp": {written}}}"#));
        assert_eq!(event.map(|event| event.at_ms), Ok(at_ms), "{written}");
    }
}

#[test]
fn what_is_no_time_is_malformed() {
    for written in
        [r#""yesterday""#, r#""""#, "true", "[]", "9223372036854775807", "18446744073709551615", "1e300"]
    {
        let event = metric_event(&format!(r#"{{"name": "n", "subject": "s", "timestamp": {written}}}"#));
        assert_eq!(event, Err(Dropped::Malformed), "{written}");
    }
}

#[test]
fn values_are_numbers() {
    for (written, value) in
        [("3", 3.0), ("-0.5", -0.5), ("1e3", 1000.0), ("18446744073709551615", 18_446_744_073_709_551_615.0)]
    {
        let event = metric_event(&format!(r#"{{"name": "n", "subject": "s", "value": {written}}}"#));
        assert_eq!(event.map(|event| event.value), Ok(Some(value)), "{written}");
    }
    for written in [r#""3""#, "true", "[3]", "{}", "1e400"] {
        let event = metric_event(&format!(r#"{{"name": "n", "subject": "s", "value": {written}}}"#));
        assert_eq!(event, Err(Dropped::Malformed), "{written}");
    }
}

#[test]
fn what_stands_for_a_number_that_json_cannot_write_is_not_finite() {
    for written in ["NaN", "Infinity", "-Infinity"] {
        let event = metric_event(&format!(r#"{{"name": "n", "subject": "s", "value": "{written}"}}"#));
        assert_eq!(event, Err(Dropped::ValueNotFinite), "{written}");
    }
}

#[test]
fn scalar_properties_are_kept_as_text_and_numbers_in_their_shortest_form() {
    let event = metric_event(
        r#"{"name": "n", "subject": "s", "properties": {
            "text": "A b", "empty": "", "escaped": "a\"b", "yes": true, "no": false, "integer": 42, "negative": -7,
            "float": 0.1, "whole": 3.0, "thousand": 1e3, "zero": -0.0, "large": 1e20, "larger": 1e21, "largest": 1e300, "small": 0.000001, "tiny": 1.5e-7,
            "unsigned": 18446744073709551615,
            "nothing": null, "list": [1, 2], "object": {"deep": [{}]}}}"#,
    )
    .unwrap();
    assert_eq!(
        event.properties,
        properties(&[
            ("text", "A b"),
            ("empty", ""),
            ("escaped", "a\"b"),
            ("yes", "true"),
            ("no", "false"),
            ("integer", "42"),
            ("negative", "-7"),
            ("float", "0.1"),
            ("whole", "3"),
            ("thousand", "1000"),
            ("zero", "0"),
            ("large", "100000000000000000000"),
            ("larger", "1e21"),
            ("largest", "1e300"),
            ("small", "0.000001"),
            ("tiny", "1.5e-7"),
            ("unsigned", "18446744073709551615"),
        ])
    );
}

#[test]
fn a_record_of_another_shape_spoils_nothing_but_itself() {
    let records = metric_events(
        r#"{"events": [
            {"name": "first", "subject": "s"},
            7, "text", null, [], ["id", "n", "s"],
            {"name": 7, "subject": "s"}, {"name": "n", "subject": 7}, {"name": "n", "subject": "s", "properties": []},
            {"name": "n", "subject": "s", "subject": "t"}, {"name": "\ud800", "subject": "s"},
            {"name": "last", "subject": "s"}]}"#,
    )
    .unwrap();
    let (first, rest) = records.split_first().unwrap();
    let (last, between) = rest.split_last().unwrap();
    assert_eq!(into_event(first.clone().unwrap()).name, "first");
    assert_eq!(into_event(last.clone().unwrap()).name, "last");
    assert_eq!(between, vec![Err(Dropped::Malformed); 10]);
}

#[test]
fn unknown_members_are_ignored() {
    let event =
        metric_event(r#"{"name": "n", "subject": "s", "later": {"a": [1]}, "details": {"value": 5}}"#);
    assert_eq!(event, metric_event(r#"{"name": "n", "subject": "s"}"#));
}

#[test]
fn an_empty_list_has_no_events() {
    assert_eq!(metric_events(r#"{"events": []}"#), Ok(Vec::new()));
}
