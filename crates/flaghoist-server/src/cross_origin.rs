//! Cross-origin rules for the data plane, applied to requests of browsers only.
//!
//! Servers send no `Origin`, and their answers need none of the headers: they are the many, and pay nothing.

use axum::extract::Request;
use axum::http::{HeaderName, Method, header};
use futures_util::future::Either;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer, Service};
use tower_http::cors::{AllowHeaders, Any, Cors, CorsLayer};

/// Browsers of any origin may read: what they get is decided by their key alone, and there are no cookies here.
#[derive(Clone)]
pub(crate) struct CrossOriginLayer(CorsLayer);

impl CrossOriginLayer {
    pub(crate) fn new() -> Self {
        Self(
            CorsLayer::new()
                .allow_origin(Any)
                .allow_methods([Method::GET, Method::POST])
                .allow_headers(AllowHeaders::mirror_request())
                .expose_headers([header::ETAG, header::RETRY_AFTER, HeaderName::from_static("x-request-id")])
                .max_age(Duration::from_hours(1)),
        )
    }
}

impl<S: Clone> Layer<S> for CrossOriginLayer {
    type Service = CrossOrigin<S>;

    fn layer(&self, inner: S) -> CrossOrigin<S> {
        CrossOrigin { with_rules: self.0.layer(inner.clone()), inner }
    }
}

/// A service, and the same with cross-origin rules.
#[derive(Clone)]
pub(crate) struct CrossOrigin<S> {
    inner: S,
    with_rules: Cors<S>,
}

impl<S, B> Service<Request> for CrossOrigin<S>
where
    S: Service<Request, Response = axum::http::Response<B>> + Clone,
    B: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<<Cors<S> as Service<Request>>::Future, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if request.headers().contains_key(header::ORIGIN) {
            Either::Left(self.with_rules.call(request))
        } else {
            Either::Right(self.inner.call(request))
        }
    }
}
