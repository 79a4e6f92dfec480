//! What is stored is what is read.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::access::{Actor, PermissionSet};
use flaghoist_model::credential::{CredentialKind, SecretHash};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Action, Change, HistoryEntry};
use flaghoist_model::id::UserId;
use flaghoist_model::project::Project;
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::user::User;
use flaghoist_testkit::samples::Samples;
use jiff::SignedDuration;
use serde_json::json;

on_both_engines!(
    a_project_is_read_back_at_its_first_revision,
    an_environment_is_read_back_with_the_revision_that_made_it,
    an_updated_environment_keeps_its_content_revision_until_its_content_is_touched,
    a_flag_is_read_back_with_its_variants,
    an_updated_flag_is_read_back_archived,
    what_a_flag_serves_is_read_back_with_allocations_and_schedules,
    a_flag_that_was_never_changed_in_an_environment_has_no_row_there,
    every_percentage_is_read_back_to_the_last_digit,
    a_saved_filter_is_read_back_with_its_rules,
    users_are_read_back_with_and_without_a_password,
    a_key_of_every_kind_is_found_by_its_secret,
    the_history_is_read_back_word_for_word,
    everything_is_still_there_when_the_store_is_opened_again,
);

async fn a_project_is_read_back_at_its_first_revision(home: Home) {
    let world = World::new(&home).await;
    let expected = Project { revision: 1, ..world.samples.project("default") };
    assert_eq!(world.read().await.projects().await.unwrap(), [expected]);
}

async fn an_environment_is_read_back_with_the_revision_that_made_it(home: Home) {
    let world = World::new(&home).await;
    let environment = world.samples.production();
    world.change(async |writer| writer.insert_environment(&environment).await).await.unwrap();

    let found = world.read().await.environments(world.samples.project_id).await.unwrap();
    assert_eq!(found, [Environment { revision: 2, content_revision: 2, ..environment }]);
}

async fn an_updated_environment_keeps_its_content_revision_until_its_content_is_touched(home: Home) {
    let mut world = World::new(&home).await;
    let made = world.samples.production();
    world.change(async |writer| writer.insert_environment(&made).await).await.unwrap();

    world.samples.later(SignedDuration::from_hours(1));
    let renamed = Environment {
        name: "Live".to_owned(),
        description: None,
        queries: vec!["live".to_owned(), "prd".to_owned()],
        is_production: false,
        updated_at: world.samples.now,
        revision: 2,
        content_revision: 2,
        ..made
    };
    world.change(async |writer| writer.update_environment(&renamed).await).await.unwrap();
    let found = world.read().await.environments(world.samples.project_id).await.unwrap();
    let renamed = Environment { revision: 3, ..renamed };
    assert_eq!(found, std::slice::from_ref(&renamed));

    let at = world.samples.now + SignedDuration::from_micros(1);
    world.change(async |writer| writer.touch_content(&[renamed.id], at).await).await.unwrap();
    let found = world.read().await.environments(world.samples.project_id).await.unwrap();
    assert_eq!(found, [Environment { content_revision: 4, content_at: at, ..renamed }]);
}

async fn a_flag_is_read_back_with_its_variants(home: Home) {
    let world = World::new(&home).await;
    let flag = world.samples.rich_flag("checkout/new 🚩");
    world.change(async |writer| writer.insert_flag(&flag).await).await.unwrap();

    let found = world.read().await.find_flag(world.samples.project_id, flag.id).await.unwrap();
    assert_eq!(found, Some(Flag { revision: 2, ..flag }));
}

async fn an_updated_flag_is_read_back_archived(home: Home) {
    let mut world = World::new(&home).await;
    let flag = world.samples.rich_flag("checkout");
    world.change(async |writer| writer.insert_flag(&flag).await).await.unwrap();
    let flag = Flag { revision: 2, ..flag };

    world.samples.later(SignedDuration::from_secs(90));
    let without_last =
        flag.remove_variant(flag.variants[2].id, &world.samples.author(), world.samples.now).unwrap();
    let archived =
        Flag { name: "Old".to_owned(), ..without_last }.archive(&world.samples.author(), world.samples.now);
    world.change(async |writer| writer.update_flag(&archived).await).await.unwrap();
    let archived = Flag { revision: 3, ..archived };
    let found = world.read().await.find_flag(world.samples.project_id, flag.id).await.unwrap();
    assert_eq!(found, Some(archived.clone()));

    let back = archived.unarchive(&world.samples.author(), world.samples.now);
    world.change(async |writer| writer.update_flag(&back).await).await.unwrap();
    let found = world.read().await.find_flag(world.samples.project_id, flag.id).await.unwrap();
    assert_eq!(found, Some(Flag { revision: 4, ..back }));
}

async fn what_a_flag_serves_is_read_back_with_allocations_and_schedules(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (environment, flag, filter) =
        (samples.production(), samples.rich_flag("checkout"), samples.saved_filter("DACH"));
    let drafts =
        vec![samples.rich_allocation("ramp", &flag, &filter), samples.allocation("everybody", &flag)];
    let entry = samples.serving(&flag, &environment, std::slice::from_ref(&filter), drafts);
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_flag(&flag).await?;
            writer.insert_saved_filter(&filter).await?;
            writer.save_flag_environment(&entry).await
        })
        .await
        .unwrap();
    let found = world.read().await.flag_environments(&[flag.id]).await.unwrap();
    assert_eq!(found, [FlagEnvironment { revision: 2, ..entry.clone() }]);

    // The two allocations in the other order, with each other's keys.
    let mut swapped = FlagEnvironment { revision: 2, ..entry };
    swapped.allocations.reverse();
    let [first, second] = swapped.allocations.as_mut_slice() else { unreachable!() };
    std::mem::swap(&mut first.key, &mut second.key);
    world.change(async |writer| writer.save_flag_environment(&swapped).await).await.unwrap();
    let found = world.read().await.flag_environments(&[flag.id]).await.unwrap();
    assert_eq!(found, [FlagEnvironment { revision: 3, ..swapped }]);
}

async fn a_flag_that_was_never_changed_in_an_environment_has_no_row_there(home: Home) {
    let world = World::new(&home).await;
    let (environment, flag) = (world.samples.production(), world.samples.flag("checkout"));
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_flag(&flag).await
        })
        .await
        .unwrap();
    let mut reader = world.read().await;
    assert_eq!(reader.flag_environments(&[flag.id]).await.unwrap(), []);
    assert_eq!(reader.flag_environments(&[]).await.unwrap(), []);
}

async fn every_percentage_is_read_back_to_the_last_digit(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (environment, flag) = (samples.production(), samples.rich_flag("checkout"));
    let mut entry = samples.serving(&flag, &environment, &[], Vec::new());
    for part in 1..=200_u32 {
        let mut draft = samples.allocation(&format!("part-{part}"), &flag);
        draft.weights[0].value = Some(100.0 / f64::from(part));
        let rest = flaghoist_model::allocation::WeightDraft {
            variant_id: Some(flag.variants[1].id),
            value: Some(100.0 - 100.0 / f64::from(part)),
            ..Default::default()
        };
        draft.weights.push(rest);
        entry.allocations.extend(samples.allocate(&entry, &flag, &[], vec![draft]).allocations);
    }
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

async fn a_saved_filter_is_read_back_with_its_rules(home: Home) {
    let world = World::new(&home).await;
    let filter = world.samples.saved_filter("DACH");
    world.change(async |writer| writer.insert_saved_filter(&filter).await).await.unwrap();
    let found = world.read().await.saved_filters(world.samples.project_id).await.unwrap();
    assert_eq!(found, [SavedFilter { revision: 2, ..filter }]);
}

async fn users_are_read_back_with_and_without_a_password(home: Home) {
    let world = World::new(&home).await;
    let person = world.samples.user("ada@example.com");
    let service = User { password_hash: None, ..world.samples.user("deploy@example.com") };
    world
        .change(async |writer| {
            writer.insert_user(&person).await?;
            writer.insert_user(&service).await
        })
        .await
        .unwrap();
    let mut reader = world.read().await;
    assert_eq!(reader.find_user(person.id).await.unwrap(), Some(person));
    assert_eq!(reader.find_user(service.id).await.unwrap(), Some(service));
    assert_eq!(reader.find_user(UserId::mint(&world.samples.ids)).await.unwrap(), None);
}

async fn a_key_of_every_kind_is_found_by_its_secret(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (environment, user) = (samples.production(), samples.user("ada@example.com"));
    let keys = [
        samples.credential(CredentialKind::ApiKey),
        samples.credential(CredentialKind::ApplicationKey {
            user_id: user.id,
            scopes: Some(PermissionSet::all()),
        }),
        samples.credential(CredentialKind::ServerSdkKey { environment_id: environment.id }),
        samples.credential(CredentialKind::ClientSdkKey { environment_id: environment.id }),
    ];
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_user(&user).await?;
            for key in &keys {
                writer.insert_credential(key).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let mut reader = world.read().await;
    for key in keys {
        assert_eq!(reader.find_credential(&key.secret_hash).await.unwrap(), Some(key));
    }
    assert_eq!(reader.find_credential(&SecretHash([7; 32])).await.unwrap(), None);
}

async fn the_history_is_read_back_word_for_word(home: Home) {
    let world = World::new(&home).await;
    let flag = world.samples.flag("checkout");
    let told = Change {
        actor: Actor::System,
        flag_id: Some(flag.id),
        environment_id: Some(world.samples.production().id),
        before: Some(json!({"z": 1.0, "a": [null, 1e-7, "\u{0}"]})),
        after: Some(json!([true, 18_446_744_073_709_551_615_u64])),
        reason: Some("Because 'it' was \"time\"".to_owned()),
        ..world.samples.change(Action::FlagArchived)
    };
    let silent = world.samples.change(Action::CredentialsCreated);
    for change in [told.clone(), silent.clone()] {
        let mut writer = world.begin().await;
        writer.touch_content(&[], world.samples.now).await.unwrap();
        writer.commit(change).await.unwrap();
    }
    let project_id = world.samples.project_id;
    let expected = [
        HistoryEntry { project_id, revision: 2, change: told },
        HistoryEntry { project_id, revision: 3, change: silent },
    ];
    assert_eq!(world.read().await.history(project_id, 1, 10).await.unwrap(), expected);
}

async fn everything_is_still_there_when_the_store_is_opened_again(home: Home) {
    let world = World::new(&home).await;
    let (environment, flag) = (world.samples.production(), world.samples.rich_flag("checkout"));
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_flag(&flag).await
        })
        .await
        .unwrap();
    let before = world.read().await.changes_since(world.samples.project_id, 0).await.unwrap();
    world.store.close().await;
    assert!(world.store.read().await.is_err(), "a closed store refuses");
    drop(world);

    let store = home.open().await;
    let project_id = Samples::new(1).project_id;
    let after = store.read().await.unwrap().changes_since(project_id, 0).await.unwrap();
    assert_eq!(after, before);
    assert_eq!(store.begin(project_id).await.unwrap().revision(), 3);
}
