//! Everything that a body says, and the short forms that tests compare it in.

use flaghoist_ingest::{
    Dropped, Event, Exposure, Observation, OtlpEncoding, Unreadable, read_metric_events, read_otlp_logs,
    read_otlp_traces,
};
use std::collections::BTreeMap;

/// What stands for the present where a record has no time.
pub(crate) const NOW_MS: i64 = 1_795_300_000_000;

pub(crate) type Records = Vec<Result<Observation, Dropped>>;

pub(crate) fn metric_events(body: impl AsRef<[u8]>) -> Result<Records, Unreadable> {
    let mut records = Vec::new();
    read_metric_events(body.as_ref(), NOW_MS, &mut |record| records.push(record))?;
    Ok(records)
}

pub(crate) fn logs(encoding: OtlpEncoding, body: impl AsRef<[u8]>) -> Result<Records, Unreadable> {
    let mut records = Vec::new();
    read_otlp_logs(encoding, body.as_ref(), NOW_MS, &mut |record| records.push(record))?;
    Ok(records)
}

pub(crate) fn traces(encoding: OtlpEncoding, body: impl AsRef<[u8]>) -> Result<Records, Unreadable> {
    let mut records = Vec::new();
    read_otlp_traces(encoding, body.as_ref(), &mut |record| records.push(record))?;
    Ok(records)
}

/// The only event of a body of ours that holds one.
pub(crate) fn metric_event(event: &str) -> Result<Event, Dropped> {
    only(metric_events(format!(r#"{{"events": [{event}]}}"#)).unwrap()).map(into_event)
}

/// What a single log record says; the resource has the attributes in `resource`.
pub(crate) fn log(resource: &[(&str, &str)], record: &str) -> Result<Observation, Dropped> {
    let body = format!(
        r#"{{"resourceLogs": [{{"resource": {{"attributes": {}}}, "scopeLogs": [{{"logRecords": [{record}]}}]}}]}}"#,
        attributes(resource)
    );
    only(logs(OtlpEncoding::Json, body).unwrap())
}

/// What spans of one resource say.
pub(crate) fn spans(spans: &[String]) -> Records {
    let body = format!(r#"{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{}]}}]}}]}}"#, spans.join(","));
    traces(OtlpEncoding::Json, body).unwrap()
}

/// Attributes of OTLP in JSON; the values are text.
pub(crate) fn attributes(pairs: &[(&str, &str)]) -> String {
    let written: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!(r#"{{"key": {key:?}, "value": {{"stringValue": {value:?}}}}}"#))
        .collect();
    format!("[{}]", written.join(","))
}

pub(crate) fn only(records: Records) -> Result<Observation, Dropped> {
    assert_eq!(records.len(), 1, "{records:?}");
    records.into_iter().next().unwrap()
}

pub(crate) fn into_event(observation: Observation) -> Event {
    match observation {
        Observation::Event(event) => event,
        Observation::Exposure(exposure) => panic!("an event was expected, not {exposure:?}"),
    }
}

pub(crate) fn into_exposure(observation: Observation) -> Exposure {
    match observation {
        Observation::Exposure(exposure) => exposure,
        Observation::Event(event) => panic!("an exposure was expected, not {event:?}"),
    }
}

pub(crate) fn properties(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}
