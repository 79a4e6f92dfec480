//! What migration tools say about where things come from. Echoed on reads, never looked into.

use crate::Faults;
use crate::nesting::{NESTING_MAX_LEVELS, is_deeper_than};
use serde_json::Value;

/// Largest metadata, in bytes of JSON.
pub const METADATA_MAX_BYTES: usize = 16 * 1024;

/// Records metadata that is too large or too deep.
pub(crate) fn check(metadata: &Value, faults: &mut Faults) {
    faults.at("migration_metadata", |faults| {
        if is_deeper_than(metadata, NESTING_MAX_LEVELS) {
            faults.push(format!("is nested too deeply; give at most {NESTING_MAX_LEVELS} levels"));
            return;
        }
        let length = metadata.to_string().len();
        if length > METADATA_MAX_BYTES {
            faults.push(format!("has {length} bytes; give at most {METADATA_MAX_BYTES}"));
        }
    });
}

/// [`check`] for what a partial update sets.
pub(crate) fn check_patch(patch: &crate::Patch<Value>, faults: &mut Faults) {
    if let crate::Patch::Set(metadata) = patch {
        check(metadata, faults);
    }
}
