//! `GET /sdk/v1/config`

use super::ProblemErrors;
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::publish::Form;
use axum::http::HeaderMap;
use axum::response::Response;

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
    reader.check_server()?;
    let document = reader.environment.document(reader.channel, Form::Bare);
    Ok(document.answer(&headers, "application/json"))
}
