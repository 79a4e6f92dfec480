//! What a flag serves in an environment: operations 10 to 13.

pub(crate) mod create;
pub(crate) mod enable;
pub(crate) mod replace;
mod request;
mod resource;

pub(crate) use request::{AllocationIn, ExposureScheduleIn, TargetingRuleIn};

pub(crate) use replace::parse_allocations;
pub(crate) use resource::{
    AllocationOut, AllocationsOut, ExposureScheduleOut, TargetingRuleOut, allocation_out, definition_out,
    rule_out, schedule_out,
};
