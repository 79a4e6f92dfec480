//! Connections that do what no HTTP library would.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A TCP connection to a server.
pub(crate) struct Wire(TcpStream);

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Wire {
    pub(crate) fn connect(url: &str) -> Self {
        let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    /// The same where the server may have hung up.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.0.write_all(bytes.as_ref())
    }

    /// Sends a request without a body.
    pub(crate) fn ask(&mut self, method: &str, target: &str) -> RawAnswer {
        self.send(format!("{method} {target} HTTP/1.1\r\nhost: flaghoist\r\n\r\n"));
        self.answer()
    }

    /// Waits until the server asks for the body of a request that was sent with `Expect: 100-continue`.
    pub(crate) fn await_continue(&mut self) {
        const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        self.0.set_read_timeout(Some(LIMIT)).unwrap();
        let mut interim = [0; CONTINUE.len()];
        self.0.read_exact(&mut interim).unwrap();
        assert_eq!(interim, CONTINUE, "{}", String::from_utf8_lossy(&interim));
    }

    /// Reads one answer with a `Content-Length`.
    pub(crate) fn answer(&mut self) -> RawAnswer {
        self.answer_within(LIMIT).expect("an answer")
    }

    /// The same; None when the server hangs up instead, or says nothing within `limit`.
    pub(crate) fn answer_within(&mut self, limit: Duration) -> Option<RawAnswer> {
        self.0.set_read_timeout(Some(limit)).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.0.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ if head.is_empty() => return None,
                other => panic!("the answer breaks off: {other:?} {:?}", String::from_utf8_lossy(&head)),
            }
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).unwrap();
        Some(RawAnswer { status, body: String::from_utf8(body).unwrap() })
    }

    /// How long it takes until the server hangs up. None when it does not within `limit`.
    pub(crate) fn hung_up_after(&mut self, limit: Duration) -> Option<Duration> {
        let started = Instant::now();
        self.0.set_read_timeout(Some(limit)).unwrap();
        let mut bytes = [0; 4096];
        loop {
            match self.0.read(&mut bytes) {
                Ok(0) => return Some(started.elapsed()),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return None;
                }
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Some(started.elapsed()),
                Err(error) => panic!("{error}"),
            }
        }
    }
}
