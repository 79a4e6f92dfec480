//! Evaluations of flags, as OpenFeature's hooks write them into log records and span events.

use super::message::{KeyValue, text_of};
use crate::limits;
use crate::observation::{Dropped, Exposure};

/// The name of an evaluation in semantic conventions.
pub(super) const EVALUATION: &str = "feature_flag.evaluation";
/// Its name in older semantic conventions, where it is always a span event.
pub(super) const OLD_EVALUATION: &str = "feature_flag";
/// The targeting key.
pub(super) const CONTEXT_ID: &str = "feature_flag.context.id";

/// The exposure that an evaluation's attributes describe.
pub(super) fn of(attributes: &[KeyValue], at_ms: i64) -> Result<Exposure, Dropped> {
    let reason = text_of(attributes, &["feature_flag.result.reason", "feature_flag.evaluation.reason"]);
    if !reason.is_none_or(assigns) {
        return Err(Dropped::NotAssigned);
    }
    let flag = text_of(attributes, &["feature_flag.key"]);
    let variant = text_of(attributes, &["feature_flag.result.variant", "feature_flag.variant"]);
    let allocation = text_of(attributes, &["feature_flag.result.allocation_key"]);
    Ok(Exposure {
        flag: limits::name(flag, Dropped::WithoutFlag)?,
        subject: limits::subject(text_of(attributes, &[CONTEXT_ID]))?,
        at_ms,
        allocation: limits::optional_name(allocation)?,
        variant: limits::optional_name(variant)?,
    })
}

/// Whether an evaluation with this reason assigned a variant to its subject. Hooks write OpenFeature's reasons as they are,
/// in capitals, semantic conventions write them in lower case.
fn assigns(reason: &str) -> bool {
    reason.eq_ignore_ascii_case("split") || reason.eq_ignore_ascii_case("targeting_match")
}
