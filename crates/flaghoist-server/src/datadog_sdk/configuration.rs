//! `GET /api/v2/feature-flagging/config/rules-based/server`

use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::datadog::Errors;
use crate::datadog::Filters;
use crate::publish::Form;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

/// Query of the request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConfigurationQuery {
    dd_env: Option<String>,
}

/// The whole configuration of an environment, for Datadog's server SDKs
///
/// SDKs send no key to an address that is not Datadog's, so it stands in the query (`key`), or in the path:
/// `/sdk/keys/{key}/api/v2/feature-flagging/config/rules-based/server`.
#[utoipa::path(
    get,
    path = "/api/v2/feature-flagging/config/rules-based/server",
    operation_id = "get_server_configuration",
    tag = "SDK",
    params(
        ("dd_env" = Option<String>, Query, description = "The application's DD_ENV; one that the key's environment has"),
        ("key" = Option<String>, Query, description = "A server SDK key, where no header carries it"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the document the client has"),
    ),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The document", body = Object, headers(("ETag" = String, description = "Of the document"))),
        (status = 304, description = "The document is what the client has"),
        Errors,
    )
)]
pub(crate) async fn get_server_configuration(
    reader: SdkKey,
    Filters(query): Filters<ConfigurationQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    reader.check_server()?;
    reader.check_env(query.dd_env.as_deref())?;
    Ok(reader.environment.document(reader.channel, Form::Enveloped).answer(&headers, "application/json"))
}
