//! One environment as it is published.

use flaghoist_eval::{Flag, FlagFault, Snapshot, wire};
use flaghoist_model::compile::{self, Channel};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::DistributionChannel;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::{EnvironmentId, FlagId, SavedFilterId};
use flaghoist_model::saved_filter::SavedFilter;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use super::counters::FlagCounter;
use super::document::{Form, RenderedDocument};
use super::remote_configuration;
use bytes::Bytes;

/// A flag as it is published in an environment.
#[derive(Clone)]
pub struct PublishedFlag {
    /// Identifier; older flags have smaller ones.
    pub id: FlagId,
    /// Key.
    pub key: Arc<str>,
    /// Which readers see it.
    pub distribution_channel: DistributionChannel,
    /// What readers that always get a value are given when nothing else is.
    pub default_value: Arc<serde_json::Value>,
    /// Whether applications are asked to report what they evaluate.
    pub is_reported: bool,
    /// What documents say.
    pub wire: Arc<wire::Flag>,
    /// What is evaluated.
    pub compiled: Result<Arc<Flag>, FlagFault>,
    /// Evaluations so far.
    pub counter: Arc<FlagCounter>,
    /// What it was compiled from; none for what was restored from disk.
    pub source: Option<FlagSource>,
}

/// What a flag is compiled from.
#[derive(Clone)]
pub struct FlagSource {
    /// The flag.
    pub flag: Arc<flaghoist_model::flag::Flag>,
    /// What it serves in the environment.
    pub entry: Arc<FlagEnvironment>,
}

/// What is otherwise than before for the readers of a channel.
pub struct Changes {
    /// The environment's content revision before.
    pub since: i64,
    /// Keys of the flags that are served otherwise, or no longer, or newly.
    pub keys: BTreeSet<Arc<str>>,
}

/// The keys of flags that two lists, each in the order of keys, do not have alike.
pub(crate) fn changed(olds: &[PublishedFlag], news: &[PublishedFlag]) -> BTreeSet<Arc<str>> {
    let mut keys = BTreeSet::new();
    let (mut olds, mut news) = (olds.iter().peekable(), news.iter().peekable());
    loop {
        let order = match (olds.peek(), news.peek()) {
            (None, None) => return keys,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.key.cmp(&new.key),
        };
        let old = if order.is_le() { olds.next() } else { None };
        let new = if order.is_ge() { news.next() } else { None };
        let is_same = match (old, new) {
            (Some(old), Some(new)) => {
                Arc::ptr_eq(&old.wire, &new.wire)
                    || old.wire == new.wire
                        && old.default_value == new.default_value
                        && old.is_reported == new.is_reported
            }
            _ => false,
        };
        if !is_same {
            keys.extend(old.or(new).map(|flag| Arc::clone(&flag.key)));
        }
    }
}

/// What one kind of reader of an environment gets.
pub struct ChannelSnapshot {
    /// Evaluates.
    pub snapshot: Snapshot,
    /// The flags, in the order of their keys.
    pub flags: Box<[PublishedFlag]>,
    /// The environment's content revision when readers of the channel last got something else, as far as this process
    /// has seen it.
    pub revision: i64,
    /// What is otherwise than in the publication before this one; none for the first.
    pub changes: Option<Changes>,
    positions: HashMap<Arc<str>, usize, foldhash::fast::RandomState>,
    attribute_names: OnceLock<Box<[Arc<str>]>>,
    documents: [OnceLock<RenderedDocument>; Form::COUNT],
}

impl ChannelSnapshot {
    /// `revision` is the environment's content revision, `before` what was published before at which.
    fn new(channel: Channel, flags: &[PublishedFlag], revision: i64, before: Option<(&Self, i64)>) -> Self {
        let flags: Box<[PublishedFlag]> =
            flags.iter().filter(|flag| channel.sees(flag.distribution_channel)).cloned().collect();
        let snapshot =
            Snapshot::from_flags(flags.iter().map(|flag| (Box::from(&*flag.key), flag.compiled.clone())));
        let positions =
            flags.iter().enumerate().map(|(position, flag)| (Arc::clone(&flag.key), position)).collect();
        let changes = before.map(|(before, since)| Changes { since, keys: changed(&before.flags, &flags) });
        let revision = match (before, &changes) {
            (Some((before, _)), Some(changes)) if changes.keys.is_empty() => before.revision,
            _ => revision,
        };
        Self {
            snapshot,
            flags,
            revision,
            changes,
            positions,
            attribute_names: OnceLock::new(),
            documents: Default::default(),
        }
    }

    /// The flag of that key, if readers of the channel see it.
    pub fn flag(&self, key: &str) -> Option<&PublishedFlag> {
        self.flags.get(*self.positions.get(key)?)
    }

    /// The names of all attributes that conditions test, each once, found out when somebody first asks.
    pub fn attribute_names(&self) -> &[Arc<str>] {
        self.attribute_names.get_or_init(|| {
            let rules = self.flags.iter().flat_map(|flag| &flag.wire.allocations).flat_map(|one| &one.rules);
            let names = rules.flat_map(|rule| &rule.conditions).map(|condition| condition.attribute.as_str());
            let names: BTreeSet<&str> = names.collect();
            names.into_iter().map(Arc::from).collect()
        })
    }

    /// The counter of the flag with that key.
    pub fn counter(&self, key: &str) -> Option<&FlagCounter> {
        self.positions.get(key).map(|position| &*self.flags[*position].counter)
    }
}

/// An environment as it is published.
pub struct PublishedEnvironment {
    environment: Environment,
    flags: Box<[PublishedFlag]>,
    server: ChannelSnapshot,
    client: ChannelSnapshot,
    saved_filters: Arc<BTreeMap<SavedFilterId, SavedFilter>>,
    remote_configuration: OnceLock<Bytes>,
}

impl PublishedEnvironment {
    /// Publishes flags, which stand in the order of their keys, after what was published `before`.
    pub(super) fn new(
        environment: Environment,
        flags: &[PublishedFlag],
        saved_filters: Arc<BTreeMap<SavedFilterId, SavedFilter>>,
        before: Option<&Self>,
    ) -> Self {
        let channel = |channel: Channel| {
            let before = before.map(|before| (before.channel(channel), before.environment.content_revision));
            ChannelSnapshot::new(channel, flags, environment.content_revision, before)
        };
        let (server, client) = (channel(Channel::Server), channel(Channel::Client));
        Self {
            environment,
            flags: flags.into(),
            server,
            client,
            saved_filters,
            remote_configuration: OnceLock::new(),
        }
    }

    /// Identifier.
    pub fn id(&self) -> EnvironmentId {
        self.environment.id
    }

    /// The environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The saved filters of the project; none when it was restored from disk.
    pub fn saved_filters(&self) -> &BTreeMap<SavedFilterId, SavedFilter> {
        &self.saved_filters
    }

    /// All flags of both channels, in the order of their keys.
    pub fn flags(&self) -> &[PublishedFlag] {
        &self.flags
    }

    /// The flag of that key, whichever readers see it.
    pub fn flag(&self, key: &str) -> Option<&PublishedFlag> {
        let position = self.flags.binary_search_by(|flag| (*flag.key).cmp(key)).ok()?;
        self.flags.get(position)
    }

    /// What tracers get that ask an Agent for their configuration, see [`remote_configuration::answer`].
    pub(crate) fn remote_configuration(&self) -> &Bytes {
        self.remote_configuration.get_or_init(|| {
            let document = self.document(Channel::Server, Form::Bare);
            remote_configuration::answer(&self.environment, &document.bytes)
        })
    }

    /// What readers of `channel` get.
    pub fn channel(&self, channel: Channel) -> &ChannelSnapshot {
        match channel {
            Channel::Server => &self.server,
            Channel::Client => &self.client,
        }
    }

    /// The document of `channel` in a form, rendered once per publication, when it is first asked for. Flags that do
    /// not compile are left out: one malformed flag would be served as defaults without a word.
    pub fn document(&self, channel: Channel, form: Form) -> &RenderedDocument {
        let snapshot = self.channel(channel);
        snapshot.documents[form.position()].get_or_init(|| {
            let flags = snapshot
                .flags
                .iter()
                .filter(|flag| flag.compiled.is_ok())
                .map(|flag| (flag.key.to_string(), wire::Flag::clone(&flag.wire)))
                .collect();
            RenderedDocument::new(form, &compile::document(&self.environment, flags))
        })
    }
}
