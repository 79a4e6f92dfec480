//! `PUT /api/v2/feature-flags/{feature_flag_id}`

use super::resource::{FlagAttributes, KIND, changed};
use crate::ApiError;
use crate::access::{Allowed, WriteFlags};
use crate::app::AppState;
use crate::commands::{self, Intent};
use crate::datadog::envelope::RequestDocument;
use crate::datadog::{Document, Errors, JsonApi, MatchErrors, PathErrors, Resource, WriteErrors};
use crate::decode::{A_BOOLEAN, A_STRING, JsonBody, Member, PathOf, one_of, path_id};
use crate::if_match::{IfMatch, etag};
use axum::extract::State;
use axum::response::IntoResponse;
use flaghoist_model::Faults;
use flaghoist_model::flag::{DistributionChannel, FlagPatch, StalenessStatus};
use flaghoist_model::history::Action;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Members of a flag that may change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct FlagUpdate {
    /// Unique.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Dark mode")]
    name: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// Text of a JSON Schema that every variant fits; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    json_schema: Member<String>,
    /// For people and filters.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    tags: Member<Vec<String>>,
    /// `ALL`, `CLIENT` or `SERVER`.
    #[serde(default)]
    #[schema(value_type = Option<crate::datadog::names::DistributionChannelName>)]
    distribution_channel: Member<String>,
    /// Whether changes in production environments need an approval.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    require_approval: Member<bool>,
    /// `ACTIVE` or `PERMANENT`.
    #[serde(default)]
    #[schema(value_type = Option<crate::datadog::names::StalenessStatusName>)]
    staleness_status: Member<String>,
    /// Echoed on reads.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    migration_metadata: Member<Map<String, Value>>,
}

impl FlagUpdate {
    fn into_patch(self, faults: &mut Faults) -> FlagPatch {
        let distribution_channel =
            self.distribution_channel.optional("distribution_channel", A_STRING, faults);
        let staleness_status = self.staleness_status.optional("staleness_status", A_STRING, faults);
        FlagPatch {
            analytics_enabled: None,
            metadata: None,
            name: self.name.optional("name", A_STRING, faults),
            description: self.description.optional("description", A_STRING, faults),
            json_schema: self.json_schema.patch("json_schema", "the text of a JSON Schema", faults),
            tags: self.tags.optional("tags", "an array of strings", faults),
            distribution_channel: one_of(
                distribution_channel,
                "distribution_channel",
                DistributionChannel::from_name,
                "ALL, CLIENT, SERVER",
                faults,
            ),
            require_approval: self.require_approval.optional("require_approval", A_BOOLEAN, faults),
            staleness_status: one_of(
                staleness_status,
                "staleness_status",
                StalenessStatus::from_name,
                "ACTIVE, PERMANENT",
                faults,
            ),
            migration_metadata: self
                .migration_metadata
                .patch("migration_metadata", "an object", faults)
                .map(Value::Object),
        }
    }
}

/// Body of the request.
#[derive(ToSchema)]
#[schema(example = json!({"data": {"type": "feature-flags", "attributes": {"name": "Dark mode 2", "description": "The darker theme"}}}))]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct UpdateFlagRequest {
    data: UpdateFlagData,
}

/// The resource of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct UpdateFlagData {
    #[schema(rename = "type", example = "feature-flags")]
    kind: String,
    attributes: FlagUpdate,
}

/// Update a feature flag
///
/// What is absent stays; rules are never touched.
#[utoipa::path(
    put,
    path = "/api/v2/feature-flags/{feature_flag_id}",
    operation_id = "update_feature_flag",
    tag = "Feature flags",
    params(
        ("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("If-Match" = Option<String>, Header, description = "ETags of the flag's definition that it is for, or `*`; 412 when it is another now"),
    ),
    request_body(content((UpdateFlagRequest = "application/json"), (UpdateFlagRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The flag", body = Document<Resource<FlagAttributes>>, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The flag's own definition now"))),
        (status = 202, description = "The change of the channel needs an approval: the flag as it is", body = Document<Resource<FlagAttributes>>, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The flag's own definition now"))),
        Errors, PathErrors, WriteErrors, MatchErrors,
    )
)]
pub(crate) async fn update_feature_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    shape: JsonApi,
    PathOf(id): PathOf<String>,
    if_match: IfMatch,
    JsonBody(request): JsonBody<RequestDocument<FlagUpdate>>,
) -> Result<impl IntoResponse, ApiError> {
    let id = path_id(&id, "feature flag")?;
    let (attributes, _) = request.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let patch = attributes.into_patch(&mut faults);
    let intent = Intent::to(Action::FlagUpdated).matching(if_match);
    let outcome = commands::change_flag(&app, &caller.principal, id, intent, |change| {
        change.view.flag.update(patch, change.principal, change.now, faults)
    })
    .await?;
    let staleness = commands::staleness_of(&app, &outcome.view);
    Ok((etag(&outcome.hash()), changed(&outcome, staleness, shape)))
}
