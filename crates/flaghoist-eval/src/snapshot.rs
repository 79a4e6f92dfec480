//! All flags of one environment, frozen.

use std::sync::Arc;

use foldhash::HashMap;
use jiff::Timestamp;

use crate::explain::{Explanation, Visitor};
use crate::{Decision, ErrorCode, Expected, Flag, FlagFault, Subject};

/// The compiled flags of one document.
///
/// Immutable: put a new one in its place when the configuration changes, and keep the one you have for the length of
/// a request.
#[derive(Debug)]
pub struct Snapshot {
    flags: HashMap<Box<str>, Result<Arc<Flag>, FlagFault>>,
}

impl Snapshot {
    /// Puts compiled flags together. The last one of a key wins.
    ///
    /// Unchanged flags are best shared with the snapshot before, which costs one reference count each.
    pub fn from_flags(flags: impl IntoIterator<Item = (Box<str>, Result<Arc<Flag>, FlagFault>)>) -> Snapshot {
        Snapshot { flags: flags.into_iter().collect() }
    }

    /// What flag `flag_key` serves to `subject` at `now`.
    pub fn decide<'s>(
        &'s self,
        flag_key: &str,
        expected: Expected,
        subject: &Subject<'_>,
        now: Timestamp,
    ) -> Decision<'s> {
        self.decide_with(flag_key, expected, subject, now, &mut ())
    }

    /// As [`decide`](Self::decide), telling `visitor` every step.
    pub fn decide_with<'s, V: Visitor<'s>>(
        &'s self,
        flag_key: &str,
        expected: Expected,
        subject: &Subject<'_>,
        now: Timestamp,
        visitor: &mut V,
    ) -> Decision<'s> {
        match self.flags.get(flag_key) {
            Some(Ok(flag)) => flag.decide_with(expected, subject, now, visitor),
            Some(Err(_)) => Decision::error(ErrorCode::ParseError, None),
            None => Decision::error(ErrorCode::FlagNotFound, None),
        }
    }

    /// What flag `flag_key` serves to `subject` at `now`, and why.
    pub fn explain<'s>(
        &'s self,
        flag_key: &str,
        expected: Expected,
        subject: &Subject<'_>,
        now: Timestamp,
    ) -> (Decision<'s>, Explanation<'s>) {
        match self.flags.get(flag_key) {
            Some(Ok(flag)) => flag.explain(expected, subject, now),
            Some(Err(fault)) => {
                let decision = Decision::error(ErrorCode::ParseError, None);
                (decision, Explanation { fault: Some(fault), ..Explanation::of(&decision) })
            }
            None => {
                let decision = Decision::error(ErrorCode::FlagNotFound, None);
                (decision, Explanation::of(&decision))
            }
        }
    }

    /// The flag of this key, or what is wrong with it.
    pub fn flag(&self, key: &str) -> Option<&Result<Arc<Flag>, FlagFault>> {
        self.flags.get(key)
    }

    /// All flags by key, broken ones too, in no particular order.
    pub fn flags(&self) -> impl Iterator<Item = (&str, &Result<Arc<Flag>, FlagFault>)> {
        self.flags.iter().map(|(key, flag)| (&**key, flag))
    }

    /// Number of flags, broken ones too.
    pub fn len(&self) -> usize {
        self.flags.len()
    }

    /// Whether there are no flags.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }
}
