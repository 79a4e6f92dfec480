//! `POST /api/v2/feature-flags/{feature_flag_id}/suggestions`

use super::proposal::{self, Proposal, SuggestionIn};
use super::resource::{KIND, SuggestionOut, viewed};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, Intent, Wanted};
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, PathErrors, Resource, WriteErrors};
use crate::decode::{self, A_STRING, A_UUID, JsonBody, Object, PathOf, path_id};
use crate::if_match::IfMatch;
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::key::parse_description;
use flaghoist_model::suggestion::{Property, SuggestionAction};
use utoipa::ToSchema;

/// Body of the request.
#[derive(ToSchema)]
#[schema(example = json!({"data": {"type": "flag-suggestions", "attributes": {"action": "updated", "property": "ENVIRONMENT_STATUS", "environment_id": "0b7c2a34-90ab-7cde-8f01-23456789abcd", "suggestion": "ENABLED", "comment": "Ready for launch", "notification_rule_targets": []}}}))]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct SuggestionRequest {
    data: SuggestionData,
}

/// The resource of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct SuggestionData {
    #[schema(rename = "type", example = "flag-suggestions")]
    kind: String,
    attributes: SuggestionIn,
}

/// Suggest a change
///
/// The change waits for somebody else's approval, also where none is needed.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/{feature_flag_id}/suggestions",
    operation_id = "create_suggestion",
    tag = "Suggestions",
    params(("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid)),
    request_body(content((SuggestionRequest = "application/json"), (SuggestionRequest = "application/vnd.api+json"))),
    responses(
        (status = 201, description = "The suggestion", body = Document<Resource<SuggestionOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, WriteErrors,
    )
)]
pub(crate) async fn create_suggestion(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<RequestDocument<SuggestionIn>>,
) -> Result<Answer<Document<Resource<SuggestionOut>>>, ApiError> {
    let flag_id = path_id(&id, "feature flag")?;
    let (attributes, _) = request.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let action = attributes.action.required("action", A_STRING, &mut faults);
    let action = decode::one_of(
        action,
        "action",
        SuggestionAction::from_name,
        "created, updated, deleted, archived, unarchived, started, stopped, paused, unpaused",
        &mut faults,
    );
    let property = attributes.property.required("property", A_STRING, &mut faults);
    let known = Property::ALL.iter().map(|property| property.as_str()).collect::<Vec<_>>().join(", ");
    let property = decode::one_of(property, "property", Property::from_name, &known, &mut faults);
    let targets = proposal::targets(attributes.notification_rule_targets, &mut faults);
    let comment = attributes.comment.optional("comment", A_STRING, &mut faults);
    let comment = comment.and_then(|text| faults.at("comment", |faults| parse_description(text, faults)));
    let environment_id = attributes.environment_id.optional("environment_id", A_UUID, &mut faults);
    let environment_id = decode::id(environment_id, "environment_id", &mut faults);
    let metadata = attributes.suggestion_metadata.optional("suggestion_metadata", "an object", &mut faults);
    let variant_id = faults.at("suggestion_metadata", |faults| {
        let text =
            metadata.and_then(|Object(metadata)| metadata.variant_id.optional("variant_id", A_UUID, faults));
        decode::id(text, "variant_id", faults)
    });
    let text = attributes.suggestion.optional("suggestion", A_STRING, &mut faults);
    let (Some(action), Some(property), true) = (action, property, faults.is_empty()) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    let Proposal { subject, wanted } = proposal::read(action, property, variant_id, text.as_deref())?;
    let intent = Intent {
        subject,
        reason: comment,
        notification_rule_targets: targets,
        reverts: None,
        is_suggestion: true,
        expected_last: None,
        if_match: IfMatch::Absent,
    };
    let principal = &caller.principal;
    let suggestion = match wanted {
        Wanted::Entry(apply) => {
            let Some(environment_id) = environment_id else {
                faults.push_at(
                    "environment_id",
                    format!("is required for {}; give {A_UUID}", property.as_str()),
                );
                return Err(ApiError::Invalid(faults.into_vec()));
            };
            let place = (flag_id, environment_id);
            commands::change_flag_environment(&app, principal, place, intent, apply).await?.suggestion
        }
        Wanted::Flag(apply) => {
            commands::change_flag(&app, principal, flag_id, intent, apply).await?.suggestion
        }
    };
    let suggestion =
        suggestion.ok_or_else(|| ApiError::internal("a suggestion was asked for and not made"))?;
    let view = commands::view_suggestion(&app, principal, suggestion.id).await?;
    Ok(Answer(StatusCode::CREATED, Document { data: viewed(&view) }))
}
