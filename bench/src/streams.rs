//! How long a change takes until open streams tell of it, and what a stream costs.

use crate::load::{Connection, Request};
use crate::measure::Subject;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Streams that are open while changes are made.
const LISTENING: usize = 1_000;
/// Changes, one after another.
const CHANGES: usize = 1_000;
/// From one change to the next.
const PACE: Duration = Duration::from_millis(20);
/// Streams that are open for their memory.
const IDLE: usize = 10_000;

/// Makes changes by turns and prints how long each took until each stream had it, from the moment that the change was
/// sent: its commit is part of that.
pub(crate) fn print_latency(address: &str, stream: &Request, changes: [Request; 2]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let open = Arc::new(AtomicUsize::new(0));
        let mut listening = Vec::new();
        for _ in 0..LISTENING {
            listening.push(tokio::spawn(listen(address.to_owned(), stream.clone(), Arc::clone(&open))));
        }
        while open.load(Ordering::Relaxed) < LISTENING {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut management = Connection::open(address).await;
        let (mut sent, mut answered) = (Vec::new(), Vec::new());
        for change in changes.iter().cycle().take(CHANGES) {
            let at = Instant::now();
            sent.push(at);
            let head = management.ask(change).await;
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            answered.push(at.elapsed());
            tokio::time::sleep(PACE.saturating_sub(at.elapsed())).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut told = Vec::new();
        let mut waits = Vec::new();
        for stream in listening {
            stream.abort();
            let _ = stream.await;
        }
        for events in EVENTS.lock().expect("no stream panicked").drain(..) {
            let last = events.iter().map(|(id, _)| *id).max().expect("every stream was told");
            told.push(events.len());
            for (id, at) in events {
                let position = CHANGES as i64 - 1 - (last - id);
                if let Some(sent) = usize::try_from(position).ok().and_then(|position| sent.get(position)) {
                    waits.push(at.duration_since(*sent));
                }
            }
        }
        let (told_least, told_most) = (told.iter().min(), told.iter().max());
        println!(
            "{LISTENING} streams, {CHANGES} changes; events of a stream: {told_least:?} to {told_most:?}"
        );
        print_row("change sent until its answer", &mut answered);
        print_row("change sent until a stream told of it", &mut waits);
    });
}

fn print_row(name: &str, durations: &mut [Duration]) {
    durations.sort();
    let at = |share: f64| durations[((durations.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!("{name}: median {:.2} ms, 99 % {:.2} ms, slowest {:.2} ms", at(0.5), at(0.99), at(1.0));
}

/// What every stream was told: ids and when.
static EVENTS: std::sync::Mutex<Vec<Vec<(i64, Instant)>>> = std::sync::Mutex::new(Vec::new());

/// Writes what it was told into [`EVENTS`] when it is dropped.
struct Told(Vec<(i64, Instant)>);

impl Drop for Told {
    fn drop(&mut self) {
        EVENTS.lock().expect("no stream panicked").push(std::mem::take(&mut self.0));
    }
}

async fn listen(address: String, request: Request, open: Arc<AtomicUsize>) {
    let mut stream = open_stream(&address, &request).await;
    open.fetch_add(1, Ordering::Relaxed);
    let mut told = Told(Vec::with_capacity(CHANGES));
    let mut text = String::new();
    let mut buffer = vec![0; 4_096];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        let now = Instant::now();
        text += std::str::from_utf8(&buffer[..read]).expect("text");
        while let Some((event, rest)) = text.split_once("\n\n") {
            let id = event.lines().find_map(|line| line.strip_prefix("id: ")?.parse().ok());
            if let Some(id) = id.filter(|_| event.contains("data: ")) {
                told.0.push((id, now));
            }
            text = rest.to_owned();
        }
    }
}

async fn open_stream(address: &str, request: &Request) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.write_all(request.bytes()).await.expect("the server reads");
    let mut head = [0; 1_024];
    let read = stream.read(&mut head).await.expect("the server answers");
    assert!(head[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head[..read]));
    stream
}

/// Opens many streams and prints what the server's resident memory grows by for each.
pub(crate) fn print_memory(server: &Subject, stream: &Request) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let before_kb = server.resident_kb();
        let mut open = Vec::with_capacity(IDLE);
        for _ in 0..IDLE {
            open.push(open_stream(&server.address, stream).await);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let grown_bytes = (server.resident_kb() - before_kb) * 1_024;
        println!("{IDLE} idle streams: {} bytes of resident memory each", grown_bytes / IDLE as i64);
        drop(open);
    });
}
