//! Metrics are read back as they were saved, by the id that people gave them.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::Faults;
use flaghoist_model::id::ProjectId;
use flaghoist_model::metric::{
    Metric, MetricDefinition, MetricDraft, MetricKind, SourceDraft, SourceType, ThresholdDraft,
    ThresholdOperator,
};
use flaghoist_store::{Constraint, Error};
use jiff::SignedDuration;
use std::collections::BTreeMap;

on_both_engines!(
    a_metric_is_read_back_with_all_its_members,
    metrics_are_listed_oldest_first_and_found_by_their_id,
    a_changed_metric_has_the_revision_of_the_change,
    the_id_of_a_metric_is_unique_in_its_project_only,
    a_removed_metric_is_gone_and_its_id_free,
    another_project_has_none_of_them,
);

fn errors(id: &str, world: &World) -> Metric {
    let filter = BTreeMap::from([("severity".to_owned(), vec!["error".to_owned(), "a\u{0}b".to_owned()])]);
    let source = SourceDraft {
        source_type: Some(SourceType::Events),
        event: Some("checkout.error".to_owned()),
        filter: Some(filter),
        ..SourceDraft::default()
    };
    let draft = MetricDraft {
        id: Some(id.to_owned()),
        name: Some("Checkout errors".to_owned()),
        source: Some(source),
        ..MetricDraft::default()
    };
    Metric::create(draft, world.samples.project_id, world.samples.now, Faults::new()).unwrap()
}

fn share_of_failures(world: &World) -> Metric {
    let query = |query: &str| SourceDraft {
        source_type: Some(SourceType::Prometheus),
        query: Some(query.to_owned()),
        ..SourceDraft::default()
    };
    let draft = MetricDraft {
        id: Some("http/5xx share".to_owned()),
        description: Some("Of all requests".to_owned()),
        kind: Some(MetricKind::Threshold),
        source: Some(query("sum(rate_5xx{variant=\"$variant\"})")),
        denominator: Some(query("sum(rate_all{variant=\"$variant\"})")),
        // A number whose last digit tells whether it was kept.
        margin: Some(0.1 + 0.2),
        threshold: Some(ThresholdDraft {
            operator: Some(ThresholdOperator::Above),
            value: Some(1.0 / 3.0),
            ..ThresholdDraft::default()
        }),
        ..MetricDraft::default()
    };
    Metric::create(draft, world.samples.project_id, world.samples.now, Faults::new()).unwrap()
}

async fn a_metric_is_read_back_with_all_its_members(home: Home) {
    let world = World::new(&home).await;
    for (metric, revision) in [(errors("checkout-errors", &world), 2), (share_of_failures(&world), 3)] {
        world.change(async |writer| writer.insert_metric(&metric).await).await.unwrap();
        let found = world.read().await.find_metric(metric.project_id, &metric.definition.id).await.unwrap();
        assert_eq!(found, Some(Metric { revision, ..metric }));
    }
}

async fn metrics_are_listed_oldest_first_and_found_by_their_id(home: Home) {
    let mut world = World::new(&home).await;
    let project_id = world.samples.project_id;
    for id in ["z", "y", "A"] {
        let metric = errors(id, &world);
        world.change(async |writer| writer.insert_metric(&metric).await).await.unwrap();
        world.samples.later(SignedDuration::from_secs(1));
    }
    let mut reader = world.read().await;
    let listed = reader.metrics(project_id).await.unwrap();
    let ids: Vec<&str> = listed.iter().map(|metric| metric.definition.id.as_str()).collect();
    assert_eq!(ids, ["z", "y", "A"]);
    assert_eq!(reader.find_metric(project_id, "y").await.unwrap().as_ref(), Some(&listed[1]));
    assert_eq!(reader.find_metric(project_id, "a").await.unwrap(), None, "case counts");
}

async fn a_changed_metric_has_the_revision_of_the_change(home: Home) {
    let mut world = World::new(&home).await;
    let made = errors("checkout-errors", &world);
    world.change(async |writer| writer.insert_metric(&made).await).await.unwrap();
    world.samples.later(SignedDuration::from_hours(1));
    let definition =
        MetricDefinition { name: "Errors".to_owned(), min_subjects: 7, ..made.definition.clone() };
    let changed = Metric { definition, updated_at: world.samples.now, revision: 2, ..made.clone() };
    world.change(async |writer| writer.update_metric(&changed).await).await.unwrap();
    let found = world.read().await.metrics(made.project_id).await.unwrap();
    assert_eq!(found, [Metric { revision: 3, ..changed.clone() }]);

    let refusal = world.change(async |writer| writer.update_metric(&changed).await).await.unwrap_err();
    assert!(matches!(refusal, Error::Conflict { table: "metrics", expected: 2 }), "{refusal}");
    let unknown = errors("unknown", &world);
    let refusal = world.change(async |writer| writer.update_metric(&unknown).await).await.unwrap_err();
    assert!(matches!(refusal, Error::NotFound { table: "metrics" }), "{refusal}");
}

async fn the_id_of_a_metric_is_unique_in_its_project_only(home: Home) {
    let world = World::new(&home).await;
    let neighbour = world.neighbour().await;
    let metric = errors("checkout-errors", &world);
    world.change(async |writer| writer.insert_metric(&metric).await).await.unwrap();
    let refusal = world.change(async |writer| writer.insert_metric(&metric).await).await.unwrap_err();
    assert!(matches!(refusal, Error::Duplicate(Constraint::MetricId)), "{refusal}");
    let theirs = errors("checkout-errors", &neighbour);
    neighbour.change(async |writer| writer.insert_metric(&theirs).await).await.unwrap();
}

async fn a_removed_metric_is_gone_and_its_id_free(home: Home) {
    let world = World::new(&home).await;
    let metric = errors("checkout-errors", &world);
    world.change(async |writer| writer.insert_metric(&metric).await).await.unwrap();
    world.change(async |writer| writer.delete_metric("checkout-errors").await).await.unwrap();
    assert_eq!(world.read().await.metrics(metric.project_id).await.unwrap(), []);
    let refusal =
        world.change(async |writer| writer.delete_metric("checkout-errors").await).await.unwrap_err();
    assert!(matches!(refusal, Error::NotFound { table: "metrics" }), "{refusal}");
    world.change(async |writer| writer.insert_metric(&metric).await).await.unwrap();
}

async fn another_project_has_none_of_them(home: Home) {
    let world = World::new(&home).await;
    let neighbour = world.neighbour().await;
    let metric = errors("checkout-errors", &world);
    let refusal = neighbour.change(async |writer| writer.insert_metric(&metric).await).await.unwrap_err();
    assert!(matches!(refusal, Error::NotFound { .. }), "{refusal}");
    world.change(async |writer| writer.insert_metric(&metric).await).await.unwrap();
    let theirs: ProjectId = neighbour.samples.project_id;
    let mut reader = neighbour.read().await;
    assert_eq!(reader.metrics(theirs).await.unwrap(), []);
    assert_eq!(reader.find_metric(theirs, "checkout-errors").await.unwrap(), None);
    drop(reader);
    let delete = neighbour.change(async |writer| writer.delete_metric("checkout-errors").await).await;
    assert!(matches!(delete, Err(Error::NotFound { table: "metrics" })));
}
