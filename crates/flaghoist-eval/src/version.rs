//! Semantic versions, extended to any number of numeric parts.
//!
//! As in semantic versioning 2 a version may carry a prerelease (`-rc.1`) and build metadata (`+5114f85`), parts
//! have no leading zeros, a prerelease precedes its release, and build metadata does not count. Unlike there the
//! core may have any number of parts from one up; missing parts are zero, so `1.2` has the precedence of `1.2.0`.

use std::cmp::Ordering;

/// How many numeric parts a version may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One or more.
    Extended,
    /// Exactly three, as semantic versioning itself demands.
    Strict,
}

/// A version to compare with.
///
/// Not `Eq` or `Ord`: versions of equal precedence may read differently (`1.2` and `1.2.0+a`).
#[derive(Debug, Clone)]
pub struct Version {
    text: Box<str>,
    parts: Box<[u64]>,
    /// Range of `text`, since a prerelease is compared as text.
    prerelease: std::ops::Range<usize>,
}

/// Reads a version; `None` when `text` is none.
///
/// Parts are decimal numbers up to 2^64 - 1.
pub fn parse_version(text: &str) -> Option<Version> {
    Version::parse(text, Shape::Extended)
}

/// Whether `text` is a version, for use before a comparand is stored.
pub fn check_version(text: &str) -> bool {
    parse_version(text).is_some()
}

impl Version {
    pub(crate) fn parse(text: &str, shape: Shape) -> Option<Version> {
        let (core, prerelease) = split(text)?;
        let parts: Box<[u64]> = core.split('.').map(numeric).collect::<Option<_>>()?;
        if shape == Shape::Strict && parts.len() != 3 {
            return None;
        }
        // After the core stands a hyphen if there is a prerelease, else nothing or the build.
        let start = core.len() + usize::from(!prerelease.is_empty());
        Some(Version { prerelease: start..start + prerelease.len(), text: text.into(), parts })
    }

    /// The version as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The version with exactly three numeric parts, which is all that semantic versioning itself knows; `None` when it
    /// has further ones that are not zero. Without the build metadata, which does not count.
    pub fn in_three_parts(&self) -> Option<String> {
        let part = |at: usize| self.parts.get(at).copied().unwrap_or(0);
        if self.parts.get(3..).unwrap_or_default().iter().any(|part| *part != 0) {
            return None;
        }
        let core = format!("{}.{}.{}", part(0), part(1), part(2));
        Some(if self.prerelease().is_empty() { core } else { format!("{core}-{}", self.prerelease()) })
    }

    /// Which of the two takes precedence.
    pub fn cmp_precedence(&self, other: &Version) -> Ordering {
        let longest = self.parts.len().max(other.parts.len());
        let part = |version: &Version, at: usize| version.parts.get(at).copied().unwrap_or(0);
        (0..longest)
            .map(|at| part(self, at).cmp(&part(other, at)))
            .find(|ordering| ordering.is_ne())
            .unwrap_or_else(|| compare_prereleases(self.prerelease(), other.prerelease()))
    }

    /// Where `text` stands relative to this version, or `None` when `text` is no version. Allocates nothing.
    pub(crate) fn place(&self, text: &str, shape: Shape) -> Option<Ordering> {
        let (core, prerelease) = split(text)?;
        let mut ordering = Ordering::Equal;
        let mut count = 0;
        for part in core.split('.') {
            let ours = self.parts.get(count).copied().unwrap_or(0);
            ordering = ordering.then(numeric(part)?.cmp(&ours));
            count += 1;
        }
        if shape == Shape::Strict && count != 3 {
            return None;
        }
        for ours in self.parts.get(count..).unwrap_or_default() {
            ordering = ordering.then(0.cmp(ours));
        }
        Some(ordering.then_with(|| compare_prereleases(prerelease, self.prerelease())))
    }

    fn prerelease(&self) -> &str {
        &self.text[self.prerelease.clone()]
    }
}

/// Splits into core and prerelease, checking everything but the core.
fn split(text: &str) -> Option<(&str, &str)> {
    let Some(end) = text.bytes().position(|byte| matches!(byte, b'-' | b'+')) else {
        return Some((text, ""));
    };
    let (core, rest) = text.split_at(end);
    let (prerelease, build) = match rest.split_once('+') {
        Some((prerelease, build)) => (prerelease, Some(build)),
        None => (rest, None),
    };
    if build.is_some_and(|build| !build.split('.').all(is_identifier)) {
        return None;
    }
    let Some(prerelease) = prerelease.strip_prefix('-') else {
        return Some((core, ""));
    };
    prerelease
        .split('.')
        .all(|identifier| is_identifier(identifier) && !has_leading_zero(identifier))
        .then_some((core, prerelease))
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_numeric(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_leading_zero(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && is_numeric(text)
}

fn numeric(part: &str) -> Option<u64> {
    // `parse` would take a plus sign and leading zeros.
    match part.as_bytes() {
        [] | [b'0', _, ..] => None,
        digits => digits.iter().try_fold(0_u64, |number, digit| {
            let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
            number.checked_mul(10)?.checked_add(digit)
        }),
    }
}

/// Section 11 of semantic versioning 2: none is after any; else identifier by identifier.
fn compare_prereleases(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let ordering = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (is_numeric(a), is_numeric(b)) {
                // Without leading zeros the longer number is the larger one, however many digits it has.
                (true, true) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}
