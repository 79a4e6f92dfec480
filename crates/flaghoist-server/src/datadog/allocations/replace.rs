//! `PUT /api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/allocations`

use super::create::AllocationData;
use super::request::AllocationIn;
use super::resource::{AllocationOut, KIND, allocation_out};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, EntryOutcome, Intent};
use crate::datadog::envelope::{Answer, Filters, RequestResource};
use crate::datadog::{Document, Errors, MatchErrors, PathErrors, Resource, WriteErrors};
use crate::decode::{A_UUID, JsonBody, Member, Object, PathOf, path_id};
use crate::if_match::{IfMatch, etag};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use flaghoist_model::allocation::AllocationDraft;
use flaghoist_model::flag_environment::ServingPatch;
use flaghoist_model::history::Action;
use flaghoist_model::{Faults, Patch, Rejection};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Body of the request.
#[derive(ToSchema)]
#[schema(example = json!({"data": [{"type": "allocations", "attributes": {"key": "a-fifth", "name": "A fifth of all", "type": "FEATURE_GATE", "variant_weights": [{"variant_key": "on", "value": 50}, {"variant_key": "off", "value": 50}], "exposure_schedule": {"rollout_options": {"strategy": "NO_ROLLOUT"}, "rollout_steps": [{"exposure_ratio": 0.2, "grouped_step_index": 0, "is_pause_record": false}]}}}]}))]
#[expect(dead_code, reason = "documents the body; ReplaceBody reads it")]
pub(crate) struct ReplaceAllocationsRequest {
    data: Vec<AllocationData>,
}

/// The body, read.
#[derive(Deserialize)]
pub(crate) struct ReplaceBody {
    #[serde(default)]
    data: Member<Vec<Object<RequestResource<AllocationIn>>>>,
}

impl ReplaceBody {
    /// The drafts, and their faults under `/data`. Elements without attributes end the reading.
    fn into_drafts(self) -> Result<(Vec<AllocationDraft>, Faults), ApiError> {
        let mut faults = Faults::new();
        let elements = self.data.required("data", "an array of allocations", &mut faults);
        faults.check()?;
        let mut faults = Faults::under("/data");
        let mut drafts = Vec::new();
        for (position, Object(element)) in elements.unwrap_or_default().into_iter().enumerate() {
            drafts.extend(faults.at(position, |faults| {
                let (attributes, id) = element.open(KIND, faults)?;
                Some(faults.at("attributes", |faults| attributes.into_draft(id, faults)))
            }));
        }
        Ok((drafts, faults))
    }
}

/// Allocations in the text of a suggestion: a JSON array of resources, or of their members. Faults stand under
/// `pointer`.
pub(crate) fn parse_allocations(
    text: &str,
    pointer: &str,
) -> Result<(Vec<AllocationDraft>, Faults), ApiError> {
    #[derive(Deserialize)]
    struct Element {
        #[serde(default)]
        id: Member<String>,
        #[serde(default)]
        attributes: Member<Object<AllocationIn>>,
    }
    let mut faults = Faults::under(pointer);
    let elements: Result<Vec<&RawValue>, _> = serde_json::from_str(text);
    let elements = elements.map_err(|error| {
        faults.push(format!("is not the text of a JSON array of allocations: {error}"));
        ApiError::Invalid(faults.clone().into_vec())
    })?;
    let mut drafts = Vec::new();
    for (position, element) in elements.into_iter().enumerate() {
        let draft = faults.at(position, |faults| {
            let wrong = |error: serde_json::Error| format!("is no allocation: {error}");
            let read: Object<Element> =
                serde_json::from_str(element.get()).map_err(|error| faults.push(wrong(error))).ok()?;
            let Object(Element { id, attributes }) = read;
            let id = id.optional("id", A_UUID, faults);
            let attributes = if attributes.is_given() {
                attributes.optional("attributes", "the members as an object", faults)
            } else {
                serde_json::from_str(element.get()).map_err(|error| faults.push(wrong(error))).ok()
            };
            let Object(attributes) = attributes?;
            Some(faults.at("attributes", |faults| attributes.into_draft(id, faults)))
        });
        drafts.extend(draft);
    }
    Ok((drafts, faults))
}

/// What else the request may ask for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReplaceOptions {
    default_variant_key: Option<String>,
}

/// Replace the allocations
///
/// The array is the whole ordered list. Elements that name an existing allocation, by id or by key, continue
/// it; allocations that are not listed are removed.
#[utoipa::path(
    put,
    path = "/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/allocations",
    operation_id = "replace_allocations",
    tag = "Allocations",
    params(
        ("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("default_variant_key" = Option<String>, Query, description = "Also make this variant the environment's default"),
        ("If-Match" = Option<String>, Header, description = "ETags of the definitions it is for, or `*`; 412 when it is another now"),
    ),
    request_body(content((ReplaceAllocationsRequest = "application/json"), (ReplaceAllocationsRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The allocations, in order", body = Document<Vec<Resource<AllocationOut>>>, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        (status = 202, description = "The change needs an approval: the allocations as they are suggested", body = Document<Vec<Resource<AllocationOut>>>, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        Errors, PathErrors, WriteErrors, MatchErrors,
    )
)]
pub(crate) async fn replace_allocations(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf((flag_id, environment_id)): PathOf<(String, String)>,
    if_match: IfMatch,
    Filters(options): Filters<ReplaceOptions>,
    JsonBody(request): JsonBody<ReplaceBody>,
) -> Result<impl IntoResponse, ApiError> {
    let place = (path_id(&flag_id, "feature flag")?, path_id(&environment_id, "environment")?);
    let (drafts, faults) = request.into_drafts()?;
    let outcome = commands::change_flag_environment(
        &app,
        &caller.principal,
        place,
        Intent::to(Action::AllocationsReplaced).matching(if_match),
        |change| {
            let mut entry = change.entry.clone();
            if let Some(key) = options.default_variant_key {
                let variant = change.flag.variant_by_key(&key).ok_or_else(|| {
                    Rejection::invalid(
                        "/query/default_variant_key",
                        format!("{key:?} is the key of no variant of this flag"),
                    )
                })?;
                let patch =
                    ServingPatch { default_variant_id: Patch::Set(variant.id), ..ServingPatch::default() };
                entry = entry.with_serving(patch, change.flag, change.now, Faults::new())?;
            }
            let context = change.allocation_context(&entry);
            Ok((entry.with_allocations(drafts, &context, faults)?, ()))
        },
    )
    .await
    .map_err(|error| error.of_list("/data"))?;
    let etag = etag(&outcome.hash());
    let EntryOutcome { view, entry, suggestion, .. } = outcome;
    let allocations = entry.allocations.iter().enumerate();
    let data: Vec<_> = allocations
        .map(|(position, allocation)| {
            allocation_out(&view.flag, &entry, position, allocation).into_resource()
        })
        .collect();
    let status = if suggestion.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((etag, Answer(status, Document { data })))
}
