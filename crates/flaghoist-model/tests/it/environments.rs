use crate::given::{Ids, author, faults, later, now};
use flaghoist_model::environment::{Environment, EnvironmentDraft};
use flaghoist_model::{Faults, Patch, Rejection};

fn create(draft: EnvironmentDraft) -> Result<Environment, Rejection> {
    Environment::create(draft, author().project_id, now(), &Ids::default(), Faults::under("/data/attributes"))
}

fn draft(name: &str, queries: &[&str]) -> EnvironmentDraft {
    EnvironmentDraft {
        name: Some(name.to_owned()),
        queries: Some(queries.iter().map(ToString::to_string).collect()),
        ..EnvironmentDraft::default()
    }
}

#[test]
fn an_environment_gets_its_key_from_its_name() {
    let environment = create(draft("QA / Load test", &["qa"])).unwrap();
    assert_eq!(environment.key, "qa-load-test");
    assert!(!environment.is_production);
}

#[test]
fn every_fault_of_an_environment_is_reported_at_its_place() {
    let found = faults(create(draft("!!", &["qa", "", "qa"])));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("/data/attributes/name: \"!!\" has no letter or digit"));
    assert!(found[1].starts_with("/data/attributes/queries/1: is empty"));
    assert!(found[2].starts_with("/data/attributes/queries/2: \"qa\" is repeated"));
}

#[test]
fn an_environment_without_queries_is_refused() {
    assert!(faults(create(draft("QA", &[])))[0].contains("give 1 to 100 DD_ENV values"));
}

#[test]
fn an_update_changes_what_it_names_and_never_the_key() {
    let environment =
        create(EnvironmentDraft { description: Patch::Set("for tests".to_owned()), ..draft("QA", &["qa"]) })
            .unwrap();
    let renamed = EnvironmentDraft { name: Some("Quality".to_owned()), ..EnvironmentDraft::default() };
    let updated = environment.update(renamed, later(5), Faults::new()).unwrap();
    assert_eq!((updated.key.as_str(), updated.name.as_str()), ("qa", "Quality"));
    assert_eq!(updated.description.as_deref(), Some("for tests"));
    assert_eq!((updated.created_at, updated.updated_at), (now(), later(5)));

    let other_key = EnvironmentDraft { key: Some("quality".to_owned()), ..EnvironmentDraft::default() };
    assert!(faults(environment.update(other_key, now(), Faults::new()))[0].contains("never changes"));
}
