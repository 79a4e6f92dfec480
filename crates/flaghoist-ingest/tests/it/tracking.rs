//! Calls of OpenFeature's `track`.

use crate::reading::{NOW_MS, into_event, metric_event, metric_events, only, properties};
use flaghoist_ingest::{Dropped, Event, Origin};

#[test]
fn the_arguments_of_track_are_an_event() {
    let event = metric_event(
        r#"{"name": "checkout.paid", "context": {"targetingKey": "Alice ", "email": "a@example.com"},
            "details": {"value": 99.5, "currency": "EUR", "items": [1]}}"#,
    );
    assert_eq!(
        event,
        Ok(Event {
            origin: Origin::Event,
            name: "checkout.paid".to_owned(),
            subject: "Alice ".to_owned(),
            at_ms: NOW_MS,
            value: Some(99.5),
            event_id: None,
            properties: properties(&[("currency", "EUR")]),
        })
    );
}

#[test]
fn details_may_be_absent_and_an_id_and_a_time_stand_beside_them() {
    let event = metric_event(
        r#"{"name": "n", "context": {"targetingKey": "s"}, "event_id": "e", "timestamp": "1970-01-01T00:00:01Z"}"#,
    )
    .unwrap();
    assert_eq!((event.at_ms, event.event_id.as_deref(), event.value), (1000, Some("e"), None));
}

#[test]
fn a_call_may_be_posted_alone_or_beside_events_of_ours() {
    let call = r#"{"name": "n", "context": {"targetingKey": "s"}, "details": {"value": 1}}"#;
    let alone = only(metric_events(call).unwrap()).map(into_event);
    assert_eq!(alone, metric_event(call));
    let both =
        metric_events(format!(r#"{{"events": [{call}, {{"name": "n", "subject": "s", "value": 1}}]}}"#));
    let both = both.unwrap();
    assert_eq!(both[0], both[1]);
}

#[test]
fn a_context_without_a_targeting_key_is_without_subject() {
    for context in ["{}", r#"{"targetingKey": null}"#, r#"{"targetingKey": ""}"#, r#"{"targeting_key": "s"}"#]
    {
        let event = metric_event(&format!(r#"{{"name": "n", "context": {context}}}"#));
        assert_eq!(event, Err(Dropped::WithoutSubject), "{context}");
    }
}

#[test]
fn a_call_of_another_shape_is_malformed() {
    for call in [
        r#"{"name": "n", "context": "s"}"#,
        r#"{"name": "n", "context": ["s"]}"#,
        r#"{"name": "n", "context": {"targetingKey": 7}}"#,
        r#"{"name": "n", "context": {"targetingKey": "s"}, "details": 7}"#,
        r#"{"name": "n", "context": {"targetingKey": "s"}, "details": {"value": {}}}"#,
    ] {
        assert_eq!(metric_event(call), Err(Dropped::Malformed), "{call}");
    }
}

#[test]
fn a_subject_of_ours_goes_before_a_context() {
    let event = metric_event(
        r#"{"name": "n", "subject": "ours", "value": 1, "context": {"targetingKey": "theirs"}, "details": {"value": 2}}"#,
    )
    .unwrap();
    assert_eq!((event.subject.as_str(), event.value), ("ours", Some(1.0)));
}
