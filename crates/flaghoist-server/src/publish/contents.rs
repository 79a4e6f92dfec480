//! What is known of a project, and what of it is published.

use super::Published;
use super::counters::FlagCounter;
use super::environment::{FlagSource, PublishedEnvironment, PublishedFlag};
use super::reader::PublishedReader;
use flaghoist_eval::wire;
use flaghoist_model::compile::{compile_flag, default_value};
use flaghoist_model::credential::SecretHash;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::{DistributionChannel, Flag};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::{EnvironmentId, FlagId, SavedFilterId};
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_store::ProjectChanges;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// A project as of one revision.
#[derive(Default)]
pub(super) struct Contents {
    revision: i64,
    key: String,
    flags: BTreeMap<FlagId, Arc<Flag>>,
    entries: HashMap<EnvironmentId, HashMap<FlagId, Arc<FlagEnvironment>>>,
    saved_filters: Arc<BTreeMap<SavedFilterId, SavedFilter>>,
    readers: Vec<(SecretHash, PublishedReader)>,
    environments: BTreeMap<EnvironmentId, EnvironmentContents>,
}

/// The flags of an environment by key, compiled, and their publication.
struct EnvironmentContents {
    flags: BTreeMap<Arc<str>, PublishedFlag>,
    published: Arc<PublishedEnvironment>,
}

impl Contents {
    /// The revision this is of; 0 before anything was read.
    pub(super) fn revision(&self) -> i64 {
        self.revision
    }

    /// The project's key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// All environments.
    pub(super) fn published(&self) -> impl Iterator<Item = &Arc<PublishedEnvironment>> {
        self.environments.values().map(|environment| &environment.published)
    }

    /// SDK keys by the hashes of their secrets.
    pub(super) fn readers(&self) -> impl Iterator<Item = (SecretHash, PublishedReader)> {
        self.readers.iter().cloned()
    }

    /// Takes in what changed. The counters of what was `restored` go on.
    pub(super) fn apply(&mut self, changes: ProjectChanges, restored: &Published) {
        self.revision = changes.project.revision;
        self.key = changes.project.key;
        let last_uses: HashMap<_, _> =
            self.readers.drain(..).map(|(_, reader)| (reader.credential_id, reader.last_use)).collect();
        self.readers = changes
            .sdk_keys
            .iter()
            .filter_map(|key| Some((key.secret_hash, PublishedReader::new(key, last_uses.get(&key.id))?)))
            .collect();
        let filters: BTreeMap<_, _> =
            changes.saved_filters.into_iter().map(|filter| (filter.id, filter)).collect();
        let filters_changed = filters != *self.saved_filters;
        if filters_changed {
            self.saved_filters = Arc::new(filters);
        }
        let mut changed_everywhere: HashSet<FlagId> = changes.flags.iter().map(|flag| flag.id).collect();
        self.flags.extend(changes.flags.into_iter().map(|flag| (flag.id, Arc::new(flag))));
        if filters_changed {
            changed_everywhere.extend(self.flags.keys());
        }
        let mut changed_here: HashMap<EnvironmentId, HashSet<FlagId>> = HashMap::new();
        for entry in changes.flag_environments {
            changed_here.entry(entry.environment_id).or_default().insert(entry.flag_id);
            self.entries.entry(entry.environment_id).or_default().insert(entry.flag_id, Arc::new(entry));
        }
        let mut previous = std::mem::take(&mut self.environments);
        self.entries.retain(|id, _| changes.environments.iter().any(|environment| environment.id == *id));
        for environment in changes.environments {
            let id = environment.id;
            let known = previous.remove(&id);
            let stale: HashSet<FlagId> = if known.is_some() {
                changed_here.remove(&id).unwrap_or_default().union(&changed_everywhere).copied().collect()
            } else {
                self.flags.keys().copied().collect()
            };
            let restored = restored.environments.get(&id).map(|restored| &**restored);
            let contents = self.publish(environment, known, restored, &stale);
            self.environments.insert(id, contents);
        }
    }

    /// An environment with its stale flags compiled anew. Nothing is published anew when readers would get what
    /// they have.
    fn publish(
        &self,
        environment: Environment,
        known: Option<EnvironmentContents>,
        restored: Option<&PublishedEnvironment>,
        stale: &HashSet<FlagId>,
    ) -> EnvironmentContents {
        let (mut flags, published) = match known {
            Some(known) => (known.flags, Some(known.published)),
            None => (BTreeMap::new(), None),
        };
        for flag in stale.iter().filter_map(|id| self.flags.get(id)) {
            let known = flags.get(&*flag.key).or_else(|| restored?.flag(&flag.key));
            let counter = known.map(|known| Arc::clone(&known.counter));
            match self.compile(flag, environment.id, counter.unwrap_or_default()) {
                Some(compiled) => flags.insert(Arc::clone(&compiled.key), compiled),
                None => flags.remove(&*flag.key),
            };
        }
        let published = match published {
            Some(published) if *published.environment() == environment => published,
            before => {
                let flags: Vec<PublishedFlag> = flags.values().cloned().collect();
                let filters = Arc::clone(&self.saved_filters);
                Arc::new(PublishedEnvironment::new(environment, &flags, filters, before.as_deref()))
            }
        };
        EnvironmentContents { flags, published }
    }

    fn compile(
        &self,
        flag: &Arc<Flag>,
        environment_id: EnvironmentId,
        counter: Arc<FlagCounter>,
    ) -> Option<PublishedFlag> {
        let known = self.entries.get(&environment_id).and_then(|entries| entries.get(&flag.id));
        let entry =
            known.map_or_else(|| Arc::new(FlagEnvironment::initial(flag, environment_id)), Arc::clone);
        let wire = compile_flag(flag, &entry, &self.saved_filters)?;
        let beside = BesideDocument {
            distribution_channel: flag.distribution_channel,
            default_value: default_value(flag, &entry),
            is_reported: flag.analytics_enabled,
        };
        let source = Some(FlagSource { flag: Arc::clone(flag), entry });
        let published = compiled(flag.id, beside, wire, counter, source);
        if let Err(fault) = &published.compiled {
            // Saving checks everything that compiling needs, so this is a defect of ours: said loudly, and kept
            // to this flag.
            tracing::error!(flag.key = flag.key, environment.id = %environment_id, cause = %fault, "a flag does not compile");
        }
        Some(published)
    }
}

/// What is published of a flag beside what documents say of it.
pub(super) struct BesideDocument {
    pub(super) distribution_channel: DistributionChannel,
    pub(super) default_value: Value,
    pub(super) is_reported: bool,
}

/// A flag as it is published, from what documents say of it.
pub(super) fn compiled(
    id: FlagId,
    beside: BesideDocument,
    wire: wire::Flag,
    counter: Arc<FlagCounter>,
    source: Option<FlagSource>,
) -> PublishedFlag {
    counter.learn(&wire);
    PublishedFlag {
        id,
        key: Arc::from(wire.key.as_str()),
        distribution_channel: beside.distribution_channel,
        default_value: Arc::new(beside.default_value),
        is_reported: beside.is_reported,
        compiled: flaghoist_eval::Flag::compile(&wire).map(Arc::new),
        wire: Arc::new(wire),
        counter,
        source,
    }
}
