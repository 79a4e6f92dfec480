//! Request bodies that are read to their end even when the answer does not need them.
//!
//! An answer that is given before the body has arrived (a missing key, a wrong media type, too large a body) would
//! otherwise end the connection: what the client still sends has no reader. Its next request on the connection
//! would fail, and the answer itself may be lost.

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Most that is read of a body that nobody wants. A client that sends more loses the connection.
const DRAIN_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Longest that it is waited for.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// A request body that reads itself to its end when it is dropped before.
pub(crate) struct DrainedBody(Option<Incoming>);

impl DrainedBody {
    pub(crate) fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for DrainedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for DrainedBody {
    fn drop(&mut self) {
        if let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) {
            tokio::spawn(tokio::time::timeout(DRAIN_TIMEOUT, drain(body)));
        }
    }
}

async fn drain(mut body: Incoming) {
    use http_body_util::BodyExt;
    let mut read_bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        if read_bytes > DRAIN_MAX_BYTES {
            return;
        }
    }
}
