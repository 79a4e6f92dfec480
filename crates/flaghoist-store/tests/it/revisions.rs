//! Every change makes the next revision of its project, and followers find it by that.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::credential::CredentialKind;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Action, Aggregate};
use flaghoist_store::{ChangeNotice, Error, Writer};

on_both_engines!(
    a_change_made_from_an_old_flag_is_a_conflict,
    a_change_made_from_an_old_environment_is_a_conflict,
    a_change_made_from_what_a_flag_served_before_is_a_conflict,
    a_dropped_writer_undoes_everything_and_leaves_no_gap,
    a_change_is_in_the_history_under_the_revision_it_made,
    the_history_is_read_in_parts,
    followers_of_the_history_get_what_they_may_see_without_documents,
    a_follower_gets_everything_at_first_and_then_what_changed,
    projects_count_for_themselves,
);

/// Asserts that the work is refused because the row is newer than what the change was made from.
async fn conflicts(
    world: &World,
    table: &str,
    work: impl AsyncFnOnce(&mut dyn Writer) -> flaghoist_store::Result<()>,
) {
    match world.change(work).await {
        Err(Error::Conflict { table: found, .. }) => assert_eq!(found, table),
        other => panic!("expected a conflict in {table}, got {other:?}"),
    }
}

async fn a_change_made_from_an_old_flag_is_a_conflict(home: Home) {
    let world = World::new(&home).await;
    let flag = world.samples.flag("checkout");
    world.change(async |writer| writer.insert_flag(&flag).await).await.unwrap();
    let read_by_both = Flag { revision: 2, ..flag };
    let first = Flag { name: "First".to_owned(), ..read_by_both.clone() };
    world.change(async |writer| writer.update_flag(&first).await).await.unwrap();

    let second = Flag { name: "Second".to_owned(), ..read_by_both };
    conflicts(&world, "flags", async |writer: &mut dyn Writer| writer.update_flag(&second).await).await;
    let found = world.read().await.find_flag(world.samples.project_id, first.id).await.unwrap();
    assert_eq!(found, Some(Flag { revision: 3, ..first }));
}

async fn a_change_made_from_an_old_environment_is_a_conflict(home: Home) {
    let world = World::new(&home).await;
    let environment = world.samples.production();
    world.change(async |writer| writer.insert_environment(&environment).await).await.unwrap();
    let read_by_both = Environment { revision: 2, ..environment };
    // That its content changed in between is no conflict: the content has a revision of its own.
    let at = world.samples.now;
    world.change(async |writer| writer.touch_content(&[read_by_both.id], at).await).await.unwrap();
    let first = Environment { name: "First".to_owned(), ..read_by_both.clone() };
    world.change(async |writer| writer.update_environment(&first).await).await.unwrap();

    let second = Environment { name: "Second".to_owned(), ..read_by_both };
    let update = async |writer: &mut dyn Writer| writer.update_environment(&second).await;
    conflicts(&world, "environments", update).await;
}

async fn a_change_made_from_what_a_flag_served_before_is_a_conflict(home: Home) {
    let world = World::new(&home).await;
    let (environment, flag) = (world.samples.production(), world.samples.flag("checkout"));
    let initial = FlagEnvironment::initial(&flag, environment.id);
    let enabled = initial.with_enabled(true, world.samples.now);
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_flag(&flag).await?;
            writer.save_flag_environment(&enabled).await
        })
        .await
        .unwrap();
    // Made from "nothing was changed yet", which is no longer so.
    let save = async |writer: &mut dyn Writer| writer.save_flag_environment(&initial).await;
    conflicts(&world, "flag_environments", save).await;

    let read_by_both = FlagEnvironment { revision: 2, ..enabled };
    let disabled = read_by_both.with_enabled(false, world.samples.now);
    world.change(async |writer| writer.save_flag_environment(&disabled).await).await.unwrap();
    let save = async |writer: &mut dyn Writer| writer.save_flag_environment(&read_by_both).await;
    conflicts(&world, "flag_environments", save).await;
}

async fn a_dropped_writer_undoes_everything_and_leaves_no_gap(home: Home) {
    let world = World::new(&home).await;
    let (environment, flag) = (world.samples.production(), world.samples.flag("checkout"));
    for _ in 0..3 {
        let mut writer = world.begin().await;
        assert_eq!(writer.revision(), 2);
        writer.insert_environment(&environment).await.unwrap();
        writer.insert_flag(&flag).await.unwrap();
        let seen = writer.find_flag(world.samples.project_id, flag.id).await.unwrap();
        assert!(seen.is_some(), "a writer sees what it wrote");
    }
    assert_eq!(world.revision().await, 1);
    let changes = world.read().await.changes_since(world.samples.project_id, 0).await.unwrap().unwrap();
    assert_eq!((changes.environments.len(), changes.flags.len()), (0, 0));

    let entry = world.change(async |writer| writer.insert_flag(&flag).await).await.unwrap();
    assert_eq!(entry.revision, 2);
}

async fn a_change_is_in_the_history_under_the_revision_it_made(home: Home) {
    let world = World::new(&home).await;
    let flag = world.samples.flag("checkout");
    let change = world.samples.change(Action::FlagCreated);
    let mut writer = world.begin().await;
    writer.insert_flag(&flag).await.unwrap();
    let project_id = world.samples.project_id;
    assert_eq!(world.read().await.history(project_id, 1, 10).await.unwrap(), [], "not before the commit");
    let entry = writer.commit(change.clone()).await.unwrap();

    assert_eq!((entry.project_id, entry.revision, &entry.change), (project_id, 2, &change));
    assert_eq!(world.read().await.history(project_id, 1, 10).await.unwrap(), [entry]);
    assert_eq!(world.revision().await, 2);
}

async fn the_history_is_read_in_parts(home: Home) {
    let world = World::new(&home).await;
    for number in 2..=6 {
        let entry = world.change(async |_| Ok(())).await.unwrap();
        assert_eq!(entry.revision, number);
    }
    let mut reader = world.read().await;
    let mut revisions = async |after: i64, limit: i64| -> Vec<i64> {
        let part = reader.history(world.samples.project_id, after, limit).await.unwrap();
        part.into_iter().map(|entry| entry.revision).collect()
    };
    assert_eq!(revisions(0, 10).await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(revisions(2, 3).await, [3, 4, 5]);
    assert_eq!(revisions(5, 3).await, [6]);
    assert_eq!(revisions(6, 3).await, [0; 0]);
}

async fn followers_of_the_history_get_what_they_may_see_without_documents(home: Home) {
    let world = World::new(&home).await;
    let change = world.samples.change(Action::FlagEnabled);
    let entry = world.begin().await.commit(change.clone()).await.unwrap();
    world.begin().await.commit(world.samples.change(Action::CredentialsCreated)).await.unwrap();
    world.begin().await.commit(world.samples.change(Action::FlagUpdated)).await.unwrap();
    let mut reader = world.read().await;
    let mut notices = async |aggregates: &[Aggregate], after: i64, limit: i64| {
        reader.change_notices(world.samples.project_id, aggregates, after, limit).await.unwrap()
    };
    let all = notices(&Aggregate::ALL, 1, 10).await;
    assert_eq!(all.iter().map(|notice| notice.revision).collect::<Vec<_>>(), [2, 3, 4]);
    let expected = ChangeNotice {
        revision: entry.revision,
        history_id: change.id,
        at: change.at,
        action: change.action,
        flag_id: change.flag_id,
        environment_id: change.environment_id,
        user_id: change.actor.user_id(),
    };
    assert_eq!(all[0], expected);
    let flags = notices(&[Aggregate::Flag, Aggregate::FlagEnvironment], 1, 10).await;
    assert_eq!(flags.iter().map(|notice| notice.revision).collect::<Vec<_>>(), [2, 4], "`flag` is whole");
    assert_eq!(notices(&[Aggregate::Flag], 1, 10).await.len(), 1);
    assert_eq!(notices(&Aggregate::ALL, 2, 1).await[0].revision, 3);
    assert_eq!(notices(&[], 0, 10).await, []);
}

async fn a_follower_gets_everything_at_first_and_then_what_changed(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let project_id = samples.project_id;
    let (here, there) = (samples.production(), samples.environment("Staging"));
    let (checkout, search) = (samples.flag("checkout"), samples.rich_flag("search"));
    let filter = samples.saved_filter("DACH");
    let sdk_key = samples.credential(CredentialKind::ServerSdkKey { environment_id: here.id });
    let api_key = samples.credential(CredentialKind::ApiKey);
    let serving = samples.serving(&checkout, &here, &[], vec![samples.allocation("everybody", &checkout)]);
    world
        .change(async |writer| {
            writer.insert_environment(&here).await?;
            writer.insert_environment(&there).await?;
            writer.insert_flag(&checkout).await?;
            writer.insert_saved_filter(&filter).await?;
            writer.insert_credential(&sdk_key).await?;
            writer.insert_credential(&api_key).await?;
            writer.save_flag_environment(&serving).await
        })
        .await
        .unwrap();
    world.change(async |writer| writer.insert_flag(&search).await).await.unwrap();

    let follow =
        async |revision| world.read().await.changes_since(project_id, revision).await.unwrap().unwrap();
    let all = follow(0).await;
    assert_eq!((all.project.revision, all.environments.len()), (3, 2));
    assert_eq!(all.flags, [Flag { revision: 2, ..checkout.clone() }, Flag { revision: 3, ..search.clone() }]);
    assert_eq!(all.flag_environments, [FlagEnvironment { revision: 2, ..serving.clone() }]);
    assert_eq!((all.saved_filters.len(), &all.sdk_keys), (1, &vec![sdk_key]));

    let none = follow(3).await;
    assert_eq!((none.flags.len(), none.flag_environments.len()), (0, 0));
    assert_eq!((none.environments.len(), none.saved_filters.len(), none.sdk_keys.len()), (2, 1, 1));
    assert_eq!(follow(2).await.flags, [Flag { revision: 3, ..search.clone() }]);

    let renamed = Flag { name: "Paying".to_owned(), revision: 2, ..checkout };
    world.change(async |writer| writer.update_flag(&renamed).await).await.unwrap();
    let disabled = FlagEnvironment { revision: 2, ..serving }.with_enabled(false, samples.now);
    world.change(async |writer| writer.save_flag_environment(&disabled).await).await.unwrap();
    let since = follow(3).await;
    assert_eq!(since.project.revision, 5);
    assert_eq!(since.flags, [Flag { revision: 4, ..renamed }]);
    assert_eq!(since.flag_environments, [FlagEnvironment { revision: 5, ..disabled }]);
}

async fn projects_count_for_themselves(home: Home) {
    let world = World::new(&home).await;
    let neighbour = world.neighbour().await;
    for expected in 2..=4 {
        assert_eq!(world.change(async |_| Ok(())).await.unwrap().revision, expected);
    }
    assert_eq!((world.revision().await, neighbour.revision().await), (4, 1));
}
