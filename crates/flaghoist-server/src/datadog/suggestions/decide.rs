//! `POST /api/v2/feature-flags/suggestions/{suggestion_id}/approve` and `/reject`

use super::resource::{SuggestionOut, viewed};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, Verdict};
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, PathErrors, Resource, WriteErrors};
use crate::decode::{self, A_BOOLEAN, A_STRING, Member, PathOf, path_id};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::key::parse_description;
use serde::Deserialize;
use utoipa::ToSchema;

/// The `type` of decisions.
const KIND: &str = "flag-suggestion-events";

/// Members of a decision.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct DecisionIn {
    /// Why.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    comment: Member<String>,
    /// Whether an approved suggestion is applied at once; true when absent. An extension of ours.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    apply: Member<bool>,
    /// The `content_hash` of the suggestion that was looked at; 409 when it was edited since. An extension of ours.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    content_hash: Member<String>,
}

/// Body of the request; may be left out.
#[derive(ToSchema)]
#[schema(example = json!({"data": {"type": "flag-suggestion-events", "attributes": {"comment": "Looks good", "apply": true}}}))]
#[expect(dead_code, reason = "documents the body; Decision reads it")]
pub(crate) struct DecisionRequest {
    data: DecisionData,
}

/// The resource of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; Decision reads it")]
pub(crate) struct DecisionData {
    #[schema(rename = "type", example = "flag-suggestion-events")]
    kind: String,
    attributes: DecisionIn,
}

/// A decision, read. No body is as good as one without members.
pub(crate) struct Decision {
    comment: Option<String>,
    apply: bool,
    content_hash: Option<String>,
}

impl FromRequest<AppState> for Decision {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let body = decode::read_json(request, app).await?;
        let attributes = if body.trim_ascii().is_empty() {
            DecisionIn::default()
        } else {
            decode::parse_object::<RequestDocument<DecisionIn>>(&body)?.open(KIND)?.0
        };
        let mut faults = Faults::under("/data/attributes");
        let comment = attributes.comment.optional("comment", A_STRING, &mut faults);
        let comment = comment.and_then(|text| faults.at("comment", |faults| parse_description(text, faults)));
        let apply = attributes.apply.optional("apply", A_BOOLEAN, &mut faults).unwrap_or(true);
        let content_hash = attributes.content_hash.optional("content_hash", A_STRING, &mut faults);
        faults.check()?;
        Ok(Self { comment, apply, content_hash })
    }
}

/// Approve a suggestion
///
/// Applies it at once unless `apply` is false. None of its authors can. 409 when what it changes was itself changed
/// since it was made; the message says how.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/suggestions/{suggestion_id}/approve",
    operation_id = "approve_suggestion",
    tag = "Suggestions",
    params(("suggestion_id" = String, Path, description = "The suggestion's id", format = Uuid)),
    request_body(content((DecisionRequest = "application/json"), (DecisionRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The suggestion", body = Document<Resource<SuggestionOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, WriteErrors,
    )
)]
pub(crate) async fn approve_suggestion(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    decision: Decision,
) -> Result<Answer<Document<Resource<SuggestionOut>>>, ApiError> {
    let verdict = if decision.apply { Verdict::ApproveAndApply } else { Verdict::Approve };
    decide(&app, &caller, &id, verdict, decision).await
}

/// Reject a suggestion
///
/// None of its authors can: they take it back.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/suggestions/{suggestion_id}/reject",
    operation_id = "reject_suggestion",
    tag = "Suggestions",
    params(("suggestion_id" = String, Path, description = "The suggestion's id", format = Uuid)),
    request_body(content((DecisionRequest = "application/json"), (DecisionRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The suggestion", body = Document<Resource<SuggestionOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, WriteErrors,
    )
)]
pub(crate) async fn reject_suggestion(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    decision: Decision,
) -> Result<Answer<Document<Resource<SuggestionOut>>>, ApiError> {
    decide(&app, &caller, &id, Verdict::Reject, decision).await
}

/// Apply an approved suggestion
///
/// For suggestions that were approved with `apply` false, and for those who may do without approvals.
#[utoipa::path(
    post,
    path = "/api/v1/suggestions/{suggestion_id}/apply",
    operation_id = "apply_suggestion",
    tag = "Suggestions",
    params(("suggestion_id" = String, Path, description = "The suggestion's id", format = Uuid)),
    request_body(content((DecisionRequest = "application/json"), (DecisionRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The suggestion", body = Document<Resource<SuggestionOut>>, content_type = "application/vnd.api+json"),
        crate::native::ProblemErrors, crate::native::ProblemBodyErrors,
    )
)]
pub(crate) async fn apply_suggestion(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    decision: Decision,
) -> Result<Answer<Document<Resource<SuggestionOut>>>, ApiError> {
    decide(&app, &caller, &id, Verdict::Apply, decision).await
}

async fn decide(
    app: &AppState,
    caller: &Allowed<WriteFlagParts>,
    id: &str,
    verdict: Verdict,
    decision: Decision,
) -> Result<Answer<Document<Resource<SuggestionOut>>>, ApiError> {
    let id = path_id(id, "suggestion")?;
    let view = commands::decide(
        app,
        &caller.principal,
        id,
        verdict,
        decision.comment,
        decision.content_hash.as_deref(),
    )
    .await?;
    Ok(Answer(StatusCode::OK, Document { data: viewed(&view) }))
}
