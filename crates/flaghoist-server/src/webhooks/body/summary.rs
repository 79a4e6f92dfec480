//! Events in one sentence.

use super::Names;
use flaghoist_model::access::Actor;
use flaghoist_model::history::{Action, Aggregate, Change};
use flaghoist_model::webhook::Event;

/// What happened, in one sentence.
pub(super) fn of(event: Event, change: &Change, names: &Names) -> String {
    let what = deed(change, names);
    let is_decision_itself = change.action.aggregate() == Aggregate::Suggestion;
    let applied =
        if event == Event::SuggestionDecided && !is_decision_itself { "applied a suggestion: " } else { "" };
    format!("{} {applied}{what}.", who(change.actor, names))
}

/// Who did it.
pub(super) fn who(actor: Actor, names: &Names) -> &str {
    match (actor, &names.actor) {
        (Actor::System, _) => "Flaghoist",
        (Actor::User { .. }, Some(person)) => person.name.as_deref().unwrap_or("Somebody"),
        (Actor::User { .. }, None) => "Somebody",
    }
}

fn deed(change: &Change, names: &Names) -> String {
    let flag = match names.flag.as_ref().and_then(|flag| flag.name.as_deref()) {
        Some(name) => format!("the flag “{name}”"),
        None => "a flag".to_owned(),
    };
    let environment = match names.environment.as_ref().and_then(|environment| environment.name.as_deref()) {
        Some(name) => name.to_owned(),
        None => "an environment that is gone".to_owned(),
    };
    // Changes of the flag itself are in no environment.
    let place = if names.environment.is_some() { format!(" in {environment}") } else { String::new() };
    match change.action {
        Action::FlagCreated => format!("made {flag}"),
        Action::FlagUpdated => format!("changed {flag}"),
        Action::FlagArchived => format!("archived {flag}"),
        Action::FlagUnarchived => format!("took {flag} out of the archive"),
        Action::VariantCreated => format!("added a variant to {flag}"),
        Action::VariantUpdated => format!("changed a variant of {flag}"),
        Action::VariantDeleted => format!("removed a variant of {flag}"),
        Action::FlagReverted | Action::ConfigurationReverted => {
            format!("took back a change of {flag}{place}")
        }
        Action::FlagEnabled => format!("enabled {flag}{place}"),
        Action::FlagDisabled => format!("disabled {flag}{place}"),
        Action::AllocationCreated => format!("added a targeting rule to {flag}{place}"),
        Action::AllocationsReplaced => format!("changed the targeting rules of {flag}{place}"),
        Action::ServingUpdated => format!("changed what {flag} serves beside its targeting rules{place}"),
        Action::ConfigurationCopied => format!("copied what {flag} serves to {environment}"),
        Action::SuggestionCreated => format!("suggested a change of {flag}{place}"),
        Action::SuggestionApproved => format!("approved a suggested change of {flag}{place}"),
        Action::SuggestionRejected => format!("rejected a suggested change of {flag}{place}"),
        Action::EnvironmentCreated => format!("made the environment {environment}"),
        Action::EnvironmentUpdated => format!("changed the environment {environment}"),
        Action::EnvironmentDeleted => format!("removed the environment {environment}"),
        // Nobody is told of the others.
        _ => "changed something".to_owned(),
    }
}
