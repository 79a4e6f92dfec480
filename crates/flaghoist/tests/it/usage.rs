//! The command line as such: help, options, the configuration file, and readers that go away.

use crate::command_line::{finish, run};
use crate::process::{Process, flaghoist};
use crate::server::Place;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn every_command_explains_itself() {
    let overview = run(&["--help"]).good();
    for command in ["serve", "openapi", "doctor", "evaluate", "export", "history", "keys", "users", "roles"] {
        assert!(overview.contains(&format!("  {command} ")), "{overview}");
        let help = run(&[command, "--help"]).good();
        assert!(help.contains(&format!("Usage: flaghoist {command}")), "{help}");
        assert_eq!(run(&["help", command]).good(), help);
    }
    assert!(run(&["export", "ufc", "--help"]).good().contains("--environment <ENVIRONMENT>"));
    assert!(run(&["--version"]).good().starts_with("flaghoist "));
}

#[test]
fn the_help_shows_no_secret_of_the_environment() {
    let mut command = flaghoist();
    command.args(["serve", "--help"]);
    command.env("FLAGHOIST_BOOTSTRAP_API_KEY", "secret-api-key");
    command.env("FLAGHOIST_BOOTSTRAP_APPLICATION_KEY", "secret-application-key");
    command.env("FLAGHOIST_DATABASE_URL", "postgres://u:secret-password@h/d");
    command.env("FLAGHOIST_PROMETHEUS_URL", "http://u:secret-password@h");
    let help = finish(&mut command, "").good();
    assert!(help.contains("FLAGHOIST_BOOTSTRAP_API_KEY"), "{help}");
    assert!(!help.contains("secret-"), "{help}");
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    for (arguments, named) in [
        (vec![], "Usage"),
        (vec!["hoist"], "hoist"),
        (vec!["serve", "--port", "1"], "--port"),
        (vec!["serve", "--listen", "everywhere"], "everywhere"),
        (vec!["serve", "--log-format", "xml"], "xml"),
        (vec!["evaluate"], "--config"),
        (vec!["evaluate", "--config", "x", "--dialect", "klingon"], "klingon"),
        (vec!["export"], "ufc"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.code, Some(2), "{arguments:?}");
        assert!(output.stderr.contains(named), "{arguments:?} {}", output.stderr);
    }
    let place = Place::sqlite();
    let mut command = flaghoist();
    command.args(["serve", "--log", "a=b=c"]);
    place.options(&mut command);
    let output = finish(&mut command, "");
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("a=b=c"), "{}", output.stderr);
}

#[test]
fn a_wrong_configuration_file_is_refused_by_its_member() {
    let place = Place::sqlite();
    let config = place.beside("flaghoist.toml");
    for (text, named) in [
        ("lisen = \"127.0.0.1:1\"", "lisen"),
        ("listen = \"everywhere\"", "listen"),
        ("listen = 3000", "listen"),
        ("drain_timeout_ms = \"long\"", "drain_timeout_ms"),
        ("request_timeout_ms = -1", "request_timeout_ms"),
        ("log_format = \"xml\"", "xml"),
        ("listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"", "listen"),
        ("[listen", "flaghoist.toml"),
    ] {
        std::fs::write(&config, text).unwrap();
        for command in ["serve", "doctor"] {
            let output = run(&[command, "--config", config.to_str().unwrap()]);
            assert_eq!(output.code, Some(1), "{text}");
            assert!(output.stderr.contains(named), "{text} {}", output.stderr);
            assert!(output.stderr.contains("flaghoist.toml"), "{text} {}", output.stderr);
        }
    }
    let output = run(&["serve", "--config", "/nowhere/flaghoist.toml"]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("/nowhere/flaghoist.toml"), "{}", output.stderr);
}

#[test]
fn an_option_wins_over_the_environment_and_the_environment_over_the_file() {
    let place = Place::sqlite();
    let config = place.beside("flaghoist.toml");
    std::fs::write(&config, "data_dir = \"/nowhere/from-file\"\n").unwrap();
    let shown = |option: Option<&str>, variable: Option<&str>| {
        let mut command = flaghoist();
        command.arg("doctor").arg("--config").arg(&config);
        command.args(["--listen", &format!("127.0.0.1:{}", flaghoist_testkit::free_port())]);
        command.args(option.map(|directory| format!("--data-dir={directory}")));
        command.envs(variable.map(|directory| ("FLAGHOIST_DATA_DIR", directory)));
        finish(&mut command, "").stdout
    };
    let (option, variable) = (Some("/nowhere/from-option"), Some("/nowhere/from-variable"));
    assert!(shown(option, variable).contains("/nowhere/from-option "));
    assert!(shown(None, variable).contains("/nowhere/from-variable "));
    assert!(shown(None, None).contains("/nowhere/from-file "));
}

#[test]
fn the_description_of_the_server_is_the_committed_one() {
    let printed: serde_json::Value = serde_json::from_str(&run(&["openapi"]).good()).unwrap();
    assert_eq!(printed["openapi"], "3.1.0");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/openapi.json");
    let committed = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let committed: serde_json::Value = serde_json::from_slice(&committed).unwrap();
    assert!(
        printed == committed,
        "run `flaghoist openapi > openapi/openapi.json` and look at the difference"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [&["openapi"][..], &["doctor", "--data-dir", "/nowhere"], &["serve", "--help"]] {
        let mut command = flaghoist();
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process::spawn(&mut command);
        drop(process.pipes().stdout.take());
        process.wait(Duration::from_secs(10));
        let mut stderr = String::new();
        process.pipes().stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(!stderr.contains("panicked") && !stderr.contains("Broken pipe"), "{arguments:?} {stderr}");
    }
}
