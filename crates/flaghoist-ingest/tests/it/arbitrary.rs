//! Whatever is sent, reading ends with an answer.

use crate::exported::{EVENT_LOG_JSON, SPANS_JSON, event_log_protobuf, spans_protobuf};
use crate::reading::{logs, metric_events, traces};
use flaghoist_ingest::{Observation, OtlpEncoding, SUBJECT_MAX_BYTES};
use proptest::prelude::*;

const EVENTS: &str = r#"{"events": [{"event_id": "e", "name": "n", "subject": "s", "timestamp": "2026-11-21T10:00:00Z",
    "value": 1.5, "properties": {"a": 1}}, {"name": "n", "context": {"targetingKey": "s"}, "details": {"value": 2}}]}"#;

/// Reads a body as everything that it may be taken for: that does not panic, and what it says is within limits.
fn check(body: &[u8]) {
    let read = [
        metric_events(body),
        logs(OtlpEncoding::Protobuf, body),
        logs(OtlpEncoding::Json, body),
        traces(OtlpEncoding::Protobuf, body),
        traces(OtlpEncoding::Json, body),
    ];
    for record in read.iter().flatten().flatten().flatten() {
        assert!(is_within_its_limits(record), "{record:?}");
    }
}

fn is_within_its_limits(observation: &Observation) -> bool {
    match observation {
        Observation::Exposure(exposure) => (1..=SUBJECT_MAX_BYTES).contains(&exposure.subject.len()),
        Observation::Event(event) => {
            (1..=SUBJECT_MAX_BYTES).contains(&event.subject.len())
                && event.value.is_none_or(f64::is_finite)
                && !event.name.is_empty()
        }
    }
}

fn json() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "events",
        "name",
        "subject",
        "timestamp",
        "value",
        "properties",
        "context",
        "details",
        "targetingKey",
        "resourceLogs",
        "scopeLogs",
        "logRecords",
        "resourceSpans",
        "scopeSpans",
        "spans",
        "resource",
        "attributes",
        "key",
        "stringValue",
        "intValue",
        "doubleValue",
        "traceId",
        "spanId",
        "endTimeUnixNano",
        "eventName",
        "feature_flag.evaluation",
        "feature_flag.key",
        "feature_flag.context.id",
        "NaN",
        "",
        "\\u0000",
        "\\ud800",
    ]);
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|boolean| boolean.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        word.clone().prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(6, 64, 5, move |inner| {
        let members = prop::collection::vec((word.clone(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            members.prop_map(|members| {
                let written: Vec<String> =
                    members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
                format!("{{{}}}", written.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&body);
    }

    #[test]
    fn arbitrary_json_never_panics(body in json()) {
        check(body.as_bytes());
    }

    #[test]
    fn every_element_of_a_list_of_events_is_observed_or_dropped(elements in prop::collection::vec(json(), 0..8)) {
        let records = metric_events(format!(r#"{{"events": [{}]}}"#, elements.join(",")));
        // What Rust writes for doubles that JSON has not makes the whole body no JSON.
        if let Ok(records) = records {
            prop_assert_eq!(records.len(), elements.len());
        }
    }

    #[test]
    fn a_real_body_with_some_bytes_changed_never_panics(
        of in 0_usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut body = match of {
            0 => spans_protobuf(),
            1 => event_log_protobuf(),
            2 => SPANS_JSON.as_bytes().to_vec(),
            3 => EVENT_LOG_JSON.as_bytes().to_vec(),
            _ => EVENTS.as_bytes().to_vec(),
        };
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        check(&body);
    }
}

#[test]
fn a_body_that_was_cut_off_anywhere_is_unreadable() {
    for (encoding, body) in [
        (OtlpEncoding::Protobuf, spans_protobuf()),
        (OtlpEncoding::Json, SPANS_JSON.trim().as_bytes().to_vec()),
    ] {
        // An empty message is a message, empty text is no JSON.
        let shortest = usize::from(encoding == OtlpEncoding::Protobuf);
        for length in shortest..body.len() {
            assert!(traces(encoding, &body[..length]).is_err(), "{encoding:?} {length}");
        }
        assert!(traces(encoding, &body).is_ok());
    }
    for length in 0..EVENTS.len() {
        assert!(metric_events(&EVENTS[..length]).is_err(), "{length}");
    }
    assert_eq!(metric_events(EVENTS).unwrap().iter().flatten().count(), 2);
}

#[test]
fn a_record_that_was_cut_off_within_a_whole_body_is_dropped_alone() {
    // Its first resource, scope and record, with the record's content shortened and the lengths around it put right.
    let whole = event_log_protobuf();
    let record_at = whole.len() - 139;
    assert_eq!(whole[record_at - 3..record_at], [0x12, 0x8b, 0x01], "the record's 139 bytes come last");
    for length in 0..139_u8 {
        let mut scope = vec![0x12, 0x80 | (length & 0x7f), length >> 7];
        scope.extend_from_slice(&whole[record_at..record_at + usize::from(length)]);
        let scope_length = u8::try_from(scope.len()).unwrap();
        let mut resource = vec![0x12, 0x80 | (scope_length & 0x7f), scope_length >> 7];
        resource.append(&mut scope);
        let resource_length = u8::try_from(resource.len()).unwrap();
        let mut body = vec![0x0a, 0x80 | (resource_length & 0x7f), resource_length >> 7];
        body.append(&mut resource);
        let records = logs(OtlpEncoding::Protobuf, body).unwrap();
        assert_eq!(records.len(), 1, "{length}");
        assert!(records[0].is_err(), "{length}: the name is in the last field");
    }
}

#[test]
fn deeply_nested_json_takes_no_stack() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body =
        format!(r#"{{"events": [{{"name": "n", "subject": "s", "properties": {{"deep": {deep}}}}}]}}"#);
    assert!(metric_events(body).unwrap()[0].is_ok());
    let unclosed = "{\"events\":[".repeat(100_000);
    assert!(metric_events(unclosed).is_err());
}
