//! What exporters of OpenTelemetry really send: bodies kept in `tests/exported/`, with the scripts that got them.

use crate::reading::{Records, into_event, into_exposure, logs, properties, traces};
use flaghoist_ingest::{Dropped, Event, Exposure, Observation, Origin, OtlpEncoding};

pub(crate) const SPANS_JSON: &str = include_str!("../exported/spans.json");
pub(crate) const EVENT_LOG_JSON: &str = include_str!("../exported/event_log.json");

pub(crate) fn spans_protobuf() -> Vec<u8> {
    bytes(include_str!("../exported/spans.hex"))
}

pub(crate) fn event_log_protobuf() -> Vec<u8> {
    bytes(include_str!("../exported/event_log.hex"))
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u8> = hexadecimal.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
    pairs.collect()
}

/// What both encodings of a request of logs say.
fn both_logs(protobuf: &str, json: &str) -> Records {
    let records = logs(OtlpEncoding::Protobuf, bytes(protobuf)).unwrap();
    assert_eq!(logs(OtlpEncoding::Json, json).unwrap(), records);
    records
}

#[test]
fn spans_of_pythons_exporter_are_read_from_both_encodings() {
    let records = traces(OtlpEncoding::Protobuf, spans_protobuf()).unwrap();
    assert_eq!(traces(OtlpEncoding::Json, SPANS_JSON).unwrap(), records);
    let exposure = Exposure {
        subject: "Alice ".to_owned(),
        at_ms: 1_795_209_533_987,
        flag: "dark-mode".to_owned(),
        allocation: Some("beta".to_owned()),
        variant: Some("on".to_owned()),
    };
    let child = Event {
        origin: Origin::Span,
        name: "SELECT".to_owned(),
        subject: "Alice ".to_owned(),
        at_ms: 1_795_209_533_991,
        value: Some(2.5),
        event_id: Some("0102030405060708090a0b0c0d0e0f1000000000000000a2".to_owned()),
        properties: properties(&[("status", "unset"), ("kind", "client"), ("service.name", "shop")]),
    };
    let root = Event {
        name: "GET /cart".to_owned(),
        at_ms: 1_795_209_533_998,
        value: Some(12.25),
        event_id: Some("0102030405060708090a0b0c0d0e0f1000000000000000a1".to_owned()),
        properties: properties(&[
            ("status", "error"),
            ("kind", "server"),
            ("service.name", "shop"),
            ("http.response.status_code", "500"),
            ("load", "0.5"),
            ("retried", "false"),
        ]),
        ..child.clone()
    };
    let expected = [
        Ok(Observation::Event(child)),
        Ok(Observation::Exposure(exposure)),
        Ok(Observation::Event(root)),
        Err(Dropped::WithoutSubject),
    ];
    assert_eq!(records, expected);
}

#[test]
fn an_evaluation_logged_by_pythons_exporter_is_read_from_both_encodings() {
    let records = both_logs(
        include_str!("../exported/exposure_log.hex"),
        include_str!("../exported/exposure_log.json"),
    );
    let exposure = Exposure {
        subject: "alice".to_owned(),
        at_ms: 1_795_209_533_986,
        flag: "dark-mode".to_owned(),
        allocation: None,
        variant: Some("on".to_owned()),
    };
    assert_eq!(records, [Ok(Observation::Exposure(exposure))]);
}

#[test]
fn an_event_logged_by_pythons_exporter_is_read_from_both_encodings() {
    let records = both_logs(include_str!("../exported/event_log.hex"), EVENT_LOG_JSON);
    let event = Event {
        origin: Origin::Log,
        name: "checkout.error".to_owned(),
        subject: "alice".to_owned(),
        at_ms: 1_795_209_533_988,
        value: Some(12.5),
        event_id: None,
        properties: properties(&[
            ("severity", "error"),
            ("enduser.id", "alice"),
            ("value", "12.5"),
            ("retries", "3"),
            ("ok", "true"),
        ]),
    };
    assert_eq!(records, [Ok(Observation::Event(event))]);
}

#[test]
fn an_ordinary_line_logged_by_pythons_exporter_is_no_event() {
    let records = both_logs(
        include_str!("../exported/ordinary_log.hex"),
        include_str!("../exported/ordinary_log.json"),
    );
    assert_eq!(records, [Err(Dropped::WithoutName)]);
}

#[test]
fn spans_of_javascripts_exporter_are_read() {
    let records = traces(OtlpEncoding::Json, include_str!("../exported/javascript_spans.json")).unwrap();
    let exposure = into_exposure(records[0].clone().unwrap());
    assert_eq!((exposure.flag.as_str(), exposure.variant.as_deref()), ("banner", Some("blue")));
    let event = into_event(records[1].clone().unwrap());
    assert_eq!((event.name.as_str(), event.subject.as_str(), event.value), ("click", "anon-7", Some(250.0)));
    assert_eq!((event.properties["tries"].as_str(), event.properties["ratio"].as_str()), ("2", "0.25"));
}

#[test]
fn logs_of_javascripts_exporter_are_read() {
    let records = logs(OtlpEncoding::Json, include_str!("../exported/javascript_logs.json")).unwrap();
    let event = into_event(records[0].clone().unwrap());
    assert_eq!((event.name.as_str(), event.subject.as_str(), event.value), ("page.left", "bob", Some(1.5)));
    assert_eq!((event.event_id.as_deref(), event.properties["severity"].as_str()), (Some("01K"), "info"));
}
