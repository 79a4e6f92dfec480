//! Changes in sentences.

use super::RolloutCommand;
use crate::allocation::Allocation;
use crate::condition::{Condition, TargetingRule, Test};
use crate::definition::{EntryDefinition, FlagDefinition};
use crate::flag::Flag;
use crate::id::VariantId;
use crate::saved_filter::SavedFilter;
use crate::schedule::Command;

/// What is done with a rollout.
pub(super) fn of_rollout(base: &EntryDefinition, rollout: RolloutCommand) -> Vec<String> {
    let is_it = |allocation: &&Allocation| {
        allocation.schedule.as_ref().is_some_and(|schedule| schedule.id == rollout.schedule_id)
    };
    let name = base.allocations.iter().find(is_it).map_or("?", |allocation| &allocation.name);
    let does = match rollout.command {
        Command::Start => "Starts",
        Command::Pause => "Pauses",
        Command::Resume => "Resumes",
        Command::Stop => "Stops",
    };
    let with_others = if rollout.reshuffle { " with other subjects than before" } else { "" };
    vec![format!("{does} the rollout of {name:?}{with_others}.")]
}

/// What changes in what a flag serves in an environment.
pub(super) fn of_entry(flag: &Flag, base: &EntryDefinition, target: &EntryDefinition) -> Vec<String> {
    let mut said = Vec::new();
    if base.enabled != target.enabled {
        said.push(if target.enabled { "Enables the flag." } else { "Disables the flag." }.to_owned());
    }
    let mut variant = |what: &str, before: Option<VariantId>, after: Option<VariantId>| {
        if before != after {
            said.push(format!(
                "{what}: {} instead of {}.",
                variant_name(flag, after),
                variant_name(flag, before)
            ));
        }
    };
    variant("Serves by default", base.default_variant_id, target.default_variant_id);
    variant("Serves to everybody", base.override_variant_id, target.override_variant_id);
    variant("Serves when disabled", base.off_variant_id, target.off_variant_id);
    let find = |definition: &EntryDefinition, wanted: &Allocation| {
        definition.allocations.iter().find(|allocation| allocation.id == wanted.id).cloned()
    };
    for allocation in &base.allocations {
        if find(target, allocation).is_none() {
            said.push(format!("Removes {:?}.", allocation.name));
        }
    }
    for allocation in &target.allocations {
        match find(base, allocation) {
            None => said.push(format!("Adds {:?}: {}.", allocation.name, describe(flag, allocation))),
            Some(before) if describe(flag, &before) != describe(flag, allocation) => said.push(format!(
                "Changes {:?}: {}; before: {}.",
                allocation.name,
                describe(flag, allocation),
                describe(flag, &before)
            )),
            Some(before) if before.name != allocation.name => {
                said.push(format!("Renames {:?} to {:?}.", before.name, allocation.name));
            }
            Some(before) if before != *allocation => {
                said.push(format!("Changes {:?} in its details.", allocation.name));
            }
            Some(_) => {}
        }
    }
    let order = |from: &EntryDefinition, other: &EntryDefinition| -> Vec<_> {
        let kept = from.allocations.iter().filter(|allocation| find(other, allocation).is_some());
        kept.map(|allocation| allocation.id).collect()
    };
    if order(base, target) != order(target, base) {
        let names: Vec<String> =
            target.allocations.iter().map(|allocation| format!("{:?}", allocation.name)).collect();
        said.push(format!("Evaluates in the order {}.", names.join(", ")));
    }
    said.extend(of_rollouts(base, target));
    said
}

/// What changes in a flag.
pub(super) fn of_flag(base: &FlagDefinition, target: &FlagDefinition) -> Vec<String> {
    let mut said = Vec::new();
    if base.is_archived != target.is_archived {
        let archives = "Archives the flag: no reader knows it any more.";
        let unarchives = "Takes the flag out of the archive.";
        said.push(if target.is_archived { archives } else { unarchives }.to_owned());
    }
    if base.distribution_channel != target.distribution_channel {
        said.push(format!(
            "Shows the flag to {} instead of {}.",
            target.distribution_channel.as_str(),
            base.distribution_channel.as_str()
        ));
    }
    for before in &base.variants {
        match target.variants.iter().find(|variant| variant.id == before.id) {
            None => said.push(format!("Removes variant {:?}.", before.key)),
            Some(after) if after.value != before.value => said.push(format!(
                "Variant {:?} has the value {:?} instead of {:?}.",
                before.key, after.value, before.value
            )),
            Some(after) if after != before => {
                said.push(format!("Variant {:?} is called {:?}.", before.key, after.name));
            }
            Some(_) => {}
        }
    }
    for after in &target.variants {
        if !base.variants.iter().any(|variant| variant.id == after.id) {
            said.push(format!("Adds variant {:?} with the value {:?}.", after.key, after.value));
        }
    }
    let mut text = |what: &str, before: &str, after: &str| {
        if before != after {
            said.push(format!("{what}: {after:?} instead of {before:?}."));
        }
    };
    text("Name", &base.name, &target.name);
    text("Description", &base.description, &target.description);
    text("Tags", &base.tags.join(", "), &target.tags.join(", "));
    text("Staleness", base.staleness_status.as_str(), target.staleness_status.as_str());
    if base.json_schema != target.json_schema {
        said.push("Changes the JSON Schema of the variants.".to_owned());
    }
    if base.require_approval != target.require_approval {
        let required = "Changes in production will need an approval.";
        let free = "Changes in production will not need an approval any more.";
        said.push(if target.require_approval { required } else { free }.to_owned());
    }
    said
}

/// What changes in a saved filter that flags use in so many places.
pub(super) fn of_saved_filter(base: &SavedFilter, target: &SavedFilter, uses: usize) -> Vec<String> {
    let whom = |filter: &SavedFilter| match filter.rules.as_slice() {
        [] => "nobody".to_owned(),
        rules => format!("whoever has {}", rules.iter().map(rule).collect::<Vec<_>>().join(", or ")),
    };
    let mut said = Vec::new();
    if base.name != target.name {
        said.push(format!("Renames the saved filter {:?} to {:?}.", base.name, target.name));
    }
    if whom(base) != whom(target) {
        said.push(format!(
            "Saved filter {:?} matches {}; before: {}. It is used in {uses} place(s).",
            base.name,
            whom(target),
            whom(base)
        ));
    }
    said
}

/// What changes in what rules serve by reference.
fn of_rollouts(base: &EntryDefinition, target: &EntryDefinition) -> Vec<String> {
    let find = |definition: &EntryDefinition, id| {
        definition.rollouts.iter().find(|rollout| rollout.id == id).cloned()
    };
    let gone = base.rollouts.iter().filter(|rollout| find(target, rollout.id).is_none());
    let mut said: Vec<String> = gone
        .map(|rollout| format!("Removes the {} rollout {}.", rollout.plan.strategy(), rollout.id))
        .collect();
    for rollout in &target.rollouts {
        match find(base, rollout.id) {
            None => said.push(format!("Adds the {} rollout {}.", rollout.plan.strategy(), rollout.id)),
            Some(before) if before != *rollout => {
                said.push(format!("Changes rollout {} ({}).", rollout.id, rollout.plan.strategy()));
            }
            Some(_) => {}
        }
    }
    said
}

fn variant_name(flag: &Flag, id: Option<VariantId>) -> String {
    match id {
        None => "nothing".to_owned(),
        Some(id) => flag
            .variant(id)
            .map_or_else(|| id.to_string(), |variant| format!("{:?} ({:?})", variant.key, variant.value)),
    }
}

fn describe(flag: &Flag, allocation: &Allocation) -> String {
    let who = match allocation.rules.as_slice() {
        [] => "everybody".to_owned(),
        rules => format!("if {}", rules.iter().map(rule).collect::<Vec<_>>().join(", or if ")),
    };
    let what = match allocation.weights.as_slice() {
        [] => "nothing".to_owned(),
        weights => weights
            .iter()
            .map(|weight| format!("{} {} %", variant_name(flag, Some(weight.variant_id)), weight.value))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let percent = |ratio: f64| format!("{} %", ratio * 100.0);
    let exposure = match (&allocation.schedule, allocation.reached_exposure_ratio) {
        (Some(schedule), _) => {
            let steps: Vec<String> = schedule.steps.iter().map(|step| percent(step.exposure_ratio)).collect();
            format!(", exposed {}", steps.join(" → "))
        }
        (None, Some(reached)) => format!(", exposed {}", percent(reached)),
        (None, None) => String::new(),
    };
    let guarded = match allocation.guardrails.len() {
        0 => String::new(),
        count => format!(", guarded by {count} metric(s)"),
    };
    format!("{who} → {what}{exposure}{guarded}")
}

fn rule(rule: &TargetingRule) -> String {
    rule.conditions.iter().map(condition).collect::<Vec<_>>().join(" and ")
}

fn condition(condition: &Condition) -> String {
    match &condition.test {
        Test::SavedFilter { saved_filter_id } => format!("saved filter {saved_filter_id}"),
        Test::Inline { attribute, operator, values } => {
            // Quoted: a value cannot pass for more of the sentence.
            let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
            format!("{attribute:?} {} {}", operator.as_str(), values.join(", "))
        }
    }
}
