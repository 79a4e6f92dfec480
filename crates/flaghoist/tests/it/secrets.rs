//! No secret gets into the log, not even into the most talkative one.

use crate::management::{Answer, Management, http};
use crate::server::{Bootstrap, Launch, Place, Server};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn the_log_holds_no_secret_at_any_level_and_on_any_engine() {
    let places = [Some(Place::sqlite()), Place::postgres()];
    for place in places.into_iter().flatten() {
        // Keys are sent to where they are none more often than a stranger may ask.
        let config = place.beside("flaghoist.toml");
        std::fs::write(&config, "[limits]\nstranger = { requests = 0, seconds = 60 }\n").unwrap();
        for format in ["text", "json"] {
            let launch = Launch::at(&place).arg("--config").arg(&config).arg("--demo");
            let server = launch.arg("--log=trace").arg("--log-format").arg(format).start();
            let keys = place.bootstrap();
            use_every_key(&server, &keys).await;
            let log = server.log();
            server.stop();
            assert!(
                log.contains("DEBUG") && log.contains("/api/v2/feature-flags"),
                "the log is not talkative"
            );
            for secret in keys.secrets() {
                // A part of it would be too much already.
                let telling = &secret[secret.len() - 16..];
                let found = log.lines().find(|line| line.contains(telling));
                assert_eq!(found, None, "{secret} is in the log");
            }
        }
    }
}

/// Sends every key in every place where clients send keys, to where it is good and to where it is not.
async fn use_every_key(server: &Server, keys: &Bootstrap) {
    let management = server.management(keys);
    management.environments().await.unwrap().expect(200);
    management.get("/api/v2/feature-flags/unknown").await.unwrap().expect(404);
    management.get("/nowhere").await.unwrap().expect(404);
    management.create_flag("", &[]).await.unwrap().expect(400);
    for secret in keys.secrets() {
        Management::new(server.url(), secret, secret).environments().await.unwrap().expect(401);
        let http = http();
        for path in
            ["/api/v2/feature-flags", "/sdk/v1/config", "/ofrep/v1/evaluate/flags", "/metrics", "/nowhere"]
        {
            for header in ["x-api-key", "dd-api-key", "dd-application-key", "dd-client-token"] {
                http.get(format!("{}{path}", server.url())).header(header, secret).send().await.unwrap();
            }
            let request = http.post(format!("{}{path}?apiKey={secret}&key={secret}", server.url()));
            request.bearer_auth(secret).send().await.unwrap();
        }
        http.get(format!("{}/sdk/{secret}/config", server.url())).send().await.unwrap();
    }
    let reader = server.reader(keys, "production");
    reader.evaluate("dark-mode", &json!({"targetingKey": "alice"})).await.expect(200);
    Answer::to(reader.request(Method::GET, "/sdk/v1/config")).await.unwrap().expect(200);
}

#[tokio::test]
async fn standard_output_that_is_no_terminal_names_the_file_with_the_keys_instead() {
    let place = Place::sqlite();
    let server = place.start();
    assert!(server.log().contains(&place.bootstrap_path().display().to_string()), "{}", server.log());
    for secret in place.bootstrap().secrets() {
        assert!(!server.log().contains(secret));
    }
}

#[test]
fn the_password_of_the_database_is_not_in_the_log_when_the_database_cannot_be_reached() {
    let port = flaghoist_testkit::free_port();
    let place =
        Place::on_database(format!("postgres://somebody:very-secret-password@127.0.0.1:{port}/flags"));
    let (status, log) = Launch::at(&place).arg("--log=trace").refused();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("could not open the PostgreSQL database"), "{log}");
    assert!(!log.contains("very-secret-password"), "{log}");
}
