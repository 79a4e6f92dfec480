//! Which regular expressions are accepted.

use flaghoist_eval::{FlagFault, PATTERN_MAX_BYTES, PatternFault, check_pattern};
use serde_json::json;

use crate::given::{conditional_flag, fault};

#[test]
fn the_common_dialect_is_accepted() {
    for pattern in
        ["", "^a+$", "(?i)x", "[[:alnum:]]", "\\p{Greek}", "(?:a)|(?:b)", "\\w{1,64}@\\w+", "(?P<n>a)"]
    {
        assert_eq!(check_pattern(pattern), Ok(()), "{pattern}");
    }
}

#[test]
fn what_backtracks_is_refused_with_its_place() {
    for pattern in ["(?=a)", "(?<!a)b", "(a)\\1", "(", "a**b["] {
        let Err(PatternFault::Syntax { detail }) = check_pattern(pattern) else {
            panic!("{pattern} was accepted");
        };
        assert!(!detail.is_empty());
    }
}

#[test]
fn patterns_have_a_largest_length() {
    assert_eq!(check_pattern(&"a".repeat(PATTERN_MAX_BYTES)), Ok(()));
    let one_more = "a".repeat(PATTERN_MAX_BYTES + 1);
    assert_eq!(check_pattern(&one_more), Err(PatternFault::TooLong { bytes: PATTERN_MAX_BYTES + 1 }));
}

#[test]
fn small_patterns_that_grow_are_refused() {
    // The crate's own limit of 10 MiB would let this one through.
    assert!(regex::Regex::new("\\w{100}").is_ok());
    assert_eq!(check_pattern("\\w{100}"), Err(PatternFault::TooLarge));
    assert_eq!(check_pattern("\\w{1000}"), Err(PatternFault::TooLarge));
    assert_eq!(check_pattern("((a{1000}){1000}){1000}"), Err(PatternFault::TooLarge));
    assert!(matches!(
        check_pattern(&format!("{}a{}", "(".repeat(200), ")".repeat(200))),
        Err(PatternFault::Syntax { .. })
    ));
}

#[test]
fn a_flag_is_held_to_the_same_limits() {
    for pattern in ["\\w{1000}", "(", "(?=a)"] {
        let flags = conditional_flag(&json!({"attribute": "x", "operator": "NOT_MATCHES", "value": pattern}));
        let FlagFault::Pattern { fault, .. } = fault(&flags) else { panic!("another fault") };
        assert_eq!(Err(fault), check_pattern(pattern));
    }
}
