//! Names that counters and metrics are labelled with.

use flaghoist_ingest::{Dropped, Origin};

#[test]
fn origins_are_named_as_the_sources_of_metrics() {
    assert_eq!(
        [Origin::Event, Origin::Span, Origin::Log].map(Origin::as_str),
        ["events", "otlp_span", "otlp_log"]
    );
}

#[test]
fn every_reason_to_drop_a_record_has_a_stable_name() {
    let names = Dropped::ALL.map(Dropped::as_str);
    assert_eq!(
        names,
        [
            "malformed",
            "too_large",
            "without_name",
            "without_flag",
            "without_subject",
            "value_not_finite",
            "name_too_long",
            "subject_too_long",
            "not_assigned"
        ]
    );
}
