//! Events in one sentence.

use super::Names;
use flaghoist_model::access::Actor;
use flaghoist_model::history::{Action, Aggregate, Change};
use flaghoist_model::webhook::Event;

/// What happened, in one sentence.
pub(super) fn of(event: Event, change: &Change, names: &Names) -> String {
    if let Some(what) = led_to(event, change.action) {
        let (flag, place) = (flag_name(names), place(names));
        return format!("The rollout of {flag}{place} {what}.");
    }
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

/// What became of a rollout, when that is not what the change itself did.
fn led_to(event: Event, action: Action) -> Option<&'static str> {
    match (event, action) {
        (Event::RolloutCompleted, _) => Some("is completed"),
        (Event::RolloutPaused, action) if action != Action::RolloutPaused => Some("is paused"),
        (Event::RolloutStarted, action) if action != Action::RolloutStarted => Some("has started"),
        (Event::RolloutResumed, action) if action != Action::RolloutResumed => Some("goes on"),
        _ => None,
    }
}

fn flag_name(names: &Names) -> String {
    match names.flag.as_ref().and_then(|flag| flag.name.as_deref()) {
        Some(name) => format!("the flag “{name}”"),
        None => "a flag".to_owned(),
    }
}

fn environment_name(names: &Names) -> &str {
    let name = names.environment.as_ref().and_then(|environment| environment.name.as_deref());
    name.unwrap_or("an environment that is gone")
}

/// Changes of the flag itself are in no environment.
fn place(names: &Names) -> String {
    if names.environment.is_some() { format!(" in {}", environment_name(names)) } else { String::new() }
}

fn deed(change: &Change, names: &Names) -> String {
    let (flag, place) = (flag_name(names), place(names));
    let environment = environment_name(names);
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
        Action::RolloutStarted => format!("started the rollout of {flag}{place}"),
        Action::RolloutAdvanced => format!("took the rollout of {flag}{place} to its next step"),
        Action::RolloutPaused => format!("paused the rollout of {flag}{place}"),
        Action::RolloutResumed => format!("resumed the rollout of {flag}{place}"),
        Action::RolloutStopped => format!("stopped the rollout of {flag}{place}"),
        Action::GuardrailTriggered => format!("saw a guardrail of the rollout of {flag}{place} fire"),
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
