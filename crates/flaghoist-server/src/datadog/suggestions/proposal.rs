//! What a suggestion proposes, read from its texts.

use crate::ApiError;
use crate::commands::{EntryChange, FlagChange, Wanted};
use crate::datadog::allocations::parse_allocations;
use crate::datadog::variants::{variant_draft, variant_patch};
use crate::decode::{self, Member, Object};
use flaghoist_model::flag::{DistributionChannel, Flag, FlagPatch, VariantPatch};
use flaghoist_model::flag_environment::ServingPatch;
use flaghoist_model::history::Action;
use flaghoist_model::id::{ScheduleId, VariantId};
use flaghoist_model::schedule::Command;
use flaghoist_model::suggestion::{Property, Subject, SuggestionAction};
use flaghoist_model::{Fault, Faults, Patch, Rejection};
use serde::Deserialize;
use utoipa::ToSchema;

/// Where the proposed text stands in a request.
const SUGGESTION_POINTER: &str = "/data/attributes/suggestion";
/// Most notification targets of a suggestion.
const TARGETS_MAX: usize = 100;

/// Members of a suggestion.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct SuggestionIn {
    /// `created`, `updated`, `deleted`, `archived`, `unarchived`, `started`, `unpaused`, `paused` or `stopped`.
    #[serde(default)]
    #[schema(value_type = String, example = "updated", required)]
    pub(super) action: Member<String>,
    /// What it is about.
    #[serde(default)]
    #[schema(value_type = String, example = "ENVIRONMENT_STATUS", required)]
    pub(super) property: Member<String>,
    /// Whom to tell; kept and shown.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!([]), required)]
    pub(super) notification_rule_targets: Member<Vec<String>>,
    /// Why.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) comment: Member<String>,
    /// The environment, for what is about one.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub(super) environment_id: Member<String>,
    /// What is proposed: `ENABLED`, a variant's or schedule's id, a name, or the text of JSON for allocations and variants.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "ENABLED")]
    pub(super) suggestion: Member<String>,
    /// The variant, for what is about one.
    #[serde(default)]
    #[schema(value_type = Option<SuggestionMetadataIn>)]
    pub(super) suggestion_metadata: Member<Object<SuggestionMetadataIn>>,
}

/// The variant that a suggestion is about.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct SuggestionMetadataIn {
    /// Identifier.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub(super) variant_id: Member<String>,
}

/// What is proposed, before it is known of what.
pub(super) struct Proposal {
    pub(super) subject: Subject,
    pub(super) wanted: Wanted,
}

/// Reads notification targets.
pub(super) fn targets(member: Member<Vec<String>>, faults: &mut Faults) -> Vec<String> {
    let targets =
        member.required("notification_rule_targets", "an array of strings", faults).unwrap_or_default();
    if targets.len() > TARGETS_MAX {
        let count = targets.len();
        faults
            .push_at("notification_rule_targets", format!("has {count} entries; give at most {TARGETS_MAX}"));
    }
    targets
}

/// What `text` proposes about `property`.
pub(super) fn read(
    action: SuggestionAction,
    property: Property,
    variant_id: Option<VariantId>,
    text: Option<&str>,
) -> Result<Proposal, ApiError> {
    let subject = |history_action| Subject { action, property, variant_id, history_action };
    let proposal = |history_action, wanted| Ok(Proposal { subject: subject(history_action), wanted });
    let text = |accepted: &str| {
        text.map(ToOwned::to_owned)
            .ok_or_else(|| wrong(SUGGESTION_POINTER, format!("is required; give {accepted}")))
    };
    let variant = || {
        variant_id.ok_or_else(|| {
            wrong(
                "/data/attributes/suggestion_metadata/variant_id",
                "is required; give the variant's id".to_owned(),
            )
        })
    };
    match (property, action) {
        (Property::EnvironmentStatus, SuggestionAction::Updated) => {
            let enabled = enabled(&text("ENABLED or DISABLED")?)?;
            let history = if enabled { Action::FlagEnabled } else { Action::FlagDisabled };
            proposal(history, entry(move |change| Ok((change.entry.with_enabled(enabled, change.now), ()))))
        }
        (
            Property::DefaultVariant | Property::OverrideVariant | Property::OffVariant,
            SuggestionAction::Created | SuggestionAction::Updated | SuggestionAction::Deleted,
        ) => {
            let named = match action {
                SuggestionAction::Deleted => None,
                _ => Some(text("the id or key of a variant")?),
            };
            proposal(Action::ServingUpdated, entry(move |change| serve(&change, property, named)))
        }
        (
            Property::Allocations,
            SuggestionAction::Created | SuggestionAction::Updated | SuggestionAction::Deleted,
        ) => {
            let drafts =
                parse_allocations(&text("the text of a JSON array of allocations")?, SUGGESTION_POINTER)?;
            let wanted = entry(move |change| {
                let context = change.allocation_context(change.entry);
                let (drafts, faults) = drafts;
                Ok((change.entry.with_allocations(drafts, &context, faults)?, ()))
            });
            proposal(Action::AllocationsReplaced, wanted)
        }
        (
            Property::Rollout,
            SuggestionAction::Started
            | SuggestionAction::Unpaused
            | SuggestionAction::Paused
            | SuggestionAction::Stopped,
        ) => {
            let text = text("the id of the exposure schedule")?;
            let id = text.parse().map_err(|_| {
                wrong(SUGGESTION_POINTER, format!("{text:?} is no id; give that of an exposure schedule"))
            })?;
            let (command, history) = match action {
                SuggestionAction::Started => (Command::Start, Action::RolloutStarted),
                SuggestionAction::Unpaused => (Command::Resume, Action::RolloutResumed),
                SuggestionAction::Paused => (Command::Pause, Action::RolloutPaused),
                _ => (Command::Stop, Action::RolloutStopped),
            };
            proposal(history, entry(move |change| command_rollout(&change, id, command)))
        }
        (Property::Flag, SuggestionAction::Archived) => proposal(
            Action::FlagArchived,
            flag(|change| Ok(change.view.flag.archive(change.principal, change.now))),
        ),
        (Property::Flag, SuggestionAction::Unarchived) => proposal(
            Action::FlagUnarchived,
            flag(|change| Ok(change.view.flag.unarchive(change.principal, change.now))),
        ),
        (
            Property::FlagName
            | Property::FlagDescription
            | Property::JsonSchema
            | Property::DistributionChannel,
            SuggestionAction::Created | SuggestionAction::Updated | SuggestionAction::Deleted,
        ) => {
            let patch = flag_patch(property, action, || text("the text that it is to be"))?;
            proposal(Action::FlagUpdated, flag(move |change| update(&change, patch)))
        }
        (Property::VariantName | Property::VariantValue, SuggestionAction::Updated) => {
            let text = text("the text that it is to be")?;
            let patch = match property {
                Property::VariantName => VariantPatch { name: Some(text), ..VariantPatch::default() },
                _ => VariantPatch { value: Some(text), ..VariantPatch::default() },
            };
            proposal(
                Action::VariantUpdated,
                update_variant(variant()?, patch, Faults::under(SUGGESTION_POINTER)),
            )
        }
        (Property::Variant, SuggestionAction::Updated) => {
            let (patch, faults) =
                variant_patch(&text("the text of JSON with name and value")?, SUGGESTION_POINTER)?;
            proposal(Action::VariantUpdated, update_variant(variant()?, patch, faults))
        }
        (Property::Variant, SuggestionAction::Created) => {
            let text = text("the text of JSON with key, name and value")?;
            let (draft, faults) = variant_draft(&text, SUGGESTION_POINTER)?;
            let wanted = flag(move |change| {
                let added =
                    change.view.flag.add_variant(draft, change.principal, change.now, change.ids, faults);
                added.map(|(flag, _)| flag)
            });
            proposal(Action::VariantCreated, wanted)
        }
        (Property::Variant, SuggestionAction::Deleted) => {
            let id = variant()?;
            let wanted = flag(move |change| {
                change.view.check_unused(id)?;
                change.view.flag.remove_variant(id, change.principal, change.now)
            });
            proposal(Action::VariantDeleted, wanted)
        }
        _ => Err(wrong(
            "/data/attributes/action",
            format!("{} of {} cannot be suggested", action.as_str(), property.as_str()),
        )),
    }
}

fn wrong(pointer: &str, message: String) -> ApiError {
    ApiError::Invalid(vec![Fault { pointer: pointer.to_owned(), message }])
}

fn entry(
    apply: impl FnOnce(
        EntryChange<'_>,
    ) -> Result<(flaghoist_model::flag_environment::FlagEnvironment, ()), Rejection>
    + Send
    + 'static,
) -> Wanted {
    Wanted::Entry(Box::new(apply))
}

fn flag(apply: impl FnOnce(FlagChange<'_>) -> Result<Flag, Rejection> + Send + 'static) -> Wanted {
    Wanted::Flag(Box::new(apply))
}

fn update_variant(id: VariantId, patch: VariantPatch, faults: Faults) -> Wanted {
    flag(move |change| change.view.flag.update_variant(id, patch, change.principal, change.now, faults))
}

fn update(change: &FlagChange<'_>, patch: FlagPatch) -> Result<Flag, Rejection> {
    change.view.flag.update(patch, change.principal, change.now, Faults::under("/data/attributes"))
}

fn enabled(text: &str) -> Result<bool, ApiError> {
    match text {
        "ENABLED" => Ok(true),
        "DISABLED" => Ok(false),
        other => Err(wrong(SUGGESTION_POINTER, format!("{other:?} is none of ENABLED, DISABLED"))),
    }
}

fn serve(
    change: &EntryChange<'_>,
    property: Property,
    named: Option<String>,
) -> Result<(flaghoist_model::flag_environment::FlagEnvironment, ()), Rejection> {
    let patch = match named {
        None => Patch::Clear,
        Some(text) => {
            let by_id = text.parse().ok().and_then(|id| change.flag.variant(id));
            let variant = by_id.or_else(|| change.flag.variant_by_key(&text));
            let unknown = || {
                Rejection::invalid(
                    SUGGESTION_POINTER,
                    format!("{text:?} is the id or key of no variant of this flag"),
                )
            };
            Patch::Set(variant.ok_or_else(unknown)?.id)
        }
    };
    let patch = match property {
        Property::DefaultVariant => ServingPatch { default_variant_id: patch, ..ServingPatch::default() },
        Property::OverrideVariant => ServingPatch { override_variant_id: patch, ..ServingPatch::default() },
        _ => ServingPatch { off_variant_id: patch, ..ServingPatch::default() },
    };
    Ok((change.entry.with_serving(patch, change.flag, change.now, Faults::new())?, ()))
}

fn command_rollout(
    change: &EntryChange<'_>,
    id: ScheduleId,
    command: Command,
) -> Result<(flaghoist_model::flag_environment::FlagEnvironment, ()), Rejection> {
    if change.entry.schedule(id).is_none() {
        let message = format!("{id} is no exposure schedule of this flag in this environment");
        return Err(Rejection::invalid(SUGGESTION_POINTER, message));
    }
    Ok((change.entry.commanded(id, command, false, change.flag, change.now)?, ()))
}

fn flag_patch(
    property: Property,
    action: SuggestionAction,
    text: impl Fn() -> Result<String, ApiError>,
) -> Result<FlagPatch, ApiError> {
    let mut patch = FlagPatch::default();
    match property {
        Property::FlagName => patch.name = Some(text()?),
        Property::FlagDescription => patch.description = Some(text()?),
        Property::DistributionChannel => {
            let text = text()?;
            let mut faults = Faults::new();
            let accepted = "ALL, CLIENT, SERVER";
            patch.distribution_channel = faults.at("data", |faults| {
                faults.at("attributes", |faults| {
                    decode::one_of(Some(text), "suggestion", DistributionChannel::from_name, accepted, faults)
                })
            });
            faults.check()?;
        }
        _ if action == SuggestionAction::Deleted => patch.json_schema = Patch::Clear,
        _ => patch.json_schema = Patch::Set(text()?),
    }
    Ok(patch)
}
