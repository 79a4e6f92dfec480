//! The web console, embedded: files that Vite built from `web/`, and how they are given to browsers.
//!
//! Everything lives under `/console/`; `/` leads there (root paths belong to the Flagmint API). Names under `assets/`
//! hold a hash of their content and never change; everything else is asked for again each time and mostly answered
//! with 304. A path that is no file is one of the console's own pages, and gets `index.html`.

mod encoding;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use encoding::Encoding;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/console"]
struct Files;

/// Name of the page that all pages begin with.
const INDEX: &str = "index.html";
/// Only files of ours, and no script that stands in a page. Styles may stand in pages: the component library writes
/// its variables there.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

/// Headers of every answer.
const SECURITY: [(HeaderName, HeaderValue); 5] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// Whether the console itself is in this program, and not the page that says how to build it.
pub fn is_built() -> bool {
    Files::iter().any(|name| name.starts_with("assets/"))
}

/// The routes of the console.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/console/") }))
        .route("/console", get(|| async { Redirect::temporary("/console/") }))
        .route("/console/", get(|headers: HeaderMap| async move { answer(INDEX, &headers) }))
        .route("/console/{*path}", get(file))
}

async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    // Prepared encodings are chosen by header, never by name.
    let is_encoded = Encoding::COMPRESSED.iter().any(|encoding| path.ends_with(encoding.suffix()));
    if Files::get(&path).is_some() && !is_encoded {
        return answer(&path, &headers);
    }
    // Pages of the console have no dot in their last part; a file that is missing is said to be missing.
    let is_page =
        !path.starts_with("assets/") && !path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    if is_page { answer(INDEX, &headers) } else { not_found() }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, SECURITY, "The console has no such file.\n").into_response()
}

/// The file in the best encoding that the client takes, or 304 when the client has it.
fn answer(name: &str, headers: &HeaderMap) -> Response {
    let accepted = headers.get_all(header::ACCEPT_ENCODING);
    let accepted = accepted.iter().filter_map(|value| value.to_str().ok());
    let found = encoding::best(accepted).find_map(|encoding| {
        Files::get(&format!("{name}{}", encoding.suffix())).map(|file| (encoding, file))
    });
    let Some((encoding, file)) = found else { return not_found() };
    let tag = tag_of(&file);
    let is_known =
        headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|tags| {
            tags.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
        });
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type(name))], body(file.data)).into_response()
    };
    let own = response.headers_mut();
    own.extend(SECURITY);
    own.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    own.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        own.insert(header::ETAG, tag);
    }
    if let (Some(encoding), false) = (encoding.name(), is_known) {
        own.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The bytes of a file, which are in the program and need no copy.
fn body(data: Cow<'static, [u8]>) -> Body {
    match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    }
}

/// A strong entity tag: half of the SHA-256 of the bytes as they are sent.
fn tag_of(file: &EmbeddedFile) -> String {
    format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
