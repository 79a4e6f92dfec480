//! Serving and stopping. HTTP/1.1 only: whoever speaks HTTP/2 does so to the proxy that ends TLS.
//!
//! The soft token ends what waits: the listener takes no more connections, background loops end, connections
//! finish the request they are at. What is not done after the drain time is cut off.

use crate::drained_body::DrainedBody;
use crate::limits::PeerAddress;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// Largest head of a request: request line and headers.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// How long the listener rests when a connection could not be accepted, for lack of file descriptors for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A connection until the head of its next request is there, idle time included.
    pub head: Duration,
    /// Requests, once the server is told to stop.
    pub drain: Duration,
}

/// Serves `router` on `listener` until `soft` is cancelled, then lets requests finish.
pub async fn serve(listener: TcpListener, router: Router, soft: CancellationToken, patience: Patience) {
    let connections = TaskTracker::new();
    loop {
        let (stream, peer) = tokio::select! {
            () = soft.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(cause = %error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let peer = PeerAddress(peer.ip());
        connections.spawn(serve_connection(stream, peer, router.clone(), soft.clone(), patience.head));
    }
    drop(listener);
    connections.close();
    tokio::select! {
        () = connections.wait() => tracing::info!("all requests finished"),
        () = tokio::time::sleep(patience.drain) => tracing::warn!("requests were still running and are cut off"),
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: PeerAddress,
    router: Router,
    soft: CancellationToken,
    head: Duration,
) {
    // Answers are written at once: nobody gains from waiting to fill a packet.
    let _ = stream.set_nodelay(true);
    // The protocol's own timer starts with the first byte; a connection that never says anything ends here.
    tokio::select! {
        () = soft.cancelled() => return,
        readable = tokio::time::timeout(head, stream.readable()) => {
            if !matches!(readable, Ok(Ok(()))) {
                return;
            }
        }
    }
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request.map(|body| Body::new(DrainedBody::new(body))))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_MAX_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = soft.cancelled() => {
            // The request that is on is answered, and no other taken.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(cause = %error, "a connection ended early");
    }
}
