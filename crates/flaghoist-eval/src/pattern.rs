//! Regular expressions of conditions, within limits that hold wherever they are compiled.
//!
//! Matching takes time linear in the text whatever the pattern, so only size needs limits: a document carries
//! thousands of patterns and each lives as long as its snapshot.

use regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes of UTF-8.
pub const PATTERN_MAX_BYTES: usize = 8 * 1024;

/// Largest compiled pattern, in bytes of memory. `\w{1,64}` takes about 3 MiB, because `\w` is all of Unicode.
pub const PATTERN_COMPILED_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Memory, in bytes, that one thread may use to speed up matching of one pattern.
pub const PATTERN_LAZY_DFA_MAX_BYTES: usize = 1024 * 1024;

/// Deepest nesting of groups and repetitions.
pub const PATTERN_NEST_MAX_LEVELS: u32 = 100;

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// Longer than [`PATTERN_MAX_BYTES`].
    #[error("pattern of {bytes} bytes; at most {PATTERN_MAX_BYTES} are accepted")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Larger than [`PATTERN_COMPILED_MAX_BYTES`] once compiled.
    #[error(
        "pattern takes more than {PATTERN_COMPILED_MAX_BYTES} bytes compiled; use fewer or smaller repetitions"
    )]
    TooLarge,
    /// Not a regular expression of this dialect, or nested deeper than [`PATTERN_NEST_MAX_LEVELS`].
    #[error(
        "pattern is not understood; RE2 syntax without look-around and back-references is accepted: {detail}"
    )]
    Syntax {
        /// What the parser says, over several lines with the place marked.
        detail: Box<str>,
    },
}

/// Checks that `pattern` compiles within the limits, for use before a pattern is stored.
///
/// A pattern that passes is accepted by [`Flag::compile`](crate::Flag::compile).
pub fn check_pattern(pattern: &str) -> Result<(), PatternFault> {
    compile(pattern).map(|_| ())
}

pub(crate) fn compile(pattern: &str) -> Result<Regex, PatternFault> {
    if pattern.len() > PATTERN_MAX_BYTES {
        return Err(PatternFault::TooLong { bytes: pattern.len() });
    }
    RegexBuilder::new(pattern)
        .size_limit(PATTERN_COMPILED_MAX_BYTES)
        .dfa_size_limit(PATTERN_LAZY_DFA_MAX_BYTES)
        .nest_limit(PATTERN_NEST_MAX_LEVELS)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternFault::TooLarge,
            other => PatternFault::Syntax { detail: other.to_string().into() },
        })
}
