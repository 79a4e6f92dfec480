//! Who falls into which bucket.

use flaghoist_eval::{Attributes, Decision, Expected, Flag, Subject, shard, wire};
use proptest::prelude::*;
use serde_json::json;

use crate::given::now;

#[test]
fn buckets_equal_the_published_vectors() {
    for (salt, key, first_bytes, bucket) in [
        ("split-new-user-onboarding-rollout", "alice", 0xa2fb_3742, 2674),
        ("traffic-new-user-onboarding-experiment", "bob", 0xa04a_1568, 9704),
        ("split-new-user-onboarding-experiment", "bob", 0x6f1a_50ba, 5578),
        ("some-salt", "", 0xdd75_7688, 2792),
        ("salt", "ünïcode", 0xe83e_1fb5, 5461),
    ] {
        assert_eq!(shard(salt, key, 10_000), bucket, "{salt} {key}");
        assert_eq!(shard(salt, key, u32::MAX), first_bytes, "{salt} {key}");
    }
}

#[test]
fn there_is_a_bucket_for_every_number_of_shards() {
    assert_eq!(shard("s", "k", 1), 0);
    assert_eq!(shard("s", "k", 0), 0);
}

/// A flag `on`/`off` with a traffic shard of `exposure` and two splits cut at `cut`, both of 10000.
fn experiment(exposure: u32, cut: u32) -> Flag {
    let shards = |start: u32, end: u32| {
        json!([
            {"salt": "traffic-x", "totalShards": 10000, "ranges": [{"start": 0, "end": exposure}]},
            {"salt": "split-x", "totalShards": 10000, "ranges": [{"start": start, "end": end}]},
        ])
    };
    let flag: wire::Flag = serde_json::from_value(json!({
        "key": "x", "enabled": true, "variationType": "BOOLEAN",
        "variations": {"on": {"key": "on", "value": true}, "off": {"key": "off", "value": false}},
        "allocations": [{"key": "a", "rules": [], "doLog": true, "splits": [
            {"variationKey": "on", "shards": shards(0, cut)},
            {"variationKey": "off", "shards": shards(cut, 10000)},
        ]}],
    }))
    .unwrap();
    Flag::compile(&flag).unwrap()
}

fn decide<'s>(flag: &'s Flag, key: &str) -> Decision<'s> {
    let attributes = Attributes::new();
    flag.decide(Expected::Any, &Subject { targeting_key: Some(key), attributes: &attributes }, now())
}

#[test]
fn buckets_are_roughly_uniform() {
    // 100 cells of about 1000: the chi-squared statistic of 99 degrees of freedom exceeds 161 once in 10^4 salts.
    for salt in ["traffic-x", "split-x", "", "ünïcode"] {
        let mut cells = [0_u32; 100];
        for user in 0..100_000 {
            cells[shard(salt, &format!("user-{user}"), 100) as usize] += 1;
        }
        let statistic: f64 = cells.iter().map(|count| (f64::from(*count) - 1000.0).powi(2) / 1000.0).sum();
        assert!(statistic < 161.0, "{salt}: {statistic}");
    }
}

#[test]
fn salts_are_independent() {
    let both = (0..100_000)
        .map(|user| format!("user-{user}"))
        .filter(|user| shard("traffic-x", user, 2) == 0 && shard("split-x", user, 2) == 0)
        .count();
    assert!((24_400..25_600).contains(&both), "{both}");
}

proptest! {
    #[test]
    fn a_bucket_is_below_the_number_of_shards(salt: String, key: String, total in 1..=u32::MAX) {
        prop_assert!(shard(&salt, &key, total) < total);
    }

    /// An independent computation over the concatenated text, also for texts longer than a block of the hash.
    #[test]
    fn a_bucket_is_the_start_of_the_digest_of_the_joined_text(
        salt in ".{0,80}", key in ".{0,80}", total in 1..=u32::MAX,
    ) {
        let digest = format!("{:x}", md5::compute(format!("{salt}-{key}")));
        let expected = u32::from_str_radix(&digest[..8], 16).unwrap() % total;
        prop_assert_eq!(shard(&salt, &key, total), expected);
    }

    #[test]
    fn decisions_are_sticky(key: String, exposure in 0..=10_000_u32, cut in 0..=10_000_u32) {
        let (flag, again) = (experiment(exposure, cut), experiment(exposure, cut));
        prop_assert_eq!(decide(&flag, &key).variant, decide(&again, &key).variant);
    }

    #[test]
    fn raising_the_exposure_only_adds_subjects(
        key: String, a in 0..=10_000_u32, b in 0..=10_000_u32, cut in 0..=10_000_u32,
    ) {
        let (low, high) = (experiment(a.min(b), cut), experiment(a.max(b), cut));
        if let Some(variant) = decide(&low, &key).variant {
            prop_assert_eq!(decide(&high, &key).variant, Some(variant));
        }
    }

    #[test]
    fn moving_a_cut_moves_only_those_between_the_old_and_the_new(
        key: String, a in 0..=10_000_u32, b in 0..=10_000_u32,
    ) {
        let (before, after) = (experiment(10_000, a), experiment(10_000, b));
        let bucket = shard("split-x", &key, 10_000);
        let moved = decide(&before, &key).variant != decide(&after, &key).variant;
        prop_assert_eq!(moved, (a.min(b)..a.max(b)).contains(&bucket));
    }

    #[test]
    fn everybody_with_full_exposure_is_in_and_nobody_without(key: String, cut in 0..=10_000_u32) {
        prop_assert!(decide(&experiment(10_000, cut), &key).variant.is_some());
        prop_assert!(decide(&experiment(0, cut), &key).variant.is_none());
    }
}

#[test]
fn more_salts_than_are_remembered_change_nothing() {
    let shards = (0..20)
        .map(|salt| {
            let salt = format!("salt-{salt}");
            let bucket = shard(&salt, "alice", 1000);
            json!({"salt": salt, "totalShards": 1000, "ranges": [{"start": bucket, "end": bucket + 1}]})
        })
        .collect::<Vec<_>>();
    let twice: Vec<_> = shards.iter().chain(&shards).collect();
    let flag: wire::Flag = serde_json::from_value(json!({
        "key": "x", "enabled": true, "variationType": "BOOLEAN",
        "variations": {"on": {"key": "on", "value": true}},
        "allocations": [{"key": "a", "doLog": true, "splits": [{"variationKey": "on", "shards": twice}]}],
    }))
    .unwrap();
    let flag = Flag::compile(&flag).unwrap();
    assert_eq!(decide(&flag, "alice").variant, Some("on"));
    assert_eq!(decide(&flag, "bob").variant, None);
}
