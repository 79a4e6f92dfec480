//! `/projects/{project_id}/envs/{environment_id}/flags/{flag_id}/targeting-rules`

use super::conditions::{ConditionIn, ConditionOut, Shown};
use super::envelope::{Enveloped, InPath};
use super::segments::SegmentOut;
use super::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, EntryChange, Intent, SavedFilters};
use crate::decode::{self, A_STRING, A_UUID, JsonBody, Member, Object, PathOf};
use axum::extract::State;
use flaghoist_model::allocation::Allocation;
use flaghoist_model::flag_environment::{ClauseRuleDraft, FlagEnvironment, RuleKind};
use flaghoist_model::history::Action;
use flaghoist_model::id::{AllocationId, ProjectId};
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::suggestion::{Property, Suggestion};
use flaghoist_model::{Faults, Rejection};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// What numbers are called in messages.
const A_NUMBER: &str = "a number";

/// A targeting rule to make or change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintTargetingRuleIn)]
pub(crate) struct TargetingRuleIn {
    /// `segment` or `custom`.
    #[serde(default)]
    #[schema(value_type = String, required, example = "custom")]
    kind: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Member<String>,
    /// Needed where `kind` is `custom`; ignored where it is `segment`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ConditionIn>>)]
    conditions: Member<Vec<Object<ConditionIn>>>,
    /// Needed where `kind` is `segment`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    segment_id: Member<String>,
    /// What is served when the rule matches; it wins over a rollout.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    variation_id: Member<String>,
    /// The rollout that is served when the rule matches.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    rollout_id: Member<String>,
    /// Smaller ones come first; 0 when absent.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    order_index: Member<f64>,
}

/// A targeting rule.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintTargetingRuleOut)]
pub(crate) struct TargetingRuleOut {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    flag_id: String,
    #[schema(format = Uuid)]
    environment_id: String,
    #[schema(format = Uuid)]
    project_id: String,
    /// `segment` or `custom`.
    #[schema(example = "custom")]
    kind: &'static str,
    conditions: Vec<ConditionOut>,
    order_index: f64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    name: String,
    #[schema(format = Uuid)]
    segment_id: Option<String>,
    #[schema(format = Uuid)]
    variation_id: Option<String>,
    #[schema(format = Uuid)]
    rollout_id: Option<String>,
    /// Always null: what was removed is not shown.
    deleted_at: Option<String>,
    #[serde(flatten)]
    segment: JoinedSegment,
}

/// The segment of a rule, once as it is and once member by member; nothing where the rule has none.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = FlagmintJoinedSegment)]
pub(crate) struct JoinedSegment {
    #[serde(skip_serializing_if = "Option::is_none")]
    segment_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "absent without a segment, null where the segment has none")]
    segment_description: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment_rules: Option<Vec<ConditionOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment_logical_op: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<SegmentOut>,
}

impl From<&SavedFilter> for JoinedSegment {
    fn from(filter: &SavedFilter) -> Self {
        let shown = Shown::of(filter.clauses.as_ref(), &filter.rules);
        Self {
            segment_name: Some(filter.name.clone()),
            segment_description: Some(filter.description.clone()),
            segment_logical_op: Some(shown.combinator.as_str()),
            segment_rules: Some(shown.conditions),
            segment_key: Some(filter.key.clone()),
            segment: Some(SegmentOut::of(filter)),
        }
    }
}

/// A rule after a change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintUpdatedRule)]
pub(crate) struct UpdatedRule {
    rule: TargetingRuleOut,
    /// What came of it.
    #[schema(example = "Targeting rule updated")]
    message: String,
}

impl TargetingRuleOut {
    /// A targeting rule with where it stands.
    pub(super) fn of(
        (order_index, rule): (f64, &Allocation),
        entry: &FlagEnvironment,
        project_id: ProjectId,
        saved_filters: &SavedFilters,
    ) -> Self {
        let segment = rule.segment_id().and_then(|id| saved_filters.get(&id));
        let conditions = match rule.segment_id() {
            Some(_) => Vec::new(),
            None => Shown::of(rule.clauses.as_ref(), &rule.rules).conditions,
        };
        Self {
            id: rule.id.to_string(),
            flag_id: entry.flag_id.to_string(),
            environment_id: entry.environment_id.to_string(),
            project_id: project_id.to_string(),
            kind: if rule.segment_id().is_some() { "segment" } else { "custom" },
            conditions,
            order_index,
            created_at: rule.created_at.to_string(),
            updated_at: rule.updated_at.to_string(),
            name: rule.name.clone(),
            segment_id: rule.segment_id().map(|id| id.to_string()),
            variation_id: rule.variation_id().map(|id| id.to_string()),
            rollout_id: rule.rollout_id().map(|id| id.to_string()),
            deleted_at: None,
            segment: segment.map_or_else(JoinedSegment::default, JoinedSegment::from),
        }
    }

    fn found(
        entry: &FlagEnvironment,
        id: AllocationId,
        project_id: ProjectId,
        saved_filters: &SavedFilters,
    ) -> Result<Self, ApiError> {
        let rule = entry.targeting_rule(id).ok_or_else(not_found)?;
        Ok(Self::of(rule, entry, project_id, saved_filters))
    }
}

fn not_found() -> ApiError {
    ApiError::NotFound("Targeting rule not found".to_owned())
}

impl TargetingRuleIn {
    /// The draft of a rule; `old` is the one that is changed.
    fn into_draft(self, old: Option<&Allocation>, faults: &mut Faults) -> ClauseRuleDraft {
        let kind = if old.is_some() {
            self.kind.optional("kind", A_STRING, faults)
        } else {
            self.kind.required("kind", A_STRING, faults)
        };
        let kind = decode::one_of(
            kind,
            "kind",
            |name| match name {
                "segment" => Some(RuleKind::Segment),
                "custom" => Some(RuleKind::Custom),
                _ => None,
            },
            "segment, custom",
            faults,
        );
        // Clients send conditions along with a segment; there they say nothing, whatever they are.
        let is_of_segment = match (kind, old) {
            (Some(kind), _) => kind == RuleKind::Segment,
            (None, Some(old)) => old.segment_id().is_some(),
            (None, None) => false,
        };
        let conditions = if is_of_segment {
            None
        } else {
            self.conditions.optional("conditions", "an array of conditions", faults)
        };
        let clauses = conditions.and_then(|wanted| {
            let shown = old.map(|old| Shown::of(old.clauses.as_ref(), &old.rules));
            faults.at("conditions", |faults| match shown {
                Some(shown) => shown.changed_by(wanted, faults),
                None => Some(super::conditions::drafts(wanted, faults)),
            })
        });
        ClauseRuleDraft {
            name: self.name.optional("name", A_STRING, faults).filter(|name| !name.is_empty()),
            kind,
            clauses,
            segment_id: patch_id(self.segment_id, "segment_id", faults),
            variation_id: patch_id(self.variation_id, "variation_id", faults),
            rollout_id: patch_id(self.rollout_id, "rollout_id", faults),
            order_index: self.order_index.optional("order_index", A_NUMBER, faults),
        }
    }
}

/// An id that a partial update sets or clears.
fn patch_id<T: FromStr>(
    member: Member<String>,
    name: &str,
    faults: &mut Faults,
) -> flaghoist_model::Patch<T> {
    use flaghoist_model::Patch;
    match member.patch(name, A_UUID, faults) {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(text) => decode::id(Some(text), name, faults).map_or(Patch::Keep, Patch::Set),
    }
}

/// What a rule is changed by: which one, and how.
fn save(
    change: &EntryChange<'_>,
    id: Option<AllocationId>,
    wanted: TargetingRuleIn,
) -> Result<(FlagEnvironment, AllocationId), Rejection> {
    let mut faults = Faults::new();
    let old = match id {
        Some(id) => {
            let found = change.entry.targeting_rule(id);
            let unknown = || Rejection::NotFound("Targeting rule not found".to_owned());
            Some(found.ok_or_else(unknown)?.1)
        }
        None => None,
    };
    let draft = wanted.into_draft(old, &mut faults);
    change.entry.with_targeting_rule(id, draft, &change.allocation_context(change.entry), faults)
}

/// List targeting rules
///
/// In the order of evaluation.
#[utoipa::path(
    get,
    path = "/projects/{project_id}/envs/{environment_id}/flags/{flag_id}/targeting-rules",
    operation_id = "flagmint_list_targeting_rules",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The rules", body = Enveloped<Vec<TargetingRuleOut>>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn list_targeting_rules(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(place): InPath,
) -> Result<Enveloped<Vec<TargetingRuleOut>>, ApiError> {
    let (flag_id, environment_id) = place.entry()?;
    let (view, saved_filters) = commands::view_flag_and_filters(&app, &caller.principal, flag_id).await?;
    let (_, entry) = view.entry(environment_id)?;
    let project_id = caller.principal.project_id;
    let rules = entry.targeting_rules();
    let rules = rules.map(|rule| TargetingRuleOut::of(rule, entry, project_id, &saved_filters));
    Ok(Enveloped::ok(rules.collect()))
}

/// Create a targeting rule
///
/// For the roles Admin and Editor.
#[utoipa::path(
    post,
    path = "/projects/{project_id}/envs/{environment_id}/flags/{flag_id}/targeting-rules",
    operation_id = "flagmint_create_targeting_rule",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
    ),
    request_body = TargetingRuleIn,
    responses(
        (status = 201, description = "The rule", body = Enveloped<TargetingRuleOut>),
        (status = 202, description = "The rule as it is suggested", body = Enveloped<TargetingRuleOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn create_targeting_rule(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(place): InPath,
    JsonBody(wanted): JsonBody<TargetingRuleIn>,
) -> Result<Enveloped<TargetingRuleOut>, ApiError> {
    let intent = Intent::to(Action::TargetingRuleCreated).about(Property::Allocations);
    let saved = change(&app, &caller, place.entry()?, intent, None, wanted).await?;
    let (rule, suggestion) = saved;
    Ok(Enveloped::created(rule).unless_suggested(suggestion.map(|suggestion| suggestion.id)))
}

async fn change(
    app: &AppState,
    caller: &Allowed<WriteFlagParts>,
    place: (flaghoist_model::id::FlagId, flaghoist_model::id::EnvironmentId),
    intent: Intent,
    id: Option<AllocationId>,
    wanted: TargetingRuleIn,
) -> Result<(TargetingRuleOut, Option<Suggestion>), ApiError> {
    let principal = &caller.principal;
    let outcome = commands::change_flag_environment(app, principal, place, intent, |change| {
        let (after, id) = save(&change, id, wanted)?;
        Ok((after, (id, change.saved_filters.clone())))
    });
    let outcome = outcome.await?;
    let (id, saved_filters) = outcome.said;
    let rule = TargetingRuleOut::found(&outcome.entry, id, principal.project_id, &saved_filters)?;
    Ok((rule, outcome.suggestion))
}

/// Get a targeting rule
#[utoipa::path(
    get,
    path = "/projects/{project_id}/envs/{environment_id}/flags/{flag_id}/targeting-rules/{rule_id}",
    operation_id = "flagmint_get_targeting_rule",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("rule_id" = String, Path, description = "The rule's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The rule", body = Enveloped<TargetingRuleOut>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn get_targeting_rule(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(place): InPath,
) -> Result<Enveloped<TargetingRuleOut>, ApiError> {
    let (flag_id, environment_id) = place.entry()?;
    let id = place.rule_id()?;
    let (view, saved_filters) = commands::view_flag_and_filters(&app, &caller.principal, flag_id).await?;
    let (_, entry) = view.entry(environment_id)?;
    let rule = TargetingRuleOut::found(entry, id, caller.principal.project_id, &saved_filters)?;
    Ok(Enveloped::ok(rule))
}

/// Update a targeting rule
///
/// What is absent stays as it is; null clears an id.
#[utoipa::path(
    put,
    path = "/projects/{project_id}/envs/{environment_id}/flags/{flag_id}/targeting-rules/{rule_id}",
    operation_id = "flagmint_update_targeting_rule",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("rule_id" = String, Path, description = "The rule's id", format = Uuid),
    ),
    request_body = TargetingRuleIn,
    responses(
        (status = 200, description = "The rule", body = Enveloped<UpdatedRule>),
        (status = 202, description = "The rule as it is suggested", body = Enveloped<UpdatedRule>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn update_targeting_rule(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(place): InPath,
    JsonBody(wanted): JsonBody<TargetingRuleIn>,
) -> Result<Enveloped<UpdatedRule>, ApiError> {
    let id = place.rule_id()?;
    let intent = Intent::to(Action::TargetingRuleUpdated).about(Property::Allocations);
    let (rule, suggestion) = change(&app, &caller, place.entry()?, intent, Some(id), wanted).await?;
    let message = match &suggestion {
        None => "Targeting rule updated".to_owned(),
        Some(suggestion) => format!("Targeting rule waits for an approval: suggestion {}", suggestion.id),
    };
    let suggestion = suggestion.map(|suggestion| suggestion.id);
    Ok(Enveloped::ok(UpdatedRule { rule, message }).unless_suggested(suggestion))
}

/// Delete a targeting rule
#[utoipa::path(
    delete,
    path = "/projects/{project_id}/envs/{environment_id}/flags/{flag_id}/targeting-rules/{rule_id}",
    operation_id = "flagmint_delete_targeting_rule",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("rule_id" = String, Path, description = "The rule's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The rule as it was", body = Enveloped<TargetingRuleOut>),
        (status = 202, description = "The rule as it is: its removal waits for an approval", body = Enveloped<TargetingRuleOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn delete_targeting_rule(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(place): InPath,
) -> Result<Enveloped<TargetingRuleOut>, ApiError> {
    let id = place.rule_id()?;
    let principal = &caller.principal;
    let intent = Intent::to(Action::TargetingRuleDeleted).about(Property::Allocations);
    let outcome = commands::change_flag_environment(&app, principal, place.entry()?, intent, |change| {
        let after = change.entry.without_targeting_rule(id, change.now)?;
        Ok((after, (change.entry.clone(), change.saved_filters.clone())))
    });
    let outcome = outcome.await?;
    let (before, saved_filters) = outcome.said;
    let rule = TargetingRuleOut::found(&before, id, principal.project_id, &saved_filters)?;
    Ok(Enveloped::ok(rule).unless_suggested(outcome.suggestion.map(|suggestion| suggestion.id)))
}
