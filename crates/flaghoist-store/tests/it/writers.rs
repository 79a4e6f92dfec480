//! Writers take turns; readers wait for nobody.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::flag::Flag;
use flaghoist_model::history::Action;
use flaghoist_store::FlagFilter;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

on_both_engines!(
    many_writers_at_once_lose_no_change_and_leave_no_gap,
    a_writer_waits_for_the_one_before_it_and_sees_what_that_one_did,
    a_writer_that_is_given_up_lets_the_next_one_in,
    a_reader_sees_one_moment_whatever_is_committed_meanwhile,
    readers_do_not_wait_while_writers_queue,
);

const SOON: Duration = Duration::from_millis(300);

async fn many_writers_at_once_lose_no_change_and_leave_no_gap(home: Home) {
    const WRITERS: i64 = 24;
    let world = Arc::new(World::new(&home).await);
    let counter = Flag { description: "0".to_owned(), ..world.samples.flag("counter") };
    world.change(async |writer| writer.insert_flag(&counter).await).await.unwrap();

    let count = |world: Arc<World>| async move {
        let mut writer = world.begin().await;
        let mut flag = writer.find_flag(world.samples.project_id, counter.id).await.unwrap().unwrap();
        assert_eq!(flag.revision + 1, writer.revision(), "what a writer reads is current");
        let count: i64 = flag.description.parse().unwrap();
        flag.description = (count + 1).to_string();
        writer.update_flag(&flag).await.unwrap();
        writer.commit(world.samples.change(Action::FlagUpdated)).await.unwrap();
    };
    let tasks: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(count(Arc::clone(&world)))).collect();
    for task in tasks {
        task.await.unwrap();
    }

    let mut reader = world.read().await;
    let flag = reader.find_flag(world.samples.project_id, counter.id).await.unwrap().unwrap();
    assert_eq!((flag.description, flag.revision), (WRITERS.to_string(), WRITERS + 2));
    let history = reader.history(world.samples.project_id, 0, 1000).await.unwrap();
    let revisions: Vec<i64> = history.iter().map(|entry| entry.revision).collect();
    assert_eq!(revisions, (1..=WRITERS + 2).collect::<Vec<_>>());
}

async fn a_writer_waits_for_the_one_before_it_and_sees_what_that_one_did(home: Home) {
    let world = World::new(&home).await;
    let flag = world.samples.flag("checkout");
    let mut first = world.begin().await;
    let mut second = Box::pin(world.begin());
    assert!(timeout(SOON, &mut second).await.is_err(), "the second writer waits");

    first.insert_flag(&flag).await.unwrap();
    first.commit(world.samples.change(Action::FlagCreated)).await.unwrap();
    let mut second = second.await;
    assert_eq!(second.revision(), 3);
    assert!(second.find_flag(world.samples.project_id, flag.id).await.unwrap().is_some());
}

async fn a_writer_that_is_given_up_lets_the_next_one_in(home: Home) {
    let world = World::new(&home).await;
    let mut first = world.begin().await;
    let mut second = Box::pin(world.begin());
    assert!(timeout(SOON, &mut second).await.is_err(), "the second writer waits");
    first.insert_flag(&world.samples.flag("checkout")).await.unwrap();
    drop(first);
    assert_eq!(second.await.revision(), 2);
}

async fn a_reader_sees_one_moment_whatever_is_committed_meanwhile(home: Home) {
    let world = World::new(&home).await;
    let project_id = world.samples.project_id;
    let mut reader = world.read().await;
    assert_eq!(reader.projects().await.unwrap()[0].revision, 1);

    let flag = world.samples.flag("checkout");
    world.change(async |writer| writer.insert_flag(&flag).await).await.unwrap();
    assert_eq!(reader.find_flag(project_id, flag.id).await.unwrap(), None);
    assert_eq!(reader.changes_since(project_id, 0).await.unwrap().unwrap().project.revision, 1);
    assert_eq!(reader.flag_page(project_id, &FlagFilter::default(), 10, 0).await.unwrap().total_count, 0);

    assert!(world.read().await.find_flag(project_id, flag.id).await.unwrap().is_some());
}

async fn readers_do_not_wait_while_writers_queue(home: Home) {
    let world = Arc::new(World::new(&home).await);
    let mut first = world.begin().await;
    first.insert_flag(&world.samples.flag("checkout")).await.unwrap();
    // More of them than there are connections.
    let queue: Vec<_> = (0..15)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.begin().await.revision() })
        })
        .collect();
    tokio::time::sleep(SOON).await;

    let reading = async {
        for _ in 0..20 {
            assert_eq!(world.read().await.projects().await.unwrap()[0].revision, 1);
        }
    };
    timeout(Duration::from_secs(1), reading).await.expect("readers do not wait");
    drop(first);
    for waiting in queue {
        assert_eq!(waiting.await.unwrap(), 2);
    }
}
