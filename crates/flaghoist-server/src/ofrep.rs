//! OFREP 0.3.0, the OpenFeature Remote Evaluation Protocol.
//!
//! What real clients need beyond the letter of the protocol: `variant` and a known `reason` always, `errorDetails`
//! with every error, decimal points in float values, flat metadata, and an `ETag` that covers the whole answer.

mod answer;
mod bulk;
mod errors;
mod request;
mod single;
mod stream;

pub(crate) use bulk::matches;
pub(crate) use bulk::{__path_evaluate_flags, evaluate_flags};
use errors::{OfrepError, OfrepErrors, Refusal};
pub(crate) use errors::{method_not_allowed, render};
use request::EvaluationRequest;
pub(crate) use request::subject;
pub(crate) use single::{__path_evaluate_flag, evaluate_flag};
pub(crate) use stream::{__path_stream_evaluations, stream_evaluations};
