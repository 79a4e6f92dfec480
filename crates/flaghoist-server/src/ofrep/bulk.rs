//! `POST /ofrep/v1/evaluate/flags`

use super::answer::{BulkEvaluation, EventStream, FlagEvaluation};
use super::{EvaluationRequest, OfrepErrors, Refusal, request};
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::publish::{PublishedFlag, entity_tag};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flaghoist_eval::{Decision, Expected};

/// Evaluate all flags
///
/// One broken flag is a failure of its own entry and of nothing else.
#[utoipa::path(
    post,
    path = "/ofrep/v1/evaluate/flags",
    operation_id = "evaluate_flags",
    tag = "OFREP",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the answer the client has")),
    request_body = EvaluationRequest,
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The evaluations", body = BulkEvaluation<'static>, headers(("ETag" = String, description = "Of the whole answer"))),
        (status = 304, description = "The answer is what the client has"),
        OfrepErrors,
    )
)]
pub(crate) async fn evaluate_flags(
    State(app): State<AppState>,
    reader: Result<SdkKey, ApiError>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let reader = reader?;
    let body = request::read(&app, &headers, body).await?;
    let attributes = match request::attributes(&body) {
        Ok(attributes) => attributes,
        Err(error) => return Ok(error.into_response(None)),
    };
    let subject = match request::subject(&attributes) {
        Ok(subject) => subject,
        Err(error) => return Ok(error.into_response(None)),
    };
    app.contexts.take(reader.environment.id(), reader.now, &subject);
    let channel = reader.environment.channel(reader.channel);
    let decide =
        |flag: &PublishedFlag| channel.snapshot.decide(&flag.key, Expected::Any, &subject, reader.now);
    let decisions: Vec<Decision<'_>> = channel.flags.iter().map(decide).collect();
    let decided = || channel.flags.iter().zip(&decisions);
    let flags = decided().map(|(flag, decision)| FlagEvaluation::new(&flag.key, decision)).collect();
    let event_streams = [EventStream::with_token(&reader.stream_token(&app))];
    let answer = serde_json::to_vec(&BulkEvaluation { flags, event_streams }).map_err(ApiError::internal)?;
    let etag = entity_tag(&answer);
    let unchanged = headers.get(header::IF_NONE_MATCH).is_some_and(|held| matches(held, &etag));
    let etag = HeaderValue::try_from(etag).map_err(ApiError::internal)?;
    // A client that asks again and again whether something changed evaluates nothing anew.
    for (flag, decision) in decided() {
        if unchanged {
            flag.counter.count_reason(decision.reason);
        } else {
            flag.counter.count(decision);
        }
    }
    if unchanged {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let media_type = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, media_type), (header::ETAG, etag)], answer).into_response())
}

/// RFC 9110 section 13.1.2: `*`, or a list that holds the tag, weak or strong.
pub(crate) fn matches(held: &HeaderValue, etag: &str) -> bool {
    let Ok(held) = held.to_str() else { return false };
    held.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
