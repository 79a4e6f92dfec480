//! `/projects/{project_id}/segments`

use super::conditions::{ConditionIn, SegmentRuleOut, Shown, drafts};
use super::envelope::{Enveloped, InPath, PageQuery, Paged};
use super::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, SavedFilterOutcome};
use crate::datadog::Filters;
use crate::decode::{self, A_BOOLEAN, A_STRING, JsonBody, Member, Object, PathOf};
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::clause::Combinator;
use flaghoist_model::saved_filter::{SavedFilter, SavedFilterDraft};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where the conditions of a segment stand in requests.
const RULES: &str = "rules";

/// A segment to make or change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintSegmentIn)]
pub(crate) struct SegmentIn {
    #[serde(default)]
    #[schema(value_type = String, required, example = "Beta users")]
    name: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// None match nobody.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ConditionIn>>)]
    rules: Member<Vec<Object<ConditionIn>>>,
    /// `AND`, `OR` or `NOT` (none of the rules is true); `AND` when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "AND")]
    logical_op: Member<String>,
    /// Whether everybody matches, whatever the rules say.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    force: Member<bool>,
    /// Unique in the project; made from the name when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "beta-users")]
    key: Member<String>,
}

/// A segment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintSegmentOut)]
pub(crate) struct SegmentOut {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    #[schema(format = Uuid)]
    project_id: String,
    rules: Vec<SegmentRuleOut>,
    /// `AND`, `OR` or `NOT`.
    #[schema(example = "AND")]
    logical_op: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    description: Option<String>,
    force: bool,
    key: String,
}

impl SegmentOut {
    /// A saved filter as a segment.
    pub(super) fn of(filter: &SavedFilter) -> Self {
        let shown = Shown::of(filter.clauses.as_ref(), &filter.rules);
        Self {
            id: filter.id.to_string(),
            name: filter.name.clone(),
            project_id: filter.project_id.to_string(),
            rules: shown.segment_rules(),
            logical_op: shown.combinator.as_str(),
            created_at: filter.created_at.to_string(),
            updated_at: filter.updated_at.to_string(),
            description: filter.description.clone(),
            force: filter.clauses.as_ref().is_some_and(|clauses| clauses.force),
            key: filter.key.clone(),
        }
    }
}

impl SegmentIn {
    /// The draft of a segment; `old` is the one that is changed.
    fn into_draft(self, old: Option<&SavedFilter>, faults: &mut Faults) -> SavedFilterDraft {
        let logical_op = self.logical_op.optional("logical_op", A_STRING, faults);
        let combinator =
            decode::one_of(logical_op, "logical_op", Combinator::from_name, "AND, OR, NOT", faults);
        let force = self.force.optional("force", A_BOOLEAN, faults);
        let name = match old {
            Some(_) => self.name.optional("name", A_STRING, faults),
            None => self.name.required("name", A_STRING, faults),
        };
        let rules = self.rules.optional(RULES, "an array of rules", faults);
        let shown = old.map(|old| Shown::of(old.clauses.as_ref(), &old.rules));
        // Writing back what is shown of a filter that was not made here leaves its rules alone.
        let is_as_shown = |shown: &Shown| combinator.is_none_or(|wanted| wanted == shown.combinator);
        let keeps_rules = old.is_some_and(|old| old.clauses.is_none()) && force != Some(true);
        let clauses = rules.and_then(|rules| {
            faults.at(RULES, |faults| match shown.as_ref().filter(|shown| is_as_shown(shown)) {
                Some(shown) => shown.changed_by(rules, faults),
                None => Some(drafts(rules, faults)),
            })
        });
        let (combinator, force) = match (&clauses, shown) {
            (None, Some(shown)) if keeps_rules && is_as_shown(&shown) => (None, None),
            _ => (combinator, force),
        };
        SavedFilterDraft {
            name,
            key: self.key.optional("key", A_STRING, faults),
            description: self.description.patch("description", A_STRING, faults),
            clauses: clauses.or_else(|| old.is_none().then(Vec::new)),
            combinator,
            force,
            ..SavedFilterDraft::default()
        }
    }
}

/// Which segments a list shows.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SegmentFilters {
    q: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// List segments
#[utoipa::path(
    get,
    path = "/projects/{project_id}/segments",
    operation_id = "flagmint_list_segments",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("q" = Option<String>, Query, description = "Part of the name or key"),
        ("page" = Option<i64>, Query, description = "Counted from 1", minimum = 1),
        ("limit" = Option<i64>, Query, description = "Entries of a page; 20 when absent", minimum = 1, maximum = 100),
    ),
    responses(
        (status = 200, description = "A page of segments", body = Enveloped<Paged<SegmentOut>>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn list_segments(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    Filters(filters): Filters<SegmentFilters>,
) -> Result<Enveloped<Paged<SegmentOut>>, ApiError> {
    let mut faults = Faults::under("/query");
    let part = filters.page.read(&mut faults);
    faults.check()?;
    let wanted = filters.q.unwrap_or_default().to_lowercase();
    let mut found = commands::view_saved_filters(&app, &caller.principal).await?;
    found.retain(|filter| {
        filter.name.to_lowercase().contains(&wanted) || filter.key.to_lowercase().contains(&wanted)
    });
    Ok(Enveloped::ok(part.cut(found.iter().map(SegmentOut::of).collect())))
}

/// Create a segment
#[utoipa::path(
    post,
    path = "/projects/{project_id}/segments",
    operation_id = "flagmint_create_segment",
    tag = "Flagmint",
    params(("project_id" = String, Path, description = "The project's id", format = Uuid)),
    request_body = SegmentIn,
    responses(
        (status = 201, description = "The segment", body = Enveloped<SegmentOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn create_segment(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    JsonBody(wanted): JsonBody<SegmentIn>,
) -> Result<Enveloped<SegmentOut>, ApiError> {
    let mut faults = Faults::new();
    let draft = wanted.into_draft(None, &mut faults);
    let filter = commands::create_saved_filter(&app, &caller.principal, draft, RULES, faults).await?;
    Ok(Enveloped::created(SegmentOut::of(&filter)))
}

/// Get a segment
#[utoipa::path(
    get,
    path = "/projects/{project_id}/segments/{segment_id}",
    operation_id = "flagmint_get_segment",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("segment_id" = String, Path, description = "The segment's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The segment", body = Enveloped<SegmentOut>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn get_segment(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(place): InPath,
) -> Result<Enveloped<SegmentOut>, ApiError> {
    let (filter, _) = commands::view_saved_filter(&app, &caller.principal, place.segment_id()?).await?;
    Ok(Enveloped::ok(SegmentOut::of(&filter)))
}

/// Update a segment
///
/// What is absent stays as it is. Every flag that uses the segment is changed with it, at once.
#[utoipa::path(
    put,
    path = "/projects/{project_id}/segments/{segment_id}",
    operation_id = "flagmint_update_segment",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("segment_id" = String, Path, description = "The segment's id", format = Uuid),
    ),
    request_body = SegmentIn,
    responses(
        (status = 200, description = "The segment", body = Enveloped<SegmentOut>),
        (status = 202, description = "The unchanged segment: the change waits for an approval", body = Enveloped<SegmentOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn update_segment(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(place): InPath,
    JsonBody(wanted): JsonBody<SegmentIn>,
) -> Result<Enveloped<SegmentOut>, ApiError> {
    let id = place.segment_id()?;
    let outcome = commands::change_saved_filter(&app, &caller.principal, id, RULES, |filter, context| {
        let mut faults = Faults::new();
        let draft = wanted.into_draft(Some(filter), &mut faults);
        filter.update(draft, context, faults)
    });
    let SavedFilterOutcome { filter, suggestion } = outcome.await?;
    let suggestion = suggestion.map(|suggestion| suggestion.id);
    Ok(Enveloped::ok(SegmentOut::of(&filter)).unless_suggested(suggestion))
}

/// Delete a segment
///
/// One that a flag uses stays: 409.
#[utoipa::path(
    delete,
    path = "/projects/{project_id}/segments/{segment_id}",
    operation_id = "flagmint_delete_segment",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("segment_id" = String, Path, description = "The segment's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The segment as it was", body = Enveloped<SegmentOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn delete_segment(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(place): InPath,
) -> Result<Enveloped<SegmentOut>, ApiError> {
    let filter = commands::delete_saved_filter(&app, &caller.principal, place.segment_id()?).await?;
    Ok(Enveloped::ok(SegmentOut::of(&filter)))
}
