//! Rollouts of the real server: over kills, on two servers, on time; and the commands about them.

use crate::command_line::{finish, run};
use crate::management::{Answer, Management, serving};
use crate::process::flaghoist;
use crate::server::{Bootstrap, Place, Server};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Kills of a running rollout.
const KILLS: usize = 10;
/// Steps of a second each, the shortest there are.
const STEPS: usize = 12;

/// An allocation that rolls `b` out in so many steps of a second.
fn ramp(key: &str, steps: usize) -> Value {
    let mut allocation = serving(key, key, "b");
    let steps: Vec<Value> = (1..=steps)
        .map(|step| {
            #[expect(clippy::cast_precision_loss, reason = "a handful of steps")]
            let ratio = step as f64 / steps as f64;
            json!({"exposure_ratio": ratio, "grouped_step_index": step, "is_pause_record": false})
        })
        .collect();
    let options = json!({"strategy": "UNIFORM_INTERVALS", "selection_interval_ms": 1_000});
    allocation["exposure_schedule"] = json!({"rollout_options": options, "rollout_steps": steps});
    allocation
}

/// Makes a flag with a rollout in production, and gives the id of its schedule.
async fn rollout(management: &Management, keys: &Bootstrap, key: &str, steps: usize) -> String {
    let production = keys.environment("production").id.as_str();
    let flag = management.create_flag(key, &["a", "b"]).await.unwrap().expect(201).id();
    management.set_enabled((&flag, production), true).await.unwrap().expect(200);
    let allocations = [ramp(key, steps)];
    let saved = management.replace_allocations((&flag, production), &allocations).await.unwrap().expect(200);
    saved.body["data"][0]["attributes"]["exposure_schedule"]["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn command(management: &Management, id: &str, name: &str) -> Answer {
    let path = format!("/api/v2/feature-flags/exposure-schedules/{id}/{name}");
    Answer::to(management.request(Method::POST, &path)).await.unwrap().expect(200)
}

async fn shown(management: &Management, id: &str) -> Value {
    management.get(&format!("/api/v1/rollouts/{id}")).await.unwrap().expect(200).body
}

/// Waits until it stands so.
pub(crate) async fn wait_for(management: &Management, id: &str, status: &str) -> Value {
    let started = Instant::now();
    loop {
        let shown = shown(management, id).await;
        if shown["status"] == status {
            return shown;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "it is not {status}: {shown:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every step was entered once, in order, a second after the one before, and has a history entry of its own.
fn assert_each_step_once(shown: &Value, steps: usize) {
    let mut transitions = shown["transitions"].as_array().unwrap().clone();
    transitions.reverse();
    let moment = |made: &Value, name: &str| made[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    let positions: Vec<Option<u64>> = transitions.iter().map(|made| made["step_position"].as_u64()).collect();
    let expected: Vec<Option<u64>> = (0..steps).map(|step| u64::try_from(step).ok()).collect();
    assert_eq!(positions, expected, "{transitions:#?}");
    for pair in transitions.windows(2) {
        let apart = moment(&pair[1], "due_at").duration_since(moment(&pair[0], "due_at"));
        assert_eq!(apart.as_millis(), 1_000, "{pair:#?}");
        assert!(moment(&pair[1], "at") >= moment(&pair[1], "due_at"), "never early: {pair:#?}");
        assert_ne!(pair[0]["history_id"], pair[1]["history_id"]);
        assert!(pair[1]["history_id"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_a_rollout_ends_where_it_should_after_ten_kills() {
    survive(&Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_rollout_ends_where_it_should_after_ten_kills() {
    let Some(place) = Place::postgres() else { return };
    survive(&place).await;
}

async fn survive(place: &Place) {
    let mut server: Server = place.start();
    let keys = place.bootstrap();
    let id = rollout(&server.management(&keys), &keys, "ramp", STEPS).await;
    command(&server.management(&keys), &id, "start").await;
    let mut at_kill = Vec::new();
    for _ in 0..KILLS {
        // Kills fall between two steps and right on them.
        tokio::time::sleep(Duration::from_millis(703)).await;
        server.process.kill();
        server = place.start();
        at_kill.push(shown(&server.management(&keys), &id).await["current_step_position"].as_u64());
    }
    let running = at_kill.iter().filter(|step| step.is_some_and(|step| step + 1 < STEPS as u64)).count();
    println!("steps after each kill: {at_kill:?}");
    assert!(running >= 3, "the kills hit a running rollout");
    let ended = wait_for(&server.management(&keys), &id, "COMPLETED").await;
    assert_each_step_once(&ended, STEPS);
    for number in 0..20 {
        let context = json!({"targetingKey": format!("subject-{number}")});
        assert_eq!(server.reader(&keys, "production").evaluate("ramp", &context).await.body["value"], "b");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_make_every_step_once_and_on_time() {
    let Some(one) = Place::postgres() else { return };
    let other = Place::on_database(one.database_url().unwrap().to_owned());
    let (server, second) = (one.start(), other.start());
    let keys = one.bootstrap();
    let managements = [server.management(&keys), second.management(&keys)];
    let mut ids = Vec::new();
    for number in 0..20 {
        let id = rollout(&managements[number % 2], &keys, &format!("ramp-{number}"), 4).await;
        command(&managements[number % 2], &id, "start").await;
        ids.push(id);
    }
    let mut late_ms = Vec::new();
    for id in &ids {
        let ended = wait_for(&managements[0], id, "COMPLETED").await;
        assert_each_step_once(&ended, 4);
        for made in ended["transitions"].as_array().unwrap() {
            let moment = |name: &str| made[name].as_str().unwrap().parse::<Timestamp>().unwrap();
            late_ms.push(moment("at").duration_since(moment("due_at")).as_millis());
        }
    }
    late_ms.sort_unstable();
    println!("late: median {} ms, most {} ms", late_ms[late_ms.len() / 2], late_ms[late_ms.len() - 1]);
    assert!(late_ms[late_ms.len() / 2] < 250, "{late_ms:?}");
    for server in [&server, &second] {
        let reader = server.reader(&keys, "production");
        let started = Instant::now();
        while reader.evaluate("ramp-19", &json!({"targetingKey": "alice"})).await.body["value"] != "b" {
            assert!(started.elapsed() < Duration::from_secs(2), "{} does not serve it", server.url());
        }
    }
}

#[test]
fn a_schedule_is_simulated_before_anybody_starts_it() {
    let body = json!({"data": [{"type": "allocations", "attributes": ramp("checkout", 2)}]}).to_string();
    let arguments = ["rollouts", "simulate", "-", "--start", "2026-12-01T09:00:00Z"];
    let told = finish(flaghoist().args(arguments), &body).good();
    let lines: Vec<Vec<&str>> = told.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["allocation", "checkout"]);
    assert_eq!(lines[2], ["0", "2026-12-01T09:00:00Z", "0s", "50", "%", "runs"]);
    assert_eq!(lines[3], ["1", "2026-12-01T09:00:01Z", "1s", "100", "%", "completed"]);
    let told = finish(flaghoist().args(arguments).arg("--json"), &body).good();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told[0]["timeline"][1]["at"], "2026-12-01T09:00:01Z");
    assert_eq!(told[0]["runs_by_itself"], true);
}

#[test]
fn what_cannot_be_simulated_is_named() {
    let mut wrong = ramp("checkout", 2);
    wrong["exposure_schedule"]["rollout_steps"][1]["exposure_ratio"] = json!(0.1);
    for (input, named) in [
        (wrong.to_string(), "/exposure_schedule/rollout_steps/1/exposure_ratio"),
        ("{}".to_owned(), "no exposure schedule"),
        ("no JSON".to_owned(), "no JSON"),
    ] {
        let output = finish(flaghoist().args(["rollouts", "simulate", "-"]), &input);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains(named), "{output:?}");
    }
    assert_eq!(run(&["rollouts", "simulate", "/nowhere.json"]).code, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rollouts_are_listed_with_where_they_stand() {
    let place = Place::sqlite();
    let server = place.start();
    let keys = place.bootstrap();
    let management = server.management(&keys);
    let id = rollout(&management, &keys, "ramp", 4).await;
    command(&management, &id, "start").await;
    command(&management, &id, "pause").await;
    let told = finish(flaghoist().args(["rollouts", "list", "--data-dir"]).arg(place.data_dir()), "").good();
    let row = told.lines().find(|line| line.contains(&id)).unwrap();
    for part in ["ramp", "production", "PAUSED (user)", "1/4", "25 %", "paused by request"] {
        assert!(row.contains(part), "{part:?} in {row}");
    }
}
