//! What one client made, as it remembers it and as the server shows it.

use crate::management::{Management, only_for, serving};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Allocations of a flag, each for one cohort of subjects. One more cohort is in none.
pub(super) const COHORTS: usize = 5;

/// The variants that flags are made with.
pub(super) const FIRST_VARIANTS: [&str; 3] = ["v0", "v1", "v2"];

/// Everything one client made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct World {
    /// By key.
    pub(super) flags: BTreeMap<String, FlagState>,
    /// By name.
    pub(super) environments: BTreeSet<String>,
}

/// A flag, and what it serves in production.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FlagState {
    pub(super) variants: Vec<String>,
    pub(super) enabled: bool,
    pub(super) generation: Option<Generation>,
}

/// The allocations of one request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Generation {
    pub(super) number: usize,
    /// The variant that each cohort is served.
    pub(super) served: Vec<String>,
}

impl World {
    pub(super) fn flag(&mut self, key: &str) -> &mut FlagState {
        self.flags.get_mut(key).unwrap()
    }
}

impl FlagState {
    /// A flag just made.
    pub(super) fn new() -> Self {
        let variants = FIRST_VARIANTS.map(str::to_owned).to_vec();
        Self { variants, enabled: false, generation: None }
    }

    /// What readers of `cohort` get, without metadata.
    pub(super) fn evaluation(&self, key: &str, cohort: usize) -> Value {
        if !self.enabled {
            return json!({"key": key, "variant": null, "reason": "DISABLED"});
        }
        match &self.generation {
            Some(generation) if cohort < COHORTS => {
                let variant = &generation.served[cohort];
                json!({"key": key, "value": variant, "variant": variant, "reason": "TARGETING_MATCH"})
            }
            _ => json!({"key": key, "value": "v0", "variant": "v0", "reason": "STATIC"}),
        }
    }
}

impl Generation {
    /// What the request holds, for the flag of that key.
    pub(super) fn allocations(&self, flag: &str) -> Vec<Value> {
        let cohorts = self.served.iter().enumerate();
        cohorts
            .map(|(cohort, variant)| {
                let key = allocation_key(flag, self.number, cohort);
                only_for(serving(&key, &self.number.to_string(), variant), "cohort", &cohort.to_string())
            })
            .collect()
    }
}

/// Every other allocation goes on from the generation before; the rest is made anew each time.
fn allocation_key(flag: &str, generation: usize, cohort: usize) -> String {
    if cohort.is_multiple_of(2) {
        format!("{flag}/{cohort}")
    } else {
        format!("{flag}/{cohort}/{generation}")
    }
}

/// Reads what the server shows of the client whose keys and names begin with `prefix`. Panics at anything that is not
/// whole. Gives the ids of flags by key and of environments by name, too.
pub(super) async fn observe(
    management: &Management,
    prefix: &str,
) -> (World, BTreeMap<String, String>, BTreeMap<String, String>) {
    let mut world = World::default();
    let mut environment_ids = BTreeMap::new();
    let listed = management.environments().await.unwrap().expect(200);
    let all_environments: BTreeSet<String> =
        listed.resources().iter().map(|environment| text(&environment["id"])).collect();
    for environment in listed.resources() {
        let name = text(&environment["attributes"]["name"]);
        if name.starts_with(prefix) {
            assert_eq!(environment["attributes"]["queries"], json!([name]));
            environment_ids.insert(name.clone(), text(&environment["id"]));
            world.environments.insert(name);
        }
    }
    let mut flag_ids = BTreeMap::new();
    let listed = management.flags(prefix).await.unwrap().expect(200);
    for resource in listed.resources() {
        let (id, key) = (text(&resource["id"]), text(&resource["attributes"]["key"]));
        let flag = management.flag(&id).await.unwrap().expect(200);
        let attributes = &flag.body["data"]["attributes"];
        world.flags.insert(key.clone(), read_flag(&key, attributes, &all_environments));
        flag_ids.insert(key, id);
    }
    (world, flag_ids, environment_ids)
}

fn read_flag(key: &str, attributes: &Value, environments: &BTreeSet<String>) -> FlagState {
    let entries = attributes["feature_flag_environments"].as_array().unwrap();
    let shown: Vec<String> = entries.iter().map(|entry| text(&entry["environment_id"])).collect();
    assert_eq!(shown.len(), environments.len(), "{key} has one entry for each environment");
    assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), *environments, "{key}");
    let production = entries.iter().find(|entry| entry["environment_name"] == "Production").unwrap();
    let variants = attributes["variants"].as_array().unwrap();
    FlagState {
        variants: variants.iter().map(|variant| text(&variant["key"])).collect(),
        enabled: production["status"] == "ENABLED",
        generation: production["allocations"]
            .as_object()
            .map(|allocations| read_generation(key, allocations)),
    }
}

/// All allocations, or a panic: of one generation, complete and in order.
fn read_generation(flag: &str, allocations: &serde_json::Map<String, Value>) -> Generation {
    let number = text(&allocations.values().next().unwrap()["name"]).parse().unwrap();
    assert_eq!(allocations.len(), COHORTS, "{flag} has all allocations: {allocations:?}");
    let served = (0..COHORTS).map(|cohort| {
        let key = allocation_key(flag, number, cohort);
        let allocation =
            allocations.get(&key).unwrap_or_else(|| panic!("{flag} has no {key}: {allocations:?}"));
        assert_eq!(text(&allocation["name"]), number.to_string(), "{flag} mixes two requests");
        assert_eq!(allocation["order_position"], cohort, "{flag} has another order");
        let conditions = &allocation["targeting_rules"][0]["conditions"];
        assert_eq!(conditions[0]["value"], json!([cohort.to_string()]), "{flag} serves others");
        text(&allocation["variant_weights"][0]["variant"]["key"])
    });
    Generation { number, served: served.collect() }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
