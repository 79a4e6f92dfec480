//! What tests of several crates need: PostgreSQL and Prometheus servers of their own, ids that repeat, and aggregates to
//! store.
//!
//! Only tests depend on this crate. It panics where a test would have to give up anyway.

pub mod ids;
pub mod postgres;
pub mod prometheus;
#[cfg(feature = "receiver")]
pub mod receiver;
pub mod samples;

/// A TCP port of this machine that nobody listened on a moment ago.
pub fn free_port() -> u16 {
    let listener =
        std::net::TcpListener::bind(("127.0.0.1", 0)).expect("the loopback interface has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
