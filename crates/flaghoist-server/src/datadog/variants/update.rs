//! `PUT /api/v2/feature-flags/{feature_flag_id}/variants/{variant_id}`

use super::resource::{VariantAnswer, VariantBody};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::Answer;
use crate::datadog::{Errors, PathErrors, WriteErrors};
use crate::decode::{A_STRING, Member, PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::flag::VariantPatch;
use flaghoist_model::history::Action;
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
    ),
    request_body(content((VariantUpdate = "application/json"), (VariantUpdate = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The variant", body = VariantAnswer, content_type = "application/vnd.api+json"),
        Errors, PathErrors, WriteErrors,
    )
)]
pub(crate) async fn update_variant(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf((flag_id, variant_id)): PathOf<(String, String)>,
    VariantBody { members, mut faults }: VariantBody<VariantUpdate>,
) -> Result<Answer<VariantAnswer>, ApiError> {
    let flag_id = path_id(&flag_id, "feature flag")?;
    let variant_id = path_id(&variant_id, "variant")?;
    let patch = VariantPatch {
        name: members.name.optional("name", A_STRING, &mut faults),
        value: members.value.optional("value", "the value as a string", &mut faults),
        migration_metadata: members
            .migration_metadata
            .patch("migration_metadata", "an object", &mut faults)
            .map(Value::Object),
    };
    let view = commands::change_flag(&app, &caller.principal, flag_id, Action::VariantUpdated, |change| {
        change.view.flag.update_variant(variant_id, patch, change.principal, change.now, faults)
    })
    .await?;
    Ok(Answer(StatusCode::OK, VariantAnswer::of(&view.flag, variant_id)?))
}
