//! `PUT /api/v2/feature-flags/{feature_flag_id}/variants/{variant_id}`

use super::resource::{SuggestedVariant, VariantAnswer, VariantBody};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, Intent};
use crate::datadog::envelope::Answer;
use crate::datadog::{Errors, MatchErrors, PathErrors, WriteErrors};
use crate::decode::{self, A_STRING, Member, PathOf, path_id};
use crate::if_match::{IfMatch, etag};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use flaghoist_model::flag::VariantPatch;
use flaghoist_model::history::Action;
use flaghoist_model::{Faults, Patch};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Members of a variant that may change. What is absent stays; the key never changes.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct VariantUpdate {
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "On")]
    name: Member<String>,
    /// The value as text, whatever the flag's type.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "true")]
    value: Member<String>,
    /// Echoed on reads.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    migration_metadata: Member<Map<String, Value>>,
}

/// Update a variant
#[utoipa::path(
    put,
    path = "/api/v2/feature-flags/{feature_flag_id}/variants/{variant_id}",
    operation_id = "update_variant",
    tag = "Variants",
    params(
        ("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("variant_id" = String, Path, description = "The variant's id", format = Uuid),
        ("If-Match" = Option<String>, Header, description = "ETags of the flag's definition that it is for, or `*`; 412 when it is another now"),
    ),
    request_body(content((VariantUpdate = "application/json"), (VariantUpdate = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The variant", body = VariantAnswer, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The flag's own definition now"))),
        (status = 201, description = "The change needs an approval: the variant as it is, with the suggestion in `data`", body = SuggestedVariant, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The flag's own definition now"))),
        Errors, PathErrors, WriteErrors, MatchErrors,
    )
)]
pub(crate) async fn update_variant(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf((flag_id, variant_id)): PathOf<(String, String)>,
    if_match: IfMatch,
    VariantBody { members, mut faults }: VariantBody<VariantUpdate>,
) -> Result<Response, ApiError> {
    let flag_id = path_id(&flag_id, "feature flag")?;
    let variant_id = path_id(&variant_id, "variant")?;
    let patch = members.into_patch(&mut faults);
    let intent = Intent::to(Action::VariantUpdated).of_variant(variant_id).matching(if_match);
    let outcome = commands::change_flag(&app, &caller.principal, flag_id, intent, |change| {
        change.view.flag.update_variant(variant_id, patch, change.principal, change.now, faults)
    })
    .await?;
    let flag = &outcome.view.flag;
    let etag = etag(&outcome.hash());
    Ok(match outcome.suggestion {
        None => (etag, Answer(StatusCode::OK, VariantAnswer::of(flag, variant_id)?)).into_response(),
        Some(suggestion) => {
            let suggested = SuggestedVariant::of(flag, variant_id, &suggestion)?;
            (etag, Answer(StatusCode::CREATED, suggested)).into_response()
        }
    })
}

impl VariantUpdate {
    fn into_patch(self, faults: &mut Faults) -> VariantPatch {
        VariantPatch {
            description: Patch::Keep,
            order_index: None,
            name: self.name.optional("name", A_STRING, faults),
            value: self.value.optional("value", "the value as a string", faults),
            migration_metadata: self
                .migration_metadata
                .patch("migration_metadata", "an object", faults)
                .map(Value::Object),
        }
    }
}

/// A change of a variant in the text of a suggestion. Faults stand under `pointer`.
pub(crate) fn variant_patch(text: &str, pointer: &str) -> Result<(VariantPatch, Faults), ApiError> {
    let mut faults = Faults::under(pointer);
    let members: VariantUpdate = decode::parse_text(text, &mut faults)?;
    Ok((members.into_patch(&mut faults), faults))
}
