//! What is too long, too large or too much.

use crate::reading::{attributes, log, logs, metric_event, metric_events, traces};
use flaghoist_ingest::{
    Dropped, NAME_MAX_BYTES, OBSERVATIONS_MAX, OtlpEncoding, PROPERTIES_MAX, PROPERTY_MAX_BYTES,
    RECORD_MAX_BYTES, SUBJECT_MAX_BYTES, Unreadable,
};

fn event_with(member: &str, text: &str) -> Result<(), Dropped> {
    let mut members = vec![("name", "n"), ("subject", "s")];
    members.retain(|(name, _)| *name != member);
    members.push((member, text));
    let written: Vec<String> = members.iter().map(|(name, text)| format!("{name:?}: {text:?}")).collect();
    metric_event(&format!("{{{}}}", written.join(","))).map(drop)
}

#[test]
fn subjects_have_512_bytes_at_most_and_are_not_cut() {
    assert_eq!(SUBJECT_MAX_BYTES, 512);
    assert_eq!(event_with("subject", &"s".repeat(512)), Ok(()));
    assert_eq!(event_with("subject", &"s".repeat(513)), Err(Dropped::SubjectTooLong));
    assert_eq!(
        event_with("subject", &"\u{e9}".repeat(257)),
        Err(Dropped::SubjectTooLong),
        "bytes, not characters"
    );
}

#[test]
fn names_and_ids_have_256_bytes_at_most() {
    assert_eq!(NAME_MAX_BYTES, 256);
    for member in ["name", "event_id"] {
        assert_eq!(event_with(member, &"n".repeat(256)), Ok(()));
        assert_eq!(event_with(member, &"n".repeat(257)), Err(Dropped::NameTooLong));
    }
}

#[test]
fn keys_of_flags_allocations_and_variants_have_256_bytes_at_most() {
    for key in ["feature_flag.key", "feature_flag.result.variant", "feature_flag.result.allocation_key"] {
        for (length, expected) in [(256, Ok(())), (257, Err(Dropped::NameTooLong))] {
            let long = "k".repeat(length);
            let mut described = vec![("feature_flag.key", "f"), ("feature_flag.context.id", "s")];
            described.retain(|(name, _)| *name != key);
            described.push((key, &long));
            let record = format!(
                r#"{{"eventName": "feature_flag.evaluation", "attributes": {}}}"#,
                attributes(&described)
            );
            assert_eq!(log(&[], &record).map(drop), expected, "{key} of {length}");
        }
    }
}

#[test]
fn properties_that_are_too_long_are_left_out_and_the_event_stays() {
    assert_eq!(PROPERTY_MAX_BYTES, 256);
    let (fits, long) = ("p".repeat(256), "p".repeat(257));
    let event = metric_event(&format!(
        r#"{{"name": "n", "subject": "s", "properties": {{"{long}": 1, "{fits}": 2, "text": "{long}", "fits": "{fits}"}}}}"#
    ))
    .unwrap();
    let names: Vec<&str> = event.properties.keys().map(String::as_str).collect();
    assert_eq!(names, ["fits", fits.as_str()]);
}

#[test]
fn the_first_64_properties_are_kept() {
    assert_eq!(PROPERTIES_MAX, 64);
    let members: Vec<String> = (0..70).map(|number| format!(r#""p{number:02}": {number}"#)).collect();
    let event =
        metric_event(&format!(r#"{{"name": "n", "subject": "s", "properties": {{{}}}}}"#, members.join(",")))
            .unwrap();
    assert_eq!(event.properties.len(), 64);
    assert_eq!(event.properties.keys().next_back().unwrap(), "p63");
}

#[test]
fn a_record_that_is_too_large_is_dropped_alone() {
    let large = "x".repeat(RECORD_MAX_BYTES);
    let event = format!(r#"{{"name": "n", "subject": "s", "ignored": "{large}"}}"#);
    let records =
        metric_events(format!(r#"{{"events": [{event}, {{"name": "n", "subject": "s"}}]}}"#)).unwrap();
    assert_eq!(records[0], Err(Dropped::TooLarge));
    assert!(records[1].is_ok());

    let body = format!(
        r#"{{"resourceLogs": [{{"scopeLogs": [{{"logRecords": [{{"ignored": "{large}"}}, {{}}]}}]}}]}}"#
    );
    assert_eq!(logs(OtlpEncoding::Json, body), Ok(vec![Err(Dropped::TooLarge), Err(Dropped::WithoutName)]));

    // A log record (field 2 of field 2 of field 1) with a severity text (field 3), and an empty one.
    let record = [&embedded(2, &embedded(3, large.as_bytes()))[..], &embedded(2, &[])].concat();
    let records = logs(OtlpEncoding::Protobuf, embedded(1, &embedded(2, &record)));
    assert_eq!(records, Ok(vec![Err(Dropped::TooLarge), Err(Dropped::WithoutName)]));
}

#[test]
fn a_body_has_50_000_records_at_most() {
    assert_eq!(OBSERVATIONS_MAX, 50_000);
    let listed = |count: usize| vec!["{}"; count].join(",");
    let events = |count| metric_events(format!(r#"{{"events": [{}]}}"#, listed(count)));
    assert_eq!(events(50_000).unwrap().len(), 50_000);
    assert_eq!(events(50_001), Err(Unreadable::TooMany));

    let json =
        |count| format!(r#"{{"resourceLogs": [{{"scopeLogs": [{{"logRecords": [{}]}}]}}]}}"#, listed(count));
    assert_eq!(logs(OtlpEncoding::Json, json(50_000)).unwrap().len(), 50_000);
    assert_eq!(logs(OtlpEncoding::Json, json(50_001)), Err(Unreadable::TooMany));

    let protobuf = |count| embedded(1, &embedded(2, &embedded(2, &[]).repeat(count)));
    assert_eq!(traces(OtlpEncoding::Protobuf, protobuf(50_000)).unwrap().len(), 50_000);
    assert_eq!(traces(OtlpEncoding::Protobuf, protobuf(50_001)), Err(Unreadable::TooMany));
}

/// A field of Protocol Buffers that holds a message or text.
fn embedded(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend_from_slice(content);
    bytes
}
