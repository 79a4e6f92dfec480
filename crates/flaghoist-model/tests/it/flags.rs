use crate::given::{Ids, author, create, faults, flag_draft, later, now, variant};
use flaghoist_model::flag::{DistributionChannel, FlagDraft, FlagPatch, VariantPatch};
use flaghoist_model::value::ValueType;
use flaghoist_model::{Faults, Patch, Rejection};

const ON_OFF: &[(&str, &str)] = &[("on", "true"), ("off", "false")];

#[test]
fn the_first_variant_is_the_default_unless_another_is_named() {
    let flag = create(flag_draft(ValueType::Boolean, ON_OFF)).unwrap();
    assert_eq!(flag.initial_default_variant_id, flag.variants[0].id);

    let named =
        FlagDraft { default_variant_key: Some("off".to_owned()), ..flag_draft(ValueType::Boolean, ON_OFF) };
    let flag = create(named).unwrap();
    assert_eq!(flag.initial_default_variant_id, flag.variants[1].id);

    let unknown =
        FlagDraft { default_variant_key: Some("dim".to_owned()), ..flag_draft(ValueType::Boolean, ON_OFF) };
    assert!(faults(create(unknown))[0].contains("/default_variant_key: \"dim\""));
}

#[test]
fn a_new_flag_is_for_all_channels_active_and_without_tags() {
    let flag = create(flag_draft(ValueType::Boolean, ON_OFF)).unwrap();
    assert_eq!(flag.distribution_channel, DistributionChannel::All);
    assert_eq!(flag.staleness_status.as_str(), "ACTIVE");
    assert!(flag.tags.is_empty() && !flag.require_approval && flag.archived_at.is_none());
    assert_eq!(DistributionChannel::from_name("BOTH"), Some(DistributionChannel::All));
}

#[test]
fn every_fault_of_a_flag_is_reported_at_once() {
    let draft = FlagDraft {
        key: Some(" x".to_owned()),
        json_schema: Some("{}".to_owned()),
        tags: Some(vec![String::new()]),
        ..flag_draft(ValueType::Integer, &[("one", "1"), ("one", "2"), ("half", "0.5")])
    };
    let found = faults(create(draft));
    let places: Vec<&str> =
        found.iter().filter_map(|fault| fault.split_once(": ")).map(|(at, _)| at).collect();
    assert_eq!(
        places,
        [
            "/data/attributes/key",
            "/data/attributes/tags/0",
            "/data/attributes/json_schema",
            "/data/attributes/variants/1/key",
            "/data/attributes/variants/2/value",
        ],
        "{found:#?}"
    );
}

#[test]
fn json_variants_fit_the_schema_and_are_objects() {
    let schema = r#"{"type":"object","required":["limit"],"properties":{"limit":{"type":"integer"}}}"#;
    let with = |value: &str| FlagDraft {
        json_schema: Some(schema.to_owned()),
        ..flag_draft(ValueType::Json, &[("one", value)])
    };
    assert!(create(with(r#"{"limit":1}"#)).is_ok());
    assert!(faults(create(with(r#"{"limit":"1"}"#)))[0].contains("/variants/0/value: does not fit"));
    assert!(faults(create(with("[1]")))[0].contains("JSON object"));
    assert!(
        faults(create(FlagDraft { json_schema: Some("{".to_owned()), ..with("{}") }))[0]
            .contains("/json_schema: is no JSON text")
    );
}

#[test]
fn a_schema_that_existing_variants_do_not_fit_is_refused_and_null_removes_it() {
    let flag = create(flag_draft(ValueType::Json, &[("one", r#"{"limit":1}"#)])).unwrap();
    let patch = |schema| FlagPatch { json_schema: schema, ..FlagPatch::default() };
    let strict = Patch::Set(r#"{"required":["size"]}"#.to_owned());
    assert!(
        faults(flag.update(patch(strict), &author(), now(), Faults::new()))[0].contains("variant \"one\"")
    );
    let lax = flag.update(patch(Patch::Set("{}".to_owned())), &author(), now(), Faults::new()).unwrap();
    assert!(lax.json_schema.is_some());
    let none = lax.update(patch(Patch::Clear), &author(), now(), Faults::new()).unwrap();
    assert_eq!(none.json_schema, None);
}

#[test]
fn a_boolean_flag_has_one_variant_for_each_value() {
    let twice = create(flag_draft(ValueType::Boolean, &[("on", "true"), ("also-on", "true")]));
    assert!(faults(twice)[0].contains("/variants/1/value"));

    let flag = create(flag_draft(ValueType::Boolean, ON_OFF)).unwrap();
    let third = flag.add_variant(variant("maybe", "true"), &author(), now(), &Ids::default(), Faults::new());
    assert!(faults(third)[0].contains("it has both"));
    let alone = create(flag_draft(ValueType::Boolean, &[("on", "true")]));
    assert!(faults(alone)[0].contains("/variants: has 1 entries; a BOOLEAN flag has exactly two variants"));
    let removed = flag.remove_variant(flag.variants[0].id, &author(), now());
    assert!(matches!(removed, Err(Rejection::Conflict(_))));
    let turned = VariantPatch { value: Some("false".to_owned()), ..VariantPatch::default() };
    let turned = flag.update_variant(flag.variants[0].id, turned, &author(), now(), Faults::new());
    assert!(faults(turned)[0].contains("another one is \"false\" already"));
}

#[test]
fn a_variant_is_added_at_the_end_and_its_key_is_unique() {
    let flag = create(flag_draft(ValueType::Integer, &[("one", "1")])).unwrap();
    let ids = Ids::default();
    let (flag, id) = flag.add_variant(variant("two", "2"), &author(), later(1), &ids, Faults::new()).unwrap();
    assert_eq!(flag.variants.last().map(|variant| variant.id), Some(id));
    assert_eq!(flag.updated_at, later(1));
    let again = flag.add_variant(variant("two", "3"), &author(), now(), &ids, Faults::new());
    assert!(matches!(again, Err(Rejection::Conflict(_))));
}

#[test]
fn the_last_variant_stays_and_an_unknown_one_is_not_found() {
    let flag = create(flag_draft(ValueType::Integer, &[("one", "1")])).unwrap();
    let only = flag.variants[0].id;
    assert!(matches!(flag.remove_variant(only, &author(), now()), Err(Rejection::Conflict(_))));
    let stranger = create(flag_draft(ValueType::Integer, &[("x", "1"), ("y", "2"), ("z", "3")])).unwrap();
    let unknown = stranger.variants[2].id;
    assert!(matches!(flag.remove_variant(unknown, &author(), now()), Err(Rejection::NotFound(_))));
}

#[test]
fn removing_the_initial_default_moves_it_to_the_first_variant() {
    let flag = create(flag_draft(ValueType::Integer, &[("one", "1"), ("two", "2")])).unwrap();
    let smaller = flag.remove_variant(flag.variants[0].id, &author(), now()).unwrap();
    assert_eq!(smaller.initial_default_variant_id, flag.variants[1].id);
}

#[test]
fn archiving_stamps_the_moment_and_can_be_undone() {
    let flag = create(flag_draft(ValueType::Boolean, ON_OFF)).unwrap();
    let archived = flag.archive(&author(), later(1));
    assert_eq!((archived.archived_at, archived.updated_at), (Some(later(1)), later(1)));
    assert_eq!(archived.archive(&author(), later(2)).archived_at, Some(later(2)));
    assert_eq!(archived.unarchive(&author(), later(3)).archived_at, None);
}

#[test]
fn an_update_touches_only_what_it_names() {
    let flag = create(FlagDraft {
        tags: Some(vec!["a".to_owned(), "a".to_owned()]),
        description: Some("old".to_owned()),
        ..flag_draft(ValueType::Boolean, ON_OFF)
    })
    .unwrap();
    assert_eq!(flag.tags, ["a"]);
    let patch = FlagPatch { name: Some("New".to_owned()), ..FlagPatch::default() };
    let updated = flag.update(patch, &author(), later(1), Faults::new()).unwrap();
    assert_eq!(updated.name, "New");
    assert_eq!((&updated.description, &updated.tags), (&flag.description, &flag.tags));
    assert_eq!(updated.variants, flag.variants);
}
