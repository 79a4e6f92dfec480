//! The list of flags: filters, orders, places, tags, and whether a flag is still needed.

use crate::corruption::tamper;
use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::{DistributionChannel, Flag, StalenessStatus};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::EnvironmentId;
use flaghoist_model::staleness::{Evaluations, STALE_AFTER, staleness};
use flaghoist_model::value::ValueType;
use flaghoist_store::{FlagListFilter, FlagOrder, FlagPlace, StalenessFilter};
use jiff::{SignedDuration, Timestamp};

on_both_engines!(
    a_part_of_key_name_or_description_is_found_in_any_case,
    flags_are_filtered_by_what_they_are_and_by_all_tags,
    flags_are_filtered_by_what_they_do_in_an_environment,
    flags_come_in_each_order_page_by_page,
    a_flag_that_cannot_be_read_is_missing_on_its_page_only,
    tags_are_counted_of_flags_that_are_not_archived,
    a_flag_is_found_by_how_it_is_needed_as_the_model_says,
    what_was_there_before_the_list_is_found_after_the_next_start,
);

fn everything(now: Timestamp) -> FlagListFilter {
    let staleness = StalenessFilter {
        names: Vec::new(),
        stale_since: now - STALE_AFTER,
        production: Vec::new(),
        is_any_evaluated: false,
        evaluated: Vec::new(),
    };
    FlagListFilter {
        search: None,
        tags: Vec::new(),
        channel: None,
        value_type: None,
        status: None,
        staleness,
        is_archived: false,
    }
}

/// A world whose project has these flags, each made a second after the one before.
async fn with(home: &Home, keys: &[&str], change: impl Fn(&str, &mut Flag)) -> (World, Vec<Flag>) {
    let mut world = World::new(home).await;
    let mut flags = Vec::new();
    for key in keys {
        let mut flag = world.samples.flag(key);
        change(key, &mut flag);
        flags.push(flag);
        world.samples.later(SignedDuration::from_secs(1));
    }
    let insert = async |writer: &mut dyn flaghoist_store::Writer| {
        for flag in &flags {
            writer.insert_flag(flag).await?;
        }
        Ok(())
    };
    world.change(insert).await.unwrap();
    (world, flags)
}

/// Keys of all that a filter lets through, in the order of keys.
async fn keys(world: &World, filter: &FlagListFilter) -> Vec<String> {
    let project_id = world.samples.project_id;
    let found = world.read().await.found_flags(project_id, filter, FlagOrder::Key, None, 100).await.unwrap();
    let keys: Vec<String> = found.flags.into_iter().map(|flag| flag.key).collect();
    assert_eq!(i64::try_from(keys.len()).unwrap(), found.total_count);
    keys
}

async fn a_part_of_key_name_or_description_is_found_in_any_case(home: Home) {
    let (world, _) = with(&home, &["checkout", "search", "other"], |key, flag| match key {
        "search" => "Große SUCHE 100%".clone_into(&mut flag.name),
        "other" => "Beside the Checkout \u{0} of ÄRZTE".clone_into(&mut flag.description),
        _ => {}
    })
    .await;
    let search = async |part: &str| {
        keys(&world, &FlagListFilter { search: Some(part.to_owned()), ..everything(world.samples.now) }).await
    };
    assert_eq!(search("CHECK").await, ["checkout", "other"]);
    assert_eq!(search("suche").await, ["search"]);
    assert_eq!(search("ärzte").await, ["other"]);
    assert_eq!(search("0%").await, ["search"], "wildcards mean themselves");
    assert_eq!(search("_").await, [""; 0]);
    assert_eq!(search("").await, ["checkout", "other", "search"]);
}

async fn flags_are_filtered_by_what_they_are_and_by_all_tags(home: Home) {
    let (world, flags) = with(&home, &["a", "b", "c"], |key, flag| match key {
        "a" => flag.tags = vec!["team-x".to_owned(), "ui".to_owned()],
        "b" => flag.tags = vec!["ui".to_owned()],
        _ => {
            flag.distribution_channel = DistributionChannel::Server;
            flag.value_type = ValueType::Json;
            flag.archived_at = Some(flag.created_at);
        }
    })
    .await;
    let all = everything(world.samples.now);
    let tagged = |tags: &[&str]| FlagListFilter {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..all.clone()
    };
    assert_eq!(keys(&world, &tagged(&["ui"])).await, ["a", "b"]);
    assert_eq!(keys(&world, &tagged(&["ui", "team-x"])).await, ["a"]);
    assert_eq!(keys(&world, &tagged(&["ui", "nobody"])).await, [""; 0]);
    let archived = FlagListFilter { is_archived: true, ..all.clone() };
    assert_eq!(keys(&world, &archived).await, ["c"]);
    let channel = Some(DistributionChannel::Server);
    assert_eq!(keys(&world, &FlagListFilter { channel, ..archived.clone() }).await, ["c"]);
    assert_eq!(keys(&world, &FlagListFilter { channel, ..all.clone() }).await, [""; 0]);
    let value_type = Some(ValueType::Boolean);
    assert_eq!(keys(&world, &FlagListFilter { value_type, ..all.clone() }).await, ["a", "b"]);
    assert_eq!(keys(&world, &FlagListFilter { value_type, ..archived }).await, [""; 0]);
    let changed = Flag { tags: vec!["new".to_owned()], revision: 2, ..flags[0].clone() };
    world.change(async |writer| writer.update_flag(&changed).await).await.unwrap();
    assert_eq!(keys(&world, &tagged(&["ui"])).await, ["b"]);
    assert_eq!(keys(&world, &tagged(&["new"])).await, ["a"]);
    let neighbour = world.neighbour().await;
    assert_eq!(keys(&neighbour, &everything(world.samples.now)).await, [""; 0]);
}

async fn flags_are_filtered_by_what_they_do_in_an_environment(home: Home) {
    let (world, flags) = with(&home, &["on", "off", "untouched"], |_, _| {}).await;
    let environment = world.samples.production();
    let now = world.samples.now;
    let entry =
        |flag: &Flag, enabled| FlagEnvironment::initial(flag, environment.id).with_enabled(enabled, now);
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.save_flag_environment(&entry(&flags[0], true)).await?;
            writer.save_flag_environment(&entry(&flags[1], false)).await
        })
        .await
        .unwrap();
    let with = |enabled| FlagListFilter { status: Some((environment.id, enabled)), ..everything(now) };
    assert_eq!(keys(&world, &with(true)).await, ["on"]);
    assert_eq!(keys(&world, &with(false)).await, ["off", "untouched"]);
    world.change(async |writer| writer.delete_environment(environment.id).await).await.unwrap();
    assert_eq!(keys(&world, &with(true)).await, [""; 0]);
}

async fn flags_come_in_each_order_page_by_page(home: Home) {
    let (world, flags) = with(&home, &["b", "A", "c", "a", "B"], |_, _| {}).await;
    let touched = Flag { updated_at: world.samples.now, revision: 2, ..flags[2].clone() };
    world.change(async |writer| writer.update_flag(&touched).await).await.unwrap();
    for (order, expected) in [
        (FlagOrder::Key, ["A", "B", "a", "b", "c"]),
        (FlagOrder::Created, ["B", "a", "c", "A", "b"]),
        (FlagOrder::Updated, ["c", "B", "a", "A", "b"]),
    ] {
        let (mut seen, mut place) = (Vec::new(), None);
        loop {
            let filter = everything(world.samples.now);
            let mut reader = world.read().await;
            let page = reader.found_flags(world.samples.project_id, &filter, order, place.as_ref(), 2).await;
            let page = page.unwrap();
            assert_eq!(page.total_count, 5);
            let Some(last) = page.flags.last() else { break };
            place = Some(match order {
                FlagOrder::Key => FlagPlace::Key(last.key.clone()),
                FlagOrder::Updated => FlagPlace::Moment(last.updated_at, last.id),
                FlagOrder::Created => FlagPlace::Moment(last.created_at, last.id),
            });
            seen.extend(page.flags.into_iter().map(|flag| flag.key));
        }
        assert_eq!(seen, expected, "{order:?}");
    }
}

async fn tags_are_counted_of_flags_that_are_not_archived(home: Home) {
    let (world, _) = with(&home, &["a", "b", "c"], |key, flag| {
        flag.tags = vec!["ui".to_owned(), format!("only-{key}")];
        flag.archived_at = (key == "c").then_some(flag.created_at);
    })
    .await;
    let tags = world.read().await.flag_tags(world.samples.project_id).await.unwrap();
    let tags: Vec<(&str, i64)> = tags.iter().map(|one| (one.tag.as_str(), one.flag_count)).collect();
    assert_eq!(tags, [("only-a", 1), ("only-b", 1), ("only-c", 0), ("ui", 2)]);
}

/// What an environment serves of a flag: nothing was changed there, or somebody disabled it with an off variant, or
/// enabled it, long ago or lately.
fn entry(flag: &Flag, environment: EnvironmentId, choice: usize, now: Timestamp) -> Option<FlagEnvironment> {
    let long_ago = now - STALE_AFTER;
    let lately = long_ago + SignedDuration::from_micros(1);
    let initial = FlagEnvironment::initial(flag, environment);
    let enabled = |at| FlagEnvironment { enabled: true, updated_at: at, ..initial.clone() };
    match choice {
        0 => None,
        1 => Some(enabled(long_ago)),
        2 => Some(enabled(lately)),
        3 => Some(FlagEnvironment { override_variant_id: Some(flag.variants[0].id), ..enabled(long_ago) }),
        _ => Some(FlagEnvironment {
            off_variant_id: Some(flag.variants[1].id),
            updated_at: long_ago,
            ..initial.clone()
        }),
    }
}

async fn a_flag_is_found_by_how_it_is_needed_as_the_model_says(home: Home) {
    let mut world = World::new(&home).await;
    let live = [world.samples.production(), {
        Environment { is_production: true, ..world.samples.environment("Second") }
    }];
    let test = world.samples.environment("Test");
    let born = world.samples.now;
    let now = born + STALE_AFTER + STALE_AFTER;
    let mut evaluated = Vec::new();
    let mut made: Vec<(Flag, [Option<FlagEnvironment>; 3])> = Vec::new();
    for number in 0..300_usize {
        let mut flag = world.samples.flag(&format!("flag-{number:03}"));
        match number % 7 {
            0 => flag.staleness_status = StalenessStatus::Permanent,
            1 => (flag.created_at, flag.updated_at) = (now, now),
            2 => flag.updated_at = now - SignedDuration::from_hours(1),
            _ => {}
        }
        flag.archived_at = (number % 11 == 0).then_some(now);
        if number % 3 == 0 {
            evaluated.push(flag.id);
        }
        let entries = [
            entry(&flag, live[0].id, number % 5, now),
            entry(&flag, live[1].id, number / 5 % 5, now),
            entry(&flag, test.id, number / 25 % 3, now),
        ];
        made.push((flag, entries));
    }
    world.samples.later(SignedDuration::from_secs(1));
    let insert = async |writer: &mut dyn flaghoist_store::Writer| {
        for environment in live.iter().chain([&test]) {
            writer.insert_environment(environment).await?;
        }
        for (flag, entries) in &made {
            writer.insert_flag(flag).await?;
            for entry in entries.iter().flatten() {
                writer.save_flag_environment(entry).await?;
            }
        }
        Ok(())
    };
    world.change(insert).await.unwrap();
    let environments = [&live[0], &live[1], &test];
    for is_any_evaluated in [false, true] {
        let said = |(flag, entries): &(Flag, [Option<FlagEnvironment>; 3])| {
            let of_flag = evaluated.contains(&flag.id).then_some(now);
            let evaluations = Evaluations { of_flag, of_any: is_any_evaluated.then_some(now) };
            let entries =
                entries.clone().map(|entry| entry.unwrap_or_else(|| FlagEnvironment::initial(flag, test.id)));
            let places = environments.iter().copied().zip(&entries);
            staleness(flag, places, evaluations, now).as_str()
        };
        for name in ["ACTIVE", "STALE", "PERMANENT"] {
            for is_archived in [false, true] {
                let staleness = StalenessFilter {
                    names: vec![name],
                    stale_since: now - STALE_AFTER,
                    production: live.iter().map(|environment| environment.id).collect(),
                    is_any_evaluated,
                    evaluated: evaluated.clone(),
                };
                let filter = FlagListFilter { staleness, is_archived, ..everything(now) };
                let project_id = world.samples.project_id;
                let mut reader = world.read().await;
                let found = reader.found_flags(project_id, &filter, FlagOrder::Key, None, 1_000).await;
                let found: Vec<String> = found.unwrap().flags.into_iter().map(|flag| flag.key).collect();
                let expected = made.iter().filter(|(flag, _)| flag.archived_at.is_some() == is_archived);
                let expected: Vec<String> =
                    expected.filter(|one| said(one) == name).map(|(flag, _)| flag.key.clone()).collect();
                assert_eq!(found, expected, "{name}, archived {is_archived}, evaluated {is_any_evaluated}");
                assert!(is_archived || !expected.is_empty(), "some are {name}");
            }
        }
    }
}

async fn a_flag_that_cannot_be_read_is_missing_on_its_page_only(home: Home) {
    let (world, flags) = with(&home, &["a", "b", "c", "d"], |_, _| {}).await;
    tamper(&home, "UPDATE flags SET document = '{}', updated_at = 9223372036854775807 WHERE key = 'b'").await;
    let b = &flags[1];
    let moment = |at: Timestamp| FlagPlace::Moment(at, b.id);
    let cases = [
        (FlagOrder::Key, 2, ["a"].as_slice(), FlagPlace::Key("b".to_owned()), ["c", "d"].as_slice()),
        (FlagOrder::Updated, 3, &["d", "c"], moment(b.updated_at), &["a"]),
        (FlagOrder::Created, 3, &["d", "c"], moment(b.created_at), &["a"]),
    ];
    let (filter, project_id) = (everything(world.samples.now), world.samples.project_id);
    for (order, limit, first, place, second) in cases {
        let mut reader = world.read().await;
        let page = reader.found_flags(project_id, &filter, order, None, limit).await.unwrap();
        assert_eq!(page.flags.iter().map(|flag| flag.key.as_str()).collect::<Vec<_>>(), first);
        assert_eq!((page.next.as_ref(), page.total_count), (Some(&place), 4));
        let page = reader.found_flags(project_id, &filter, order, page.next.as_ref(), limit).await.unwrap();
        assert_eq!(page.flags.iter().map(|flag| flag.key.as_str()).collect::<Vec<_>>(), second);
        assert_eq!(page.next, None, "there are no more");
    }
}

async fn what_was_there_before_the_list_is_found_after_the_next_start(home: Home) {
    let (world, flags) = with(&home, &["a", "b"], |_, flag| flag.tags = vec!["ui".to_owned()]).await;
    let environment = world.samples.production();
    let now = world.samples.now;
    let on = FlagEnvironment::initial(&flags[0], environment.id).with_enabled(true, now);
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.save_flag_environment(&on).await
        })
        .await
        .unwrap();
    let World { store, samples } = world;
    store.close().await;
    drop(store);
    let forget = "UPDATE listed_flags SET searched = NULL, value_type = ''; DELETE FROM flag_tags;
        UPDATE listed_entries SET enabled = NULL, served_variant_id = NULL;";
    tamper(&home, forget).await;
    let world = World { store: std::sync::Arc::new(home.open().await), samples };
    let filter = FlagListFilter {
        search: Some("flag a".to_owned()),
        tags: vec!["ui".to_owned()],
        value_type: Some(ValueType::Boolean),
        status: Some((environment.id, true)),
        ..everything(now)
    };
    assert_eq!(keys(&world, &filter).await, ["a"]);
}
