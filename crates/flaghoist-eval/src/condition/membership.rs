//! Lists of texts that are asked "is this in you?".

use foldhash::{HashSet, HashSetExt};
use serde::{Serialize, Serializer};

/// Up to here comparing one by one beats hashing.
const COMPARED_UP_TO: usize = 8;

/// A set of texts.
#[derive(Debug)]
pub(crate) enum Membership {
    /// Compared one by one; the lengths alone reject most.
    Few(Box<[Box<str>]>),
    /// Such as a long list of accounts.
    Many(HashSet<Box<str>>),
}

impl Membership {
    pub(crate) fn contains(&self, text: &str) -> bool {
        match self {
            Membership::Few(items) => items.iter().any(|item| **item == *text),
            Membership::Many(items) => items.contains(text),
        }
    }
}

impl FromIterator<Box<str>> for Membership {
    fn from_iter<I: IntoIterator<Item = Box<str>>>(items: I) -> Self {
        let items: Vec<Box<str>> = items.into_iter().collect();
        if items.len() <= COMPARED_UP_TO {
            return Membership::Few(items.into());
        }
        let mut set = HashSet::with_capacity(items.len());
        set.extend(items);
        Membership::Many(set)
    }
}

impl Serialize for Membership {
    /// An array; sorted when it is too long for its order to mean anything to a reader.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Membership::Few(items) => serializer.collect_seq(items),
            Membership::Many(items) => {
                let mut sorted: Vec<&str> = items.iter().map(|item| &**item).collect();
                sorted.sort_unstable();
                serializer.collect_seq(sorted)
            }
        }
    }
}
