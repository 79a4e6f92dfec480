//! `flaghoist rollouts` about guardrails: played before a rollout begins, and shown while it runs.

use crate::command_line::{Output, finish};
use crate::management::{Answer, serving};
use crate::process::flaghoist;
use crate::rollouts::{command, wait_for};
use crate::server::Place;
use reqwest::Method;
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;

/// 20 % for two hours, a gate, 50 % for good.
fn schedule() -> Value {
    let options = json!({"strategy": "UNIFORM_INTERVALS", "selection_interval_ms": 2 * HOUR_MS});
    let step = |exposure_ratio: f64, grouped_step_index: usize, is_pause_record: bool| json!({"exposure_ratio": exposure_ratio, "grouped_step_index": grouped_step_index, "is_pause_record": is_pause_record});
    let mut gate = step(0.2, 0, true);
    gate["interval_ms"] = Value::Null;
    let steps = [step(0.2, 0, false), gate, step(0.5, 1, false)];
    json!({"rollout_options": options, "rollout_steps": steps})
}

fn simulate(arguments: &[&str], schedule: &Value) -> Output {
    let mut command = flaghoist();
    command.args(["rollouts", "simulate", "-"]).args(arguments);
    finish(&mut command, schedule.to_string())
}

/// The only schedule's report.
fn simulated(arguments: &[&str]) -> Value {
    let told = simulate(&[&["--guardrails", "--json"], arguments].concat(), &schedule()).good();
    let mut told: Vec<Value> = serde_json::from_str(&told).unwrap();
    assert_eq!(told.len(), 1);
    told.remove(0)
}

#[test]
fn guardrails_stop_few_harmless_rollouts_and_all_that_do_harm() {
    let metrics =
        ["--metric=errors=increase:0.05:6", "--metric=orders=decrease:0.2", "--metric=ms=value:200"];
    let more = ["--rollouts=60", "--subjects=2000", "--look-seconds=1800", "--heavy-tailed", "--trend=2"];
    let report = simulated(&[&metrics[..], &more].concat());
    let (harmless, harmful) = (&report["without_effect"], &report["with_effect"]);
    assert!(harmless["stopped_share"].as_f64().unwrap() <= 0.1, "{report:#}");
    assert_eq!((&harmless["rollouts"], &harmful["stopped"]), (&json!(60), &json!(60)), "{report:#}");
    assert!(harmful["stopped_by"]["errors"].as_u64().unwrap() >= 55, "{report:#}");
    let after = harmful["stopped_after"].as_array().unwrap();
    assert_eq!(after.iter().map(|at| at["share"].as_f64().unwrap()).collect::<Vec<_>>(), [0.1, 0.5, 0.9]);
    for member in ["after_ms", "subjects_of_both_arms"] {
        let values: Vec<u64> = after.iter().map(|at| at[member].as_u64().unwrap()).collect();
        assert!(values[0] > 0 && values.is_sorted(), "{report:#}");
    }
    assert!(after[2]["subjects_of_both_arms"].as_u64().unwrap() <= 2_000, "{report:#}");
}

#[test]
fn steps_and_visits_come_from_the_schedule_and_the_same_seed_gives_the_same_report() {
    let options = ["--rollouts=2", "--subjects=300", "--last-step-hours=4", "--gate-hours=0.5", "--seed=7"];
    let report = simulated(&options);
    let steps = [(0.2, 2 * HOUR_MS), (0.2, HOUR_MS / 2), (0.5, 4 * HOUR_MS)];
    let steps =
        steps.map(|(ratio, duration_ms)| json!({"exposure_ratio": ratio, "duration_ms": duration_ms}));
    assert_eq!(report["steps"], json!(steps));
    // Three visits of 300 subjects in 6.5 hours.
    assert!((report["visits_per_hour"].as_f64().unwrap() - 900.0 / 6.5).abs() < 1e-9, "{report:#}");
    let usual = json!([{"name": "errors", "kind": "binary", "direction": "increase_is_bad", "base": 0.02, "factor": 2.0}]);
    assert_eq!(report["metrics"], usual);
    assert_eq!(simulated(&options), report);
    assert_eq!(simulated(&["--rollouts=2", "--visits-per-hour=9"])["visits_per_hour"], json!(9.0));
}

#[test]
fn people_get_a_table_with_both_worlds_beside_each_other() {
    let mut whole = serving("checkout", "checkout", "b");
    whole["exposure_schedule"] = schedule();
    let last = json!({"exposure_ratio": 1.0, "grouped_step_index": 2, "is_pause_record": false});
    whole["exposure_schedule"]["rollout_steps"].as_array_mut().unwrap().push(last);
    let options = [
        "--guardrails",
        "--metric=errors=increase:0.1:8",
        "--rollouts=6",
        "--subjects=1500",
        "--look-seconds=1800",
    ];
    let told = simulate(&options, &whole).good();
    let lines: Vec<String> =
        told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "allocation checkout",
        "STEP SHARE LASTS",
        "1 20 % 12h",
        "2 50 % 2h",
        "errors increase 0.1 of visits x 8",
        "ROLLOUTS WITHOUT EFFECT WITH EFFECT",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line:?} in {told}");
    }
    assert!(!lines.iter().any(|line| line.starts_with("3 ")), "whole traffic is not compared: {told}");
    let row = |title: &str| lines.iter().find(|line| line.starts_with(title)).unwrap();
    assert!(row("stopped ").ends_with("6 of 6 (100 %)"), "{told}");
    assert!(row("stopped by errors").ends_with("6 of 6 (100 %)"), "{told}");
    assert!(row("90 % stopped after").ends_with(" in both arms"), "{told}");
}

#[test]
fn what_cannot_be_played_is_refused_with_what_could_be() {
    for (argument, named) in [
        ("--metric=errors", "has no '='"),
        ("--metric=errors=up:0.1", "kind \"up\" is not known; give increase, decrease or value"),
        ("--metric=errors=increase", "give NAME=KIND:BASE[:FACTOR]"),
        ("--metric=errors=increase:0", "base \"0\" is out of range; give a number above 0"),
        (
            "--metric=errors=increase:0.4:3",
            "base 0.4 with factor 3 is more than every visit; give shares up to 1",
        ),
        ("--metric=ms=value:200:NaN", "factor \"NaN\" is no factor; give a number from 0"),
        ("--metric==value:200", "its name has 0 bytes; give 1 to 256"),
        ("--subjects=0", "1..=1000000"),
        ("--rollouts=x", "--rollouts"),
        ("--gate-hours=-1", "give hours above 0"),
        ("--visits-per-hour=inf", "give a number above 0"),
        ("--look-seconds=0", "1..=86400"),
    ] {
        let refused = simulate(&["--guardrails", argument], &schedule());
        assert_eq!(refused.code, Some(2), "{argument} {}", refused.stderr);
        assert!(refused.stderr.contains(named), "{argument} {}", refused.stderr);
    }
    let alone = simulate(&["--trend=2"], &schedule());
    assert!(alone.code == Some(2) && alone.stderr.contains("--guardrails"), "{}", alone.stderr);
    let twice = ["--guardrails", "--metric=a=value:1", "--metric=a=value:2"];
    let twice = simulate(&twice, &schedule());
    assert!(twice.code == Some(1) && twice.stderr.contains("\"a\" is given twice"), "{}", twice.stderr);
    let mut whole = schedule();
    whole["rollout_steps"] =
        json!([{"exposure_ratio": 1.0, "grouped_step_index": 0, "is_pause_record": false}]);
    let whole = simulate(&["--guardrails"], &whole);
    assert!(whole.code == Some(1) && whole.stderr.contains("no step below 100 %"), "{}", whole.stderr);
}

fn show(place: &Place, arguments: &[&str]) -> Output {
    finish(flaghoist().args(["rollouts", "show"]).args(arguments).arg("--data-dir").arg(place.data_dir()), "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_is_shown_with_what_its_guardrails_know() {
    const SUBJECTS: usize = 120;
    let place = Place::sqlite();
    let server = place.start();
    let keys = place.bootstrap();
    let (management, reader) = (server.management(&keys), server.reader(&keys, "production"));
    let metric = json!({"id": "errors", "source": {"type": "events", "event": "checkout.error"}});
    Answer::to(management.request(Method::POST, "/api/v1/metrics").json(&metric)).await.unwrap().expect(201);
    let production = keys.environment("production").id.as_str();
    let flag = management.create_flag("checkout", &["a", "b"]).await.unwrap().expect(201).id();
    management.set_enabled((&flag, production), true).await.unwrap().expect(200);
    let mut allocation = serving("ramp", "ramp", "b");
    allocation["type"] = json!("CANARY");
    allocation["exposure_schedule"] = schedule();
    allocation["exposure_schedule"]["control_variant_key"] = json!("a");
    allocation["exposure_schedule"]["rollout_steps"][0]["exposure_ratio"] = json!(0.5);
    allocation["exposure_schedule"]["rollout_steps"][1]["exposure_ratio"] = json!(0.5);
    allocation["guardrail_metrics"] = json!([
        {"metric_id": "errors", "trigger_action": "PAUSE"},
        {"metric_id": "nobody-knows", "trigger_action": "ABORT"},
    ]);
    let saved = management.replace_allocations((&flag, production), &[allocation]).await.unwrap().expect(200);
    let id = saved.body["data"][0]["attributes"]["exposure_schedule"]["id"].as_str().unwrap().to_owned();
    let before = show(&place, &[&id]).good();
    for part in [id.as_str(), "NOT_STARTED", "No run of it was guarded.", "which hold nothing: nobody-knows"]
    {
        assert!(before.contains(part), "{part:?} in {before}");
    }

    command(&management, &id, "start").await;
    let (mut exposures, mut errors) = (Vec::new(), Vec::new());
    for number in 0..SUBJECTS {
        let subject = format!("subject-{number}");
        let variant =
            reader.evaluate("checkout", &json!({"targetingKey": subject})).await.body["variant"].clone();
        if variant == "b" {
            errors.push(json!({"name": "checkout.error", "subject": subject}));
        }
        exposures
            .push(json!({"flag": "checkout", "allocation": "ramp", "variant": variant, "subject": subject}));
    }
    for (path, body) in [
        ("/sdk/v1/events", json!({"exposures": exposures})),
        ("/sdk/v1/metric-events", json!({"events": errors})),
    ] {
        Answer::to(reader.request(Method::POST, path).json(&body)).await.unwrap().expect(202);
    }
    wait_for(&management, &id, "PAUSED").await;

    let told = show(&place, &[&id]).good();
    let exposed = format!("a {}, b {}", SUBJECTS - errors.len(), errors.len());
    for part in [
        "PAUSED (guardrail)",
        "1/3",
        "run 1 of guarded runs 1, from 20",
        ", compared with a\n",
        exposed.as_str(),
        "It shows an increase: ",
        "\nFired:\n",
        " PAUSE: errors of b in step 0, log e ",
        "which hold nothing: nobody-knows",
    ] {
        assert!(told.contains(part), "{part:?} in {told}");
    }
    let row = told.lines().find(|line| line.starts_with("errors ")).unwrap();
    let row: Vec<&str> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(row[..4], ["errors", "b", &errors.len().to_string(), "0"]);
    // What it fires at is the logarithm of 1 / 0.05.
    assert_eq!(row[8..10], ["3.00", "fired"], "{told}");
    assert!(row[7].parse::<f64>().unwrap() >= 3.0, "{told}");

    let told: Value = serde_json::from_str(&show(&place, &[&id, "--run=1", "--json"]).good()).unwrap();
    assert_eq!(told["rollout"]["id"], id.as_str());
    assert_eq!(told["guardrails"]["metrics"][0]["evidence"][0]["state"], "fired");
    let unknown = show(&place, &[&id, "--run=9"]);
    assert!(unknown.code == Some(1) && unknown.stderr.contains("9 is no guarded run"), "{}", unknown.stderr);
    assert_eq!(show(&place, &["nothing"]).code, Some(1));
}
