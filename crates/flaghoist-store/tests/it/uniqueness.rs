//! What must be unique is refused the second time, and the refusal says what it was.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::credential::{Credential, CredentialKind};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::history::Action;
use flaghoist_model::id::{EnvironmentId, ProjectId};
use flaghoist_model::project::Project;
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::user::User;
use flaghoist_store::{Constraint, Error, Writer};

on_both_engines!(
    the_key_of_a_project_is_unique,
    key_name_and_queries_of_an_environment_are_unique,
    key_and_name_of_a_flag_are_unique,
    the_key_of_an_allocation_is_unique_among_all_flags_and_environments,
    ids_of_variants_allocations_and_schedules_are_unique_everywhere,
    name_and_key_of_a_saved_filter_are_unique,
    email_and_secret_are_unique_in_the_installation,
    ids_are_unique,
    two_projects_may_have_the_same_keys,
    after_a_refusal_nothing_can_be_committed,
);

/// Asserts that the work is refused because `constraint` is taken.
async fn refuses(
    world: &World,
    constraint: Constraint,
    work: impl AsyncFnOnce(&mut dyn Writer) -> flaghoist_store::Result<()>,
) {
    match world.change(work).await {
        Err(Error::Duplicate(taken)) => assert_eq!(taken, constraint),
        other => panic!("expected that {constraint:?} is taken, got {other:?}"),
    }
}

async fn the_key_of_a_project_is_unique(home: Home) {
    let world = World::new(&home).await;
    let same_key = Project { id: ProjectId::mint(&world.samples.ids), ..world.samples.project("default") };
    let refusal = world.store.begin_project(&same_key).await.err().unwrap();
    assert!(matches!(refusal, Error::Duplicate(Constraint::ProjectKey)), "{refusal}");
    let same_id = world.samples.project("other");
    let refusal = world.store.begin_project(&same_id).await.err().unwrap();
    assert!(matches!(refusal, Error::Duplicate(Constraint::Id)), "{refusal}");
}

async fn key_name_and_queries_of_an_environment_are_unique(home: Home) {
    let world = World::new(&home).await;
    let first = world.samples.production();
    world.change(async |writer| writer.insert_environment(&first).await).await.unwrap();

    let other = || world.samples.environment("Staging");
    let same_key = Environment { key: first.key.clone(), ..other() };
    let insert = async |writer: &mut dyn Writer| writer.insert_environment(&same_key).await;
    refuses(&world, Constraint::EnvironmentKey, insert).await;

    let same_name = Environment { name: first.name.clone(), ..other() };
    let insert = async |writer: &mut dyn Writer| writer.insert_environment(&same_name).await;
    refuses(&world, Constraint::EnvironmentName, insert).await;

    let same_query = Environment { queries: vec!["mine".to_owned(), "live".to_owned()], ..other() };
    let insert = async |writer: &mut dyn Writer| writer.insert_environment(&same_query).await;
    refuses(&world, Constraint::EnvironmentQuery, insert).await;

    let second = other();
    world.change(async |writer| writer.insert_environment(&second).await).await.unwrap();
    let renamed = Environment { name: first.name.clone(), revision: 3, ..second.clone() };
    let update = async |writer: &mut dyn Writer| writer.update_environment(&renamed).await;
    refuses(&world, Constraint::EnvironmentName, update).await;
    let greedy = Environment { queries: first.queries.clone(), revision: 3, ..second };
    let update = async |writer: &mut dyn Writer| writer.update_environment(&greedy).await;
    refuses(&world, Constraint::EnvironmentQuery, update).await;
}

async fn key_and_name_of_a_flag_are_unique(home: Home) {
    let world = World::new(&home).await;
    let first = world.samples.flag("checkout");
    world.change(async |writer| writer.insert_flag(&first).await).await.unwrap();

    let same_key = Flag { name: "Another".to_owned(), ..world.samples.flag("checkout") };
    let insert = async |writer: &mut dyn Writer| writer.insert_flag(&same_key).await;
    refuses(&world, Constraint::FlagKey, insert).await;

    let same_name = Flag { name: first.name.clone(), ..world.samples.flag("another") };
    let insert = async |writer: &mut dyn Writer| writer.insert_flag(&same_name).await;
    refuses(&world, Constraint::FlagName, insert).await;

    let second = world.samples.flag("second");
    world.change(async |writer| writer.insert_flag(&second).await).await.unwrap();
    let renamed = Flag { name: first.name.clone(), revision: 3, ..second };
    let update = async |writer: &mut dyn Writer| writer.update_flag(&renamed).await;
    refuses(&world, Constraint::FlagName, update).await;

    // Keys are told apart by every character.
    let upper = world.samples.flag("CHECKOUT");
    world.change(async |writer| writer.insert_flag(&upper).await).await.unwrap();
}

async fn the_key_of_an_allocation_is_unique_among_all_flags_and_environments(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (here, there) = (samples.production(), samples.environment("Staging"));
    let (flag, other) = (samples.flag("checkout"), samples.flag("search"));
    let first = samples.serving(&flag, &here, &[], vec![samples.allocation("everybody", &flag)]);
    world
        .change(async |writer| {
            writer.insert_environment(&here).await?;
            writer.insert_environment(&there).await?;
            writer.insert_flag(&flag).await?;
            writer.insert_flag(&other).await?;
            writer.save_flag_environment(&first).await
        })
        .await
        .unwrap();
    let elsewhere = samples.serving(&flag, &there, &[], vec![samples.allocation("everybody", &flag)]);
    let save = async |writer: &mut dyn Writer| writer.save_flag_environment(&elsewhere).await;
    refuses(&world, Constraint::AllocationKey, save).await;
    let of_other = samples.serving(&other, &here, &[], vec![samples.allocation("everybody", &other)]);
    let save = async |writer: &mut dyn Writer| writer.save_flag_environment(&of_other).await;
    refuses(&world, Constraint::AllocationKey, save).await;
}

async fn ids_of_variants_allocations_and_schedules_are_unique_everywhere(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (here, there) = (samples.production(), samples.environment("Staging"));
    let (flag, filter) = (samples.rich_flag("checkout"), samples.saved_filter("DACH"));
    let filters = std::slice::from_ref(&filter);
    let first = samples.serving(&flag, &here, filters, vec![samples.rich_allocation("ramp", &flag, &filter)]);
    world
        .change(async |writer| {
            writer.insert_environment(&here).await?;
            writer.insert_environment(&there).await?;
            writer.insert_flag(&flag).await?;
            writer.save_flag_environment(&first).await
        })
        .await
        .unwrap();

    let same_variants = Flag { variants: flag.variants.clone(), ..samples.rich_flag("search") };
    let insert = async |writer: &mut dyn Writer| writer.insert_flag(&same_variants).await;
    refuses(&world, Constraint::Id, insert).await;

    let draft = samples.rich_allocation("other ramp", &flag, &filter);
    let mut same_allocation = samples.serving(&flag, &there, filters, vec![draft]);
    let mut same_schedule = same_allocation.clone();
    same_allocation.allocations[0].id = first.allocations[0].id;
    let save = async |writer: &mut dyn Writer| writer.save_flag_environment(&same_allocation).await;
    refuses(&world, Constraint::Id, save).await;
    same_schedule.allocations[0].schedule.clone_from(&first.allocations[0].schedule);
    let save = async |writer: &mut dyn Writer| writer.save_flag_environment(&same_schedule).await;
    refuses(&world, Constraint::Id, save).await;
}

async fn name_and_key_of_a_saved_filter_are_unique(home: Home) {
    let world = World::new(&home).await;
    let first = world.samples.saved_filter("DACH");
    world.change(async |writer| writer.insert_saved_filter(&first).await).await.unwrap();
    let same_name = SavedFilter { key: "other".to_owned(), ..world.samples.saved_filter("DACH") };
    let insert = async |writer: &mut dyn Writer| writer.insert_saved_filter(&same_name).await;
    refuses(&world, Constraint::SavedFilterName, insert).await;
    let same_key = SavedFilter { name: "Other".to_owned(), ..world.samples.saved_filter("DACH") };
    let insert = async |writer: &mut dyn Writer| writer.insert_saved_filter(&same_key).await;
    refuses(&world, Constraint::SavedFilterKey, insert).await;
}

async fn email_and_secret_are_unique_in_the_installation(home: Home) {
    let world = World::new(&home).await;
    let neighbour = world.neighbour().await;
    let user = world.samples.user("ada@example.com");
    let key = world.samples.credential(CredentialKind::ApiKey);
    world
        .change(async |writer| {
            writer.insert_user(&user).await?;
            writer.insert_credential(&key).await
        })
        .await
        .unwrap();
    let same_email = neighbour.samples.user("ada@example.com");
    let insert = async |writer: &mut dyn Writer| writer.insert_user(&same_email).await;
    refuses(&neighbour, Constraint::UserEmail, insert).await;
    let other = neighbour.samples.credential(CredentialKind::ApiKey);
    let same_secret = Credential { secret_hash: key.secret_hash, ..other };
    let insert = async |writer: &mut dyn Writer| writer.insert_credential(&same_secret).await;
    refuses(&neighbour, Constraint::CredentialSecret, insert).await;
}

async fn ids_are_unique(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (environment, flag) = (samples.production(), samples.flag("checkout"));
    let (filter, user) = (samples.saved_filter("DACH"), samples.user("ada@example.com"));
    let key = samples.credential(CredentialKind::ApiKey);
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_flag(&flag).await?;
            writer.insert_saved_filter(&filter).await?;
            writer.insert_user(&user).await?;
            writer.insert_credential(&key).await
        })
        .await
        .unwrap();

    let twin = Environment { id: environment.id, ..samples.environment("Staging") };
    let insert = async |writer: &mut dyn Writer| writer.insert_environment(&twin).await;
    refuses(&world, Constraint::Id, insert).await;
    let twin = Flag { id: flag.id, ..samples.flag("search") };
    let insert = async |writer: &mut dyn Writer| writer.insert_flag(&twin).await;
    refuses(&world, Constraint::Id, insert).await;
    let twin = SavedFilter { id: filter.id, ..samples.saved_filter("Nordics") };
    let insert = async |writer: &mut dyn Writer| writer.insert_saved_filter(&twin).await;
    refuses(&world, Constraint::Id, insert).await;
    let twin = User { id: user.id, ..samples.user("grace@example.com") };
    let insert = async |writer: &mut dyn Writer| writer.insert_user(&twin).await;
    refuses(&world, Constraint::Id, insert).await;
    let twin = Credential { id: key.id, ..samples.credential(CredentialKind::ApiKey) };
    let insert = async |writer: &mut dyn Writer| writer.insert_credential(&twin).await;
    refuses(&world, Constraint::Id, insert).await;
}

async fn two_projects_may_have_the_same_keys(home: Home) {
    let world = World::new(&home).await;
    for world in [&world.neighbour().await, &world] {
        let samples = &world.samples;
        let (environment, flag) = (samples.production(), samples.flag("checkout"));
        let filter = samples.saved_filter("DACH");
        let entry = samples.serving(&flag, &environment, &[], vec![samples.allocation("everybody", &flag)]);
        world
            .change(async |writer| {
                writer.insert_environment(&environment).await?;
                writer.insert_flag(&flag).await?;
                writer.insert_saved_filter(&filter).await?;
                writer.save_flag_environment(&entry).await
            })
            .await
            .unwrap();
    }
}

async fn after_a_refusal_nothing_can_be_committed(home: Home) {
    let world = World::new(&home).await;
    let flag = world.samples.flag("checkout");
    let mut writer = world.begin().await;
    writer.insert_flag(&flag).await.unwrap();
    writer.delete_environment(EnvironmentId::mint(&world.samples.ids)).await.unwrap_err();
    let refusal = writer.commit(world.samples.change(Action::FlagCreated)).await.unwrap_err();
    assert!(matches!(refusal, Error::Statement(_)), "{refusal}");

    let found = world.read().await.find_flag(world.samples.project_id, flag.id).await.unwrap();
    assert_eq!(found, None);
    assert_eq!(world.revision().await, 1);
}
