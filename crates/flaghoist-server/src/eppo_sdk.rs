//! What Eppo's SDKs read: the document, the bandits that we do not have, and assignments made here.

pub(crate) mod assignments;

use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::native::ProblemErrors;
use crate::publish::Form;
use axum::Json;
use axum::http::HeaderMap;
use axum::response::Response;
use flaghoist_model::compile::Channel;
use serde::Serialize;
use utoipa::ToSchema;

/// The whole configuration of an environment, in Eppo's dialect
///
/// Server SDK keys get format `SERVER`; client SDK keys get the obfuscated format `CLIENT`, with the flags of the
/// client channel.
#[utoipa::path(
    get,
    path = "/api/flag-config/v1/config",
    operation_id = "get_eppo_configuration",
    tag = "SDK",
    params(
        ("apiKey" = Option<String>, Query, description = "An SDK key, where no header carries it"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the document the client has"),
    ),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The document", body = Object, headers(("ETag" = String, description = "Of the document"))),
        (status = 304, description = "The document is what the client has"),
        ProblemErrors,
    )
)]
pub(crate) async fn get_eppo_configuration(reader: SdkKey, headers: HeaderMap) -> Response {
    let form = match reader.channel {
        Channel::Server => Form::Eppo,
        Channel::Client => Form::EppoObfuscated,
    };
    reader.environment.document(reader.channel, form).answer(&headers, "application/json")
}

/// Bandits: none.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bandits {
    /// When what readers get last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Always empty.
    #[schema(value_type = Object)]
    bandits: serde_json::Map<String, serde_json::Value>,
}

/// The bandits of an environment, in Eppo's dialect
///
/// There are none here; SDKs that ask get an empty list.
#[utoipa::path(
    get,
    path = "/api/flag-config/v1/bandits",
    operation_id = "get_eppo_bandits",
    tag = "SDK",
    params(("apiKey" = Option<String>, Query, description = "An SDK key, where no header carries it")),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses((status = 200, description = "No bandits", body = Bandits), ProblemErrors)
)]
pub(crate) async fn get_eppo_bandits(reader: SdkKey) -> Result<Json<Bandits>, ApiError> {
    let updated_at = reader.environment.environment().content_at.to_string();
    Ok(Json(Bandits { updated_at, bandits: serde_json::Map::new() }))
}
