//! What becomes of reports when the store of counts refuses or is away.

use crate::app::{TestApp, allocation};
use async_trait::async_trait;
use flaghoist_model::id::{EnvironmentId, FlagId};
use flaghoist_store::{
    CountedEvaluations, Error, EvaluationBucket, EvaluationTotal, EventStore, EvidencePoint, EvidenceWriter,
    Result, RunKey, SqliteEvents, StoredCell,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

fn exposure(variant: &str) -> String {
    json!({"exposures": [{"flag": "new-ui", "variant": variant, "allocation": "all"}]}).to_string()
}

async fn flag(app: &TestApp) -> String {
    let admin = app.admin();
    let id = admin.enabled_flag("new-ui", "STRING", &[("v", "1"), ("w", "2")], "production").await;
    admin.replace(&id, "production", &[allocation("all", "v", &json!([]))]).await.expect(200);
    id
}

#[tokio::test]
async fn while_the_store_is_away_nothing_is_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let events = Arc::new(SqliteEvents::open(directory.path()).await.unwrap());
    let app = TestApp::with(|app| app.events = Arc::clone(&events) as _).await;
    flag(&app).await;
    let reader = app.reader("production");
    reader.post("/sdk/v1/events", &JSON, &exposure("v")).await.expect(202);
    events.close().await;
    let refused = reader.post("/sdk/v1/events", &JSON, &exposure("v")).await.expect(503);
    assert_ne!(refused.header("retry-after"), "");
    let metrics = app.send("GET", "/metrics", &[], None).await.text;
    assert!(metrics.contains(r#"flaghoist_events_dropped_total{reason="store_unavailable"} 1"#), "{metrics}");
    assert!(metrics.contains("flaghoist_events_accepted_total 1"), "{metrics}");
    reader.evaluate("new-ui", json!({"targetingKey": "a"})).await.expect(200);
}

/// Counts that refuse everything about unknown variants, and take their time, so that reports are written together.
struct Particular(SqliteEvents);

#[async_trait]
impl EventStore for Particular {
    async fn add_evaluations(&self, counted: &[CountedEvaluations]) -> Result<()> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if counted.iter().any(|counted| counted.series.variant == "(unknown)") {
            let (row, reason) = ("a row".to_owned(), "is refused".to_owned());
            return Err(Error::Corrupt { table: "evaluation_counts", column: "evaluations", row, reason });
        }
        self.0.add_evaluations(counted).await
    }

    async fn evaluation_totals(
        &self,
        environment: EnvironmentId,
        flag: FlagId,
    ) -> Result<Vec<EvaluationTotal>> {
        self.0.evaluation_totals(environment, flag).await
    }

    async fn last_evaluations(&self, environment: EnvironmentId) -> Result<Vec<(FlagId, Timestamp)>> {
        self.0.last_evaluations(environment).await
    }

    async fn evaluation_buckets(
        &self,
        environment: EnvironmentId,
        flag: FlagId,
        minutes: Range<i64>,
        limit: i64,
    ) -> Result<Vec<EvaluationBucket>> {
        self.0.evaluation_buckets(environment, flag, minutes, limit).await
    }

    async fn compact_evaluations(&self, fold_before: i64, delete_before: i64) -> Result<()> {
        self.0.compact_evaluations(fold_before, delete_before).await
    }

    async fn begin_evidence(&self) -> Result<Box<dyn EvidenceWriter>> {
        self.0.begin_evidence().await
    }

    async fn evidence_cells(&self, run: RunKey) -> Result<(i64, Vec<StoredCell>)> {
        self.0.evidence_cells(run).await
    }

    async fn save_evidence_points(&self, run: RunKey, points: &[EvidencePoint]) -> Result<()> {
        self.0.save_evidence_points(run, points).await
    }

    async fn evidence_points(&self, run: RunKey, limit: i64) -> Result<Vec<EvidencePoint>> {
        self.0.evidence_points(run, limit).await
    }

    async fn prune_evidence(&self, keys_before: Timestamp, runs_before: Timestamp) -> Result<()> {
        self.0.prune_evidence(keys_before, runs_before).await
    }
}

#[tokio::test]
async fn what_is_wrong_with_one_report_is_no_matter_of_those_that_are_written_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let events = SqliteEvents::open(directory.path()).await.unwrap();
    let app = TestApp::with(|app| app.events = Arc::new(Particular(events))).await;
    let id = flag(&app).await;
    let reader = app.reader("production");
    let post =
        async |variant: &str| reader.post("/sdk/v1/events", &JSON, &exposure(variant)).await.status.as_u16();
    let statuses = tokio::join!(post("v"), post("nothing"), post("v"), post("v"), post("v"));
    assert_eq!(statuses, (202, 503, 202, 202, 202));
    let shown = app.admin().get(&format!("/api/v1/flags/{id}/evaluations")).await.expect(200).json();
    let environments = shown["environments"].as_array().unwrap();
    let totals: Vec<&Value> =
        environments.iter().flat_map(|environment| environment["totals"].as_array().unwrap()).collect();
    assert_eq!((totals.len(), &totals[0]["exposures"]), (1, &json!(4)));
}

#[tokio::test]
async fn a_key_that_is_not_known_while_the_database_is_away_may_be_new() {
    let app = TestApp::new().await;
    let headers = [("x-api-key", "ff_unknown")];
    app.send("GET", "/sdk/v1/config", &headers, None).await.expect(401);
    app.lose_database().await;
    app.state.publisher.refresh().await.unwrap_err();
    app.send("GET", "/sdk/v1/config", &headers, None).await.expect(503);
    app.send("GET", "/ofrep/v1/stream?token=unknown", &[], None).await.expect(503);
    app.reader("production").document().await.expect(200);
}
