//! `POST /auth/asl-handshake`

use super::config_sync::PublicKey;
use super::sessions::{self, Session};
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::decode::{self, A_STRING, Member, Object};
use crate::flagmint::envelope::Enveloped;
use crate::flagmint::{FlagmintErrors, FlagmintWriteErrors};
use axum::body::Body;
use axum::extract::State;
use flaghoist_model::Faults;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Largest body of a handshake.
const BODY_MAX_BYTES: usize = 16 * 1024;

/// What an SDK says of itself; all of it may be absent, and so may the body.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintHandshakeIn)]
pub(crate) struct HandshakeIn {
    /// For signed configurations: the client's X25519 public key as 64 hexadecimal digits.
    #[serde(default, rename = "clientPublicKey")]
    #[schema(rename = "clientPublicKey", value_type = Option<String>)]
    client_public_key: Member<String>,
}

/// A session, and the server's part of the key agreement.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FlagmintHandshakeOut)]
pub(crate) struct HandshakeOut {
    /// Opens one stream, within a minute.
    session_id: String,
    /// The server's X25519 public key as 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_public_key: Option<String>,
    /// Salt of the key derivation in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    /// How keys are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "x25519-hkdf-sha256")]
    key_agreement: Option<&'static str>,
}

/// Get a session for a stream
#[utoipa::path(
    post,
    path = "/auth/asl-handshake",
    operation_id = "flagmint_handshake",
    tag = "Flagmint SDK",
    request_body = HandshakeIn,
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The session", body = Enveloped<HandshakeOut>),
        FlagmintErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn shake_hands(
    State(app): State<AppState>,
    reader: SdkKey,
    body: Body,
) -> Result<Enveloped<HandshakeOut>, ApiError> {
    let body = decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await?;
    let wanted = if body.is_empty() {
        HandshakeIn::default()
    } else {
        let Object(wanted) = decode::parse_object(&body).map(Object)?;
        wanted
    };
    let mut faults = Faults::new();
    let client_key = wanted.client_public_key.optional("clientPublicKey", A_STRING, &mut faults);
    let client_key = decode::one_of(
        client_key,
        "clientPublicKey",
        PublicKey::of_hex,
        "the forms of a public key: 64 hexadecimal digits",
        &mut faults,
    );
    faults.check()?;
    let session = Session::new(&reader, client_key, sessions::nonce()?);
    let published = app.publisher.published();
    // Revoked this moment.
    let secret_hash = published
        .secret_hash(reader.credential_id)
        .ok_or(ApiError::Unauthenticated("the key is no longer taken"))?;
    let agreement = session.agreement(secret_hash);
    Ok(Enveloped::ok(HandshakeOut {
        session_id: session.token(secret_hash),
        server_public_key: agreement.as_ref().map(|agreement| agreement.server_key().to_hex()),
        salt: agreement.as_ref().map(|agreement| hex::encode(agreement.salt())),
        key_agreement: agreement.map(|_| "x25519-hkdf-sha256"),
    }))
}
