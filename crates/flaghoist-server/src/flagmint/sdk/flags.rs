//! All flags for a context: what every protocol of this dialect answers.

use super::context::Context;
use crate::publish::{ChannelSnapshot, PublishedEnvironment, PublishedFlag};
use flaghoist_eval::{Expected, Subject};
use flaghoist_model::compile::Channel;
use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::sync::Arc;

/// Flags with the values that a subject gets, in the order of their keys. Always a value: the flag's default where
/// nothing else is.
pub(super) struct EvaluatedFlags<'a> {
    pub(super) flags: Vec<(&'a PublishedFlag, FlagValue<'a>)>,
}

/// The value of a flag.
#[derive(Clone, Copy)]
pub(super) enum FlagValue<'a> {
    Decided(&'a flaghoist_eval::Value),
    Default(&'a serde_json::Value),
}

impl Serialize for FlagValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Decided(value) => value.serialize(serializer),
            Self::Default(value) => value.serialize(serializer),
        }
    }
}

impl Serialize for EvaluatedFlags<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.flags.len()))?;
        for (flag, value) in &self.flags {
            map.serialize_entry(&*flag.key, value)?;
        }
        map.end()
    }
}

impl<'a> EvaluatedFlags<'a> {
    /// Evaluates all flags of a channel, and counts it.
    pub(super) fn of(channel: &'a ChannelSnapshot, context: &Context, now: Timestamp) -> Self {
        let attributes = context.attributes(channel.attribute_names());
        let subject = Subject { targeting_key: context.targeting_key.as_deref(), attributes: &attributes };
        let evaluate = |flag: &'a PublishedFlag| {
            let decision = channel.snapshot.decide(&flag.key, Expected::Any, &subject, now);
            flag.counter.count(&decision);
            let value = decision.value.map_or(FlagValue::Default(&flag.default_value), FlagValue::Decided);
            (flag, value)
        };
        Self { flags: channel.flags.iter().map(evaluate).collect() }
    }
}

/// Whether the flags of a channel are to be sent again to somebody who was sent those of `before`.
pub(super) fn are_news(
    before: &Arc<PublishedEnvironment>,
    now: &Arc<PublishedEnvironment>,
    channel: Channel,
) -> bool {
    before.channel(channel).revision != now.channel(channel).revision
}
