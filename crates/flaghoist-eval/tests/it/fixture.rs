//! Language-neutral cases: `tests/cases/<name>.json` holds a document and what it answers to whom.
//!
//! A case has `flag`, `targetingKey` (null or absent: none), `attributes`, optionally `type` (a variation type, or
//! `NUMBER`) and `now`, and `result` with `value` (absent: the coded default), `variant`, `allocationKey`, `reason`
//! and `errorCode`.

use flaghoist_eval::{Attributes, Dialect, Expected, Snapshot, Subject};
use serde::Deserialize;
use serde_json::Value;

use crate::given::{at, attributes, now};

#[derive(Deserialize)]
struct Fixture {
    dialect: String,
    document: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    flag: String,
    targeting_key: Option<String>,
    #[serde(default)]
    attributes: serde_json::Map<String, Value>,
    #[serde(rename = "type")]
    expected: Option<String>,
    now: Option<String>,
    result: CaseResult,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CaseResult {
    value: Option<Value>,
    variant: Option<String>,
    allocation_key: Option<String>,
    reason: String,
    error_code: Option<String>,
}

fn expected(name: Option<&str>) -> Expected {
    match name {
        None => Expected::Any,
        Some("STRING") => Expected::String,
        Some("INTEGER") => Expected::Integer,
        Some("NUMERIC") => Expected::Numeric,
        Some("NUMBER") => Expected::Number,
        Some("BOOLEAN") => Expected::Boolean,
        Some("JSON") => Expected::Json,
        Some(other) => panic!("no type `{other}`"),
    }
}

fn run(case: &Case, snapshot: &Snapshot) -> CaseResult {
    let attributes: Attributes<'_> = attributes(&case.attributes.clone().into());
    let subject = Subject { targeting_key: case.targeting_key.as_deref(), attributes: &attributes };
    let now = case.now.as_deref().map_or_else(now, at);
    let decision = snapshot.decide(&case.flag, expected(case.expected.as_deref()), &subject, now);
    CaseResult {
        value: decision.value.map(|value| serde_json::to_value(value).unwrap()),
        variant: decision.variant.map(str::to_owned),
        allocation_key: decision.allocation_key.map(str::to_owned),
        reason: decision.reason.as_str().to_owned(),
        error_code: decision.error_code.map(|code| code.as_str().to_owned()),
    }
}

#[test]
fn every_case_answers_as_written() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let fixture: Fixture = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let dialect = match fixture.dialect.as_str() {
            "DATADOG" => Dialect::Datadog,
            "EPPO" => Dialect::Eppo,
            other => panic!("no dialect `{other}`"),
        };
        let snapshot = Snapshot::from_json(fixture.document.to_string().as_bytes(), dialect).unwrap();
        for (index, case) in fixture.cases.iter().enumerate() {
            assert_eq!(run(case, &snapshot), case.result, "case {index} of {}", path.display());
            count += 1;
        }
    }
    assert!(count >= 20, "only {count} cases were found");
}
