//! HTTP clients of ours: TLS by rustls with ring, trusting what the machine trusts.

use reqwest::{Client, ClientBuilder};
use std::error::Error;

/// How much of an answer that is no success is written down.
pub(crate) const EXCERPT_MAX_CHARS: usize = 200;

/// The client that `builder` describes.
///
/// A machine without root certificates, such as a bare container, gets one too: it speaks plain HTTP, and TLS to
/// nobody.
pub fn client(builder: impl Fn() -> ClientBuilder) -> reqwest::Result<Client> {
    // Fails when the process has chosen a provider before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder().build().or_else(|error| {
        tracing::warn!(cause = ?error, "no root certificates; requests over https will fail");
        builder().tls_certs_only([]).build()
    })
}

/// The cause behind all causes. Those before it repeat the URL, which may hold a secret.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match cause.downcast_ref::<reqwest::Error>() {
        Some(_) => "the request could not be made".to_owned(),
        None => cause.to_string(),
    }
}

/// The start of a text that somebody else wrote, on one line and without control characters.
pub(crate) fn excerpt(text: &[u8]) -> String {
    String::from_utf8_lossy(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(|letter| !letter.is_control())
        .take(EXCERPT_MAX_CHARS)
        .collect()
}
