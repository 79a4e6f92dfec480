//! A suggestion on the wire.

use crate::commands::{SuggestionView, drift};
use crate::datadog::Resource;
use crate::datadog::allocations::definition_out;
use flaghoist_model::definition::{EntryDefinition, FlagDefinition};
use flaghoist_model::difference::Difference;
use flaghoist_model::flag::Flag;
use flaghoist_model::id::VariantId;
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::suggestion::{Deed, Property, ProposedChange, Suggestion, SuggestionStatus};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// The `type` of suggestions.
pub(super) const KIND: &str = "flag-suggestions";

/// Members of a suggestion.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionOut {
    /// What it does to the property.
    #[schema(example = "updated")]
    action: &'static str,
    /// What it is about.
    #[schema(example = "ALLOCATIONS")]
    property: &'static str,
    /// The flag.
    #[schema(format = Uuid)]
    feature_flag_id: String,
    /// The environment; null when it is about the flag itself.
    #[schema(format = Uuid)]
    environment_id: Option<String>,
    /// What is proposed: text, or the text of JSON for what has a structure.
    suggestion: Option<String>,
    /// What it was made against, in the same form.
    current_value: Option<String>,
    /// `pending`, `approved` or `rejected`.
    #[schema(example = "pending")]
    current_status: &'static str,
    /// Why, in the author's words.
    comment: Option<String>,
    /// The change in one sentence.
    message: String,
    /// The last history entry of what it changes when it was made.
    #[schema(format = Uuid)]
    base_flag_history_id: Option<String>,
    /// The variant, when it is about one.
    suggestion_metadata: SuggestionMetadata,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// Who made it.
    #[schema(format = Uuid)]
    created_by: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Who changed it last.
    #[schema(format = Uuid)]
    updated_by: String,
    /// When it was taken back.
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
    /// Who took it back.
    #[schema(format = Uuid)]
    deleted_by: Option<String>,
    /// `pending`, `approved`, `applied`, `rejected` or `deleted`. An extension of ours, like all that follow.
    #[schema(example = "pending")]
    state: &'static str,
    /// When it was applied.
    #[schema(format = DateTime)]
    applied_at: Option<String>,
    /// Who applied it.
    #[schema(format = Uuid)]
    applied_by: Option<String>,
    /// Who made and edited it; none of them can approve it.
    authors: Vec<String>,
    /// Who approved what it proposes now.
    approved_by: Vec<String>,
    /// Whom the author wants told.
    notification_rule_targets: Vec<String>,
    /// The hash of what it proposes. Give it with a decision to decide about exactly this.
    content_hash: String,
    /// The change in sentences.
    summary: Vec<String>,
    /// The change, place by place.
    #[schema(value_type = Vec<Object>)]
    differences: Vec<Difference>,
    /// Where what it changes was itself changed since. It can be applied only while this is empty. Absent where the
    /// present was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    drift: Option<Vec<Difference>>,
    /// The conversation.
    comments: Vec<CommentOut>,
}

/// The variant that a suggestion is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionMetadata {
    /// Identifier.
    #[schema(format = Uuid)]
    variant_id: Option<String>,
}

/// What somebody said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CommentOut {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Who.
    #[schema(format = Uuid)]
    created_by: String,
    /// When.
    #[schema(format = DateTime)]
    created_at: String,
    /// What.
    text: String,
}

/// A suggestion as a resource; the present is not looked at.
pub(crate) fn suggestion_out(flag: &Flag, suggestion: &Suggestion) -> Resource<SuggestionOut> {
    let summary = suggestion.change.summary(flag);
    let (current_value, proposed) = values(flag, suggestion);
    let by = |deed: &Option<Deed>| deed.map(|deed| deed.user_id.to_string());
    let at = |deed: &Option<Deed>| deed.map(|deed| deed.at.to_string());
    let attributes = SuggestionOut {
        action: suggestion.subject.action.as_str(),
        property: suggestion.subject.property.as_str(),
        feature_flag_id: suggestion.flag_id.to_string(),
        environment_id: suggestion.environment_id.map(|id| id.to_string()),
        suggestion: proposed,
        current_value,
        current_status: match suggestion.status {
            SuggestionStatus::Pending | SuggestionStatus::Deleted => "pending",
            SuggestionStatus::Approved | SuggestionStatus::Applied => "approved",
            SuggestionStatus::Rejected => "rejected",
        },
        comment: suggestion.comment.clone(),
        message: summary.first().cloned().unwrap_or_else(|| "Changes nothing.".to_owned()),
        base_flag_history_id: suggestion.base_history_id.map(|id| id.to_string()),
        suggestion_metadata: SuggestionMetadata {
            variant_id: suggestion.subject.variant_id.map(|id| id.to_string()),
        },
        created_at: suggestion.created.at.to_string(),
        created_by: suggestion.created.user_id.to_string(),
        updated_at: suggestion.updated.at.to_string(),
        updated_by: suggestion.updated.user_id.to_string(),
        deleted_at: at(&suggestion.deleted),
        deleted_by: by(&suggestion.deleted),
        state: suggestion.status.as_str(),
        applied_at: at(&suggestion.applied),
        applied_by: by(&suggestion.applied),
        authors: suggestion.authors.iter().map(ToString::to_string).collect(),
        approved_by: suggestion.approvals.iter().map(|approval| approval.user_id.to_string()).collect(),
        notification_rule_targets: suggestion.notification_rule_targets.clone(),
        content_hash: suggestion.change.content_hash().as_str().to_owned(),
        summary,
        differences: suggestion.change.differences(),
        drift: None,
        comments: suggestion
            .comments
            .iter()
            .map(|comment| CommentOut {
                id: comment.id.to_string(),
                created_by: comment.user_id.to_string(),
                created_at: comment.at.to_string(),
                text: comment.text.clone(),
            })
            .collect(),
    };
    Resource { id: suggestion.id.to_string(), kind: KIND, attributes }
}

/// A suggestion as a resource, with how the present differs from what it was made against.
pub(super) fn viewed(view: &SuggestionView) -> Resource<SuggestionOut> {
    let mut resource = suggestion_out(&view.flag.flag, &view.suggestion);
    if view.suggestion.status.is_open() {
        resource.attributes.drift = Some(drift(view));
    }
    resource
}

/// What it was made against and what it proposes, as texts.
fn values(flag: &Flag, suggestion: &Suggestion) -> (Option<String>, Option<String>) {
    let property = suggestion.subject.property;
    match &suggestion.change {
        ProposedChange::Entry { rollout: Some(rollout), .. } => (None, Some(rollout.schedule_id.to_string())),
        ProposedChange::Entry { base, target, .. } => {
            let text = |definition: &EntryDefinition| entry_text(flag, suggestion, property, definition);
            (text(base), text(target))
        }
        ProposedChange::SavedFilter { base, target, .. } => {
            let text = |filter: &SavedFilter| Some(json!(filter).to_string());
            (text(base), text(target))
        }
        ProposedChange::Flag { base, target, .. } => {
            let variant = |definition: &FlagDefinition, id: Option<VariantId>| {
                definition.variants.iter().find(|variant| Some(variant.id) == id).cloned()
            };
            let text = |definition: &FlagDefinition| {
                let variant = variant(definition, suggestion.subject.variant_id);
                match property {
                    Property::FlagName => Some(definition.name.clone()),
                    Property::FlagDescription => Some(definition.description.clone()),
                    Property::JsonSchema => definition.json_schema.clone(),
                    Property::DistributionChannel => {
                        Some(definition.distribution_channel.as_str().to_owned())
                    }
                    Property::VariantName => variant.map(|variant| variant.name),
                    Property::VariantValue => variant.map(|variant| variant.value),
                    Property::Variant => variant.map(|variant| {
                        json!({"key": variant.key, "name": variant.name, "value": variant.value}).to_string()
                    }),
                    Property::Configuration => Some(changed_members(definition, suggestion)),
                    _ if definition.is_archived => Some("ARCHIVED".to_owned()),
                    _ => Some("ACTIVE".to_owned()),
                }
            };
            (text(base), text(target))
        }
    }
}

/// The members of a flag that the suggestion changes, as the text of JSON.
fn changed_members(definition: &FlagDefinition, suggestion: &Suggestion) -> String {
    let differences = suggestion.change.differences();
    let changed: BTreeSet<&str> =
        differences.iter().filter_map(|difference| difference.path.split('/').nth(1)).collect();
    let mut members = json!(definition);
    if let Value::Object(members) = &mut members {
        members.retain(|name, _| changed.contains(name.as_str()));
    }
    members.to_string()
}

fn entry_text(
    flag: &Flag,
    suggestion: &Suggestion,
    property: Property,
    definition: &EntryDefinition,
) -> Option<String> {
    let id = |id: Option<VariantId>| id.map(|id| id.to_string());
    let status = if definition.enabled { "ENABLED" } else { "DISABLED" };
    let allocations = || -> Value {
        suggestion
            .environment_id
            .map_or(Value::Null, |environment_id| definition_out(flag, environment_id, definition))
    };
    match property {
        Property::EnvironmentStatus => Some(status.to_owned()),
        Property::DefaultVariant => id(definition.default_variant_id),
        Property::OverrideVariant => id(definition.override_variant_id),
        Property::OffVariant => id(definition.off_variant_id),
        Property::Allocations => Some(allocations().to_string()),
        _ => Some(
            json!({
                "status": status,
                "default_variant_id": id(definition.default_variant_id),
                "override_variant_id": id(definition.override_variant_id),
                "off_variant_id": id(definition.off_variant_id),
                "allocations": allocations(),
            })
            .to_string(),
        ),
    }
}
