//! Documents: the bytes that SDKs read, in the form and the encoding they ask for.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flaghoist_eval::{eppo_document, wire};
use serde_json::json;
use std::io::Write;
use std::sync::OnceLock;

/// How hard zstd tries: its usual middle. It runs once per revision.
const ZSTD_LEVEL: i32 = 3;

/// In which dialect a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// UFC in Datadog's dialect.
    Bare,
    /// The same as a JSON:API resource, as Datadog's SDKs read it without an Agent.
    Enveloped,
    /// UFC in Eppo's dialect.
    Eppo,
    /// The same, obfuscated for clients.
    EppoObfuscated,
}

impl Form {
    /// How many there are.
    pub(super) const COUNT: usize = 4;

    pub(super) const fn position(self) -> usize {
        match self {
            Self::Bare => 0,
            Self::Enveloped => 1,
            Self::Eppo => 2,
            Self::EppoObfuscated => 3,
        }
    }

    fn write(self, document: &wire::Document) -> Vec<u8> {
        let written = match self {
            Self::Bare => serde_json::to_vec(document),
            Self::Enveloped => {
                let kind = "universal-flag-configuration";
                serde_json::to_vec(&json!({"data": {"id": "1", "type": kind, "attributes": document}}))
            }
            Self::Eppo => serde_json::to_vec(&eppo_document::server_document(document)),
            Self::EppoObfuscated => serde_json::to_vec(&eppo_document::client_document(document)),
        };
        written.expect("a document has only text keys, so it always serialises")
    }
}

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Zstd,
    Gzip,
    Identity,
}

impl Encoding {
    /// The best of those that a request takes (RFC 9110 section 12.5.3); what is not named is not taken.
    fn of(headers: &HeaderMap) -> Self {
        let mut best = Self::Identity;
        let accepted =
            headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        for coding in accepted.flat_map(|value| value.split(',')) {
            let mut parts = coding.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let is_refused = parts
                .filter_map(|part| part.strip_prefix("q="))
                .any(|quality| quality.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0));
            if is_refused {
                continue;
            }
            if name.eq_ignore_ascii_case("zstd") {
                return Self::Zstd;
            }
            if name.eq_ignore_ascii_case("gzip") {
                best = Self::Gzip;
            }
        }
        best
    }

    const fn name(self) -> Option<&'static str> {
        match self {
            Self::Zstd => Some("zstd"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

/// The bytes of a document, their strong entity tag, and their compressed forms, made when first asked for.
pub struct RenderedDocument {
    /// JSON.
    pub bytes: Bytes,
    /// With its quotes. Compressed forms have tags of their own: a strong tag is of bytes.
    pub etag: String,
    gzip: OnceLock<Bytes>,
    zstd: OnceLock<Bytes>,
}

impl RenderedDocument {
    pub(super) fn new(form: Form, document: &wire::Document) -> Self {
        let bytes = form.write(document);
        let etag = entity_tag(&bytes);
        Self { bytes: Bytes::from(bytes), etag, gzip: OnceLock::new(), zstd: OnceLock::new() }
    }

    /// The answer to a request with these headers: the document, or that the client has it.
    pub(crate) fn answer(&self, headers: &HeaderMap, media_type: &'static str) -> Response {
        let vary = (header::VARY, HeaderValue::from_static("accept-encoding"));
        // What a private cache keeps is asked for again each time, which is cheap.
        let caching = (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        if let Some(held) = self.held(headers) {
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, held), vary, caching]).into_response();
        }
        let encoding = Encoding::of(headers);
        let etag = header_value(&self.tag(encoding));
        let media_type = (header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        let bytes = match encoding {
            Encoding::Identity => self.bytes.clone(),
            Encoding::Gzip => self.gzip.get_or_init(|| gzip(&self.bytes)).clone(),
            Encoding::Zstd => self.zstd.get_or_init(|| zstd(&self.bytes)).clone(),
        };
        let mut response = ([media_type, (header::ETAG, etag), vary, caching], bytes).into_response();
        if let Some(name) = encoding.name() {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    }

    fn tag(&self, encoding: Encoding) -> String {
        match encoding.name() {
            None => self.etag.clone(),
            Some(name) => format!("{}-{name}\"", self.etag.trim_end_matches('"')),
        }
    }

    /// The tag that the client holds, if it is one of this document.
    fn held(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let held = headers.get(header::IF_NONE_MATCH)?;
        let mut tags = [Encoding::Identity, Encoding::Gzip, Encoding::Zstd]
            .map(|encoding| self.tag(encoding))
            .into_iter();
        tags.find(|tag| crate::ofrep::matches(held, tag)).map(|tag| header_value(&tag))
    }
}

fn header_value(tag: &str) -> HeaderValue {
    HeaderValue::from_str(tag).expect("a tag is of hexadecimal digits, letters and quotes")
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    Bytes::from(written.expect("writing to memory cannot fail"))
}

fn zstd(bytes: &[u8]) -> Bytes {
    Bytes::from(zstd::encode_all(bytes, ZSTD_LEVEL).expect("reading from and writing to memory cannot fail"))
}

/// A strong entity tag of an answer: 128 bits of its bytes' hash. Not meant to withstand an attacker, who could
/// at most keep a stale answer of their own.
pub fn entity_tag(bytes: &[u8]) -> String {
    use foldhash::quality::FixedState;
    use std::hash::{BuildHasher, Hasher};
    let half = |seed: u64| {
        let mut hasher = FixedState::with_seed(seed).build_hasher();
        hasher.write(bytes);
        hasher.finish()
    };
    format!("\"{:016x}{:016x}\"", half(0x666c_6167), half(0x686f_6973))
}
