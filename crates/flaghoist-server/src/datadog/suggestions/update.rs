//! `PATCH /api/v2/feature-flags/suggestions/{suggestion_id}` and its comments

use super::proposal;
use super::resource::{KIND, SuggestionOut, viewed};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, PathErrors, Resource, WriteErrors};
use crate::decode::{A_STRING, JsonBody, Member, PathOf, path_id};
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::key::parse_description;
use serde::Deserialize;
use utoipa::ToSchema;

/// Members of a suggestion that may change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct SuggestionUpdate {
    /// What is proposed instead, in the form of the suggestion's property.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "DISABLED")]
    suggestion: Member<String>,
}

/// Body of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct UpdateSuggestionRequest {
    data: UpdateSuggestionData,
}

/// The resource of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct UpdateSuggestionData {
    #[schema(rename = "type", example = "flag-suggestions")]
    kind: String,
    attributes: SuggestionUpdate,
}

/// Change what a suggestion proposes
///
/// It is made anew against what is there now, and loses its approvals. Whoever changes it becomes an author of it and
/// can no longer approve it.
#[utoipa::path(
    patch,
    path = "/api/v2/feature-flags/suggestions/{suggestion_id}",
    operation_id = "update_suggestion",
    tag = "Suggestions",
    params(("suggestion_id" = String, Path, description = "The suggestion's id", format = Uuid)),
    request_body(content((UpdateSuggestionRequest = "application/json"), (UpdateSuggestionRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The suggestion", body = Document<Resource<SuggestionOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, WriteErrors,
    )
)]
pub(crate) async fn update_suggestion(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<RequestDocument<SuggestionUpdate>>,
) -> Result<Answer<Document<Resource<SuggestionOut>>>, ApiError> {
    let id = path_id(&id, "suggestion")?;
    let (attributes, _) = request.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let text = attributes.suggestion.optional("suggestion", A_STRING, &mut faults);
    faults.check()?;
    let subject = commands::view_suggestion(&app, &caller.principal, id).await?.suggestion.subject;
    let read = proposal::read(subject.action, subject.property, subject.variant_id, text.as_deref())?;
    let view = commands::edit_suggestion(&app, &caller.principal, id, read.wanted, read.subject).await?;
    Ok(Answer(StatusCode::OK, Document { data: viewed(&view) }))
}

/// A comment to make.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct CommentIn {
    /// What to say.
    #[serde(default)]
    #[schema(value_type = String, example = "Please wait until Monday.", required)]
    text: Member<String>,
}

/// Comment on a suggestion
#[utoipa::path(
    post,
    path = "/api/v1/suggestions/{suggestion_id}/comments",
    operation_id = "comment_on_suggestion",
    tag = "Suggestions",
    params(("suggestion_id" = String, Path, description = "The suggestion's id", format = Uuid)),
    request_body = CommentIn,
    responses(
        (status = 201, description = "The suggestion", body = Document<Resource<SuggestionOut>>, content_type = "application/vnd.api+json"),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn comment_on_suggestion(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    JsonBody(comment): JsonBody<CommentIn>,
) -> Result<Answer<Document<Resource<SuggestionOut>>>, ApiError> {
    let id = path_id(&id, "suggestion")?;
    let mut faults = Faults::new();
    let text = comment.text.required("text", A_STRING, &mut faults).unwrap_or_default();
    if text.trim().is_empty() && faults.is_empty() {
        faults.push_at("text", "is empty; give what you want to say");
    }
    let text = faults.at("text", |faults| parse_description(text, faults));
    faults.check()?;
    let text = text.unwrap_or_default();
    let view = commands::comment_on_suggestion(&app, &caller.principal, id, text).await?;
    Ok(Answer(StatusCode::CREATED, Document { data: viewed(&view) }))
}
