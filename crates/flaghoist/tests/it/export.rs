//! `flaghoist export`: what it writes answers like the server it comes from.

use crate::command_line::{Output, finish};
use crate::dice::Dice;
use crate::process::flaghoist;
use crate::server::{Launch, Place};
use serde_json::{Value, json};

const SUBJECTS: usize = 200;

fn export(place: &Place, options: &[&str]) -> Output {
    let mut command = flaghoist();
    command.args(["export", "ufc", "--data-dir"]).arg(place.data_dir()).args(options);
    finish(&mut command, "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exported_document_answers_exactly_like_ofrep() {
    let place = Place::sqlite();
    let server = Launch::at(&place).arg("--demo").start();
    let keys = place.bootstrap();
    let management = server.management(&keys);
    management.create_flag("disabled-flag", &["on"]).await.unwrap().expect(201);
    let mut dice = Dice::seeded(5);
    for environment in ["production", "development"] {
        let document = place.beside("exported.json");
        std::fs::write(&document, export(&place, &["--environment", environment]).good()).unwrap();
        let reader = server.reader(&keys, environment);
        let (mut requests, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..SUBJECTS {
            let (key, attributes) = subject(&mut dice);
            let mut context = attributes.clone();
            context["targetingKey"] = key.clone();
            let answer = reader.evaluate_all(&context).await.expect(200);
            for evaluation in answer.body["flags"].as_array().unwrap() {
                requests
                    .push(json!({"flag": evaluation["key"], "targetingKey": key, "attributes": attributes}));
                expected.push(as_command_answers(evaluation));
            }
        }
        let lines = requests.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        let output = finish(flaghoist().arg("evaluate").arg("--config").arg(&document), lines).good();
        let answers: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers.len(), expected.len());
        for ((request, answer), expected) in requests.iter().zip(&answers).zip(&expected) {
            assert_eq!(answer, expected, "{request}");
        }
        assert_that_much_was_seen(&answers);
    }
}

/// Somebody, or nobody in particular.
fn subject(dice: &mut Dice) -> (Value, Value) {
    let key = match dice.below(10) {
        0 => Value::Null,
        1 => json!(""),
        _ => json!(format!("subject-{}", dice.below(1_000_000))),
    };
    let mut attributes = json!({});
    for (name, values) in [
        (
            "plan",
            vec![json!("beta"), json!("staff"), json!("enterprise"), json!("Beta"), json!(7), json!(null)],
        ),
        (
            "app_version",
            vec![json!("2.4.0"), json!("2.4.0-rc.1"), json!("2.10"), json!("1.9.9"), json!(3), json!("x")],
        ),
    ] {
        if dice.below(4) > 0 {
            attributes[name] = dice.pick(&values).clone();
        }
    }
    (key, attributes)
}

/// The answer of the command that says the same as an OFREP evaluation.
fn as_command_answers(evaluation: &Value) -> Value {
    let mut answer = json!({"flag": evaluation["key"]});
    if let Some(code) = evaluation.get("errorCode") {
        answer["reason"] = json!("ERROR");
        answer["errorCode"] = code.clone();
        return answer;
    }
    answer["reason"] = evaluation["reason"].clone();
    if !evaluation["variant"].is_null() {
        answer["value"] = evaluation["value"].clone();
        answer["variant"] = evaluation["variant"].clone();
        answer["allocationKey"] = evaluation["metadata"]["allocationKey"].clone();
        answer["doLog"] = evaluation["metadata"]["doLog"].clone();
    }
    answer
}

/// A comparison of answers that are all alike would prove nothing.
fn assert_that_much_was_seen(answers: &[Value]) {
    for reason in ["TARGETING_MATCH", "SPLIT", "STATIC", "DISABLED", "ERROR"] {
        assert!(answers.iter().any(|answer| answer["reason"] == reason), "no {reason}");
    }
}

#[test]
fn an_address_and_a_key_do_instead_of_a_data_directory() {
    let place = Place::sqlite();
    let server = place.start();
    let key = place.bootstrap().environment("staging").server_sdk_key.clone();
    let by_directory = export(&place, &["--environment", "staging"]).good();
    let options = ["--environment", "staging", "--url", server.url(), "--sdk-key", &key];
    let by_address = export(&Place::sqlite(), &options).good();
    assert_eq!(by_address, by_directory);
    let document: Value = serde_json::from_str(&by_directory).unwrap();
    assert_eq!((&document["format"], &document["flags"]), (&json!("SERVER"), &json!({})));
}

#[test]
fn an_export_that_cannot_be_made_says_why_and_writes_nothing() {
    let place = Place::sqlite();
    let server = place.start();
    let keys = place.bootstrap();
    let client_key = keys.environment("production").client_sdk_key.clone();
    let unknown_key = format!("ff_{}", "0".repeat(64));
    let nowhere = Place::sqlite();
    let url = server.url().to_owned();
    for (place, options, reason) in [
        (&place, vec!["--environment", "mars"], "development, production, staging"),
        (&place, vec!["--environment", "production", "--sdk-key", &client_key], "403"),
        (&place, vec!["--environment", "production", "--sdk-key", &unknown_key], "401"),
        (&nowhere, vec!["--environment", "production"], "bootstrap.json"),
        (&place, vec!["--environment", "production", "--url", &url], "--sdk-key"),
        (&place, vec![], "--environment"),
    ] {
        let output = export(place, &options);
        assert_ne!(output.code, Some(0), "{options:?}");
        assert_eq!(output.stdout, "");
        let listed: Vec<&str> = reason.split(", ").collect();
        assert!(listed.iter().all(|part| output.stderr.contains(part)), "{options:?} {}", output.stderr);
        for secret in keys.secrets().into_iter().chain([unknown_key.as_str()]) {
            assert!(!output.stderr.contains(secret), "{}", output.stderr);
        }
    }
    server.stop();
    let stopped = export(&place, &["--environment", "production"]);
    assert_eq!(stopped.code, Some(1));
    assert!(stopped.stderr.contains("is the server running?"), "{}", stopped.stderr);
}
