//! `flaghoist evaluate`: one JSON request a line in, one answer a line out.

mod document;
mod table;

use crate::command_line::{Output, finish, run};
use crate::process::{Process, flaghoist};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;

/// A UFC document in a file.
struct Document {
    _directory: TempDir,
    path: PathBuf,
}

impl Document {
    fn of(document: &Value) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ufc.json");
        std::fs::write(&path, document.to_string()).unwrap();
        Self { _directory: directory, path }
    }

    fn evaluate(&self, options: &[&str], input: impl AsRef<[u8]>) -> Output {
        finish(flaghoist().arg("evaluate").arg("--config").arg(&self.path).args(options), input)
    }

    /// The answers to these requests, one for each.
    fn answers(&self, options: &[&str], requests: &[Value]) -> Vec<Value> {
        let lines = requests.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        read_lines(&self.evaluate(options, lines).good())
    }
}

fn read_lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_line_of_the_table_is_answered_as_the_specification_says() {
    let document = Document::of(&document::datadog());
    let (requests, expected): (Vec<Value>, Vec<Value>) = table::cases().into_iter().unzip();
    let answers = document.answers(&[], &requests);
    assert_eq!(answers.len(), requests.len());
    for ((request, answer), expected) in requests.iter().zip(&answers).zip(&expected) {
        assert_eq!(answer, expected, "{request}");
    }
}

#[test]
fn the_document_may_stand_in_its_envelope() {
    let enveloped =
        json!({"data": {"type": "universal-flag-configuration", "attributes": document::datadog()}});
    let requests = [json!({"flag": "plain", "targetingKey": null, "attributes": {}})];
    let bare = Document::of(&document::datadog()).answers(&[], &requests);
    assert_eq!(bare[0]["value"], true);
    assert_eq!(Document::of(&enveloped).answers(&["--dialect", "datadog"], &requests), bare);
}

#[test]
fn documents_of_eppo_are_read_in_their_dialect() {
    let document = Document::of(&document::eppo());
    let requests = [
        json!({"flag": "new-user-onboarding", "targetingKey": "alice", "attributes": {}}),
        json!({"flag": "unreadable-condition", "defaultValue": 7, "targetingKey": "alice", "attributes": {}}),
    ];
    let answers = document.answers(&["--dialect", "eppo"], &requests);
    assert_eq!(
        answers,
        [
            json!({
                "flag": "new-user-onboarding", "value": "control", "variant": "control", "reason": "SPLIT",
                "allocationKey": "rollout", "doLog": true,
            }),
            json!({"flag": "unreadable-condition", "value": 7, "reason": "DEFAULT"}),
        ]
    );
    for answer in document.answers(&["--dialect", "datadog"], &requests) {
        assert_eq!(answer["errorCode"], "PARSE_ERROR", "the other dialect reads it otherwise: {answer}");
    }
}

#[test]
fn an_explanation_says_how_every_allocation_fared_and_changes_no_answer() {
    let document = Document::of(&document::datadog());
    let (requests, _): (Vec<Value>, Vec<Value>) = table::cases().into_iter().unzip();
    let mut explained = document.answers(&["--explain"], &requests);
    for answer in &mut explained {
        let explanation = answer.as_object_mut().unwrap().remove("explanation").expect("an explanation");
        assert_eq!(explanation["reason"], answer["reason"]);
        assert_eq!(explanation.get("errorCode"), answer.get("errorCode"));
        let allocations = explanation["allocations"].as_array().unwrap();
        let matched: Vec<&Value> = allocations.iter().filter(|one| one["outcome"] == "MATCHED").collect();
        assert_eq!(matched.len(), usize::from(answer.get("variant").is_some()), "{explanation}");
        if let Some(matched) = matched.first() {
            assert_eq!(
                (&matched["key"], &matched["variant"]),
                (&answer["allocationKey"], &answer["variant"])
            );
        }
    }
    assert_eq!(explained, document.answers(&[], &requests));

    let carol = json!({"flag": "traffic", "targetingKey": "bob", "attributes": {}});
    let explanation = &document.answers(&["--explain"], &[carol])[0]["explanation"];
    assert_eq!(explanation["allocations"][0]["outcome"], "TRAFFIC_MISS");
    assert_eq!(explanation["allocations"][0]["buckets"][0]["bucket"], 9704);
    assert_eq!(explanation["allocations"][1]["outcome"], "MATCHED");
}

#[test]
fn a_line_that_cannot_be_read_is_answered_by_an_error_and_the_next_one_as_usual() {
    let document = Document::of(&document::datadog());
    let good = r#"{"flag":"plain","targetingKey":null,"attributes":{}}"#;
    for bad in [
        "not JSON",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"flag":7,"targetingKey":null,"attributes":{}}"#,
        r#"{"flag":"plain","targetingKey":7,"attributes":{}}"#,
        r#"{"flag":"plain","targetingKey":null,"attributes":[]}"#,
        r#"{"flag":"plain","variationType":"FLOAT","targetingKey":null,"attributes":{}}"#,
    ] {
        let answers = read_lines(&document.evaluate(&[], format!("{bad}\n\n{good}\n")).good());
        assert_eq!(answers.len(), 2, "{bad} {answers:?}");
        let error = answers[0]["error"].as_str().unwrap_or_else(|| panic!("{bad} {answers:?}"));
        assert!(error.len() > 10, "{error} says too little");
        assert_eq!(answers[1]["value"], true, "{bad}");
    }
}

#[test]
fn a_line_that_is_no_text_is_answered_by_an_error_and_the_next_one_as_usual() {
    let document = Document::of(&document::datadog());
    let output = document.evaluate(&[], b"\xff\xfe\n{\"flag\":\"plain\"}\n");
    let answers = read_lines(&output.good());
    assert_eq!(answers.len(), 2);
    assert!(answers[0]["error"].is_string(), "{answers:?}");
    assert_eq!(answers[1]["value"], true);
}

#[test]
fn each_answer_comes_before_the_next_question() {
    let document = Document::of(&document::datadog());
    let mut command = flaghoist();
    command.arg("evaluate").arg("--config").arg(&document.path);
    let mut process = Process::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
    let mut questions = process.pipes().stdin.take().unwrap();
    let mut answers = BufReader::new(process.pipes().stdout.take().unwrap());
    for _ in 0..3 {
        writeln!(questions, r#"{{"flag":"plain","targetingKey":"x","attributes":{{}}}}"#).unwrap();
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        assert!(line.contains(r#""value":true"#), "{line}");
    }
    drop(questions);
    assert_eq!(process.wait(Duration::from_secs(5)).code(), Some(0));
}

#[test]
fn a_document_that_is_none_is_refused_with_the_reason() {
    let missing = run(&["evaluate", "--config", "/nowhere/ufc.json"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("could not read /nowhere/ufc.json"), "{}", missing.stderr);
    for (document, reason) in [
        (json!([]), "is no UFC document"),
        (json!({"flags": {}}), "has no"),
        (
            json!({"createdAt": "2026-01-01T00:00:00Z", "format": "CLIENT", "environment": {"name": "x"}, "flags": {}}),
            "CLIENT",
        ),
    ] {
        let output = Document::of(&document).evaluate(&[], "");
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{document}");
        assert!(output.stderr.contains(reason), "{document} {}", output.stderr);
    }
}
