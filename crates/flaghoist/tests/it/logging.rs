//! The log is for people. Nobody reading it must not keep applications waiting.

use crate::server::Place;
use crate::wire::Wire;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// More log lines than a pipe holds, many times over.
const REQUESTS: usize = 3_000;

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_log_that_nobody_reads_does_not_stall_the_server() {
    let place = Place::sqlite();
    // A first start leaves the keys and the address where the second one is expected.
    drop(place.start());
    let directory = place.data_dir();
    // The second one may get the port of the first: only an address that it cannot get tells whether it has started.
    let left = std::fs::read_to_string(directory.join("bootstrap.json")).unwrap();
    let mut left: serde_json::Value = serde_json::from_str(&left).unwrap();
    left["url"] = "http://127.0.0.1:1".into();
    let before = left.to_string();
    std::fs::write(directory.join("bootstrap.json"), &before).unwrap();
    let server = Command::new(env!("CARGO_BIN_EXE_flaghoist"))
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "info", "--data-dir"])
        .arg(&directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let _server = Killed(server.unwrap());
    let started = Instant::now();
    let url = loop {
        let text = std::fs::read_to_string(directory.join("bootstrap.json")).unwrap();
        if text != before {
            let file: serde_json::Value = serde_json::from_str(&text).unwrap();
            break file["url"].as_str().unwrap().to_owned();
        }
        assert!(started.elapsed() < Duration::from_mins(1), "the server does not start");
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut wire = Wire::connect(&url);
    let started = Instant::now();
    for number in 0..REQUESTS {
        assert_eq!(wire.ask("GET", "/healthz").status, 200, "request {number}");
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}
