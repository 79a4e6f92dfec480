//! Whose spans a body has: a request's subject is known where its flags are evaluated, and its other spans are looked up
//! through their parents.

use super::exposure::CONTEXT_ID;
use super::message::{Span, text_of};
use crate::observation::{OBSERVATIONS_MAX, Unreadable};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A span among all traces: the bytes of its trace's id, then those of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SpanKey([u8; 24]);

impl SpanKey {
    /// None when an id is invalid: of another length, or zero.
    pub(super) fn of(trace_id: &[u8], span_id: &[u8]) -> Option<Self> {
        let is_zero = |id: &[u8]| id.iter().all(|byte| *byte == 0);
        if trace_id.len() != 16 || is_zero(trace_id) || is_zero(span_id) {
            return None;
        }
        [trace_id, span_id].concat().try_into().ok().map(Self)
    }

    /// Both ids in hexadecimal.
    pub(super) fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

/// What is known of a span.
enum Link {
    /// Whose it is; None when that is nowhere in the body.
    Settled(Option<Rc<str>>),
    /// Whose its parent is.
    Parent(SpanKey),
}

/// The subjects of a body's spans.
#[derive(Default)]
pub(super) struct Lineage(BTreeMap<SpanKey, Link>);

impl Lineage {
    /// Adds a span. Of spans that were sent twice the first is kept. [`Unreadable::TooMany`] when the body has more than it
    /// may.
    pub(super) fn add(&mut self, span: &Span) -> Result<(), Unreadable> {
        let Some(key) = SpanKey::of(&span.trace_id, &span.span_id) else { return Ok(()) };
        if self.0.len() == OBSERVATIONS_MAX {
            return Err(Unreadable::TooMany);
        }
        let parent = || SpanKey::of(&span.trace_id, &span.parent_span_id);
        self.0.entry(key).or_insert_with(|| match (own_subject(span), parent()) {
            (None, Some(parent)) => Link::Parent(parent),
            (own, _) => Link::Settled(own.map(Rc::from)),
        });
        Ok(())
    }

    /// The targeting key of a span, or else of the nearest of its ancestors that has one. Ancestors are settled as they are
    /// walked through, so that asking for every span of a body takes as many steps as it has spans.
    pub(super) fn subject(&mut self, mut key: SpanKey) -> Option<Rc<str>> {
        let mut walked = Vec::new();
        let subject = loop {
            match self.0.get_mut(&key) {
                None => break None,
                Some(Link::Settled(subject)) => break subject.clone(),
                Some(link @ &mut Link::Parent(parent)) => {
                    // Nobody's until it is known better: spans that are their own ancestors end here.
                    *link = Link::Settled(None);
                    walked.push(key);
                    key = parent;
                }
            }
        };
        for key in walked {
            self.0.insert(key, Link::Settled(subject.clone()));
        }
        subject
    }
}

/// The targeting key that a span says, itself or by an evaluation within it.
fn own_subject(span: &Span) -> Option<&str> {
    let of_events = || span.events.iter().find_map(|event| text_of(&event.attributes, &[CONTEXT_ID]));
    text_of(&span.attributes, &[CONTEXT_ID]).or_else(of_events)
}
