//! `GET /sdk/v1/config`

use super::ProblemErrors;
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flaghoist_model::compile::Channel;

/// The whole configuration of an environment
///
/// The UFC document (Datadog dialect) that all answers of the environment come from, for server SDK keys.
#[utoipa::path(
    get,
    path = "/sdk/v1/config",
    operation_id = "get_configuration",
    tag = "SDK",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the document the client has")),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The document", body = Object, headers(("ETag" = String, description = "Of the document"))),
        (status = 304, description = "The document is what the client has"),
        ProblemErrors,
    )
)]
pub(crate) async fn get_configuration(reader: SdkKey, headers: HeaderMap) -> Result<Response, ApiError> {
    if reader.channel != Channel::Server {
        return Err(ApiError::WrongCredential(
            "a client SDK key reads evaluated flags only; use a server SDK key",
        ));
    }
    let document = reader.environment.document(reader.channel);
    let etag = HeaderValue::try_from(&document.etag).map_err(ApiError::internal)?;
    let held = headers.get(header::IF_NONE_MATCH);
    if held.is_some_and(|held| crate::ofrep::matches(held, &document.etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let media_type = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, media_type), (header::ETAG, etag)], document.bytes.clone()).into_response())
}
