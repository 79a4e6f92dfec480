//! What is wrong with a request, member by member.
//!
//! Validation never stops at the first fault: it collects all of them into [`Faults`], each with the JSON
//! pointer of the member, so that a person mends a request once.

use serde::Serialize;
use std::fmt;

/// One thing wrong with one member of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// JSON pointer (RFC 6901) of the member, from the root of the request body.
    pub pointer: String,
    /// What is wrong, with the offending value, and what would be accepted.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{pointer}: {}", self.message)
    }
}

/// Most faults that an answer lists.
pub const FAULTS_MAX: usize = 100;

/// Collects faults while a request is read.
///
/// The collector knows where in the request it stands: [`Faults::at`] lends a collector for a member, and
/// what is pushed there carries the member's pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    base: String,
    found: Vec<Fault>,
}

impl Faults {
    /// An empty collector at the root of the request body.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty collector whose pointers start with `base`, such as `/data/attributes`.
    pub fn under(base: &str) -> Self {
        Self { base: base.to_owned(), found: Vec::new() }
    }

    /// Where this collector stands.
    pub fn pointer(&self) -> &str {
        &self.base
    }

    /// Runs `visit` with the collector standing at member `name` below the present place.
    pub fn at<T>(&mut self, name: impl fmt::Display, visit: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.base.len();
        self.base.push('/');
        self.base.push_str(&escape(&name.to_string()));
        let result = visit(self);
        self.base.truncate(length);
        result
    }

    /// Records a fault of the present place. Beyond [`FAULTS_MAX`] only that there are more is recorded.
    pub fn push(&mut self, message: impl Into<String>) {
        if self.found.len() == FAULTS_MAX {
            self.found.push(Fault {
                pointer: String::new(),
                message: "there are more faults than these".to_owned(),
            });
        }
        if self.found.len() > FAULTS_MAX {
            return;
        }
        self.found.push(Fault { pointer: self.base.clone(), message: message.into() });
    }

    /// Records a fault of member `name` below the present place.
    pub fn push_at(&mut self, name: impl fmt::Display, message: impl Into<String>) {
        self.at(name, |faults| faults.push(message));
    }

    /// Whether a fault of member `name` below the present place was recorded, so that its absence is none of its own.
    pub fn has_at(&mut self, name: impl fmt::Display) -> bool {
        self.at(name, |faults| faults.found.iter().any(|fault| fault.pointer == faults.base))
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many faults were recorded. Compare before and after a step to see whether it found any.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// The recorded faults, in the order found.
    pub fn into_vec(self) -> Vec<Fault> {
        self.found
    }

    /// The faults so far as an error, or nothing when there are none. The collector is left empty.
    pub fn check(&mut self) -> Result<(), Rejection> {
        if self.found.is_empty() {
            return Ok(());
        }
        Err(Rejection::Invalid(std::mem::take(&mut self.found)))
    }
}

/// RFC 6901: `~` and `/` inside a member name are written `~0` and `~1`.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Why a change was not made. Nothing is changed when one is returned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The request itself is wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Fault>),
    /// The request is well-formed and clashes with what exists.
    #[error("{0}")]
    Conflict(Fault),
    /// The aggregate has no such part.
    #[error("{0}")]
    NotFound(String),
    /// Whoever asks may not do this here.
    #[error("{0}")]
    Forbidden(String),
}

impl Rejection {
    /// A clash of the member at `pointer`.
    pub fn conflict(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Conflict(Fault { pointer: pointer.into(), message: message.into() })
    }

    /// One fault of the member at `pointer`.
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault { pointer: pointer.into(), message: message.into() }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_faults_is_cut_short() {
        let mut faults = Faults::new();
        for number in 0..1_000 {
            faults.push_at(number, "is wrong");
        }
        let found = faults.into_vec();
        assert_eq!(found.len(), FAULTS_MAX + 1);
        assert_eq!(found[FAULTS_MAX].message, "there are more faults than these");
    }

    #[test]
    fn a_fault_carries_the_pointer_of_where_it_was_found() {
        let mut faults = Faults::under("/data");
        faults.at("variants", |faults| faults.at(2, |faults| faults.push_at("a/b~c", "is wrong")));
        faults.push("is late");
        let found: Vec<String> = faults.into_vec().iter().map(ToString::to_string).collect();
        assert_eq!(found, ["/data/variants/2/a~1b~0c: is wrong", "/data: is late"]);
    }
}
