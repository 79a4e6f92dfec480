//! A client that writes one change after another and remembers what was acknowledged.

use super::world::{COHORTS, FIRST_VARIANTS, FlagState, Generation, World, observe};
use crate::dice::Dice;
use crate::management::{Answer, Management};
use crate::server::{Bootstrap, Server};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const FLAGS_MAX: usize = 12;
const VARIANTS_MAX: usize = 8;

/// One of several clients; nobody else writes what it made.
#[derive(Clone)]
pub(super) struct Client {
    /// What all its keys and names begin with.
    prefix: String,
    keys: Bootstrap,
    dice: Dice,
    made: usize,
    settled: World,
    flag_ids: BTreeMap<String, String>,
    environment_ids: BTreeMap<String, String>,
}

/// What one round of writing came to.
pub(super) struct Written {
    pub(super) acknowledged: usize,
    /// The world, had the last change been made, whose answer never came.
    possible: World,
}

/// One change.
enum Change {
    CreateFlag(String),
    ReplaceAllocations(String, Generation),
    SetEnabled(String, bool),
    AddVariant(String, String),
    CreateEnvironment(String),
    DeleteEnvironment(String),
}

impl Client {
    pub(super) fn new(number: usize, keys: Bootstrap, dice: Dice) -> Self {
        Self {
            prefix: format!("client-{number}-"),
            keys,
            dice,
            made: 0,
            settled: World::default(),
            flag_ids: BTreeMap::new(),
            environment_ids: BTreeMap::new(),
        }
    }

    /// What is known to be there.
    pub(super) fn settled(&self) -> &World {
        &self.settled
    }

    /// Makes one change after another until the server is gone. Any answer but a success is a failure. Adds what is
    /// acknowledged to `everybodys`.
    pub(super) async fn write_until_nobody_answers(
        mut self,
        url: String,
        everybodys: Arc<AtomicUsize>,
    ) -> (Self, Written) {
        let management = Management::new(&url, &self.keys.api_key, &self.keys.application_key);
        let mut acknowledged = 0;
        loop {
            let change = self.next_change();
            let mut possible = self.settled.clone();
            change.apply(&mut possible);
            match self.send(&management, &change).await {
                Ok(answer) => {
                    assert!((200..300).contains(&answer.status), "{answer:?}");
                    self.remember_id(&change, &answer);
                    self.settled = possible;
                    acknowledged += 1;
                    everybodys.fetch_add(1, Ordering::Relaxed);
                }
                Err(_) => return (self, Written { acknowledged, possible }),
            }
        }
    }

    /// Looks at what there is after a restart: everything acknowledged, and the last change as a whole or not at all.
    /// Whether it was made.
    pub(super) async fn recognise(&mut self, server: &Server, written: &Written) -> bool {
        let (world, flag_ids, environment_ids) = observe(&server.management(&self.keys), &self.prefix).await;
        let done = world == written.possible;
        if !done {
            assert_eq!(world, self.settled, "neither this nor {:?}", written.possible);
        }
        (self.settled, self.flag_ids, self.environment_ids) = (world, flag_ids, environment_ids);
        done
    }

    /// A change that changes something.
    fn next_change(&mut self) -> Change {
        self.made += 1;
        let number = self.made;
        let flags: Vec<String> = self.settled.flags.keys().cloned().collect();
        let fresh = flags.len() < FLAGS_MAX && self.dice.below(4) == 0;
        if flags.is_empty() || fresh {
            return Change::CreateFlag(format!("{}{number}", self.prefix));
        }
        let key = self.dice.pick(&flags).clone();
        let flag = &self.settled.flags[&key];
        match self.dice.below(8) {
            0 | 1 => Change::SetEnabled(key, !flag.enabled),
            2 if flag.variants.len() < VARIANTS_MAX => Change::AddVariant(key, format!("v{number}")),
            3 => match self.settled.environments.first() {
                Some(name) => Change::DeleteEnvironment(name.clone()),
                None => Change::CreateEnvironment(format!("{}{number}", self.prefix)),
            },
            _ => {
                let served = (0..COHORTS).map(|_| self.dice.pick(&flag.variants).clone()).collect();
                Change::ReplaceAllocations(key, Generation { number, served })
            }
        }
    }

    async fn send(&self, management: &Management, change: &Change) -> reqwest::Result<Answer> {
        let production = &self.keys.environment("production").id;
        match change {
            Change::CreateFlag(key) => management.create_flag(key, &FIRST_VARIANTS).await,
            Change::ReplaceAllocations(key, generation) => {
                let place = (self.flag_ids[key].as_str(), production.as_str());
                management.replace_allocations(place, &generation.allocations(key)).await
            }
            Change::SetEnabled(key, enabled) => {
                management.set_enabled((&self.flag_ids[key], production), *enabled).await
            }
            Change::AddVariant(key, variant) => management.create_variant(&self.flag_ids[key], variant).await,
            Change::CreateEnvironment(name) => management.create_environment(name).await,
            Change::DeleteEnvironment(name) => {
                management.delete_environment(&self.environment_ids[name]).await
            }
        }
    }

    fn remember_id(&mut self, change: &Change, answer: &Answer) {
        match change {
            Change::CreateFlag(key) => self.flag_ids.insert(key.clone(), answer.id()),
            Change::CreateEnvironment(name) => self.environment_ids.insert(name.clone(), answer.id()),
            _ => None,
        };
    }
}

impl Change {
    fn apply(&self, world: &mut World) {
        match self {
            Self::CreateFlag(key) => drop(world.flags.insert(key.clone(), FlagState::new())),
            Self::ReplaceAllocations(key, generation) => {
                world.flag(key).generation = Some(generation.clone());
            }
            Self::SetEnabled(key, enabled) => world.flag(key).enabled = *enabled,
            Self::AddVariant(key, variant) => world.flag(key).variants.push(variant.clone()),
            Self::CreateEnvironment(name) => drop(world.environments.insert(name.clone())),
            Self::DeleteEnvironment(name) => drop(world.environments.remove(name)),
        }
    }
}
