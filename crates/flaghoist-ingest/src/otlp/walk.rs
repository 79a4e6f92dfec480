//! The way from a request to its records, which is the same for every signal: resources have scopes, scopes have records.

use super::encoding::{Encoded, Field, Readable};
use super::message::Resource;
use crate::observation::{Dropped, Unreadable};

/// The fields that lead from a request to its records.
#[derive(Clone, Copy)]
pub(super) struct Way {
    resources: Field,
    scopes: Field,
    records: Field,
}

/// Of `ExportLogsServiceRequest`.
pub(super) const LOGS: Way = Way {
    resources: Field { number: 1, name: "resourceLogs" },
    scopes: Field { number: 2, name: "scopeLogs" },
    records: Field { number: 2, name: "logRecords" },
};

/// Of `ExportTraceServiceRequest`.
pub(super) const TRACES: Way = Way {
    resources: Field { number: 1, name: "resourceSpans" },
    scopes: Field { number: 2, name: "scopeSpans" },
    records: Field { number: 2, name: "spans" },
};

const RESOURCE: Field = Field { number: 1, name: "resource" };

/// Takes records, each with the resource it is of.
type TakeRecord<'t, R> = &'t mut dyn FnMut(&Resource, Result<R, Dropped>) -> Result<(), Unreadable>;

/// Hands over every record with the resource it is of. A resource that cannot be read takes its records along: they may be
/// somebody's only by what it says.
pub(super) fn each_record<'a, E: Encoded<'a>, R: Readable>(
    request: E,
    way: Way,
    take: TakeRecord<'_, R>,
) -> Result<(), Unreadable> {
    request.each(way.resources, &mut |of_resource| {
        let resource =
            of_resource.one(RESOURCE)?.map_or_else(|| Ok(Resource::default()), Encoded::read::<Resource>);
        of_resource.each(way.scopes, &mut |of_scope| {
            of_scope.each(way.records, &mut |record| match &resource {
                Ok(resource) => take(resource, record.read()),
                Err(dropped) => take(&Resource::default(), Err(*dropped)),
            })
        })
    })
}
