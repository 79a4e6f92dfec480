//! `GET /evaluator/v2/flags/config`

use super::config_sync::{ConfigPayloads, Payload};
use super::sessions::Session;
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::datadog::Filters;
use crate::flagmint::FlagmintErrors;
use crate::flagmint::envelope::Enveloped;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ConfigQuery {
    session_id: Option<String>,
    since_version: Option<String>,
}

/// Signed payloads.
#[derive(Serialize, ToSchema)]
#[schema(as = FlagmintConfigOut)]
pub(crate) struct ConfigOut {
    /// In the order in which they are to be applied.
    #[schema(value_type = Vec<Object>)]
    payloads: Vec<Payload>,
}

/// Get the signed configuration
///
/// A `lease`, and the `fullConfig` before it unless `sinceVersion` is the present version. Signed for the session, whose
/// handshake had the client's public key.
#[utoipa::path(
    get,
    path = "/evaluator/v2/flags/config",
    operation_id = "flagmint_get_config",
    tag = "Flagmint SDK",
    params(
        ("sessionId" = String, Query, description = "From a handshake with a public key"),
        ("sinceVersion" = Option<i64>, Query, description = "The version that the client has"),
    ),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The payloads", body = Enveloped<ConfigOut>),
        FlagmintErrors,
    )
)]
pub(crate) async fn get_config(
    State(app): State<AppState>,
    reader: SdkKey,
    Filters(query): Filters<ConfigQuery>,
) -> Result<Enveloped<ConfigOut>, ApiError> {
    reader.check_server()?;
    let published = app.publisher.published_now();
    let opened = Session::open(query.session_id.as_deref().unwrap_or_default(), reader.now, &published);
    let own =
        opened.filter(|opened| published.secret_hash(reader.credential_id) == Some(&opened.secret_hash));
    let Some(agreement) = own.and_then(|opened| opened.agreement) else {
        return Err(ApiError::Unauthenticated(
            "the session is none of ours, too old, or its handshake had no clientPublicKey; shake hands again",
        ));
    };
    let since = query.since_version.and_then(|text| text.parse().ok()).unwrap_or(-1);
    let payloads = ConfigPayloads::of(&reader, reader.now).since(since, &agreement);
    let payloads = payloads.ok_or(ApiError::Unavailable)?;
    Ok(Enveloped::ok(ConfigOut { payloads }))
}
