//! Lists of flags, page by page.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::flag::Flag;
use flaghoist_store::FlagFilter;
use jiff::SignedDuration;

on_both_engines!(
    flags_are_listed_newest_first_in_pages,
    flags_of_the_same_moment_are_listed_in_one_order,
    a_part_of_the_key_is_found_in_any_case,
    wildcards_in_a_search_mean_themselves,
    a_search_for_what_no_key_can_contain_finds_nothing,
    archived_flags_are_listed_alone_or_left_out,
);

/// A world whose project has flags with these keys, each made a second after the one before.
async fn with_flags(home: &Home, keys: &[&str]) -> World {
    let mut world = World::new(home).await;
    let mut flags = Vec::new();
    for key in keys {
        flags.push(world.samples.flag(key));
        world.samples.later(SignedDuration::from_secs(1));
    }
    world
        .change(async |writer| {
            for flag in &flags {
                writer.insert_flag(flag).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    world
}

/// Keys and counts of a page.
async fn page(world: &World, filter: &FlagFilter, limit: i64, offset: i64) -> (Vec<String>, i64, i64) {
    let page = world.read().await.flag_page(world.samples.project_id, filter, limit, offset).await.unwrap();
    (page.flags.into_iter().map(|flag| flag.key).collect(), page.filtered_count, page.total_count)
}

/// Keys of the flags whose key contains `part`, newest first.
async fn search(world: &World, part: &str) -> Vec<String> {
    let filter = FlagFilter { key: Some(part.to_owned()), is_archived: None };
    let (keys, filtered_count, _) = page(world, &filter, 100, 0).await;
    assert_eq!(keys.len(), usize::try_from(filtered_count).unwrap());
    keys
}

async fn flags_are_listed_newest_first_in_pages(home: Home) {
    let world = with_flags(&home, &["a", "b", "c", "d", "e"]).await;
    let all = FlagFilter::default();
    assert_eq!(page(&world, &all, 2, 0).await, (vec!["e".to_owned(), "d".to_owned()], 5, 5));
    assert_eq!(page(&world, &all, 2, 2).await, (vec!["c".to_owned(), "b".to_owned()], 5, 5));
    assert_eq!(page(&world, &all, 2, 4).await, (vec!["a".to_owned()], 5, 5));
    assert_eq!(page(&world, &all, 2, 6).await, (Vec::new(), 5, 5));
    assert_eq!(page(&world, &all, 0, 0).await, (Vec::new(), 5, 5));
}

async fn flags_of_the_same_moment_are_listed_in_one_order(home: Home) {
    let world = World::new(&home).await;
    let flags: Vec<Flag> = (0..10).map(|number| world.samples.flag(&format!("flag-{number}"))).collect();
    world
        .change(async |writer| {
            for flag in flags.iter().rev() {
                writer.insert_flag(flag).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let mut listed = Vec::new();
    for offset in 0..10 {
        listed.extend(page(&world, &FlagFilter::default(), 1, offset).await.0);
    }
    // Ids are minted in order, so the last one is the newest.
    let expected: Vec<String> = flags.iter().rev().map(|flag| flag.key.clone()).collect();
    assert_eq!(listed, expected);
}

async fn a_part_of_the_key_is_found_in_any_case(home: Home) {
    let world = with_flags(&home, &["Checkout-New", "checkout-old", "Straße", "ÜBER-uns", "other"]).await;
    assert_eq!(search(&world, "CHECK").await, ["checkout-old", "Checkout-New"]);
    assert_eq!(search(&world, "out-n").await, ["Checkout-New"]);
    assert_eq!(search(&world, "über-UNS").await, ["ÜBER-uns"]);
    assert_eq!(search(&world, "straße").await, ["Straße"]);
    assert_eq!(search(&world, "").await.len(), 5);
    assert_eq!(search(&world, "checkout-newer").await, [""; 0]);
}

async fn wildcards_in_a_search_mean_themselves(home: Home) {
    let world = with_flags(&home, &["100%", "a_b", "a-b", r"c\d", "c'd", "100x", "[ab]", "a*"]).await;
    assert_eq!(search(&world, "%").await, ["100%"]);
    assert_eq!(search(&world, "a_b").await, ["a_b"]);
    assert_eq!(search(&world, r"\").await, [r"c\d"]);
    assert_eq!(search(&world, "'").await, ["c'd"]);
    assert_eq!(search(&world, "[").await, ["[ab]"]);
    assert_eq!(search(&world, "*").await, ["a*"]);
}

async fn a_search_for_what_no_key_can_contain_finds_nothing(home: Home) {
    // The name of a sample is the key after "Flag ", and may be no longer than a key.
    let longest = "a".repeat(flaghoist_model::key::KEY_MAX_BYTES - "Flag ".len());
    let world = with_flags(&home, &[&longest, "other"]).await;
    assert_eq!(search(&world, &longest).await, [longest.as_str()]);
    assert_eq!(search(&world, &format!("{longest}a")).await, [""; 0]);
    assert_eq!(search(&world, &longest.repeat(1_000)).await, [""; 0]);
    assert_eq!(search(&world, "oth\0er").await, [""; 0]);
}

async fn archived_flags_are_listed_alone_or_left_out(home: Home) {
    let world = with_flags(&home, &["one", "two", "three"]).await;
    let flags = world.read().await.changes_since(world.samples.project_id, 0).await.unwrap().unwrap().flags;
    let two = flags.into_iter().find(|flag| flag.key == "two").unwrap();
    let two = two.archive(&world.samples.author(), world.samples.now);
    world.change(async |writer| writer.update_flag(&two).await).await.unwrap();

    let archived = FlagFilter { key: None, is_archived: Some(true) };
    assert_eq!(page(&world, &archived, 10, 0).await, (vec!["two".to_owned()], 1, 3));
    let others = FlagFilter { key: None, is_archived: Some(false) };
    assert_eq!(page(&world, &others, 10, 0).await, (vec!["three".to_owned(), "one".to_owned()], 2, 3));
    let both = FlagFilter { key: Some("O".to_owned()), is_archived: Some(false) };
    assert_eq!(page(&world, &both, 10, 0).await, (vec!["one".to_owned()], 1, 3));
}
