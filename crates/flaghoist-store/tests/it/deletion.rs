//! A deleted environment takes along what was in it, and nothing else.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::credential::CredentialKind;
use flaghoist_model::environment::Environment;

on_both_engines!(
    a_deleted_environment_takes_along_what_flags_served_in_it_and_its_keys,
    what_a_deleted_environment_had_can_be_had_again,
    removed_variants_and_allocations_free_their_ids,
);

async fn a_deleted_environment_takes_along_what_flags_served_in_it_and_its_keys(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (gone, kept) = (samples.production(), samples.environment("Staging"));
    let (flag, filter) = (samples.rich_flag("checkout"), samples.saved_filter("DACH"));
    let filters = std::slice::from_ref(&filter);
    let in_gone = samples.serving(&flag, &gone, filters, vec![samples.rich_allocation("a", &flag, &filter)]);
    let in_kept = samples.serving(&flag, &kept, filters, vec![samples.rich_allocation("b", &flag, &filter)]);
    let key_of_gone = samples.credential(CredentialKind::ServerSdkKey { environment_id: gone.id });
    let key_of_kept = samples.credential(CredentialKind::ClientSdkKey { environment_id: kept.id });
    let api_key = samples.credential(CredentialKind::ApiKey);
    world
        .change(async |writer| {
            writer.insert_environment(&gone).await?;
            writer.insert_environment(&kept).await?;
            writer.insert_flag(&flag).await?;
            writer.insert_saved_filter(&filter).await?;
            writer.save_flag_environment(&in_gone).await?;
            writer.save_flag_environment(&in_kept).await?;
            for key in [&key_of_gone, &key_of_kept, &api_key] {
                writer.insert_credential(key).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    world.change(async |writer| writer.delete_environment(gone.id).await).await.unwrap();

    let mut reader = world.read().await;
    let changes = reader.changes_since(samples.project_id, 0).await.unwrap().unwrap();
    assert_eq!(changes.environments.iter().map(|found| found.id).collect::<Vec<_>>(), [kept.id]);
    assert_eq!(changes.flags.len(), 1);
    let served = reader.flag_environments(&[flag.id]).await.unwrap();
    assert_eq!(served.iter().map(|entry| entry.environment_id).collect::<Vec<_>>(), [kept.id]);
    assert_eq!(changes.flag_environments, served);
    assert_eq!(changes.sdk_keys, [key_of_kept]);
    assert_eq!(reader.find_credential(&key_of_gone.secret_hash).await.unwrap(), None);
    assert!(reader.find_credential(&api_key.secret_hash).await.unwrap().is_some());
}

async fn what_a_deleted_environment_had_can_be_had_again(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (gone, kept) = (samples.production(), samples.environment("Staging"));
    let (flag, filter) = (samples.rich_flag("checkout"), samples.saved_filter("DACH"));
    let filters = std::slice::from_ref(&filter);
    let served = samples.serving(&flag, &gone, filters, vec![samples.rich_allocation("a", &flag, &filter)]);
    world
        .change(async |writer| {
            writer.insert_environment(&gone).await?;
            writer.insert_environment(&kept).await?;
            writer.insert_flag(&flag).await?;
            writer.save_flag_environment(&served).await
        })
        .await
        .unwrap();
    world.change(async |writer| writer.delete_environment(gone.id).await).await.unwrap();

    // Key, name, queries, and the allocation with its schedule, even under the same ids.
    let again = Environment { id: samples.environment("Any").id, ..gone };
    let mut elsewhere = served.clone();
    elsewhere.environment_id = kept.id;
    world
        .change(async |writer| {
            writer.insert_environment(&again).await?;
            writer.save_flag_environment(&elsewhere).await
        })
        .await
        .unwrap();
}

async fn removed_variants_and_allocations_free_their_ids(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (environment, flag) = (samples.production(), samples.rich_flag("checkout"));
    let filter = samples.saved_filter("DACH");
    let filters = std::slice::from_ref(&filter);
    let draft = samples.rich_allocation("ramp", &flag, &filter);
    let served = samples.serving(&flag, &environment, filters, vec![draft]);
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_flag(&flag).await?;
            writer.save_flag_environment(&served).await
        })
        .await
        .unwrap();

    let mut without = served.clone();
    without.allocations.clear();
    without.revision = 2;
    let mut shorter = flag.clone();
    let removed = shorter.variants.pop().unwrap();
    shorter.revision = 2;
    world
        .change(async |writer| {
            writer.save_flag_environment(&without).await?;
            writer.update_flag(&shorter).await
        })
        .await
        .unwrap();

    let mut other = samples.rich_flag("search");
    other.variants.push(removed);
    let mut inherited = served;
    inherited.flag_id = other.id;
    world
        .change(async |writer| {
            writer.insert_flag(&other).await?;
            writer.save_flag_environment(&inherited).await
        })
        .await
        .unwrap();
}
