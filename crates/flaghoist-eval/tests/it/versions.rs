//! Versions: what is one, and which comes first.

use std::cmp::Ordering;

use flaghoist_eval::{check_version, parse_version};
use proptest::prelude::*;

#[test]
fn versions_have_one_or_more_numeric_parts() {
    for text in [
        "0",
        "1",
        "1.2",
        "1.2.3",
        "1.2.3.4",
        "0.0.0.0.0.0.1",
        "2024.11.5.1",
        "18446744073709551615.0.0",
        "1-rc.1",
        "1.2+5114f85",
        "1.0.0-alpha.1.x-y.0+0001.a",
        "1.0.0--",
        "1.0.0-0",
    ] {
        assert!(check_version(text), "{text}");
    }
}

#[test]
fn what_is_no_version_is_refused() {
    for text in [
        "",
        " ",
        "1 ",
        " 1",
        "v1",
        "1.",
        ".1",
        "1..2",
        "1.x",
        "01",
        "1.02",
        "+1",
        "-1",
        "1.-1",
        "1.+1",
        "18446744073709551616",
        "1-",
        "1-a..b",
        "1-01",
        "1-a_b",
        "1+",
        "1+a..b",
        "1+a+b",
        "1.2.3-é",
        "١.٢",
    ] {
        assert!(!check_version(text), "{text}");
    }
}

#[test]
fn precedence_follows_semantic_versioning() {
    let ascending = [
        "0.9",
        "1.0.0-0",
        "1.0.0-9",
        "1.0.0-10",
        "1.0.0-99999999999999999999999",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1",
        "1.0.0.0.1-a",
        "1.0.0.0.1",
        "1.0.1",
        "1.2",
        "1.10",
        "2.0.0-a",
        "18446744073709551615",
    ];
    for (i, a) in ascending.iter().enumerate() {
        for (j, b) in ascending.iter().enumerate() {
            let found = parse_version(a).unwrap().cmp_precedence(&parse_version(b).unwrap());
            assert_eq!(found, i.cmp(&j), "{a} against {b}");
        }
    }
}

#[test]
fn missing_parts_are_zero_and_builds_do_not_count() {
    let same = ["1.2", "1.2.0", "1.2.0.0.0", "1.2+a", "1.2.0+b.c"];
    for (a, b) in same.iter().flat_map(|a| same.map(|b| (*a, b))) {
        let found = parse_version(a).unwrap().cmp_precedence(&parse_version(b).unwrap());
        assert_eq!(found, Ordering::Equal, "{a} against {b}");
    }
}

#[test]
fn a_version_keeps_its_text() {
    assert_eq!(parse_version("1.2-rc.1+x").unwrap().as_str(), "1.2-rc.1+x");
}

/// Texts that are mostly versions and otherwise nearly so.
fn nearly_a_version() -> impl Strategy<Value = String> {
    proptest::string::string_regex(
        r"(0|[1-9][0-9]{0,2}|0[0-9])(\.(0|[1-9][0-9]?)){2}(-[0-9a-c-]{0,3}(\.[0-9a-c-]{1,2}){0,2})?(\+[0-9a-z.]{0,4})?",
    )
    .unwrap()
}

proptest! {
    /// The `semver` crate implements the three-part form independently.
    #[test]
    fn three_part_versions_agree_with_the_semver_crate(a in nearly_a_version(), b in nearly_a_version()) {
        let reference = semver::Version::parse(&a).ok();
        prop_assert_eq!(reference.is_some(), check_version(&a), "{}", a);
        if let (Some(x), Ok(y)) = (reference, semver::Version::parse(&b)) {
            let found = parse_version(&a).unwrap().cmp_precedence(&parse_version(&b).unwrap());
            prop_assert_eq!(found, x.cmp_precedence(&y), "{} against {}", a, b);
        }
    }

    #[test]
    fn any_text_is_a_version_or_not_but_never_a_panic(text in any::<String>()) {
        check_version(&text);
    }
}

#[test]
fn a_version_is_written_in_three_parts_where_it_has_no_more() {
    for (text, in_three_parts) in [
        ("2", Some("2.0.0")),
        ("2.1", Some("2.1.0")),
        ("2.1.3", Some("2.1.3")),
        ("2-rc.1", Some("2.0.0-rc.1")),
        ("2.1+build", Some("2.1.0")),
        ("2.1.3.0", Some("2.1.3")),
        ("2.1.3.4", None),
    ] {
        let version = parse_version(text).unwrap();
        assert_eq!(version.in_three_parts().as_deref(), in_three_parts, "{text}");
    }
}
