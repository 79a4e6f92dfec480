//! What an Agent answers to a tracer that asks for its configuration: the document inside the files of an update
//! framework (TUF), without signatures, which tracers do not verify.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flaghoist_model::environment::Environment;
use serde_json::json;
use sha2::{Digest, Sha256};

/// The product under which tracers look for flags.
pub(crate) const PRODUCT: &str = "FFE_FLAGS";

/// The version of what an environment serves. It grows with every change and is never 0, which is what a tracer says that
/// has nothing.
pub(crate) fn version(environment: &Environment) -> i64 {
    environment.content_revision.saturating_add(1)
}

/// The revision of which that is the version.
pub(crate) fn revision_of(version: i64) -> i64 {
    version.saturating_sub(1)
}

/// The whole answer that gives a tracer `document`.
pub(super) fn answer(environment: &Environment, document: &[u8]) -> Bytes {
    let path = format!("datadog/2/{PRODUCT}/{}/config", environment.id);
    let version = version(environment);
    let file = json!({
        "length": document.len(),
        "hashes": {"sha256": hex::encode(Sha256::digest(document))},
        "custom": {"v": version},
    });
    let targets = json!({
        "signatures": [{"keyid": "unsigned", "sig": "unsigned"}],
        "signed": {
            "_type": "targets",
            "version": version,
            "spec_version": "1.0.0",
            "expires": "2099-01-01T00:00:00Z",
            "custom": {"opaque_backend_state": STANDARD.encode(version.to_string())},
            "targets": {&path: file},
        },
    });
    let answer = json!({
        "roots": [],
        "targets": STANDARD.encode(targets.to_string()),
        "client_configs": [&path],
        "target_files": [{"path": &path, "raw": STANDARD.encode(document)}],
    });
    Bytes::from(answer.to_string())
}
