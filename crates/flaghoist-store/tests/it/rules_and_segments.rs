//! What targeting rules and segments need: rollouts, clauses, and saved filters and context attributes that change.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::clause::{ClauseDraft, ClauseOperator};
use flaghoist_model::context_attribute::ContextAttribute;
use flaghoist_model::flag_environment::{ClauseRuleDraft, FlagEnvironment, RuleKind};
use flaghoist_model::id::SavedFilterId;
use flaghoist_model::project::Project;
use flaghoist_model::rollout::RolloutDraft;
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::{Faults, Patch};
use jiff::SignedDuration;
use serde_json::json;
use std::collections::BTreeMap;

on_both_engines!(
    rules_of_clauses_are_read_back_with_the_rollouts_they_serve,
    a_saved_filter_is_changed_and_removed_and_says_where_it_is_used,
    a_context_attribute_is_saved_again_and_removed,
    a_project_is_renamed,
);

async fn rules_of_clauses_are_read_back_with_the_rollouts_they_serve(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (environment, flag) = (samples.production(), samples.rich_flag("checkout"));
    let entry = samples.serving(&flag, &environment, &[], Vec::new());
    let share = |value: f64, variant: usize| flaghoist_model::allocation::WeightDraft {
        variant_id: Some(flag.variants[variant].id),
        value: Some(value),
        ..Default::default()
    };
    let rollout = RolloutDraft {
        strategy: Some("variant".to_owned()),
        variants: Some(vec![share(12.5, 0), share(87.5, 1)]),
        ..RolloutDraft::default()
    };
    let (entry, rollout_id) =
        entry.with_rollout(None, rollout, &flag, samples.now, &samples.ids, Faults::new()).unwrap();
    let clause = |value: &str| ClauseDraft {
        attribute: Some("plan".to_owned()),
        operator: Some(ClauseOperator::Contains),
        value: Some(json!(value)),
        ..ClauseDraft::default()
    };
    let rule = ClauseRuleDraft {
        name: Some("Customers".to_owned()),
        kind: Some(RuleKind::Custom),
        clauses: Some(vec![
            clause("pro"),
            ClauseDraft { logical_op: Some("OR".to_owned()), ..clause("team") },
        ]),
        rollout_id: Patch::Set(rollout_id),
        order_index: Some(1.5),
        ..ClauseRuleDraft::default()
    };
    let context = flaghoist_model::allocation::AllocationContext {
        flag: &flag,
        default_variant_id: entry.default_variant_id,
        saved_filters: &BTreeMap::new(),
        now: samples.now,
        ids: &samples.ids,
    };
    let (entry, _) = entry.with_targeting_rule(None, rule, &context, Faults::new()).unwrap();
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_flag(&flag).await?;
            writer.save_flag_environment(&entry).await
        })
        .await
        .unwrap();
    let found = world.read().await.flag_environments(&[flag.id]).await.unwrap();
    assert_eq!(found, [FlagEnvironment { revision: 2, ..entry }]);
}

async fn a_saved_filter_is_changed_and_removed_and_says_where_it_is_used(home: Home) {
    let mut world = World::new(&home).await;
    let filter = world.samples.saved_filter("DACH");
    let (environment, flag) = (world.samples.production(), world.samples.rich_flag("checkout"));
    let draft = world.samples.rich_allocation("dach", &flag, &filter);
    let entry = world.samples.serving(&flag, &environment, std::slice::from_ref(&filter), vec![draft]);
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_flag(&flag).await?;
            writer.insert_saved_filter(&filter).await?;
            writer.save_flag_environment(&entry).await
        })
        .await
        .unwrap();
    let project_id = world.samples.project_id;
    let uses = world.read().await.saved_filter_uses(project_id, filter.id).await.unwrap();
    let places: Vec<_> = uses.iter().map(|used| (used.flag_id, used.environment_id)).collect();
    assert_eq!(places, [(flag.id, environment.id)]);

    world.samples.later(SignedDuration::from_hours(1));
    let renamed = SavedFilter {
        key: "d-a-ch".to_owned(),
        name: "D, A and CH".to_owned(),
        description: None,
        updated_at: world.samples.now,
        revision: 2,
        ..filter.clone()
    };
    world.change(async |writer| writer.update_saved_filter(&renamed).await).await.unwrap();
    let found = world.read().await.saved_filters(project_id).await.unwrap();
    assert_eq!(found, [SavedFilter { revision: 3, ..renamed }]);
    world.change(async |writer| writer.update_saved_filter(&filter).await).await.unwrap_err();

    let unused = FlagEnvironment { allocations: Vec::new(), revision: 2, ..entry };
    world.change(async |writer| writer.save_flag_environment(&unused).await).await.unwrap();
    assert_eq!(world.read().await.saved_filter_uses(project_id, filter.id).await.unwrap(), []);
    world.change(async |writer| writer.delete_saved_filter(filter.id).await).await.unwrap();
    assert_eq!(world.read().await.saved_filters(project_id).await.unwrap(), []);
    let never = SavedFilterId::mint(&world.samples.ids);
    world.change(async |writer| writer.delete_saved_filter(never).await).await.unwrap_err();
}

async fn a_context_attribute_is_saved_again_and_removed(home: Home) {
    let world = World::new(&home).await;
    let project_id = world.samples.project_id;
    let known = ContextAttribute::in_every_project(project_id, world.samples.now);
    let attribute = ContextAttribute { suggestions: vec!["pro".to_owned()], ..known[0].clone() };
    for label in ["Who", "Whose"] {
        let labelled = ContextAttribute { label: label.to_owned(), ..attribute.clone() };
        world.change(async |writer| writer.save_context_attribute(&labelled).await).await.unwrap();
        let found = world.read().await.context_attributes(project_id).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found, [ContextAttribute { revision: found[0].revision, ..labelled }]);
    }
    world.change(async |writer| writer.delete_context_attribute(attribute.id).await).await.unwrap();
    assert_eq!(world.read().await.context_attributes(project_id).await.unwrap(), []);
}

async fn a_project_is_renamed(home: Home) {
    let mut world = World::new(&home).await;
    let [made] = world.read().await.projects().await.unwrap().try_into().unwrap();
    world.samples.later(SignedDuration::from_hours(1));
    let renamed = Project {
        name: "Shop".to_owned(),
        description: Some("Sells things".to_owned()),
        updated_at: world.samples.now,
        ..made
    };
    world.change(async |writer| writer.update_project(&renamed).await).await.unwrap();
    let found = world.read().await.projects().await.unwrap();
    assert_eq!(found, [Project { revision: 2, ..renamed }]);
}
