//! Guardrails of rollouts, from what applications report to what becomes of the rollout.

use crate::app::TestApp;
use crate::prometheus::fake::{Fake, matrix, series};
use crate::rollouts::{ramp, schedule};
use flaghoist_server::guardrails::{gather_now, look_at_all};
use flaghoist_server::prometheus::Prometheus;
use flaghoist_server::rollouts::move_all_due;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// An application with a flag that is rolled out in production, watched by metrics.
struct Guarded {
    app: TestApp,
    flag_id: String,
    id: String,
}

impl Guarded {
    /// A rollout by steps of a minute, that `metrics` (definition and action) watch.
    async fn of(ratios: &[f64], metrics: &[(Value, &str)]) -> Self {
        Self::on(TestApp::new().await, ratios, metrics).await
    }

    /// The same, on an application of one's own.
    async fn on(app: TestApp, ratios: &[f64], metrics: &[(Value, &str)]) -> Self {
        for (metric, _) in metrics {
            app.admin().call("POST", "/api/v1/metrics", Some(metric.clone())).await.expect(201);
        }
        let variants = [("off", "OFF"), ("on", "ON")];
        let flag_id = app.admin().enabled_flag("checkout", "STRING", &variants, "production").await;
        let mut allocation = ramp(schedule(ratios));
        allocation["exposure_schedule"]["control_variant_key"] = json!("off");
        let guardrail =
            |(metric, action): &(Value, &str)| json!({"metric_id": metric["id"], "trigger_action": action});
        allocation["guardrail_metrics"] = metrics.iter().map(guardrail).collect();
        let answer = app.admin().replace(&flag_id, "production", &[allocation]).await.expect(200).json();
        let id = answer["data"][0]["attributes"]["exposure_schedule"]["id"].as_str().unwrap().to_owned();
        Self { app, flag_id, id }
    }

    /// The usual: errors stop it.
    async fn usual() -> Self {
        Self::of(&[0.5, 1.0], &[(errors(), "ABORT")]).await
    }

    async fn command(&self, command: &str) -> Value {
        let path = format!("/api/v2/feature-flags/exposure-schedules/{}/{command}", self.id);
        self.app.admin().call("POST", &path, None).await.expect(200).json()["data"]["attributes"].clone()
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Value {
        let answer = self.app.reader("production").post(path, headers, &body.to_string()).await;
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
        answer.json()
    }

    /// Which variant a subject gets.
    async fn served(&self, subject: &str) -> String {
        let answer =
            self.app.reader("production").evaluate("checkout", json!({"targetingKey": subject})).await;
        answer.json()["variant"].as_str().unwrap_or("none").to_owned()
    }

    /// Exposes so many subjects and tells of an error of each `share`-th of those who get a variant.
    async fn live(&self, subjects: std::ops::Range<usize>, every: &[(&str, usize)]) {
        let (mut exposures, mut events) = (Vec::new(), Vec::new());
        let mut seen = std::collections::HashMap::new();
        for number in subjects {
            let subject = format!("subject-{number}");
            let variant = self.served(&subject).await;
            exposures.push(
                json!({"flag": "checkout", "allocation": "ramp", "variant": variant, "subject": subject}),
            );
            let count = seen.entry(variant.clone()).or_insert(0_usize);
            *count += 1;
            if every.iter().any(|(key, every)| *key == variant && count.is_multiple_of(*every)) {
                events.push(json!({"name": "checkout.error", "subject": subject}));
            }
        }
        let taken = self.post("/sdk/v1/events", &[], &json!({"exposures": exposures})).await;
        assert_eq!(taken["accepted"], exposures.len());
        let taken = self.post("/sdk/v1/metric-events", &[], &json!({"events": events})).await;
        assert_eq!((&taken["accepted"], &taken["dropped"]), (&json!(events.len()), &json!({})));
    }

    async fn look(&self) {
        look_at_all(&self.app.state).await.unwrap();
    }

    async fn pass(&self, seconds: i64) {
        self.app.advance(SignedDuration::from_secs(seconds));
        move_all_due(&self.app.state).await.unwrap();
    }

    /// What the Datadog API shows of its allocation.
    async fn allocation(&self) -> Value {
        let flag =
            self.app.admin().get(&format!("/api/v2/feature-flags/{}", self.flag_id)).await.expect(200).json();
        let environments =
            flag["data"]["attributes"]["feature_flag_environments"].as_array().unwrap().clone();
        let production = self.app.environment_id("production");
        let entry = environments.into_iter().find(|entry| entry["environment_id"] == production).unwrap();
        entry["allocations"]["ramp"].clone()
    }

    async fn stands(&self) -> (String, Value, f64) {
        let schedule = self.allocation().await["exposure_schedule"].clone();
        let ratio = schedule["current_exposure_ratio"].as_f64().unwrap();
        (schedule["status"].as_str().unwrap().to_owned(), schedule["pause_reason"].clone(), ratio)
    }

    async fn evidence(&self) -> Value {
        self.app.admin().get(&format!("/api/v1/rollouts/{}/guardrails", self.id)).await.expect(200).json()
    }
}

fn errors() -> Value {
    json!({"id": "errors", "source": {"type": "events", "event": "checkout.error"}})
}

fn stands(status: &str, reason: Value, ratio: f64) -> (String, Value, f64) {
    (status.to_owned(), reason, ratio)
}

#[tokio::test]
async fn a_treatment_with_more_errors_is_taken_back_by_itself_and_everybody_can_see_why() {
    let rollout = Guarded::usual().await;
    rollout.command("start").await;
    rollout.live(0..600, &[("off", 50), ("on", 8)]).await;
    rollout.look().await;
    assert_eq!(rollout.stands().await, stands("ABORTED", json!(null), 0.0));
    for number in 0..50 {
        assert_eq!(
            rollout.served(&format!("subject-{number}")).await,
            "off",
            "the default of the environment"
        );
    }

    let allocation = rollout.allocation().await;
    let flag = rollout.app.admin().get(&format!("/api/v2/feature-flags/{}", rollout.flag_id)).await.json();
    let on = flag["data"]["attributes"]["variants"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["key"] == "on")
        .unwrap();
    assert_eq!(allocation["guardrail_metrics"][0]["triggered_by"], "guardrail_monitor");
    let schedule = &allocation["exposure_schedule"];
    assert_eq!(schedule["guardrail_triggered_action"], "ABORT");
    let triggers = schedule["guardrail_triggers"].as_array().unwrap();
    assert_eq!(triggers.len(), 1);
    assert_eq!(triggers[0]["metric_id"], "errors");
    assert_eq!(triggers[0]["triggered_action"], "ABORT");
    assert_eq!(triggers[0]["flagging_variant_id"], on["id"]);
    assert_eq!(triggers[0]["allocation_exposure_schedule_id"], rollout.id.as_str());

    let path = format!("/api/v1/flags/{}/history?aggregate=flag_environment", rollout.flag_id);
    let history = rollout.app.admin().get(&path).await.expect(200).json();
    let last = &history["data"][0];
    assert_eq!(last["action"], "rollout_stopped");
    assert!(last["reason"].as_str().unwrap().contains("\"errors\" shows harm by variant \"on\""), "{last}");

    let evidence = rollout.evidence().await;
    let of_errors = &evidence["metrics"][0]["evidence"][0];
    assert_eq!((&of_errors["state"], &of_errors["variant"]["key"]), (&json!("fired"), &json!("on")));
    assert!(of_errors["adjusted"].as_f64().unwrap() >= 20_f64.ln());
    assert!(of_errors["change"].as_f64().unwrap() > 1.0);
    let exposed = &evidence["steps"][0]["exposures"];
    assert_eq!(exposed["on"].as_u64().unwrap() + exposed["off"].as_u64().unwrap(), 600);
}

#[tokio::test]
async fn a_treatment_like_the_control_reaches_its_end() {
    let rollout = Guarded::usual().await;
    rollout.command("start").await;
    rollout.live(0..600, &[("off", 20), ("on", 20)]).await;
    rollout.look().await;
    assert_eq!(rollout.stands().await, stands("RUNNING", json!(null), 0.5));
    rollout.pass(61).await;
    assert_eq!(rollout.stands().await, stands("COMPLETED", json!(null), 1.0));
    assert_eq!(rollout.evidence().await["metrics"][0]["evidence"][0]["state"], "watching");
}

#[tokio::test]
async fn harm_that_nobody_looked_at_yet_is_found_before_the_next_step() {
    let rollout = Guarded::usual().await;
    rollout.command("start").await;
    rollout.live(0..600, &[("off", 50), ("on", 8)]).await;
    rollout.pass(61).await;
    assert_eq!(rollout.stands().await, stands("ABORTED", json!(null), 0.0));
}

#[tokio::test]
async fn a_pause_lasts_until_somebody_resumes_and_then_watches_from_zero() {
    let rollout = Guarded::of(&[0.5, 1.0], &[(errors(), "PAUSE")]).await;
    rollout.command("start").await;
    rollout.live(0..600, &[("off", 50), ("on", 8)]).await;
    rollout.look().await;
    assert_eq!(rollout.stands().await, stands("PAUSED", json!("guardrail"), 0.5));
    rollout.pass(1_000).await;
    assert_eq!(rollout.stands().await, stands("PAUSED", json!("guardrail"), 0.5));
    rollout.command("resume").await;
    rollout.look().await;
    assert_eq!(
        rollout.stands().await,
        stands("RUNNING", json!(null), 0.5),
        "no second alarm by the same evidence"
    );
    let evidence = rollout.evidence().await;
    assert_eq!(evidence["metrics"][0]["evidence"][0]["since_step"], 1);
    assert_eq!(evidence["triggers"][0]["restarted_in"], 1);
    // Subjects that were counted are not counted again, others are.
    rollout.live(600..1_200, &[("off", 50), ("on", 8)]).await;
    rollout.look().await;
    assert_eq!(rollout.stands().await, stands("PAUSED", json!("guardrail"), 0.5));
    let schedule = rollout.allocation().await["exposure_schedule"].clone();
    assert_eq!(schedule["guardrail_triggers"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_rollout_that_is_started_again_knows_nothing_of_its_last_run() {
    let rollout = Guarded::usual().await;
    rollout.command("start").await;
    rollout.live(0..600, &[("off", 50), ("on", 8)]).await;
    rollout.look().await;
    let again = rollout.command("start").await;
    assert_eq!((&again["run"], &again["guardrail_triggers"]), (&json!(2), &json!([])));
    rollout.look().await;
    assert_eq!(rollout.stands().await.0, "RUNNING");
    let evidence = rollout.evidence().await;
    assert_eq!((&evidence["run"], &evidence["runs"]), (&json!(2), &json!([2, 1])));
    assert_eq!(evidence["metrics"][0]["evidence"][0]["n_treatment"], 0);
    let first = rollout.app.admin().get(&format!("/api/v1/rollouts/{}/guardrails?run=1", rollout.id)).await;
    assert_eq!(first.expect(200).json()["metrics"][0]["evidence"][0]["state"], "fired");
    let unknown = rollout.app.admin().get(&format!("/api/v1/rollouts/{}/guardrails?run=9", rollout.id)).await;
    unknown.expect(400);
    for number in ["0", "one", "9223372036854775808"] {
        let path = format!("/api/v1/rollouts/{}/guardrails?run={number}", rollout.id);
        let refused = rollout.app.admin().get(&path).await.expect(400);
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn the_same_report_again_changes_nothing() {
    let revenue = json!({"id": "revenue", "kind": "sum", "window_ms": null, "direction": "decrease_is_bad",
        "source": {"type": "events", "event": "order"}});
    let rollout = Guarded::of(&[0.5, 1.0], &[(errors(), "ABORT"), (revenue, "PAUSE")]).await;
    rollout.command("start").await;
    rollout.live(0..20, &[("off", 2), ("on", 2)]).await;
    let events: Vec<Value> = (0..20)
        .map(|number| json!({"name": "order", "subject": format!("subject-{number}"), "value": 10, "event_id": format!("e{number}")}))
        .collect();
    let report = json!({ "events": events });
    rollout.post("/sdk/v1/metric-events", &[], &report).await;
    let keyed = json!({"events": [{"name": "order", "subject": "subject-1", "value": 5}]});
    rollout.post("/sdk/v1/metric-events", &[("idempotency-key", "one")], &keyed).await;
    rollout.look().await;
    let before = rollout.evidence().await;
    rollout.live(0..20, &[("off", 2), ("on", 2)]).await;
    rollout.post("/sdk/v1/metric-events", &[], &report).await;
    rollout.post("/sdk/v1/metric-events", &[("idempotency-key", "one")], &keyed).await;
    rollout.look().await;
    assert_eq!(rollout.evidence().await, before);
    let unkeyed = json!({"events": [{"name": "order", "subject": "subject-2", "value": 5}]});
    rollout.post("/sdk/v1/metric-events", &[], &unkeyed).await;
    assert_eq!(before["metrics"][1]["evidence"][0]["lane"], "ratios");
}

#[tokio::test]
async fn a_rollout_that_starts_as_it_is_saved_is_watched_too() {
    let rollout = Guarded::usual().await;
    let admin = rollout.app.admin();
    let flag_id = admin.enabled_flag("other", "STRING", &[("off", "OFF"), ("on", "ON")], "production").await;
    let mut other = ramp(schedule(&[0.5, 1.0]));
    other["key"] = json!("other-ramp");
    other["guardrail_metrics"] = json!([{"metric_id": "errors", "trigger_action": "ABORT"}]);
    other["exposure_schedule"]["rollout_options"]["autostart"] = json!(true);
    let answer = admin.replace(&flag_id, "production", &[other]).await.expect(200).json();
    let shown = &answer["data"][0]["attributes"];
    assert_eq!((&shown["exposure_schedule"]["status"], &shown["warnings"]), (&json!("RUNNING"), &json!([])));
    let id = shown["exposure_schedule"]["id"].as_str().unwrap();
    let evidence = admin.get(&format!("/api/v1/rollouts/{id}/guardrails")).await.expect(200).json();
    assert_eq!(evidence["run"], 1);
}

#[tokio::test]
async fn an_undefined_metric_is_accepted_warns_and_holds_nothing() {
    let rollout = Guarded::usual().await;
    let admin = rollout.app.admin();
    let mut other = ramp(schedule(&[0.5, 1.0]));
    other["guardrail_metrics"] = json!([{"metric_id": "nobody-knows", "trigger_action": "ABORT"}]);
    let flag_id = admin.enabled_flag("other", "STRING", &[("off", "OFF"), ("on", "ON")], "production").await;
    other["key"] = json!("other-ramp");
    let answer = admin.replace(&flag_id, "production", &[other]).await.expect(200).json();
    let attributes = &answer["data"][0]["attributes"];
    let warning = attributes["warnings"][0].as_str().unwrap();
    assert!(warning.contains("\"nobody-knows\" has no metric definition"), "{warning}");
    let id = attributes["exposure_schedule"]["id"].as_str().unwrap();
    admin
        .call("POST", &format!("/api/v2/feature-flags/exposure-schedules/{id}/start"), None)
        .await
        .expect(200);
    let evidence = admin.get(&format!("/api/v1/rollouts/{id}/guardrails")).await.expect(200).json();
    assert_eq!((&evidence["run"], &evidence["undefined_metrics"]), (&json!(null), &json!(["nobody-knows"])));
    rollout.pass(61).await;
    let shown = admin.get(&format!("/api/v1/rollouts/{id}")).await.json();
    assert_eq!(shown["status"], "COMPLETED");
}

#[tokio::test]
async fn exposures_that_are_missing_in_one_arm_pause_the_rollout_and_keep_what_they_explain_from_acting() {
    let rollout = Guarded::of(&[0.5, 1.0], &[(errors(), "ABORT")]).await;
    rollout.command("start").await;
    // Two of three exposures of the control are lost, and errors with them are not counted.
    let (mut exposures, mut events, mut lost) = (Vec::new(), Vec::new(), 0);
    for number in 0..600 {
        let subject = format!("subject-{number}");
        let variant = rollout.served(&subject).await;
        lost += usize::from(variant == "off");
        if variant == "on" || lost.is_multiple_of(3) {
            exposures.push(
                json!({"flag": "checkout", "allocation": "ramp", "variant": variant, "subject": subject}),
            );
        }
        if number % 10 == 0 {
            events.push(json!({"name": "checkout.error", "subject": subject}));
        }
    }
    rollout.post("/sdk/v1/events", &[], &json!({"exposures": exposures})).await;
    rollout.post("/sdk/v1/metric-events", &[], &json!({"events": events})).await;
    rollout.look().await;
    assert_eq!(rollout.stands().await, stands("PAUSED", json!("health"), 0.5));
    let evidence = rollout.evidence().await;
    assert_eq!(evidence["triggers"][0]["check"], "sample_ratio_mismatch");
    assert_eq!(rollout.allocation().await["exposure_schedule"]["guardrail_triggers"], json!([]));
}

#[tokio::test]
async fn logs_of_opentelemetry_are_exposures_and_events() {
    let metric = json!({"id": "errors", "source": {"type": "otlp_log", "event": "checkout.error"}});
    let rollout = Guarded::of(&[0.5, 1.0], &[(metric, "ABORT")]).await;
    rollout.command("start").await;
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let mut records = Vec::new();
    for number in 0..300 {
        let subject = format!("subject-{number}");
        let variant = rollout.served(&subject).await;
        let attributes = json!([
            text("feature_flag.key", "checkout"),
            text("feature_flag.result.variant", &variant),
            text("feature_flag.context.id", &subject),
            text("feature_flag.result.reason", "split")
        ]);
        records.push(json!({"eventName": "feature_flag.evaluation", "attributes": attributes}));
        if number % 4 == 0 && variant == "on" {
            let attributes = json!([text("feature_flag.context.id", &subject)]);
            records.push(json!({"eventName": "checkout.error", "attributes": attributes}));
        }
    }
    let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]});
    assert_eq!(rollout.post("/v1/logs", &[], &body).await, json!({}));
    rollout.look().await;
    assert_eq!(rollout.stands().await.0, "ABORTED");
    let counted =
        rollout.app.admin().get(&format!("/api/v1/flags/{}/evaluations", rollout.flag_id)).await.json();
    assert!(counted.to_string().contains("\"exposures\":"), "they are counted like other exposures");
}

#[tokio::test]
async fn charts_get_how_the_evidence_stood() {
    let rollout = Guarded::usual().await;
    rollout.command("start").await;
    rollout.live(0..100, &[("off", 10), ("on", 10)]).await;
    rollout.look().await;
    rollout.app.advance(SignedDuration::from_secs(40));
    rollout.look().await;
    let history =
        rollout.app.admin().get(&format!("/api/v1/rollouts/{}/guardrails/history", rollout.id)).await;
    let history = history.expect(200).json();
    assert_eq!(history["series"][0]["metric_id"], "errors");
    let points = history["series"][0]["points"].as_array().unwrap();
    assert_eq!(points.len(), 2);
    assert!(points[0]["at"].as_str().unwrap() < points[1]["at"].as_str().unwrap());
    assert_eq!(points[1]["state"], "watching");
}

#[tokio::test]
async fn reports_that_make_no_sense_are_refused_and_change_nothing() {
    let rollout = Guarded::usual().await;
    rollout.command("start").await;
    let reader = rollout.app.reader("production");
    for body in ["", "[]", "{\"events\": 3}", "{", "null"] {
        reader.post("/sdk/v1/metric-events", &[], body).await.expect(400);
    }
    reader.post("/v1/logs", &[], "{").await.expect(400);
    for (path, media_type, body, status) in
        [("/v1/logs", "text/html", "{}", 415), ("/v1/traces", "application/x-protobuf", "garbage", 400)]
    {
        let headers = [("x-api-key", reader.key()), ("content-type", media_type)];
        rollout.app.send("POST", path, &headers, Some(body.into())).await.expect(status);
    }
    let strange = json!({"events": [{"name": "checkout.error"}, {"name": "checkout.error", "subject": ""},
        {"name": 3, "subject": "a"}, {"name": "checkout.error", "subject": "a", "timestamp": 1}]});
    let taken = rollout.post("/sdk/v1/metric-events", &[], &strange).await;
    assert_eq!(taken["accepted"], 0);
    assert_eq!(taken["dropped"]["out_of_time"], 1);
    assert_eq!(taken["dropped"]["without_subject"], 2);
    assert_eq!(rollout.evidence().await["metrics"][0]["evidence"][0]["state"], "no_data");
    let stranger = rollout
        .app
        .send("POST", "/sdk/v1/metric-events", &[], Some(json!({"events": []}).to_string().into()))
        .await;
    stranger.expect(401);
}

/// A share of errors above 5 % in three of five minutes.
fn error_share() -> Value {
    let query =
        |name: &str| json!({"type": "prometheus", "query": format!("{name}{{variant=\"$variant\"}}")});
    json!({"id": "error-share", "kind": "threshold", "source": query("errors_total"),
        "denominator": query("requests_total"),
        "threshold": {"operator": ">", "value": 0.05, "failing_blocks": 3, "of_blocks": 5, "min_requests": 10}})
}

/// A Prometheus whose counters grow by so much a minute; none for no series.
async fn prometheus(errors_of_on: Option<i64>) -> Fake {
    Fake::start(move |question| {
        let query = question.text("query");
        let rate = match (query.contains("errors_total"), query.contains("\"on\"")) {
            (true, true) => errors_of_on,
            (true, false) => errors_of_on.map(|_| 1),
            (false, _) => errors_of_on.map(|_| 100),
        };
        let Some(rate) = rate else { return (200, matrix(&[])) };
        let minutes = question.minute("start")..=question.minute("end");
        let samples: Vec<(i64, String)> =
            minutes.map(|minute| (minute, (minute * rate).to_string())).collect();
        let samples: Vec<(i64, &str)> =
            samples.iter().map(|(minute, value)| (*minute, value.as_str())).collect();
        (200, matrix(&[series(&[], &samples)]))
    })
    .await
}

/// A rollout that a metric of a Prometheus would abort, after some minutes.
async fn watched_by(prometheus: &Fake) -> Guarded {
    let url = prometheus.url().to_owned();
    let app = TestApp::with(|app| app.prometheus = Some(Prometheus::new(&url, None).unwrap())).await;
    let rollout = Guarded::on(app, &[0.5, 1.0], &[(error_share(), "ABORT")]).await;
    rollout.command("start").await;
    rollout.app.advance(SignedDuration::from_mins(6));
    gather_now(&rollout.app.state).await;
    rollout
}

#[tokio::test]
async fn a_prometheus_metric_pauses_what_it_may_not_abort() {
    let rollout = watched_by(&prometheus(Some(20)).await).await;
    rollout.look().await;
    assert_eq!(rollout.stands().await, stands("PAUSED", json!("guardrail"), 0.5));
    let evidence = rollout.evidence().await;
    assert_eq!(evidence["metrics"][0]["action"], "PAUSE");
    assert_eq!(evidence["metrics"][0]["evidence"][0]["lane"], "threshold");
}

#[tokio::test]
async fn a_prometheus_that_says_all_is_well_lets_the_rollout_go_on() {
    let rollout = watched_by(&prometheus(Some(2)).await).await;
    rollout.pass(0).await;
    assert_eq!(rollout.stands().await, stands("COMPLETED", json!(null), 1.0));
}

#[tokio::test]
async fn a_prometheus_without_an_answer_holds_the_next_step() {
    let rollout = watched_by(&prometheus(None).await).await;
    rollout.pass(0).await;
    assert_eq!(rollout.stands().await, stands("RUNNING", json!(null), 0.5));
    let evidence = rollout.evidence().await;
    assert_eq!(evidence["holds"][0]["reason"], "no_aggregates");
    assert_eq!(evidence["holds"][0]["metric_id"], "error-share");
}
