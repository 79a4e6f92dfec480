//! One table per operator: what the attribute is, and whether the condition holds.

use flaghoist_eval::Reason;
use serde_json::{Value, json};

use crate::given::{attributes, conditional_flag, decide, eppo_snapshot, snapshot};

/// Whether `x operator value` holds for the attributes of a subject with the targeting key `alice`.
fn holds(operator: &str, value: &Value, object: &Value) -> bool {
    let condition = json!({"attribute": "x", "operator": operator, "value": value});
    let snapshot = snapshot(&conditional_flag(&condition));
    assert!(snapshot.flag("flag").unwrap().is_ok(), "{:?}", snapshot.flag("flag"));
    match decide(&snapshot, Some("alice"), object).reason {
        Reason::TargetingMatch => true,
        Reason::Default => false,
        other => panic!("unexpected reason {other:?}"),
    }
}

#[track_caller]
fn table(operator: &str, value: &Value, expectations: &[(Value, bool)]) {
    for (seen, expected) in expectations {
        let found = holds(operator, value, &json!({"x": seen}));
        assert_eq!(found, *expected, "{seen} {operator} {value}");
    }
    let null = holds(operator, value, &json!({"x": null}));
    let absent = holds(operator, value, &json!({"y": 1}));
    assert_eq!(null, absent, "{operator}: null and absent are the same");
    if operator != "IS_NULL" {
        assert!(!absent, "{operator} never holds for an absent attribute");
    }
}

#[test]
fn comparisons_take_numbers_and_text_that_reads_as_a_number() {
    for (operator, below, same, above) in [
        ("LT", true, false, false),
        ("LTE", true, true, false),
        ("GT", false, false, true),
        ("GTE", false, true, true),
    ] {
        table(
            operator,
            &json!(18),
            &[
                (json!(17), below),
                (json!(17.999), below),
                (json!(-3), below),
                (json!("17"), below),
                (json!("1e1"), below),
                (json!(18), same),
                (json!(18.0), same),
                (json!("18"), same),
                (json!("18.0"), same),
                (json!(18.5), above),
                (json!("19"), above),
                (json!(i64::MAX), above),
            ],
        );
    }
}

#[test]
fn comparisons_never_hold_for_what_is_no_number() {
    for operator in ["LT", "LTE", "GT", "GTE"] {
        for comparand in [json!(0), json!(1), json!(-1)] {
            table(
                operator,
                &comparand,
                &[
                    (json!(true), false),
                    (json!(false), false),
                    (json!(""), false),
                    (json!(" 1"), false),
                    (json!("one"), false),
                    (json!("NaN"), false),
                    (json!("0x10"), false),
                ],
            );
        }
    }
}

#[test]
fn matches_searches_anywhere_in_the_text() {
    table(
        "MATCHES",
        &json!("@example\\.(com|org)$"),
        &[(json!("a@example.com"), true), (json!("a@example.com.evil"), false), (json!(""), false)],
    );
    table("MATCHES", &json!("b"), &[(json!("abc"), true), (json!("ABC"), false)]);
    table("MATCHES", &json!("(?i)^ünï"), &[(json!("ÜNÏcode"), true)]);
    table("MATCHES", &json!("^[[:alnum:]]+$"), &[(json!("a1"), true), (json!("a-1"), false)]);
}

#[test]
fn not_matches_needs_a_text_to_search() {
    table(
        "NOT_MATCHES",
        &json!("^test"),
        &[(json!("a test"), true), (json!("test"), false), (json!(""), true)],
    );
}

#[test]
fn patterns_see_numbers_and_booleans_as_text() {
    table(
        "MATCHES",
        &json!("^(42|0\\.1|true|-7)$"),
        &[
            (json!(42), true),
            (json!(42.0), true),
            (json!(0.1), true),
            (json!(true), true),
            (json!(-7), true),
            (json!(false), false),
            (json!(4.2), false),
        ],
    );
    table("NOT_MATCHES", &json!("^42$"), &[(json!(42.0), false), (json!(43), true), (json!(true), true)]);
}

#[test]
fn one_of_compares_text_exactly() {
    let list = json!(["beta", "staff", ""]);
    let expectations =
        [("beta", true), ("Beta", false), ("bet", false), ("staff", true), ("", true), (" beta", false)];
    for (seen, expected) in expectations {
        table("ONE_OF", &list, &[(json!(seen), expected)]);
        table("NOT_ONE_OF", &list, &[(json!(seen), !expected)]);
    }
}

#[test]
fn membership_sees_numbers_and_booleans_as_their_shortest_text() {
    let list = json!(["42", "0.1", "true", "-0.5", "100000000000000000000", "9007199254740993", "1e3"]);
    let expectations = [
        (json!(42), true),
        (json!(42.0), true),
        (json!(0.1), true),
        (json!(0.1 + 0.2), false),
        (json!(true), true),
        (json!(false), false),
        (json!(-0.5), true),
        (json!(1e20), true),
        (json!(9_007_199_254_740_993_i64), true),
        (json!(9_007_199_254_740_992_i64), false),
        (json!(1000), false),
        (json!("42.0"), false),
    ];
    for (seen, expected) in expectations {
        table("ONE_OF", &list, &[(seen.clone(), expected)]);
        table("NOT_ONE_OF", &list, &[(seen, !expected)]);
    }
}

#[test]
fn the_longest_doubles_have_a_text_too() {
    for extreme in [f64::MAX, f64::MIN, f64::MIN_POSITIVE, -2.225_073_858_507_201e-308, 5e-324, -4.9e-322] {
        table("ONE_OF", &json!([extreme.to_string()]), &[(json!(extreme), true)]);
    }
}

#[test]
fn the_longest_integers_have_a_text_too() {
    for extreme in [i64::MIN, i64::MAX] {
        table("ONE_OF", &json!([extreme.to_string()]), &[(json!(extreme), true)]);
    }
}

#[test]
fn an_empty_list_contains_nothing() {
    table("ONE_OF", &json!([]), &[(json!("a"), false)]);
    table("NOT_ONE_OF", &json!([]), &[(json!("a"), true), (json!(1), true)]);
}

#[test]
fn long_lists_behave_like_short_ones() {
    let long: Vec<String> =
        (0..1000).map(|number| format!("user-{number}")).chain(["7".to_owned()]).collect();
    table(
        "ONE_OF",
        &json!(long),
        &[
            (json!("user-0"), true),
            (json!("user-999"), true),
            (json!("user-1000"), false),
            (json!(7.0), true),
        ],
    );
    table("NOT_ONE_OF", &json!(long), &[(json!("user-500"), false), (json!("user"), true)]);
}

#[test]
fn is_null_tells_absent_and_null_from_present() {
    let present = [json!("x"), json!(""), json!(0), json!(false)];
    for seen in &present {
        table("IS_NULL", &json!(true), &[(seen.clone(), false)]);
        table("IS_NULL", &json!(false), &[(seen.clone(), true)]);
    }
    assert!(holds("IS_NULL", &json!(true), &json!({})));
    assert!(holds("IS_NULL", &json!(true), &json!({"x": null})));
    assert!(!holds("IS_NULL", &json!(false), &json!({})));
    assert!(!holds("IS_NULL", &json!(false), &json!({"x": null})));
}

#[test]
fn semver_operators_order_versions() {
    // Attribute, then whether it is equal to, before, or after 1.10.0-rc.2.
    let places = [
        ("1.10.0-rc.2", "equal"),
        ("1.10-rc.2", "equal"),
        ("1.10.0.0-rc.2+build.7", "equal"),
        ("1.10.0-rc.1", "before"),
        ("1.10.0-alpha", "before"),
        ("1.9.99", "before"),
        ("1", "before"),
        ("1.10.0", "after"),
        ("1.10", "after"),
        ("1.10.0-rc.10", "after"),
        ("1.10.0.1-alpha", "after"),
        ("18446744073709551615", "after"),
    ];
    for (seen, place) in places {
        let (equal, before, after) = (place == "equal", place == "before", place == "after");
        for (operator, expected) in [
            ("SEMVER_EQ", equal),
            ("SEMVER_NEQ", !equal),
            ("SEMVER_LT", before),
            ("SEMVER_LTE", before || equal),
            ("SEMVER_GT", after),
            ("SEMVER_GTE", after || equal),
        ] {
            table(operator, &json!("1.10.0-rc.2"), &[(json!(seen), expected)]);
        }
    }
}

#[test]
fn semver_operators_never_hold_for_what_is_no_version() {
    for operator in ["SEMVER_EQ", "SEMVER_NEQ", "SEMVER_LT", "SEMVER_LTE", "SEMVER_GT", "SEMVER_GTE"] {
        table(
            operator,
            &json!("1.0.0"),
            &[
                (json!(""), false),
                (json!("v1.0.0"), false),
                (json!("1.x"), false),
                (json!("18446744073709551616"), false),
                (json!(1), false),
                (json!(1.0), false),
                (json!(true), false),
            ],
        );
    }
}

#[test]
fn id_is_the_targeting_key_unless_there_is_such_an_attribute() {
    let condition = json!({"attribute": "id", "operator": "ONE_OF", "value": ["alice"]});
    let snapshot = snapshot(&conditional_flag(&condition));
    let matched = |key, object: &Value| decide(&snapshot, key, object).reason == Reason::TargetingMatch;
    assert!(matched(Some("alice"), &json!({})));
    assert!(!matched(Some("bob"), &json!({})));
    assert!(!matched(None, &json!({})));
    assert!(matched(Some("bob"), &json!({"id": "alice"})));
    assert!(matched(None, &json!({"id": "alice"})));
    assert!(!matched(Some("alice"), &json!({"id": "bob"})));
    assert!(!matched(Some("alice"), &json!({"id": null})), "an explicit null is not absent");
}

#[test]
fn an_empty_targeting_key_is_an_id_and_a_null_one_is_none() {
    let condition = json!({"attribute": "id", "operator": "IS_NULL", "value": true});
    let snapshot = snapshot(&conditional_flag(&condition));
    assert_eq!(decide(&snapshot, Some(""), &json!({})).reason, Reason::Default);
    assert_eq!(decide(&snapshot, None, &json!({})).reason, Reason::TargetingMatch);
}

#[test]
fn attribute_names_are_exact() {
    assert!(!holds("ONE_OF", &json!(["a"]), &json!({"X": "a", " x": "a", "x ": "a", "xx": "a"})));
}

#[test]
fn nested_attributes_count_as_absent() {
    for nested in [json!(["a"]), json!({"a": 1})] {
        assert!(attributes(&json!({"x": nested})).skipped_nested());
        assert!(holds("IS_NULL", &json!(true), &json!({"x": nested})));
        assert!(!holds("ONE_OF", &json!(["a"]), &json!({"x": nested})));
        assert!(!holds("NOT_ONE_OF", &json!(["a"]), &json!({"x": nested})));
    }
}

#[test]
fn eppo_comparisons_read_text_as_a_version_or_else_as_a_number() {
    for (value, seen, expected) in [
        (json!("1.5.0"), json!("1.13.0"), true),
        (json!("1.5.0"), json!("1.5.0"), true),
        (json!("1.5.0"), json!("1.5.0-rc.1"), false),
        (json!("1.5.0"), json!("1.13"), false),
        (json!("1.5.0"), json!(2), false),
        (json!("1.5"), json!("1.13"), false),
        (json!("1.5"), json!(1.6), true),
        (json!("10"), json!("9"), false),
        (json!(10), json!("11"), true),
    ] {
        let mut flags = conditional_flag(&json!({"attribute": "x", "operator": "GTE", "value": value}));
        flags["flag"]["totalShards"] = json!(10_000);
        let found = decide(&eppo_snapshot(&flags), Some("alice"), &json!({"x": seen})).reason;
        assert_eq!(found == Reason::TargetingMatch, expected, "{seen} GTE {value}");
    }
}
