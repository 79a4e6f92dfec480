//! Log records of OpenTelemetry.

use crate::reading::{NOW_MS, attributes, into_event, into_exposure, log, logs, properties};
use flaghoist_ingest::{Dropped, Event, Exposure, Origin, OtlpEncoding};

fn evaluation(described: &[(&str, &str)]) -> Result<Exposure, Dropped> {
    let record = format!(
        r#"{{"timeUnixNano": "1795209533986999999", "eventName": "feature_flag.evaluation", "attributes": {}}}"#,
        attributes(described)
    );
    log(&[], &record).map(into_exposure)
}

fn event(resource: &[(&str, &str)], described: &[(&str, &str)]) -> Result<Event, Dropped> {
    log(resource, &format!(r#"{{"eventName": "n", "attributes": {}}}"#, attributes(described)))
        .map(into_event)
}

#[test]
fn an_evaluation_is_an_exposure() {
    let exposure = evaluation(&[
        ("feature_flag.key", "dark-mode"),
        ("feature_flag.result.variant", "on"),
        ("feature_flag.result.allocation_key", "beta"),
        ("feature_flag.context.id", " Alice"),
        ("feature_flag.result.reason", "split"),
        ("feature_flag.provider.name", "ignored"),
    ]);
    assert_eq!(
        exposure,
        Ok(Exposure {
            subject: " Alice".to_owned(),
            at_ms: 1_795_209_533_986,
            flag: "dark-mode".to_owned(),
            allocation: Some("beta".to_owned()),
            variant: Some("on".to_owned()),
        })
    );
}

#[test]
fn older_names_of_attributes_are_understood() {
    let exposure = evaluation(&[
        ("feature_flag.key", "f"),
        ("feature_flag.variant", "on"),
        ("feature_flag.context.id", "s"),
        ("feature_flag.evaluation.reason", "TARGETING_MATCH"),
    ])
    .unwrap();
    assert_eq!((exposure.variant.as_deref(), exposure.allocation), (Some("on"), None));
    let defaulted = evaluation(&[
        ("feature_flag.key", "f"),
        ("feature_flag.context.id", "s"),
        ("feature_flag.evaluation.reason", "DEFAULT"),
    ]);
    assert_eq!(defaulted, Err(Dropped::NotAssigned));
}

#[test]
fn only_splits_and_targeting_assign() {
    let with_reason = |reason| {
        let described = [
            ("feature_flag.key", "f"),
            ("feature_flag.context.id", "s"),
            ("feature_flag.result.reason", reason),
        ];
        evaluation(&described).map(drop)
    };
    for reason in ["split", "SPLIT", "targeting_match", "Targeting_Match", ""] {
        assert_eq!(with_reason(reason), Ok(()), "{reason}");
    }
    for reason in ["static", "default", "cached", "disabled", "stale", "error", "unknown", "targeting match"]
    {
        assert_eq!(with_reason(reason), Err(Dropped::NotAssigned), "{reason}");
    }
}

#[test]
fn an_exposure_needs_a_flag_and_a_targeting_key() {
    assert_eq!(evaluation(&[("feature_flag.context.id", "s")]), Err(Dropped::WithoutFlag));
    let no_key = [("feature_flag.key", "f"), ("enduser.id", "e"), ("user.id", "u")];
    assert_eq!(evaluation(&no_key), Err(Dropped::WithoutSubject), "who is logged in was not what was hashed");
    let empty = [("feature_flag.key", "f"), ("feature_flag.context.id", "")];
    assert_eq!(evaluation(&empty), Err(Dropped::WithoutSubject));
}

#[test]
fn the_name_of_an_event_may_stand_in_an_attribute() {
    let named =
        |name| format!(r#"{{"attributes": {}}}"#, attributes(&[("event.name", name), ("user.id", "u")]));
    assert_eq!(log(&[], &named("page.left")).map(into_event).unwrap().name, "page.left");
    assert_eq!(log(&[], &named("feature_flag.evaluation")), Err(Dropped::WithoutFlag));
    assert_eq!(log(&[], &named("")), Err(Dropped::WithoutName));
}

#[test]
fn an_ordinary_log_record_is_no_event() {
    let record = r#"{"body": {"stringValue": "hello"}, "attributes": [{"key": "user.id", "value": {"stringValue": "u"}}]}"#;
    assert_eq!(log(&[], record), Err(Dropped::WithoutName));
}

#[test]
fn the_subject_is_the_targeting_key_or_the_user_of_the_record_or_of_the_resource() {
    let resource = [("user.id", "of-resource")];
    let all = [("user.id", "user"), ("enduser.id", "enduser"), ("feature_flag.context.id", "context")];
    let subject = |described: &[(&str, &str)]| event(&resource, described).unwrap().subject;
    assert_eq!(subject(&all), "context");
    assert_eq!(subject(&all[..2]), "enduser");
    assert_eq!(subject(&all[..1]), "user");
    assert_eq!(subject(&[]), "of-resource");
    assert_eq!(
        subject(&[("feature_flag.context.id", ""), ("user.id", "user")]),
        "user",
        "an empty one is none"
    );
    assert_eq!(event(&[("service.name", "shop")], &[("session.id", "x")]), Err(Dropped::WithoutSubject));
}

#[test]
fn an_event_has_a_value_an_id_a_severity_and_properties() {
    let record = r#"{"timeUnixNano": 1795209533986000000, "severityNumber": 17, "severityText": "ERROR", "eventName": "checkout.error",
        "flags": 1, "traceId": "", "body": {"kvlistValue": {"values": []}}, "attributes": [
        {"key": "user.id", "value": {"stringValue": "alice"}},
        {"key": "value", "value": {"intValue": "3"}},
        {"key": "log.record.uid", "value": {"stringValue": "01K"}},
        {"key": "ratio", "value": {"doubleValue": 2.0}},
        {"key": "ok", "value": {"boolValue": false}},
        {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "a"}]}}},
        {"key": "bytes", "value": {"bytesValue": "AAAA"}},
        {"key": "nothing", "value": null},
        {"key": "severity", "value": {"stringValue": "taken"}}]}"#;
    assert_eq!(
        log(&[], record).map(into_event),
        Ok(Event {
            origin: Origin::Log,
            name: "checkout.error".to_owned(),
            subject: "alice".to_owned(),
            at_ms: 1_795_209_533_986,
            value: Some(3.0),
            event_id: Some("01K".to_owned()),
            properties: properties(&[
                ("severity", "error"),
                ("user.id", "alice"),
                ("value", "3"),
                ("log.record.uid", "01K"),
                ("ratio", "2"),
                ("ok", "false"),
            ]),
        })
    );
}

#[test]
fn a_severity_without_a_text_is_named_by_its_number() {
    let numbers = [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, -1];
    let named = numbers.map(|number| {
        let user = attributes(&[("user.id", "u")]);
        let record = format!(r#"{{"eventName": "n", "severityNumber": {number}, "attributes": {user}}}"#);
        log(&[], &record).map(into_event).unwrap().properties.remove("severity")
    });
    let expected = [
        "", "trace", "trace", "debug", "debug", "info", "info", "warn", "warn", "error", "error", "fatal",
        "fatal", "", "",
    ];
    assert_eq!(named.map(Option::unwrap_or_default), expected);
}

#[test]
fn a_value_that_is_text_is_a_property_only_and_an_infinite_one_is_dropped() {
    let with_value = |value: &str| {
        let record = format!(
            r#"{{"eventName": "n", "attributes": [{{"key": "user.id", "value": {{"stringValue": "u"}}}},
                {{"key": "value", "value": {value}}}]}}"#
        );
        log(&[], &record).map(|event| into_event(event).value)
    };
    assert_eq!(with_value(r#"{"stringValue": "12"}"#), Ok(None));
    assert_eq!(with_value(r#"{"boolValue": true}"#), Ok(None));
    assert_eq!(with_value(r#"{"doubleValue": "1.5"}"#), Ok(Some(1.5)));
    assert_eq!(with_value(r#"{"doubleValue": 2}"#), Ok(Some(2.0)));
    assert_eq!(with_value(r#"{"intValue": "-3"}"#), Ok(Some(-3.0)));
    assert_eq!(with_value(r#"{"intValue": "9223372036854775808"}"#), Err(Dropped::Malformed));
    for written in ["NaN", "Infinity", "-Infinity"] {
        assert_eq!(with_value(&format!(r#"{{"doubleValue": "{written}"}}"#)), Err(Dropped::ValueNotFinite));
    }
}

#[test]
fn the_time_is_when_it_happened_else_when_it_was_observed_else_now() {
    let at_ms = |times: &str| {
        let user = attributes(&[("user.id", "u")]);
        log(&[], &format!(r#"{{{times} "eventName": "n", "attributes": {user}}}"#))
            .map(into_event)
            .unwrap()
            .at_ms
    };
    assert_eq!(at_ms(r#""timeUnixNano": "5000000", "observedTimeUnixNano": "7000000","#), 5);
    assert_eq!(at_ms(r#""timeUnixNano": "0", "observedTimeUnixNano": "7000000","#), 7);
    assert_eq!(at_ms(r#""observedTimeUnixNano": 0,"#), NOW_MS);
    assert_eq!(at_ms(""), NOW_MS);
}

#[test]
fn a_record_of_another_shape_spoils_nothing_but_itself() {
    let good = format!(r#"{{"eventName": "n", "attributes": {}}}"#, attributes(&[("user.id", "u")]));
    let body = format!(
        r#"{{"resourceLogs": [{{"scopeLogs": [{{"logRecords": [7, [], {{"eventName": 7}}, {{"timeUnixNano": "soon"}}, {good}]}}]}}]}}"#
    );
    let records = logs(OtlpEncoding::Json, body).unwrap();
    assert_eq!(records[..4], vec![Err(Dropped::Malformed); 4]);
    assert!(records[4].is_ok() && records.len() == 5);
}

#[test]
fn a_resource_of_another_shape_takes_its_records_along() {
    let body = r#"{"resourceLogs": [{"resource": 7, "scopeLogs": [{"logRecords": [{}, {}]}]}, {"scopeLogs": [{"logRecords": [{}]}]}]}"#;
    let records = logs(OtlpEncoding::Json, body);
    assert_eq!(
        records,
        Ok(vec![Err(Dropped::Malformed), Err(Dropped::Malformed), Err(Dropped::WithoutName)])
    );
}

#[test]
fn null_stands_for_the_default() {
    let body = r#"{"resourceLogs": [{"resource": null, "scopeLogs": null}, {"resource": {"attributes": null},
        "scopeLogs": [{"logRecords": [{"eventName": "n", "attributes": null, "severityText": null, "timeUnixNano": null}]}]}]}"#;
    assert_eq!(logs(OtlpEncoding::Json, body), Ok(vec![Err(Dropped::WithoutSubject)]));
}

#[test]
fn an_empty_request_says_nothing() {
    assert_eq!(logs(OtlpEncoding::Json, "{}"), Ok(Vec::new()));
    assert_eq!(logs(OtlpEncoding::Protobuf, ""), Ok(Vec::new()));
}
