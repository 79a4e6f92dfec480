//! Rollouts: what people do with them, what time does, and who sees it.

mod locks;
mod views;

use crate::app::{Answer, Caller, TestApp, allocation};
use flaghoist_model::access::BuiltInRole;
use flaghoist_server::rollouts::move_all_due;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// A minute, the interval of every step here.
const MINUTE_MS: i64 = 60_000;

/// A schedule with a step of a minute for each ratio.
pub(crate) fn schedule(ratios: &[f64]) -> Value {
    let steps: Vec<Value> = ratios
        .iter()
        .enumerate()
        .map(|(group, ratio)| {
            json!({"exposure_ratio": ratio, "grouped_step_index": group, "is_pause_record": false})
        })
        .collect();
    json!({"rollout_options": {"strategy": "UNIFORM_INTERVALS", "selection_interval_ms": MINUTE_MS},
        "rollout_steps": steps})
}

/// An allocation that rolls out `on`.
pub(crate) fn ramp(schedule: Value) -> Value {
    let mut allocation = allocation("ramp", "on", &json!([]));
    allocation["type"] = json!("CANARY");
    allocation["exposure_schedule"] = schedule;
    allocation
}

/// An application with a flag that is enabled in production, and a rollout there.
pub(crate) struct Rollout {
    pub(crate) app: TestApp,
    pub(crate) flag_id: String,
    pub(crate) id: String,
}

impl Rollout {
    pub(crate) async fn of(schedule: Value) -> Self {
        let app = TestApp::new().await;
        let variants = [("off", "OFF"), ("on", "ON")];
        let flag_id = app.admin().enabled_flag("dark-mode", "STRING", &variants, "production").await;
        let answer = app.admin().replace(&flag_id, "production", &[ramp(schedule)]).await.expect(200).json();
        let id = answer["data"][0]["attributes"]["exposure_schedule"]["id"].as_str().unwrap().to_owned();
        Self { app, flag_id, id }
    }

    pub(crate) async fn command(&self, caller: &Caller<'_>, command: &str) -> Answer {
        let path = format!("/api/v2/feature-flags/exposure-schedules/{}/{command}", self.id);
        caller.call("POST", &path, None).await
    }

    /// Does it as the administrator, who may, and gives the schedule.
    pub(crate) async fn do_it(&self, command: &str) -> Value {
        let answer = self.command(&self.app.admin(), command).await.expect(200).json();
        assert_eq!(answer["data"]["type"], "allocation_exposure_schedules");
        assert_eq!(answer["data"]["id"], self.id.as_str());
        answer["data"]["attributes"].clone()
    }

    /// Lets time pass, and the scheduler look.
    pub(crate) async fn pass(&self, seconds: i64) {
        self.app.advance(SignedDuration::from_secs(seconds));
        move_all_due(&self.app.state).await.unwrap();
    }

    /// How it stands: status, reason of the pause, step and share.
    pub(crate) async fn stands(&self) -> (String, Value, Value, f64) {
        let shown = self.shown().await;
        (
            shown["status"].as_str().unwrap().to_owned(),
            shown["pause_reason"].clone(),
            shown["current_step_position"].clone(),
            shown["current_exposure_ratio"].as_f64().unwrap(),
        )
    }

    pub(crate) async fn shown(&self) -> Value {
        self.app.admin().get(&format!("/api/v1/rollouts/{}", self.id)).await.expect(200).json()
    }

    /// Which of a thousand subjects get `on`.
    pub(crate) async fn exposed(&self) -> Vec<bool> {
        let mut exposed = Vec::new();
        for number in 0..1_000 {
            let context = json!({"targetingKey": format!("subject-{number}")});
            let answer = self.app.reader("production").evaluate("dark-mode", context).await;
            exposed.push(answer.json()["value"] == "ON");
        }
        exposed
    }

    pub(crate) async fn set_enabled(&self, enabled: bool) {
        let what = if enabled { "enable" } else { "disable" };
        let path = self.app.admin().place(&self.flag_id, "production", what);
        self.app.admin().call("POST", &path, None).await.expect(200);
    }

    pub(crate) async fn serve(&self, body: Value) {
        let environment = self.app.environment_id("production");
        let path = format!("/api/v1/flags/{}/environments/{environment}/serving", self.flag_id);
        self.app.admin().call("PATCH", &path, Some(body)).await.expect(200);
    }

    /// The one suggestion there is.
    pub(crate) async fn suggestion(&self) -> Value {
        let path = format!("/api/v2/feature-flags/suggestions?flag_id={}", self.flag_id);
        let list = self.app.admin().get(&path).await.expect(200).json();
        assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
        list["data"][0].clone()
    }

    /// What the history says happened to what the flag serves, the first first.
    pub(crate) async fn history(&self) -> Vec<String> {
        let path = format!("/api/v1/flags/{}/history?aggregate=flag_environment", self.flag_id);
        let entries = self.app.admin().get(&path).await.expect(200).json();
        let entries = entries["data"].as_array().unwrap().iter().rev();
        entries.map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
    }
}

fn count(exposed: &[bool]) -> usize {
    exposed.iter().filter(|is_exposed| **is_exposed).count()
}

/// Whether everybody who is in `before` is in `after`.
fn keeps(before: &[bool], after: &[bool]) -> bool {
    before.iter().zip(after).all(|(before, after)| !before || *after)
}

fn at(status: &str, step: i64, ratio: f64) -> (String, Value, Value, f64) {
    (status.to_owned(), Value::Null, json!(step), ratio)
}

fn paused(reason: &str, step: i64, ratio: f64) -> (String, Value, Value, f64) {
    ("PAUSED".to_owned(), json!(reason), json!(step), ratio)
}

#[tokio::test]
async fn a_rollout_grows_step_by_step_and_nobody_who_is_in_leaves() {
    let rollout = Rollout::of(schedule(&[0.1, 0.5, 1.0])).await;
    assert_eq!(count(&rollout.exposed().await), 0);
    let started = rollout.do_it("start").await;
    assert_eq!((&started["status"], &started["run"]), (&json!("RUNNING"), &json!(1)));
    assert_eq!(started["current_step_position"], 0);
    let first = rollout.exposed().await;
    // 1000 subjects at 10 %: four standard errors are 38.
    assert!((62..=138).contains(&count(&first)), "{}", count(&first));
    // The clock of the tests moves whenever it is read.
    rollout.pass(50).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 0, 0.1));
    rollout.pass(10).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 1, 0.5));
    let second = rollout.exposed().await;
    assert!((437..=563).contains(&count(&second)) && keeps(&first, &second));
    rollout.pass(60).await;
    assert_eq!(rollout.stands().await, at("COMPLETED", 2, 1.0));
    assert_eq!(count(&rollout.exposed().await), 1_000);
    let expected =
        ["flag_enabled", "allocations_replaced", "rollout_started", "rollout_advanced", "rollout_advanced"];
    assert_eq!(rollout.history().await, expected);
}

#[tokio::test]
async fn a_pause_keeps_what_is_left_of_the_step() {
    let rollout = Rollout::of(schedule(&[0.1, 0.5, 1.0])).await;
    rollout.do_it("start").await;
    rollout.pass(40).await;
    let pause = rollout.do_it("pause").await;
    assert_eq!((&pause["status"], &pause["pause_reason"]), (&json!("PAUSED"), &json!("user")));
    assert_eq!(pause["next_transition_at"], Value::Null);
    rollout.pass(3_600).await;
    assert_eq!(rollout.stands().await, paused("user", 0, 0.1));
    rollout.do_it("resume").await;
    rollout.pass(15).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 0, 0.1));
    rollout.pass(6).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 1, 0.5));
}

#[tokio::test]
async fn a_stop_takes_everything_back_and_a_new_start_begins_with_the_same_subjects() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    rollout.do_it("start").await;
    let first = rollout.exposed().await;
    rollout.pass(30).await;
    assert_eq!(rollout.do_it("stop").await["status"], "ABORTED");
    assert_eq!(count(&rollout.exposed().await), 0);
    rollout.pass(3_600).await;
    assert_eq!(rollout.stands().await.0, "ABORTED");
    let again = rollout.do_it("start").await;
    assert_eq!((&again["run"], &again["current_step_position"]), (&json!(2), &json!(0)));
    assert_eq!(rollout.exposed().await, first);
    rollout.do_it("stop").await;
    rollout.do_it("start?reshuffle=true").await;
    let reshuffled = rollout.exposed().await;
    assert!((62..=138).contains(&count(&reshuffled)), "{}", count(&reshuffled));
    let same = first.iter().zip(&reshuffled).filter(|(before, after)| **before && **after).count();
    assert!(same < 40, "{same} of those who were first are first again");
}

#[tokio::test]
async fn only_what_was_stopped_can_be_reshuffled() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    rollout.command(&rollout.app.admin(), "start?reshuffle=true").await.expect(400);
    rollout.command(&rollout.app.admin(), "start?reshuffle=perhaps").await.expect(400);
    assert_eq!(rollout.stands().await.0, "NOT_STARTED");
}

#[tokio::test]
async fn what_does_not_fit_is_a_conflict_and_changes_nothing() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    let refused = async |commands: &[&str]| {
        for command in commands {
            let answer = rollout.command(&rollout.app.admin(), command).await.expect(409).json();
            assert!(answer["errors"][0].as_str().unwrap().contains(command), "{answer}");
        }
    };
    refused(&["pause", "resume", "stop"]).await;
    rollout.do_it("start").await;
    refused(&["start", "resume"]).await;
    rollout.do_it("pause").await;
    refused(&["start", "pause"]).await;
    rollout.do_it("stop").await;
    refused(&["pause", "resume", "stop"]).await;
    rollout.do_it("start").await;
    rollout.pass(60).await;
    refused(&["start", "pause", "resume", "stop"]).await;
    let unknown = "/api/v2/feature-flags/exposure-schedules/00000000-0000-0000-0000-000000000001/start";
    rollout.app.admin().call("POST", unknown, None).await.expect(404);
    let stranger = rollout.app.other_project().await;
    rollout.command(&stranger, "start").await.expect(404);
}

#[tokio::test]
async fn a_gate_waits_for_somebody_or_for_its_time() {
    let step = |ratio: f64, pause: bool, interval: Value, group: i64| {
        json!({"exposure_ratio": ratio, "is_pause_record": pause, "interval_ms": interval,
            "grouped_step_index": group})
    };
    let steps = [
        step(0.1, false, json!(MINUTE_MS), 0),
        step(0.1, true, Value::Null, 0),
        step(0.3, false, json!(MINUTE_MS), 1),
        step(0.3, true, json!(2 * MINUTE_MS), 1),
        step(0.5, false, Value::Null, 2),
        step(1.0, false, Value::Null, 3),
    ];
    let options = json!({"strategy": "UNIFORM_INTERVALS"});
    let rollout = Rollout::of(json!({"rollout_options": options, "rollout_steps": steps})).await;
    rollout.do_it("start").await;
    rollout.pass(60).await;
    assert_eq!(rollout.stands().await, paused("gate", 1, 0.1));
    rollout.pass(86_400).await;
    assert_eq!(rollout.stands().await, paused("gate", 1, 0.1));
    rollout.do_it("resume").await;
    assert_eq!(rollout.stands().await, at("RUNNING", 2, 0.3));
    rollout.pass(60).await;
    assert_eq!(rollout.stands().await, paused("gate", 3, 0.3));
    rollout.pass(119).await;
    assert_eq!(rollout.stands().await, paused("gate", 3, 0.3));
    rollout.pass(1).await;
    assert_eq!(rollout.stands().await, paused("gate", 4, 0.5), "a step without an interval waits too");
    rollout.do_it("resume").await;
    assert_eq!(rollout.stands().await, at("COMPLETED", 5, 1.0));
}

#[tokio::test]
async fn after_a_downtime_it_is_where_time_says_with_every_step_in_the_history() {
    let rollout = Rollout::of(schedule(&[0.1, 0.2, 0.3, 0.4, 1.0])).await;
    rollout.do_it("start").await;
    let entered = rollout.shown().await["step_entered_at"].as_str().unwrap().to_owned();
    rollout.pass(150).await;
    let shown = rollout.shown().await;
    assert_eq!(shown["current_step_position"], 2);
    let since: jiff::Timestamp = shown["step_entered_at"].as_str().unwrap().parse().unwrap();
    // The steps did not drift: the third began exactly two minutes after the first.
    assert_eq!(since.duration_since(entered.parse().unwrap()), SignedDuration::from_mins(2));
    assert_eq!(rollout.history().await[2..], ["rollout_started", "rollout_advanced", "rollout_advanced"]);
    rollout.pass(3_600).await;
    assert_eq!(rollout.stands().await, at("COMPLETED", 4, 1.0));
    let sequences: Vec<i64> = rollout.shown().await["transitions"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|transition| transition["sequence"].as_i64().unwrap())
        .collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn while_the_flag_is_off_nothing_moves() {
    let rollout = Rollout::of(schedule(&[0.1, 0.5, 1.0])).await;
    rollout.do_it("start").await;
    rollout.pass(20).await;
    let before = rollout.exposed().await;
    rollout.set_enabled(false).await;
    rollout.pass(3_600).await;
    assert_eq!(rollout.stands().await, paused("inactive", 0, 0.1));
    rollout.command(&rollout.app.admin(), "resume").await.expect(400);
    rollout.set_enabled(true).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 0, 0.1));
    assert_eq!(rollout.exposed().await, before);
    rollout.pass(35).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 0, 0.1));
    rollout.serve(json!({"override_variant_key": "off"})).await;
    rollout.pass(3_600).await;
    assert_eq!(rollout.stands().await, paused("inactive", 0, 0.1));
    rollout.serve(json!({"override_variant_key": null})).await;
    let archive = async |what: &str| {
        let path = format!("/api/v2/feature-flags/{}/{what}", rollout.flag_id);
        rollout.app.admin().call("POST", &path, None).await.expect(200);
    };
    archive("archive").await;
    rollout.pass(3_600).await;
    assert_eq!(rollout.stands().await, paused("inactive", 0, 0.1));
    archive("unarchive").await;
    rollout.pass(6).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 1, 0.5));
}

#[tokio::test]
async fn a_rollout_that_somebody_paused_stays_paused_when_the_flag_comes_back() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    rollout.do_it("start").await;
    rollout.do_it("pause").await;
    rollout.set_enabled(false).await;
    rollout.set_enabled(true).await;
    rollout.pass(3_600).await;
    assert_eq!(rollout.stands().await, paused("user", 0, 0.1));
}

#[tokio::test]
async fn a_disabled_flag_starts_nothing() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    rollout.set_enabled(false).await;
    let answer = rollout.command(&rollout.app.admin(), "start").await.expect(400).json();
    assert!(answer["errors"][0].as_str().unwrap().contains("disabled"), "{answer}");
}

#[tokio::test]
async fn autostart_acts_once_when_the_flag_can_serve() {
    let mut wanted = schedule(&[0.1, 1.0]);
    wanted["rollout_options"]["autostart"] = json!(true);
    let app = TestApp::new().await;
    let variants = [("off", "OFF"), ("on", "ON")];
    let flag = app.admin().create_flag("dark-mode", "STRING", &variants).await;
    let flag_id = flag["id"].as_str().unwrap().to_owned();
    let put = async || {
        let answer = app.admin().replace(&flag_id, "production", &[ramp(wanted.clone())]).await;
        answer.expect(200).json()["data"][0]["attributes"]["exposure_schedule"].clone()
    };
    let saved = put().await;
    assert_eq!(saved["status"], "NOT_STARTED", "the flag is disabled");
    let id = saved["id"].as_str().unwrap().to_owned();
    let rollout = Rollout { flag_id: flag_id.clone(), id, app };
    let put = async || {
        let answer = rollout.app.admin().replace(&flag_id, "production", &[ramp(wanted.clone())]).await;
        answer.expect(200).json()["data"][0]["attributes"]["exposure_schedule"].clone()
    };
    rollout.set_enabled(true).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 0, 0.1));
    assert_eq!(rollout.shown().await["last_transition"]["cause"], "autostart");
    rollout.do_it("stop").await;
    assert_eq!(put().await["status"], "ABORTED", "saying the same again starts nothing");
    rollout.set_enabled(false).await;
    rollout.set_enabled(true).await;
    rollout.pass(3_600).await;
    assert_eq!(rollout.stands().await.0, "ABORTED");
    wanted_again(&rollout).await;
}

/// New content of what was stopped waits for somebody.
async fn wanted_again(rollout: &Rollout) {
    let mut other = schedule(&[0.2, 1.0]);
    other["rollout_options"]["autostart"] = json!(true);
    rollout.app.admin().replace(&rollout.flag_id, "production", &[ramp(other)]).await.expect(200);
    rollout.pass(3_600).await;
    assert_eq!(rollout.stands().await.0, "NOT_STARTED");
    assert_eq!(rollout.do_it("start").await["run"], 2);
}

#[tokio::test]
async fn a_start_time_is_kept_and_waits_for_the_flag() {
    let mut wanted = schedule(&[0.1, 0.5, 1.0]);
    let app = TestApp::new().await;
    wanted["absolute_start_time"] = json!(app.clock().now_text(600));
    drop(app);
    let rollout = Rollout::of(wanted).await;
    assert_eq!(rollout.stands().await.0, "SCHEDULED");
    rollout.set_enabled(false).await;
    rollout.pass(700).await;
    assert_eq!(rollout.stands().await.0, "SCHEDULED");
    rollout.set_enabled(true).await;
    rollout.pass(1).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 0, 0.1), "it starts now, not back then");
    rollout.do_it("stop").await;
    rollout.pass(3_600).await;
    assert_eq!(rollout.stands().await.0, "ABORTED", "a start time acts once");
}

#[tokio::test]
async fn a_gate_with_a_start_time_opens_then() {
    let app = TestApp::new().await;
    let start = app.clock().now_text(60);
    drop(app);
    let mut wanted = schedule(&[1.0]);
    wanted["rollout_options"] = json!({"strategy": "NO_ROLLOUT"});
    wanted["absolute_start_time"] = json!(start);
    let rollout = Rollout::of(wanted).await;
    assert_eq!((rollout.stands().await.0.as_str(), count(&rollout.exposed().await)), ("SCHEDULED", 0));
    rollout.pass(61).await;
    assert_eq!((rollout.stands().await.0.as_str(), count(&rollout.exposed().await)), ("COMPLETED", 1_000));
}

async fn protect(app: &TestApp) {
    let path = format!("/api/v2/feature-flags/environments/{}", app.environment_id("production"));
    let body =
        json!({"data": {"type": "environments", "attributes": {"require_feature_flag_approval": true}}});
    app.admin().call("PUT", &path, Some(body)).await.expect(200);
}

#[tokio::test]
async fn what_nobody_approved_waits_to_be_started_and_never_to_be_stopped() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    protect(&rollout.app).await;
    let (ada, ben) =
        (rollout.app.somebody(BuiltInRole::Editor).await, rollout.app.somebody(BuiltInRole::Editor).await);
    let answer = rollout.command(&ada, "start").await.expect(202).json();
    assert_eq!(answer["data"]["attributes"]["status"], "NOT_STARTED");
    let suggestion = rollout.suggestion().await;
    assert_eq!(suggestion["attributes"]["property"], "ROLLOUT");
    assert_eq!(suggestion["attributes"]["action"], "started");
    assert_eq!(suggestion["attributes"]["summary"], json!(["Starts the rollout of \"ramp\"."]));
    let path = format!("/api/v2/feature-flags/suggestions/{}/approve", suggestion["id"].as_str().unwrap());
    let body = json!({"data": {"type": "flag-suggestion-events", "attributes": {}}});
    ben.call("POST", &path, Some(body)).await.expect(200);
    assert_eq!(rollout.stands().await, at("RUNNING", 0, 0.1));
    for command in ["pause", "resume", "stop", "start"] {
        rollout.command(&ada, command).await.expect(200);
    }
}

#[tokio::test]
async fn a_schedule_that_was_approved_is_started_by_anybody() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    protect(&rollout.app).await;
    // The administrator may do without approvals, which counts as one.
    let other = ramp(schedule(&[0.2, 1.0]));
    rollout.app.admin().replace(&rollout.flag_id, "production", &[other]).await.expect(200);
    let ada = rollout.app.somebody(BuiltInRole::Editor).await;
    assert_eq!(
        rollout.command(&ada, "start").await.expect(200).json()["data"]["attributes"]["status"],
        "RUNNING"
    );
}

#[tokio::test]
async fn a_start_time_waits_while_a_change_of_the_flag_is_being_decided() {
    let rollout = Rollout::of(schedule(&[0.2, 1.0])).await;
    protect(&rollout.app).await;
    let mut wanted = schedule(&[0.1, 1.0]);
    wanted["absolute_start_time"] = json!(rollout.app.clock().now_text(60));
    rollout.app.admin().replace(&rollout.flag_id, "production", &[ramp(wanted)]).await.expect(200);
    let ada = rollout.app.somebody(BuiltInRole::Editor).await;
    let other = ramp(schedule(&[0.5, 1.0]));
    ada.replace(&rollout.flag_id, "production", &[other]).await.expect(202);
    rollout.pass(600).await;
    assert_eq!(rollout.stands().await.0, "SCHEDULED");
    let id = rollout.suggestion().await["id"].as_str().unwrap().to_owned();
    ada.call("DELETE", &format!("/api/v2/feature-flags/suggestions/{id}"), None).await.expect(204);
    rollout.pass(1).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 0, 0.1), "it starts now, not back then");
}

#[tokio::test]
async fn what_nobody_approved_does_not_start_by_itself_either() {
    let app = TestApp::new().await;
    let start = app.clock().now_text(60);
    drop(app);
    let mut wanted = schedule(&[0.1, 1.0]);
    wanted["absolute_start_time"] = json!(start);
    let rollout = Rollout::of(wanted).await;
    protect(&rollout.app).await;
    rollout.pass(600).await;
    assert_eq!(rollout.stands().await.0, "SCHEDULED");
    // The administrator may do without approvals, and saying something new counts as one.
    let mut eager = schedule(&[0.2, 1.0]);
    eager["rollout_options"]["autostart"] = json!(true);
    rollout.app.admin().replace(&rollout.flag_id, "production", &[ramp(eager)]).await.expect(200);
    assert_eq!(rollout.stands().await, at("RUNNING", 0, 0.2));
}

#[tokio::test]
async fn what_was_asked_of_one_run_is_not_done_to_another() {
    let rollout = Rollout::of(schedule(&[0.1, 1.0])).await;
    protect(&rollout.app).await;
    let (ada, ben) =
        (rollout.app.somebody(BuiltInRole::Editor).await, rollout.app.somebody(BuiltInRole::Editor).await);
    rollout.command(&ada, "start").await.expect(202);
    rollout.do_it("start").await;
    rollout.do_it("stop").await;
    let id = rollout.suggestion().await["id"].as_str().unwrap().to_owned();
    let body = json!({"data": {"type": "flag-suggestion-events", "attributes": {}}});
    let path = format!("/api/v2/feature-flags/suggestions/{id}/approve");
    ben.call("POST", &path, Some(body)).await.expect(409);
    assert_eq!(rollout.stands().await.0, "ABORTED");
}

#[tokio::test]
async fn a_restart_of_the_server_changes_nothing() {
    let mut rollout = Rollout::of(schedule(&[0.1, 0.5, 1.0])).await;
    rollout.do_it("start").await;
    let before = rollout.exposed().await;
    rollout.app = rollout.app.restart().await;
    assert_eq!(rollout.exposed().await, before);
    rollout.pass(60).await;
    assert_eq!(rollout.stands().await, at("RUNNING", 1, 0.5));
    assert!(keeps(&before, &rollout.exposed().await));
}
