use crate::given::{later, now};
use flaghoist_model::id::ProjectId;
use flaghoist_model::metric::{
    Direction, Lane, Metric, MetricDefinition, MetricDraft, MetricKind, MetricSource, SourceDraft,
    SourceType, Threshold, ThresholdDraft, ThresholdOperator,
};
use flaghoist_model::{Faults, Patch, Rejection};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

fn created(draft: MetricDraft) -> Result<MetricDefinition, Rejection> {
    let project_id = ProjectId(Uuid::from_u128(1));
    Metric::create(draft, project_id, now(), Faults::new()).map(|metric| metric.definition)
}

/// Pointers of what is wrong with the draft.
fn faults(draft: MetricDraft) -> Vec<String> {
    match created(draft) {
        Err(Rejection::Invalid(faults)) => faults.into_iter().map(|fault| fault.pointer).collect(),
        other => panic!("it is refused, not {other:?}"),
    }
}

fn events(event: &str) -> SourceDraft {
    let source_type = Some(SourceType::Events);
    SourceDraft { source_type, event: Some(event.to_owned()), ..SourceDraft::default() }
}

fn prometheus(query: &str) -> SourceDraft {
    let source_type = Some(SourceType::Prometheus);
    SourceDraft { source_type, query: Some(query.to_owned()), ..SourceDraft::default() }
}

/// A metric whose name says nothing, so that its direction is given.
fn orders(kind: MetricKind) -> MetricDraft {
    MetricDraft {
        id: Some("orders".to_owned()),
        kind: Some(kind),
        direction: Some(Direction::DecreaseIsBad),
        source: Some(events("order.placed")),
        ..MetricDraft::default()
    }
}

fn requests(kind: MetricKind) -> MetricDraft {
    MetricDraft {
        id: Some("http-5xx".to_owned()),
        kind: Some(kind),
        direction: Some(Direction::IncreaseIsBad),
        source: Some(prometheus("sum(rate_5xx{variant=\"$variant\"})")),
        denominator: Some(prometheus("sum(rate_all{variant=\"$variant\"})")),
        ..MetricDraft::default()
    }
}

#[test]
fn an_id_and_an_event_of_errors_are_enough() {
    let draft = MetricDraft {
        id: Some("checkout-errors".to_owned()),
        source: Some(events("checkout.error")),
        ..MetricDraft::default()
    };
    let expected = MetricDefinition {
        id: "checkout-errors".to_owned(),
        name: "checkout-errors".to_owned(),
        description: None,
        kind: MetricKind::Binary,
        direction: Direction::IncreaseIsBad,
        source: MetricSource::Events {
            event: "checkout.error".to_owned(),
            filter: BTreeMap::new(),
            value: None,
        },
        denominator: None,
        margin: 0.0,
        window_ms: None,
        winsor_quantile: 0.995,
        quantile: None,
        threshold: None,
        require_noninferior: false,
        min_subjects: 100,
        allow_abort: true,
        trust_logged_variant: false,
    };
    assert_eq!(created(draft).unwrap(), expected);
}

#[test]
fn names_of_harmful_things_say_which_way_is_harm_and_others_have_to() {
    let named = |name: &str, event: &str| MetricDraft {
        id: Some("m".to_owned()),
        name: Some(name.to_owned()),
        source: Some(events(event)),
        ..MetricDraft::default()
    };
    for (name, event) in [
        ("Checkout ERRORS", "e"),
        ("m", "app.Crash"),
        ("Timeouts", "e"),
        ("m", "request_latency"),
        ("Failed log-ins", "e"),
        ("m", "UncaughtException"),
    ] {
        assert_eq!(
            created(named(name, event)).unwrap().direction,
            Direction::IncreaseIsBad,
            "{name} {event}"
        );
    }
    assert_eq!(faults(named("Orders", "order.placed")), ["/direction"]);
    let asked = MetricDraft { direction: Some(Direction::DecreaseIsBad), ..named("Errors found", "e") };
    assert_eq!(created(asked).unwrap().direction, Direction::DecreaseIsBad, "what is said wins");
}

#[test]
fn values_of_a_subject_have_a_window_of_an_hour_unless_it_is_another_or_none() {
    for kind in [MetricKind::Count, MetricKind::Sum, MetricKind::Mean] {
        let with = |window_ms| created(MetricDraft { window_ms, ..orders(kind) });
        for (window, expected_ms, lane) in [
            (Patch::Keep, Some(3_600_000), Lane::Values),
            (Patch::Clear, None, Lane::Ratios),
            (Patch::Set(60_000), Some(60_000), Lane::Values),
            (Patch::Set(2_592_000_000), Some(2_592_000_000), Lane::Values),
        ] {
            let definition = with(window).unwrap();
            assert_eq!((definition.window_ms, definition.lane()), (expected_ms, lane));
        }
        for outside_ms in [59_999, 2_592_000_001, -1] {
            assert!(with(Patch::Set(outside_ms)).is_err());
        }
    }
    let binary = MetricDraft { window_ms: Patch::Set(60_000), ..orders(MetricKind::Binary) };
    assert_eq!(faults(binary), ["/window_ms"]);
}

#[test]
fn a_kind_has_the_members_that_belong_to_it_and_no_others() {
    let quantile = Some(0.95);
    let denominator = || Some(events("visit"));
    let threshold = || {
        Some(ThresholdDraft {
            operator: Some(ThresholdOperator::Above),
            value: Some(0.05),
            ..ThresholdDraft::default()
        })
    };
    assert_eq!(faults(orders(MetricKind::Ratio)), ["/denominator"]);
    assert_eq!(faults(orders(MetricKind::Quantile)), ["/quantile"]);
    assert_eq!(faults(MetricDraft { denominator: None, ..requests(MetricKind::Threshold) }), ["/threshold"]);
    let all = MetricDraft {
        quantile,
        denominator: denominator(),
        direction: Some(Direction::IncreaseIsBad),
        threshold: threshold(),
        ..orders(MetricKind::Count)
    };
    assert_eq!(faults(all), ["/quantile", "/threshold", "/denominator"]);
    let ratio = created(MetricDraft { denominator: denominator(), ..orders(MetricKind::Ratio) }).unwrap();
    let of_values = created(MetricDraft { quantile, ..orders(MetricKind::Quantile) }).unwrap();
    assert_eq!((ratio.lane(), of_values.lane()), (Lane::Ratios, Lane::Ratios));
}

#[test]
fn numbers_out_of_their_range_are_refused_with_their_place() {
    for (draft, pointer) in [
        (MetricDraft { margin: Some(-0.1), ..orders(MetricKind::Binary) }, "/margin/relative"),
        (MetricDraft { margin: Some(10.1), ..orders(MetricKind::Binary) }, "/margin/relative"),
        (MetricDraft { margin: Some(f64::NAN), ..orders(MetricKind::Binary) }, "/margin/relative"),
        (MetricDraft { winsor_quantile: Some(0.49), ..orders(MetricKind::Sum) }, "/winsor_quantile"),
        (MetricDraft { winsor_quantile: Some(1.01), ..orders(MetricKind::Sum) }, "/winsor_quantile"),
        (MetricDraft { quantile: Some(0.0), ..orders(MetricKind::Quantile) }, "/quantile"),
        (MetricDraft { quantile: Some(1.0), ..orders(MetricKind::Quantile) }, "/quantile"),
        (MetricDraft { id: Some(" orders".to_owned()), ..orders(MetricKind::Binary) }, "/id"),
        (MetricDraft { id: Some("..".to_owned()), ..orders(MetricKind::Binary) }, "/id"),
        (MetricDraft { name: Some(String::new()), ..orders(MetricKind::Binary) }, "/name"),
        (MetricDraft { source: Some(events("")), ..orders(MetricKind::Binary) }, "/source/event"),
        (
            MetricDraft { source: Some(events(&"e".repeat(257))), ..orders(MetricKind::Binary) },
            "/source/event",
        ),
    ] {
        assert_eq!(faults(draft), [pointer]);
    }
    for margin in [0.0, 10.0] {
        assert!(created(MetricDraft { margin: Some(margin), ..orders(MetricKind::Binary) }).is_ok());
    }
    for winsor_quantile in [0.5, 1.0] {
        let draft = MetricDraft { winsor_quantile: Some(winsor_quantile), ..orders(MetricKind::Sum) };
        assert!(created(draft).is_ok());
    }
}

#[test]
fn prometheus_metrics_tolerate_a_tenth_and_pause_at_most_unless_asked_otherwise() {
    let ratio = created(requests(MetricKind::Ratio)).unwrap();
    assert_eq!((ratio.margin, ratio.allow_abort, ratio.lane()), (0.1, false, Lane::Prometheus));
    let strict = MetricDraft { margin: Some(0.0), allow_abort: Some(true), ..requests(MetricKind::Ratio) };
    let strict = created(strict).unwrap();
    assert_eq!((strict.margin, strict.allow_abort), (0.0, true));
}

#[test]
fn prometheus_knows_no_subjects_and_does_not_mix_with_what_does() {
    for kind in [MetricKind::Binary, MetricKind::Count, MetricKind::Sum, MetricKind::Mean] {
        assert_eq!(faults(MetricDraft { denominator: None, ..requests(kind) }), ["/kind"]);
    }
    assert_eq!(faults(MetricDraft { denominator: None, ..requests(MetricKind::Ratio) }), ["/denominator"]);
    let mixed = MetricDraft { denominator: Some(events("visit")), ..requests(MetricKind::Ratio) };
    assert_eq!(faults(mixed), ["/denominator/type"]);
    let mixed =
        MetricDraft { denominator: Some(prometheus("x{v=\"$variant\"}")), ..orders(MetricKind::Ratio) };
    assert_eq!(faults(mixed), ["/denominator/type"]);
    let of_all = MetricDraft { source: Some(prometheus("sum(errors)")), ..requests(MetricKind::Ratio) };
    assert_eq!(faults(of_all), ["/source/query"]);
}

#[test]
fn a_threshold_says_by_itself_which_way_is_harm() {
    let threshold = |operator| ThresholdDraft {
        operator: Some(operator),
        value: Some(0.05),
        min_requests: Some(20.0),
        ..ThresholdDraft::default()
    };
    let with = |operator, direction| MetricDraft {
        direction,
        threshold: Some(threshold(operator)),
        ..requests(MetricKind::Threshold)
    };
    for (operator, harm) in [
        (ThresholdOperator::Above, Direction::IncreaseIsBad),
        (ThresholdOperator::Below, Direction::DecreaseIsBad),
    ] {
        let definition = created(with(operator, None)).unwrap();
        assert_eq!(definition.direction, harm);
        let expected =
            Threshold { operator, value: 0.05, min_requests: 20.0, failing_blocks: 3, of_blocks: 5 };
        assert_eq!(definition.threshold, Some(expected));
    }
    assert_eq!(faults(with(ThresholdOperator::Below, Some(Direction::IncreaseIsBad))), ["/direction"]);
    let uncounted = MetricDraft { denominator: None, ..with(ThresholdOperator::Above, None) };
    assert_eq!(faults(uncounted), ["/threshold/min_requests"]);
    let of_events =
        MetricDraft { source: Some(events("e")), denominator: None, ..with(ThresholdOperator::Above, None) };
    assert!(faults(of_events).contains(&"/source/type".to_owned()));
}

#[test]
fn blocks_that_fail_are_at_most_those_looked_at() {
    let with = |failing_blocks, of_blocks| MetricDraft {
        threshold: Some(ThresholdDraft {
            operator: Some(ThresholdOperator::Above),
            value: Some(1.0),
            failing_blocks,
            of_blocks,
            ..ThresholdDraft::default()
        }),
        ..requests(MetricKind::Threshold)
    };
    for (failing, of, expected) in
        [(Some(1), Some(1), (1, 1)), (Some(9), None, (9, 9)), (None, Some(120), (3, 120))]
    {
        let threshold = created(with(failing, of)).unwrap().threshold.unwrap();
        assert_eq!((threshold.failing_blocks, threshold.of_blocks), expected);
    }
    assert_eq!(faults(with(Some(0), Some(5))), ["/threshold/failing_blocks"]);
    assert_eq!(faults(with(Some(6), Some(5))), ["/threshold/failing_blocks"]);
    assert_eq!(faults(with(Some(1), Some(121))), ["/threshold/of_blocks"]);
    assert_eq!(faults(with(Some(0), Some(0))), ["/threshold/of_blocks"]);
}

#[test]
fn a_source_has_the_members_of_its_type_and_no_others() {
    let with = |source: SourceDraft| MetricDraft { source: Some(source), ..orders(MetricKind::Binary) };
    let of = |source_type| SourceDraft { source_type: Some(source_type), ..SourceDraft::default() };
    assert_eq!(faults(with(of(SourceType::Events))), ["/source/event"]);
    assert_eq!(faults(with(of(SourceType::OtlpLog))), ["/source/event"]);
    assert_eq!(faults(with(of(SourceType::Prometheus))), ["/source/query"]);
    let any_span = created(with(of(SourceType::OtlpSpan))).unwrap().source;
    assert_eq!(any_span, MetricSource::OtlpSpan { name: None, filter: BTreeMap::new(), value: None });
    let all = |source_type| SourceDraft {
        event: Some("e".to_owned()),
        name: Some("n".to_owned()),
        filter: Some(BTreeMap::from([("p".to_owned(), vec!["t".to_owned()])])),
        value: Some("v".to_owned()),
        query: Some("$variant".to_owned()),
        ..of(source_type)
    };
    assert_eq!(faults(with(all(SourceType::Events))), ["/source/name", "/source/query"]);
    assert_eq!(faults(with(all(SourceType::OtlpSpan))), ["/source/event", "/source/query"]);
    let of_prometheus = ["/source/event", "/source/name", "/source/filter", "/source/value"];
    assert_eq!(faults(with(all(SourceType::Prometheus))), of_prometheus);
}

#[test]
fn a_filter_names_properties_with_the_texts_they_may_be() {
    let with = |filter: &[(&str, &[&str])]| {
        let entry = |(property, texts): &(&str, &[&str])| {
            ((*property).to_owned(), texts.iter().map(|text| (*text).to_owned()).collect())
        };
        let filter = Some(filter.iter().map(entry).collect());
        MetricDraft { source: Some(SourceDraft { filter, ..events("e") }), ..orders(MetricKind::Binary) }
    };
    assert!(created(with(&[("severity", &["error", "fatal", ""])])).is_ok());
    assert_eq!(faults(with(&[("a/b", &[])])), ["/source/filter/a~1b"]);
    assert_eq!(faults(with(&[("p", &[&"x".repeat(257)])])), ["/source/filter/p"]);
    assert_eq!(faults(with(&[("", &["x"])])), ["/source/filter/"]);
    assert_eq!(faults(with(&[("p", &["x"; 65])])), ["/source/filter/p"]);
    let names: Vec<String> = (0..65).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &["x"][..])).collect();
    assert_eq!(faults(with(&many)), ["/source/filter"]);
}

#[test]
fn what_a_member_is_wrong_for_is_said_before_what_does_not_go_together() {
    let draft = MetricDraft { margin: Some(11.0), window_ms: Patch::Set(1), ..orders(MetricKind::Ratio) };
    assert_eq!(faults(draft), ["/margin/relative", "/window_ms"], "and not that the denominator is missing");
}

#[test]
fn a_replacement_begins_with_the_defaults_and_keeps_the_id() {
    let project_id = ProjectId(Uuid::from_u128(1));
    let draft = MetricDraft { min_subjects: Some(5), ..orders(MetricKind::Count) };
    let before = Metric::create(draft, project_id, now(), Faults::new()).unwrap();
    let replacement = MetricDraft { id: None, ..orders(MetricKind::Binary) };
    let after = before.replaced(replacement, later(60), Faults::new()).unwrap();
    assert_eq!((after.definition.id.as_str(), after.definition.min_subjects), ("orders", 100));
    assert_eq!((after.created_at, after.updated_at), (now(), later(60)));
    let renamed = MetricDraft { id: Some("other".to_owned()), ..orders(MetricKind::Binary) };
    let refused = before.replaced(renamed, later(60), Faults::new());
    let Err(Rejection::Invalid(found)) = refused else { panic!("the id never changes, not {refused:?}") };
    assert_eq!(found[0].pointer, "/id");
}

#[test]
fn a_definition_survives_storage_and_its_source_reads_as_the_contract_writes_it() {
    let written = json!({"type": "events", "event": "checkout.error",
        "filter": {"severity": ["error", "fatal"]}, "value": null});
    let source: MetricSource = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&source).unwrap(), written);
    let threshold = Some(ThresholdDraft {
        operator: Some(ThresholdOperator::Above),
        value: Some(0.05),
        ..ThresholdDraft::default()
    });
    let definition = created(MetricDraft { threshold, ..requests(MetricKind::Threshold) }).unwrap();
    let stored = serde_json::to_string(&definition).unwrap();
    assert_eq!(serde_json::from_str::<MetricDefinition>(&stored).unwrap(), definition);
}
