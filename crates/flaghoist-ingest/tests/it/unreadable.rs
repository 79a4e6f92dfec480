//! Bodies that cannot be read at all.

use crate::reading::{logs, metric_events, traces};
use flaghoist_ingest::{OtlpEncoding, Unreadable};

fn told(unreadable: Result<impl std::fmt::Debug, Unreadable>) -> String {
    unreadable.unwrap_err().to_string()
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    assert_eq!(told(metric_events("")), "the body is no JSON: EOF while parsing a value at line 1 column 0");
    assert_eq!(
        told(metric_events("{\"events\": [\n{\"name\": NaN}]}")),
        "the body is no JSON: expected value at line 2 column 10"
    );
    assert_eq!(
        told(logs(OtlpEncoding::Json, "{} {}")),
        "the body is no JSON: trailing characters at line 1 column 4"
    );
    assert_eq!(
        told(metric_events(r#"{"\ud800": [], "events": []}"#)),
        "the body is no JSON: unexpected end of hex escape at line 1 column 9"
    );
    assert!(told(metric_events(b"{\"events\": [{\"name\": \"\xff\"}]}")).contains("invalid unicode"));
}

#[test]
fn what_is_json_of_another_shape_is_told_with_what_would_be_accepted() {
    assert_eq!(
        told(metric_events(r#"[{"name": "n", "subject": "s"}]"#)),
        r#"the body is [{"name": "n", "subject": "s"}]; an object would be accepted"#
    );
    assert_eq!(
        told(metric_events(r#"{"events": {"name": "n"}}"#)),
        r#"events is {"name": "n"}; a list of objects would be accepted"#
    );
    assert_eq!(
        told(metric_events(r#"{"subject": "s"}"#)),
        r#"the body has no member "events" and no member "name"; send {"events": [..]}, or one event"#
    );
    assert_eq!(
        told(traces(OtlpEncoding::Json, r#"{"resourceSpans": [{"scopeSpans": 7}]}"#)),
        "scopeSpans is 7; a list of objects would be accepted"
    );
    assert_eq!(
        told(logs(OtlpEncoding::Json, r#"{"resourceLogs": [7]}"#)),
        "what holds the records is 7; an object would be accepted"
    );
}

#[test]
fn a_message_repeats_no_more_of_the_body_than_it_takes_to_find_the_place() {
    let message = told(metric_events(format!(r#"{{"events": "{}"}}"#, "\u{e9}".repeat(1000))));
    assert_eq!(message, format!("events is \"{}; a list of objects would be accepted", "\u{e9}".repeat(39)));
}

#[test]
fn what_is_no_protobuf_is_told_with_its_place() {
    // Field 1 with four bytes, of which three are there.
    assert_eq!(
        told(logs(OtlpEncoding::Protobuf, [0x0a, 4, 0, 0, 0])),
        "the body is no protobuf message: it ends within a field, at byte 2"
    );
    // Field 1 with two bytes: the first of a field 2 with a length that goes beyond them.
    assert_eq!(
        told(traces(OtlpEncoding::Protobuf, [0x0a, 2, 0x12, 9])),
        "the body is no protobuf message: it ends within a field, at byte 4"
    );
    assert_eq!(
        told(logs(OtlpEncoding::Protobuf, [0x0b])),
        "the body is no protobuf message: a field is of a type that OTLP has not, at byte 1"
    );
    assert_eq!(
        told(logs(OtlpEncoding::Protobuf, [0x02, 0])),
        "the body is no protobuf message: a field has the number 0, at byte 2"
    );
    assert_eq!(
        told(logs(OtlpEncoding::Protobuf, [0xff; 11])),
        "the body is no protobuf message: an integer has more than 64 bits, at byte 10"
    );
}

#[test]
fn json_that_is_announced_as_protobuf_is_unreadable_and_so_is_the_reverse() {
    assert!(logs(OtlpEncoding::Protobuf, r#"{"resourceLogs": []}"#).is_err());
    assert!(logs(OtlpEncoding::Json, [0x0a, 0]).is_err());
}
