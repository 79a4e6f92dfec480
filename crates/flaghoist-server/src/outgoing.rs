//! HTTP clients of ours: TLS by rustls with ring, trusting what the machine trusts.

use reqwest::{Client, ClientBuilder};

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
