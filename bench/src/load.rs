//! Load: the same request again and again over keep-alive connections.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Connections of a round.
const CONNECTIONS: usize = 16;

/// The bytes of a request.
#[derive(Clone)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    pub(crate) fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        Self::new("POST", path, headers, body)
    }

    pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Self {
        Self::new("GET", path, headers, "")
    }

    pub(crate) fn put(path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        Self::new("PUT", path, headers, body)
    }

    pub(crate) fn patch(path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        Self::new("PATCH", path, headers, body)
    }

    /// As it goes over the wire.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn new(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut text =
            format!("{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        Self(text.into_bytes())
    }
}

/// Sends `count` requests and waits for all answers. Fails loudly on anything but 200 and 304.
pub(crate) async fn run(address: &str, request: &Request, count: usize) {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let (address, request) = (address.to_owned(), request.clone());
        connections.push(tokio::spawn(async move {
            let mut connection = Connection::open(&address).await;
            for _ in 0..count / CONNECTIONS {
                let head = connection.ask(&request).await;
                assert!(head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 304"), "{head}");
            }
        }));
    }
    for connection in connections {
        connection.await.expect("a connection failed");
    }
}

/// A header of the answer to one request.
pub(crate) fn header_of(address: &str, request: &Request, name: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let head = runtime.block_on(async { Connection::open(address).await.ask(request).await });
    let value = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    value.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
}

/// A keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    body_starts: usize,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        Self { stream, buffer: Vec::with_capacity(256 * 1024), body_starts: 0 }
    }

    /// Sends a request, reads its whole answer and gives the head of it.
    pub(crate) async fn ask(&mut self, request: &Request) -> String {
        self.stream.write_all(&request.0).await.expect("the server reads");
        self.buffer.clear();
        let (head, body_starts) = loop {
            self.read_more().await;
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break (String::from_utf8_lossy(&self.buffer[..end]).into_owned(), end + 4);
            }
        };
        self.body_starts = body_starts;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().expect("a number"));
        while self.buffer.len() < body_starts + length {
            self.read_more().await;
        }
        head
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        &self.buffer[self.body_starts..]
    }

    async fn read_more(&mut self) {
        let read = self.stream.read_buf(&mut self.buffer).await.expect("the server answers");
        assert_ne!(read, 0, "the server closed the connection");
    }
}
