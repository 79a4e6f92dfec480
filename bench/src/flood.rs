//! How long an application waits for a flag while others flood the same server with log-ins and keys.

use crate::load::{Connection, Request};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Connections of a flood.
const CONNECTIONS: usize = 32;
/// Evaluations that are timed in each row, over one connection.
const SAMPLES: usize = 4_000;
/// From the start of one evaluation to that of the next.
const PACE: Duration = Duration::from_millis(2);

/// What floods the server.
pub(crate) struct Flood {
    /// For the table.
    pub(crate) name: &'static str,
    /// The request, again and again over every connection; none for a quiet server.
    pub(crate) request: Option<Request>,
    /// How long a connection waits after a 429 before it asks again.
    pub(crate) patience: Duration,
}

/// A flood, over many connections, until it is ended.
struct Running {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<BTreeMap<String, usize>>>,
}

impl Running {
    fn start(address: &str, request: Request, patience: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (address, stopped) = (address.to_owned(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut connections = tokio::task::JoinSet::new();
                for _ in 0..CONNECTIONS {
                    let (address, request, stopped) =
                        (address.clone(), request.clone(), Arc::clone(&stopped));
                    connections.spawn(async move {
                        let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
                        let mut connection = Connection::open(&address).await;
                        while !stopped.load(Ordering::Relaxed) {
                            let head = connection.ask(&request).await;
                            *statuses.entry(head[9..12].to_owned()).or_default() += 1;
                            if &head[9..12] == "429" {
                                tokio::time::sleep(patience).await;
                            }
                        }
                        statuses
                    });
                }
                let mut all = BTreeMap::new();
                for statuses in connections.join_all().await {
                    for (status, count) in statuses {
                        *all.entry(status).or_default() += count;
                    }
                }
                all
            })
        });
        Self { stop, thread: Some(thread) }
    }

    /// Ends it, and gives how many answers it got by status.
    fn end(mut self) -> BTreeMap<String, usize> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("it runs").join().expect("the flood failed")
    }
}

/// Prints how long `reader` waits under each flood.
pub(crate) fn print(address: &str, reader: &Request, floods: Vec<Flood>) {
    println!("| Meanwhile | median | 99 % | slowest | answers of the flood a second |");
    println!("| --- | --- | --- | --- | --- |");
    for Flood { name, request, patience } in floods {
        let flood = request.map(|request| Running::start(address, request, patience));
        std::thread::sleep(Duration::from_millis(500));
        let began = Instant::now();
        let mut waits_us = waits_us(address, reader);
        let seconds = began.elapsed().as_secs_f64() + 0.5;
        waits_us.sort_by(f64::total_cmp);
        let at = |share: f64| waits_us[((SAMPLES - 1) as f64 * share) as usize] / 1_000.0;
        let answers: Vec<String> = flood
            .map(Running::end)
            .unwrap_or_default()
            .iter()
            .map(|(status, count)| format!("{status}: {:.0}", *count as f64 / seconds))
            .collect();
        println!(
            "| {name} | {:.2} ms | {:.2} ms | {:.2} ms | {} |",
            at(0.5),
            at(0.99),
            at(1.0),
            answers.join(", ")
        );
    }
}

/// How long each evaluation took, in microseconds.
fn waits_us(address: &str, reader: &Request) -> Vec<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = Connection::open(address).await;
        let mut pace = tokio::time::interval(PACE);
        let mut waits = Vec::with_capacity(SAMPLES);
        for _ in 0..SAMPLES {
            pace.tick().await;
            let began = Instant::now();
            let head = connection.ask(reader).await;
            waits.push(began.elapsed().as_secs_f64() * 1e6);
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        }
        waits
    })
}
