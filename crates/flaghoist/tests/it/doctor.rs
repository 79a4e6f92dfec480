//! `flaghoist doctor`: what it finds good, what it finds bad, and that it changes nothing.

use crate::command_line::{Output, finish};
use crate::process::flaghoist;
use crate::server::Place;
use flaghoist_testkit::postgres::Postgres;
use flaghoist_testkit::prometheus::Prometheus;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

fn examine(place: &Place) -> Output {
    let mut command = flaghoist();
    command.arg("doctor");
    place.options(&mut command);
    // A port of nobody, where there is no bootstrap.json to name another.
    command.args(["--listen", &format!("127.0.0.1:{}", flaghoist_testkit::free_port())]);
    finish(&mut command, "")
}

/// The lines that say what is bad.
fn complaints(output: &Output) -> Vec<&str> {
    output.stdout.lines().filter(|line| line.starts_with("BAD")).collect()
}

#[test]
fn a_healthy_installation_is_found_good_on_both_engines() {
    for place in [Some(Place::sqlite()), Place::postgres()].into_iter().flatten() {
        let server = place.start();
        let output = examine(&place);
        assert_eq!((output.code, complaints(&output).len()), (Some(0), 0), "{output:?}");
        assert!(output.stdout.contains(&format!("the server at {} is ready", server.url())), "{output:?}");
        assert_eq!(output.stdout.contains("PostgreSQL"), place.database_url().is_some(), "{output:?}");
        for secret in place.bootstrap().secrets() {
            assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret));
        }
    }
}

#[test]
fn a_server_that_does_not_run_is_found() {
    let place = Place::sqlite();
    place.start().stop();
    let output = examine(&place);
    assert_eq!(output.code, Some(1), "{output:?}");
    let [complaint] = complaints(&output)[..] else { panic!("{output:?}") };
    assert!(complaint.contains("no server answers"), "{complaint}");
    assert!(output.stdout.contains("flaghoist serve"), "a remedy stands beside: {output:?}");
}

#[test]
fn secrets_that_others_may_read_are_found() {
    let place = Place::sqlite();
    let _server = place.start();
    for mode in [0o640, 0o604, 0o644] {
        std::fs::set_permissions(place.bootstrap_path(), Permissions::from_mode(mode)).unwrap();
        let output = examine(&place);
        assert_eq!(output.code, Some(1), "{output:?}");
        let [complaint] = complaints(&output)[..] else { panic!("{output:?}") };
        assert!(complaint.contains(&format!("{mode:o}")), "{complaint}");
    }
    std::fs::set_permissions(place.bootstrap_path(), Permissions::from_mode(0o400)).unwrap();
    assert_eq!(examine(&place).code, Some(0));
}

#[test]
fn a_damaged_file_of_the_first_start_is_found() {
    let place = Place::sqlite();
    let _server = place.start();
    std::fs::write(place.bootstrap_path(), "{\"url\":").unwrap();
    let output = examine(&place);
    assert_eq!(output.code, Some(1));
    assert!(
        complaints(&output).iter().any(|complaint| complaint.contains("bootstrap.json is damaged")),
        "{output:?}"
    );
}

#[test]
fn a_data_directory_that_is_none_is_found_and_not_made() {
    let place = Place::sqlite();
    let output = examine(&place);
    assert_eq!(output.code, Some(1));
    assert!(complaints(&output)[0].contains("cannot be read"), "{output:?}");
    assert!(!place.data_dir().exists());
    std::fs::write(place.data_dir(), "a file").unwrap();
    let output = examine(&place);
    assert_eq!(output.code, Some(1));
    assert!(complaints(&output)[0].contains("is no directory"), "{output:?}");
}

#[test]
fn a_database_that_does_not_answer_is_found_without_telling_its_password() {
    let port = flaghoist_testkit::free_port();
    let place =
        Place::on_database(format!("postgres://somebody:very-secret-password@127.0.0.1:{port}/flags"));
    let output = examine(&place);
    assert_eq!(output.code, Some(1));
    assert!(complaints(&output).iter().any(|complaint| complaint.contains("PostgreSQL")), "{output:?}");
    assert!(!output.stdout.contains("very-secret") && !output.stderr.contains("very-secret"), "{output:?}");
}

#[test]
fn a_prometheus_is_asked_and_told_of_without_its_password() {
    let place = Place::sqlite();
    let _server = place.start();
    let examine = |url: &str| {
        let mut command = flaghoist();
        command.args(["doctor", "--prometheus-url", url]);
        place.options(&mut command);
        finish(&mut command, "")
    };
    let origin = format!("http://127.0.0.1:{}", flaghoist_testkit::free_port());
    let output = examine(&origin.replace("http://", "http://user:very-secret-password@"));
    assert_eq!(output.code, Some(1), "{output:?}");
    let [complaint] = complaints(&output)[..] else { panic!("{output:?}") };
    assert!(complaint.contains("Prometheus cannot be reached") && complaint.contains(&origin), "{complaint}");
    assert!(!output.stdout.contains("very-secret") && !output.stderr.contains("very-secret"), "{output:?}");

    let Some(prometheus) = Prometheus::launch("up 1 1750000020\n# EOF\n") else { return };
    let output = examine(&prometheus.url());
    assert_eq!((output.code, complaints(&output).len()), (Some(0), 0), "{output:?}");
    assert!(
        output.stdout.contains(&format!("Prometheus at {} answers queries", prometheus.url())),
        "{output:?}"
    );
}

#[test]
fn a_database_that_no_server_has_used_yet_is_left_as_it_is() {
    let Some(postgres) = Postgres::launch(flaghoist_testkit::postgres::Options::default()) else { return };
    let output = examine(&Place::on_database(postgres.url()));
    assert_eq!(output.code, Some(1), "{output:?}");
    // Fails when there is any table.
    postgres.sql(
        "DO $$ BEGIN IF EXISTS (SELECT FROM information_schema.tables WHERE table_schema = 'public') \
         THEN RAISE EXCEPTION 'the doctor made tables'; END IF; END $$",
    );
}
