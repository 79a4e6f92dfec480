//! Nothing crosses the border of a project.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::credential::CredentialKind;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::id::{EnvironmentId, FlagId, ProjectId};
use flaghoist_store::{Error, FlagFilter, Writer};

on_both_engines!(
    what_another_project_has_is_not_there,
    a_writer_cannot_change_what_another_project_has,
    a_writer_cannot_add_to_another_project,
    a_project_that_does_not_exist_has_nothing_and_cannot_be_changed,
    what_does_not_exist_cannot_be_changed,
);

/// Asserts that the work fails because something is not there.
async fn finds_nothing(
    world: &World,
    what: &str,
    work: impl AsyncFnOnce(&mut dyn Writer) -> flaghoist_store::Result<()>,
) {
    match world.change(work).await {
        Err(Error::NotFound { .. }) => {}
        other => panic!("{what}: expected that it is not there, got {other:?}"),
    }
}

/// A world whose project has one environment and one flag, at revision 2.
async fn settled(world: World) -> (World, Environment, Flag) {
    let (environment, flag) = (world.samples.production(), world.samples.flag("checkout"));
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_flag(&flag).await
        })
        .await
        .unwrap();
    (world, Environment { revision: 2, ..environment }, Flag { revision: 2, ..flag })
}

async fn what_another_project_has_is_not_there(home: Home) {
    let world = World::new(&home).await;
    let neighbour = world.neighbour().await;
    let (world, _, flag) = settled(world).await;
    let mut reader = world.read().await;
    let elsewhere = neighbour.samples.project_id;
    assert_eq!(reader.find_flag(elsewhere, flag.id).await.unwrap(), None);
    assert_eq!(reader.environments(elsewhere).await.unwrap(), []);
    let page = reader.flag_page(elsewhere, &FlagFilter::default(), 10, 0).await.unwrap();
    assert_eq!((page.flags.len(), page.filtered_count, page.total_count), (0, 0, 0));
    let changes = reader.changes_since(elsewhere, 0).await.unwrap().unwrap();
    assert_eq!((changes.flags.len(), changes.environments.len()), (0, 0));
    assert_eq!(reader.history(elsewhere, 1, 10).await.unwrap(), []);
}

async fn a_writer_cannot_change_what_another_project_has(home: Home) {
    let world = World::new(&home).await;
    let neighbour = world.neighbour().await;
    let (world, environment, flag) = settled(world).await;
    let (neighbour, near, own_flag) = settled(neighbour).await;
    let elsewhere = neighbour.samples.project_id;

    let at = neighbour.samples.now;
    let delete = async |writer: &mut dyn Writer| writer.delete_environment(environment.id).await;
    finds_nothing(&neighbour, "deleting an environment", delete).await;
    let touch = async |writer: &mut dyn Writer| writer.touch_content(&[near.id, environment.id], at).await;
    finds_nothing(&neighbour, "touching an environment", touch).await;
    for pretended in [environment.project_id, elsewhere] {
        let taken = Environment { project_id: pretended, name: "Mine".to_owned(), ..environment.clone() };
        let update = async |writer: &mut dyn Writer| writer.update_environment(&taken).await;
        finds_nothing(&neighbour, "updating an environment", update).await;
        let taken = Flag { project_id: pretended, name: "Mine".to_owned(), ..flag.clone() };
        let update = async |writer: &mut dyn Writer| writer.update_flag(&taken).await;
        finds_nothing(&neighbour, "updating a flag", update).await;
    }
    let theirs_here = neighbour.samples.serving(&flag, &near, &[], Vec::new());
    let save = async |writer: &mut dyn Writer| writer.save_flag_environment(&theirs_here).await;
    finds_nothing(&neighbour, "serving a flag of another project", save).await;
    let ours_there = neighbour.samples.serving(&own_flag, &environment, &[], Vec::new());
    let save = async |writer: &mut dyn Writer| writer.save_flag_environment(&ours_there).await;
    finds_nothing(&neighbour, "serving in an environment of another project", save).await;
    let key = neighbour.samples.credential(CredentialKind::ServerSdkKey { environment_id: environment.id });
    let insert = async |writer: &mut dyn Writer| writer.insert_credential(&key).await;
    finds_nothing(&neighbour, "a key of an environment of another project", insert).await;

    let found = world.read().await.environments(world.samples.project_id).await.unwrap();
    assert_eq!(found[0].name, "Production");
    assert_eq!((world.revision().await, neighbour.revision().await), (2, 2));
}

async fn a_writer_cannot_add_to_another_project(home: Home) {
    let world = World::new(&home).await;
    let neighbour = world.neighbour().await;
    let samples = &world.samples;
    let (environment, flag) = (samples.production(), samples.flag("checkout"));
    let (filter, key) = (samples.saved_filter("DACH"), samples.credential(CredentialKind::ApiKey));
    let insert = async |writer: &mut dyn Writer| writer.insert_environment(&environment).await;
    finds_nothing(&neighbour, "an environment", insert).await;
    let insert = async |writer: &mut dyn Writer| writer.insert_flag(&flag).await;
    finds_nothing(&neighbour, "a flag", insert).await;
    let insert = async |writer: &mut dyn Writer| writer.insert_saved_filter(&filter).await;
    finds_nothing(&neighbour, "a saved filter", insert).await;
    let insert = async |writer: &mut dyn Writer| writer.insert_credential(&key).await;
    finds_nothing(&neighbour, "a key", insert).await;
}

async fn a_project_that_does_not_exist_has_nothing_and_cannot_be_changed(home: Home) {
    let world = World::new(&home).await;
    let nowhere = ProjectId::mint(&world.samples.ids);
    assert_eq!(world.read().await.changes_since(nowhere, 0).await.unwrap(), None);
    let refusal = world.store.begin(nowhere).await.err().unwrap();
    assert!(matches!(refusal, Error::NotFound { table: "projects" }), "{refusal}");
}

async fn what_does_not_exist_cannot_be_changed(home: Home) {
    let world = World::new(&home).await;
    let (world, environment, flag) = settled(world).await;
    let samples = &world.samples;
    let (no_environment, no_flag) = (EnvironmentId::mint(&samples.ids), FlagId::mint(&samples.ids));

    let unknown = Environment { id: no_environment, ..environment.clone() };
    let update = async |writer: &mut dyn Writer| writer.update_environment(&unknown).await;
    finds_nothing(&world, "updating an environment", update).await;
    let delete = async |writer: &mut dyn Writer| writer.delete_environment(no_environment).await;
    finds_nothing(&world, "deleting an environment", delete).await;
    let unknown = Flag { id: no_flag, ..flag.clone() };
    let update = async |writer: &mut dyn Writer| writer.update_flag(&unknown).await;
    finds_nothing(&world, "updating a flag", update).await;
    for revision in [0, 2] {
        let mut entry = samples.serving(&unknown, &environment, &[], Vec::new());
        entry.revision = revision;
        let save = async |writer: &mut dyn Writer| writer.save_flag_environment(&entry).await;
        finds_nothing(&world, "serving a flag", save).await;
    }
}
