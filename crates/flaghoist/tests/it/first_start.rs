//! The first start, and the starts after it.

use crate::management::Management;
use crate::server::{Launch, Place, Server};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

const GIVEN_API_KEY: &str = "0123456789abcdef-given-api-key";
const GIVEN_APPLICATION_KEY: &str = "0123456789abcdef-given-application-key";

fn mode_of(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_first_start_keeps_its_keys_in_a_file_for_the_owner_alone() {
    let place = Place::sqlite();
    let server = place.start();
    assert_eq!(mode_of(&place.bootstrap_path()), 0o600);
    assert_eq!(mode_of(&place.data_dir()), 0o700);
    let keys = place.bootstrap();
    assert_eq!(keys.url, server.url());
    assert_ne!(keys.url, "http://127.0.0.1:0");
    assert_eq!(keys.admin.email, "admin@localhost");

    let environments = server.management(&keys).environments().await.unwrap().expect(200);
    assert_eq!(environments.resources().len(), 3);
    for environment in environments.resources() {
        let shown = &environment["attributes"];
        let kept = keys.environment(shown["key"].as_str().unwrap());
        assert_eq!(environment["id"], json!(kept.id));
        assert_eq!(shown["queries"], json!(kept.queries));
        assert_eq!(shown["is_production"], kept.key == "production");
        assert!(kept.server_sdk_key.starts_with("ff_") && kept.server_sdk_key.len() == 67);
        assert!(kept.client_sdk_key.starts_with("ffc_") && kept.client_sdk_key.len() == 68);
        server.reader(&keys, &kept.key).evaluate_all(&json!({})).await.expect(200);
    }
    let mut secrets = keys.secrets();
    secrets.sort_unstable();
    secrets.dedup();
    assert_eq!(secrets.len(), 9, "no secret is used twice");
}

#[tokio::test]
async fn a_second_start_keeps_the_keys_and_names_its_own_address() {
    let place = Place::sqlite();
    let first = place.start();
    let kept = place.bootstrap();
    first.management(&kept).create_flag("survivor", &["on"]).await.unwrap().expect(201);
    let address = first.url().replace("http://", "");
    first.stop();

    // The second server has to take another one.
    let _taken = std::net::TcpListener::bind(address).unwrap();
    let second = place.start();
    assert_ne!(second.url(), kept.url);
    let mut expected = kept.clone();
    second.url().clone_into(&mut expected.url);
    assert_eq!(place.bootstrap(), expected);
    assert_eq!(mode_of(&place.bootstrap_path()), 0o600);
    let flags = second.management(&kept).flags("survivor").await.unwrap().expect(200);
    assert_eq!(flags.resources().len(), 1);
}

fn launch_with_given_keys(place: &Place, api_key: &str, application_key: &str) -> Launch {
    Launch::at(place)
        .env("FLAGHOIST_BOOTSTRAP_API_KEY", api_key)
        .env("FLAGHOIST_BOOTSTRAP_APPLICATION_KEY", application_key)
}

#[tokio::test]
async fn keys_of_the_environment_are_those_of_the_first_start() {
    let place = Place::sqlite();
    let server = launch_with_given_keys(&place, GIVEN_API_KEY, GIVEN_APPLICATION_KEY).start();
    let keys = place.bootstrap();
    assert_eq!(
        (keys.api_key.as_str(), keys.application_key.as_str()),
        (GIVEN_API_KEY, GIVEN_APPLICATION_KEY)
    );
    let management = Management::new(server.url(), GIVEN_API_KEY, GIVEN_APPLICATION_KEY);
    management.environments().await.unwrap().expect(200);
    Management::new(server.url(), GIVEN_APPLICATION_KEY, GIVEN_API_KEY)
        .environments()
        .await
        .unwrap()
        .expect(401);
    server.stop();

    let late =
        launch_with_given_keys(&place, "another-key-that-comes-late", "yet-another-that-comes-late").start();
    late.management(&keys).environments().await.unwrap().expect(200);
    assert_eq!(place.bootstrap().api_key, GIVEN_API_KEY, "only the first start takes keys");
}

#[tokio::test]
async fn a_given_key_that_is_too_short_is_refused_and_nothing_is_made() {
    let place = Place::sqlite();
    let too_short = [("abc", GIVEN_APPLICATION_KEY, "API key"), (GIVEN_API_KEY, "abc", "application key")];
    for (api_key, application_key, name) in too_short {
        let (status, log) = launch_with_given_keys(&place, api_key, application_key).refused();
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains(&format!("the given {name} has 3 bytes; give at least 16")), "{log}");
        assert!(!log.contains(GIVEN_API_KEY) && !log.contains(GIVEN_APPLICATION_KEY), "{log}");
        assert!(!place.bootstrap_path().exists());
    }
    let server = place.start();
    server.management(&place.bootstrap()).environments().await.unwrap().expect(200);
}

#[test]
fn given_keys_that_no_header_carries_or_that_are_equal_are_refused() {
    let place = Place::sqlite();
    let with_newline = format!("{GIVEN_API_KEY}\n");
    let unsendable = [with_newline.as_str(), "sixteen bytes or more", "schlüssel-schlüssel"];
    for api_key in unsendable {
        let (status, log) = launch_with_given_keys(&place, api_key, GIVEN_APPLICATION_KEY).refused();
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains("the given API key has a space, a line break or another character"), "{log}");
    }
    let (status, log) = launch_with_given_keys(&place, GIVEN_API_KEY, GIVEN_API_KEY).refused();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("are the same; give two"), "{log}");
    assert!(!place.bootstrap_path().exists());
}

#[test]
fn the_keys_of_another_database_are_put_aside_and_not_overwritten() {
    let place = Place::sqlite();
    place.start().stop();
    let first = std::fs::read_to_string(place.bootstrap_path()).unwrap();
    for name in ["control.db", "control.db-wal", "control.db-shm"] {
        let _ = std::fs::remove_file(place.data_dir().join(name));
    }
    place.start().stop();
    assert_ne!(std::fs::read_to_string(place.bootstrap_path()).unwrap(), first);
    let project: serde_json::Value = serde_json::from_str(&first).unwrap();
    let aside = format!("bootstrap.json.{}", project["project_id"].as_str().unwrap());
    assert_eq!(std::fs::read_to_string(place.data_dir().join(aside)).unwrap(), first);
}

#[test]
fn a_second_server_on_the_same_directory_is_refused_with_the_reason() {
    let place = Place::sqlite();
    let first = place.start();
    let before = place.bootstrap();
    let (status, log) = Launch::at(&place).refused();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("another server has this data directory open"), "{log}");
    assert!(log.contains(&place.data_dir().display().to_string()), "{log}");
    assert_eq!(place.bootstrap(), before, "the address of the first server stays");
    first.stop();
    place.start().stop();
}

#[test]
fn an_address_that_is_taken_is_refused_with_the_reason() {
    let place = Place::sqlite();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = crate::process::flaghoist();
    command.args(["serve", "--listen", &address]);
    place.options(&mut command);
    let output = crate::command_line::finish(&mut command, "");
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains(&format!("could not listen on {address}")), "{}", output.stderr);
    assert!(!place.bootstrap_path().exists());
}

async fn count_flags(server: &Server, place: &Place) -> usize {
    let flags = server.management(&place.bootstrap()).flags("").await.unwrap().expect(200);
    flags.resources().len()
}

#[tokio::test]
async fn the_demonstration_is_added_once() {
    let place = Place::sqlite();
    let first = Launch::at(&place).arg("--demo").start();
    let count = count_flags(&first, &place).await;
    assert!(count >= 5, "{count} flags");
    let answer = first.reader(&place.bootstrap(), "production");
    let answer =
        answer.evaluate("dark-mode", &json!({"targetingKey": "alice", "plan": "beta"})).await.expect(200);
    assert_eq!((&answer.body["value"], &answer.body["reason"]), (&json!(true), &json!("TARGETING_MATCH")));
    first.stop();

    let second = Launch::at(&place).arg("--demo").start();
    assert_eq!(count_flags(&second, &place).await, count);
}

#[tokio::test]
async fn the_demonstration_is_not_added_to_what_somebody_uses() {
    let place = Place::sqlite();
    place.start().stop();
    let second = Launch::at(&place).arg("--demo").start();
    assert_eq!(count_flags(&second, &place).await, 0);
}
