//! `flaghoist users`, `roles`, `keys` and `history`, against a running server.

use crate::command_line::{Output, finish};
use crate::management::Management;
use crate::process::flaghoist;
use crate::server::{Launch, Place, Server};
use serde_json::{Value, json};

/// Runs a command with the first administrator's key.
fn run(place: &Place, arguments: &[&str]) -> Output {
    finish(flaghoist().args(arguments).arg("--data-dir").arg(place.data_dir()), "")
}

/// The cells of the row of a table that holds `text`.
fn row<'a>(table: &'a str, text: &str) -> Vec<&'a str> {
    let line =
        table.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text} is not in\n{table}"));
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

fn manager(server: &Server, place: &Place, secret: &str) -> Management {
    Management::new(server.url(), &place.bootstrap().api_key, secret)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_account_is_added_gets_a_key_and_loses_it() {
    let place = Place::sqlite();
    let server = place.start();
    run(&place, &["users", "add", "--service-account", "--name", "Deploy Bot", "--role", "viewer"]).good();
    let users = run(&place, &["users", "list"]).good();
    let bot = row(&users, "Deploy Bot");
    assert_eq!(
        bot[1..],
        ["deploy-bot@service-accounts.localhost", "Deploy Bot", "service_account", "viewer", "-"]
    );
    let create =
        ["keys", "create", "--kind=application", "--name=CI", "--user=deploy-bot@service-accounts.localhost"];
    let secret = run(&place, &create).good().trim().to_owned();
    let robot = manager(&server, &place, &secret);
    robot.flags("").await.unwrap().expect(200);
    robot.create_flag("dark-mode", &["a", "b"]).await.unwrap().expect(403);
    run(&place, &["users", "update", "deploy-bot@service-accounts.localhost", "--role", "editor"]).good();
    robot.create_flag("dark-mode", &["a", "b"]).await.unwrap().expect(201);
    let keys = run(&place, &["keys", "list"]).good();
    assert!(!keys.contains(&secret));
    let key = row(&keys, "CI");
    assert_eq!(
        key[1..5],
        ["application_key", "CI", &secret[secret.len() - 4..], "deploy-bot@service-accounts.localhost"]
    );
    run(&place, &["keys", "revoke", key[0]]).good();
    robot.flags("").await.unwrap().expect(401);
    run(&place, &["users", "remove", bot[0]]).good();
    assert!(!run(&place, &["users", "list"]).good().contains("Deploy Bot"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_gets_a_password_and_their_own_narrowed_key() {
    let place = Place::sqlite();
    let server = place.start();
    let added = run(&place, &["users", "add", "--email", "ada@example.com", "--role", "editor"]).good();
    let password = added.lines().find_map(|line| line.strip_prefix("password  ")).unwrap();
    let log_in = async |password: &str| {
        let body = json!({"email": "ada@example.com", "password": password});
        let url = format!("{}/api/v1/session", server.url());
        crate::management::Answer::to(crate::management::http().post(url).json(&body)).await.unwrap()
    };
    let token = log_in(password).await.expect(201).body["token"].as_str().unwrap().to_owned();
    let mut command = flaghoist();
    command.args(["keys", "create", "--kind=application", "--name=Reader"]);
    command.args(["--scopes=feature_flag_config_read,feature_flag_environment_config_read", "--json"]);
    command.args(["--url", server.url()]).env("FLAGHOIST_APPLICATION_KEY", &token);
    let key: Value = serde_json::from_str(&finish(&mut command, "").good()).unwrap();
    assert_eq!(key["user_email"], "ada@example.com");
    let narrowed = manager(&server, &place, key["secret"].as_str().unwrap());
    narrowed.flags("").await.unwrap().expect(200);
    narrowed.create_flag("dark-mode", &["a", "b"]).await.unwrap().expect(403);
    let mut command = flaghoist();
    command
        .args(["users", "update", "ada@example.com", "--password-stdin", "--data-dir"])
        .arg(place.data_dir());
    finish(&mut command, "a password from a pipe\n").good();
    log_in(password).await.expect(401);
    log_in("a password from a pipe").await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_custom_role_is_given_by_its_name() {
    let place = Place::sqlite();
    let _server = place.start();
    let permissions = "--permissions=feature_flag_config_read,feature_flag_environment_config_read";
    run(&place, &["roles", "create", "--name", "Watcher", permissions]).good();
    run(&place, &["users", "add", "--email", "ada@example.com", "--role", "Watcher"]).good();
    let refused = run(&place, &["roles", "delete", "Watcher"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("1 members have the role"), "{}", refused.stderr);
    run(&place, &["roles", "update", "Watcher", "--name", "Reader", "--permissions", "users_read"]).good();
    let roles = run(&place, &["roles", "list"]).good();
    assert_eq!(row(&roles, "Reader")[1..], ["Reader", "users_read"]);
    run(&place, &["users", "update", "ada@example.com", "--role", "viewer"]).good();
    run(&place, &["roles", "delete", "Reader"]).good();
    let wrong = run(&place, &["roles", "create", "--name", "x", "--permissions", "fly"]);
    assert!(wrong.stderr.contains("\"fly\" is no permission; give some of"), "{}", wrong.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_is_listed_filtered_and_exported() {
    let place = Place::sqlite();
    let server = Launch::at(&place).arg("--demo").start();
    let keys = place.bootstrap();
    let flag_id =
        server.management(&keys).create_flag("night-mode", &["a", "b"]).await.unwrap().expect(201).id();
    let production = &keys.environment("production").id;
    server.management(&keys).set_enabled((&flag_id, production), true).await.unwrap().expect(200);
    let shown = run(&place, &["history", "--flag", "night-mode"]).good();
    assert_eq!(shown.lines().count(), 3, "{shown}");
    let enabled = row(&shown, "flag_enabled");
    assert_eq!(enabled[2..], ["flag_enabled", "night-mode", "production", "admin@localhost", "-"]);
    assert_eq!(run(&place, &["history", "--flag", &flag_id]).good(), shown);
    let here =
        run(&place, &["history", "--flag=night-mode", "--environment=production", "--user=admin@localhost"])
            .good();
    assert_eq!(here.lines().count(), 2, "{here}");
    let exported = run(&place, &["history", "--ndjson"]).good();
    let entries: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let revisions: Vec<i64> = entries.iter().map(|entry| entry["revision"].as_i64().unwrap()).collect();
    let count = i64::try_from(revisions.len()).unwrap();
    assert_eq!(revisions, (1..=count).rev().collect::<Vec<_>>(), "every change, the newest first");
    assert_eq!(entries[0]["after"]["enabled"], json!(true), "with all of it");
    let limited = run(&place, &["history", "--ndjson", "--limit", "2"]).good();
    assert_eq!(limited.lines().count(), 2);
    let unknown = run(&place, &["history", "--flag", "nothing"]);
    assert!(
        unknown.code == Some(1) && unknown.stderr.contains("there is no flag \"nothing\""),
        "{}",
        unknown.stderr
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_of_a_server_is_evaluated_now_and_as_of_the_past() {
    let place = Place::sqlite();
    let server = place.start();
    let keys = place.bootstrap();
    let management = server.management(&keys);
    let flag_id = management.create_flag("dark-mode", &["a", "b"]).await.unwrap().expect(201).id();
    let production = keys.environment("production").id.clone();
    management.set_enabled((&flag_id, &production), true).await.unwrap().expect(200);
    let then = management.get("/api/v1/history?limit=1").await.unwrap().expect(200).body["data"][0].clone();
    let allocation = crate::management::serving("all", "All", "b");
    management.replace_allocations((&flag_id, &production), &[allocation]).await.unwrap().expect(200);
    let evaluate = |options: &[&str]| {
        let mut command = flaghoist();
        command
            .args(["evaluate", "--environment", "production", "--data-dir"])
            .arg(place.data_dir())
            .args(options);
        let answer = finish(&mut command, r#"{"flag": "dark-mode", "targetingKey": "ada"}"#).good();
        serde_json::from_str::<Value>(&answer).unwrap()["variant"].clone()
    };
    assert_eq!(evaluate(&[]), "b");
    assert_eq!(evaluate(&["--at", &then["revision"].to_string()]), "a");
    assert_eq!(evaluate(&["--at", then["at"].as_str().unwrap()]), "a");
    let mut command = flaghoist();
    command.args(["evaluate", "--environment", "production", "--at", "yesterday", "--data-dir"]);
    let wrong = finish(command.arg(place.data_dir()), "");
    assert!(wrong.code == Some(1) && wrong.stderr.contains("yesterday"), "{}", wrong.stderr);
}

#[test]
fn without_a_server_a_command_says_what_to_give() {
    let place = Place::sqlite();
    let nowhere = run(&place, &["users", "list"]);
    assert_eq!(nowhere.code, Some(1));
    assert!(
        nowhere.stderr.contains("give the server's --data-dir, or --url and --application-key"),
        "{}",
        nowhere.stderr
    );
    let url = format!("http://127.0.0.1:{}", flaghoist_testkit::free_port());
    let away = run(&place, &["users", "list", "--url", &url, "--application-key", "fhp_x"]);
    assert!(away.stderr.contains("is the server running?"), "{}", away.stderr);
    let wrong = run(&place, &["users", "list", "--url", "nonsense", "--application-key", "fhp_x"]);
    assert!(wrong.stderr.contains("--url is no URL"), "{}", wrong.stderr);
    let telling =
        run(&place, &["users", "list", "--url", "http://bob:hunter2@127.0.0.1:1", "--application-key", "x"]);
    assert!(telling.code == Some(1) && !telling.stderr.contains("hunter2"), "{}", telling.stderr);
    let elsewhere = run(&place, &["users", "list", "--url", &url]);
    assert!(elsewhere.stderr.contains("--url needs --application-key"), "{}", elsewhere.stderr);
}
