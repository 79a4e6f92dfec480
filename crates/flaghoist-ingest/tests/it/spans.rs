//! Spans of OpenTelemetry.

use crate::reading::{Records, attributes, into_event, into_exposure, properties, spans, traces};
use flaghoist_ingest::{Dropped, Event, Observation, Origin, OtlpEncoding};
use std::fmt::Write as _;

const TRACE: &str = "0102030405060708090a0b0c0d0e0f10";

/// A span of [`TRACE`] that took 2.5 ms; `id` and `parent` number spans, 0 is none.
fn span(id: u32, parent: u32, described: &[(&str, &str)]) -> String {
    span_with(id, parent, described, "")
}

fn span_with(id: u32, parent: u32, described: &[(&str, &str)], more: &str) -> String {
    let parent = if parent == 0 { String::new() } else { format!("{parent:016x}") };
    format!(
        r#"{{"traceId": "{TRACE}", "spanId": "{id:016x}", "parentSpanId": "{parent}", "name": "span-{id}",
            "startTimeUnixNano": "1795209533986000000", "endTimeUnixNano": "1795209533988500000",
            "attributes": {}{more}}}"#,
        attributes(described)
    )
}

/// Names of the spans that are events, with their subjects.
fn subjects(records: &Records) -> Vec<(String, String)> {
    let events = records.iter().filter_map(|record| match record {
        Ok(Observation::Event(event)) => Some((event.name.clone(), event.subject.clone())),
        _ => None,
    });
    events.collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, subject)| ((*name).to_owned(), (*subject).to_owned())).collect()
}

#[test]
fn a_span_with_a_subject_is_an_event() {
    let body = format!(
        r#"{{"resourceSpans": [{{"resource": {{"attributes": {}}}, "scopeSpans": [{{"spans": [
            {{"traceId": "0102030405060708090A0B0C0D0E0F10", "spanId": "00000000000000a1", "name": "GET /cart", "kind": 2,
              "startTimeUnixNano": "1795209533986000000", "endTimeUnixNano": 1795209533998250000,
              "status": {{"code": 2, "message": "boom"}}, "links": [{{}}], "flags": 256,
              "attributes": [
                {{"key": "feature_flag.context.id", "value": {{"stringValue": "Alice "}}}},
                {{"key": "http.response.status_code", "value": {{"intValue": 500}}}},
                {{"key": "status", "value": {{"stringValue": "taken"}}}}]}}]}}]}}]}}"#,
        attributes(&[("service.name", "shop"), ("host.name", "h1")])
    );
    let records = traces(OtlpEncoding::Json, body).unwrap();
    let expected = Event {
        origin: Origin::Span,
        name: "GET /cart".to_owned(),
        subject: "Alice ".to_owned(),
        at_ms: 1_795_209_533_998,
        value: Some(12.25),
        event_id: Some(format!("{TRACE}00000000000000a1")),
        properties: properties(&[
            ("status", "error"),
            ("kind", "server"),
            ("service.name", "shop"),
            ("feature_flag.context.id", "Alice "),
            ("http.response.status_code", "500"),
        ]),
    };
    assert_eq!(records, [Ok(Observation::Event(expected))]);
}

#[test]
fn states_and_kinds_are_named() {
    let named = |more: &str| {
        let records = spans(&[span_with(1, 0, &[("user.id", "u")], more)]);
        let event = into_event(records.into_iter().next().unwrap().unwrap());
        (event.properties["status"].clone(), event.properties["kind"].clone())
    };
    let pair = |status: &str, kind: &str| (status.to_owned(), kind.to_owned());
    assert_eq!(named(""), pair("unset", "internal"));
    assert_eq!(named(r#", "status": {}, "kind": 0"#), pair("unset", "internal"));
    assert_eq!(named(r#", "status": {"code": 0}, "kind": 1"#), pair("unset", "internal"));
    assert_eq!(named(r#", "status": {"code": 1}, "kind": 3"#), pair("ok", "client"));
    assert_eq!(named(r#", "status": {"code": 2}, "kind": 4"#), pair("error", "producer"));
    assert_eq!(named(r#", "status": {"code": 3}, "kind": 5"#), pair("unset", "consumer"));
}

#[test]
fn a_span_without_a_subject_is_dropped() {
    assert_eq!(spans(&[span(1, 0, &[("http.route", "/")])]), [Err(Dropped::WithoutSubject)]);
    assert_eq!(spans(&[span(1, 0, &[("user.id", "")])]), [Err(Dropped::WithoutSubject)]);
}

#[test]
fn a_span_is_of_the_subject_of_its_nearest_ancestor_wherever_that_stands_in_the_body() {
    let records = spans(&[
        span(4, 3, &[]),
        span(3, 2, &[("user.id", "logged-in")]),
        span(2, 1, &[("feature_flag.context.id", "near")]),
        span(1, 0, &[("feature_flag.context.id", "far")]),
        span(5, 1, &[]),
        span(6, 9, &[]),
        span(7, 9, &[("enduser.id", "enduser"), ("user.id", "user")]),
        span(8, 6, &[("user.id", "user")]),
    ]);
    let expected = [
        ("span-4", "near"),
        ("span-3", "near"),
        ("span-2", "near"),
        ("span-1", "far"),
        ("span-5", "far"),
        ("span-7", "enduser"),
        ("span-8", "user"),
    ];
    assert_eq!(subjects(&records), pairs(&expected));
    assert_eq!(records[5], Err(Dropped::WithoutSubject), "its parent is not in the body");
}

#[test]
fn an_ancestor_may_be_of_another_resource_but_not_of_another_trace() {
    let parent = span(1, 0, &[("feature_flag.context.id", "s")]);
    let stranger = span(3, 1, &[]).replace(TRACE, "ffffffffffffffffffffffffffffffff");
    let body = format!(
        r#"{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{}, {stranger}]}}]}}, {{"scopeSpans": [{{"spans": [{parent}]}}]}}]}}"#,
        span(2, 1, &[])
    );
    let records = traces(OtlpEncoding::Json, body).unwrap();
    assert_eq!(subjects(&records), pairs(&[("span-2", "s"), ("span-1", "s")]));
    assert_eq!(records[1], Err(Dropped::WithoutSubject));
}

#[test]
fn spans_that_are_their_own_ancestors_are_nobodys() {
    let records =
        spans(&[span(1, 2, &[]), span(2, 3, &[]), span(3, 1, &[]), span(4, 4, &[]), span(5, 1, &[])]);
    assert_eq!(records, vec![Err(Dropped::WithoutSubject); 5]);
}

#[test]
fn the_longest_chain_of_ancestors_is_followed() {
    let mut chain: Vec<String> = (2..=20_000).rev().map(|id| span(id, id - 1, &[])).collect();
    chain.push(span(1, 0, &[("feature_flag.context.id", "s")]));
    let records = spans(&chain);
    assert_eq!(records.len(), 20_000);
    assert!(subjects(&records).iter().all(|(_, subject)| subject == "s"));
    assert!(records.iter().all(Result::is_ok));
}

#[test]
fn evaluations_within_a_span_are_exposures_and_say_whose_it_is() {
    let mut events = String::new();
    for (name, described) in [
        (
            "exception",
            [("exception.type", "Boom"), ("exception.message", "m"), ("exception.stacktrace", "t")],
        ),
        (
            "feature_flag.evaluation",
            [
                ("feature_flag.key", "f"),
                ("feature_flag.context.id", "s"),
                ("feature_flag.result.variant", "on"),
            ],
        ),
        (
            "feature_flag",
            [("feature_flag.key", "g"), ("feature_flag.context.id", "t"), ("feature_flag.variant", "off")],
        ),
        (
            "feature_flag.evaluation",
            [
                ("feature_flag.key", "h"),
                ("feature_flag.context.id", "s"),
                ("feature_flag.result.reason", "static"),
            ],
        ),
    ] {
        let comma = if events.is_empty() { "" } else { "," };
        write!(
            events,
            r#"{comma}{{"timeUnixNano": "1795209533987000000", "name": "{name}", "attributes": {}}}"#,
            attributes(&described)
        )
        .unwrap();
    }
    let records = spans(&[
        span_with(2, 0, &[("user.id", "u")], &format!(r#", "events": [{events}]"#)),
        span(3, 2, &[]),
    ]);
    assert_eq!(records.len(), 5);
    let first = into_exposure(records[0].clone().unwrap());
    assert_eq!(
        (first.flag.as_str(), first.subject.as_str(), first.variant.as_deref()),
        ("f", "s", Some("on"))
    );
    assert_eq!(first.at_ms, 1_795_209_533_987);
    let second = into_exposure(records[1].clone().unwrap());
    assert_eq!(
        (second.flag.as_str(), second.subject.as_str(), second.variant.as_deref()),
        ("g", "t", Some("off"))
    );
    assert_eq!(records[2], Err(Dropped::NotAssigned));
    assert_eq!(subjects(&records), pairs(&[("span-2", "s"), ("span-3", "s")]));
}

#[test]
fn an_evaluation_without_a_time_is_of_the_end_of_its_span() {
    let described = attributes(&[("feature_flag.key", "f"), ("feature_flag.context.id", "s")]);
    let events = format!(r#", "events": [{{"name": "feature_flag", "attributes": {described}}}]"#);
    let records = spans(&[span_with(1, 0, &[], &events)]);
    assert_eq!(into_exposure(records[0].clone().unwrap()).at_ms, 1_795_209_533_988);
}

#[test]
fn a_span_without_valid_ids_or_without_an_end_is_malformed() {
    let good = span(1, 0, &[("user.id", "u")]);
    for (part, instead) in [
        (TRACE, ""),
        (TRACE, "00000000000000000000000000000000"),
        (TRACE, "0102"),
        (TRACE, "AQIDBAUGBwgJCgsMDQ4PEA=="),
        ("0000000000000001", "0000000000000000"),
        ("0000000000000001", "01"),
        ("1795209533988500000", "0"),
        ("1795209533988500000", "later"),
    ] {
        let broken = good.replace(part, instead);
        assert_eq!(spans(&[broken]), [Err(Dropped::Malformed)], "{instead:?} for {part}");
    }
}

#[test]
fn a_span_that_ends_before_it_begins_took_an_unknown_time() {
    let good = span(1, 0, &[("user.id", "u")]);
    let value = |span: String| into_event(spans(&[span]).into_iter().next().unwrap().unwrap()).value;
    assert_eq!(value(good.clone()), Some(2.5));
    assert_eq!(value(good.replace("1795209533986000000", "1795209533988500001")), None);
    assert_eq!(value(good.replace("1795209533986000000", "0")), None);
    assert_eq!(value(good.replace("1795209533986000000", "1795209533988500000")), Some(0.0));
}

#[test]
fn a_span_that_is_sent_again_has_the_same_id() {
    let good = span(1, 0, &[("user.id", "u")]);
    let records = spans(&[good.clone(), good]);
    assert_eq!(records[0], records[1]);
    assert_eq!(into_event(records[0].clone().unwrap()).event_id, Some(format!("{TRACE}0000000000000001")));
}
