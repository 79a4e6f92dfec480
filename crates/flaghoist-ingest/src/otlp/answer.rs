//! What an exporter is answered: an `Export…ServiceResponse`, which says nothing when all is well.

use super::OtlpEncoding;
use prost::Message;

/// Of what a request was, which names the members of its answer in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpReport {
    /// Log records.
    Logs,
    /// Spans.
    Traces,
}

#[derive(Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// The body of an answer that says that so many records were rejected, because they are too old or of the future; the
/// exporter does not send them again.
pub fn otlp_answer(encoding: OtlpEncoding, report: OtlpReport, rejected: u64) -> Vec<u8> {
    let error_message = "older than a day, or of the future".to_owned();
    let rejected = i64::try_from(rejected).unwrap_or(i64::MAX);
    match encoding {
        OtlpEncoding::Protobuf => {
            let partial_success = (rejected > 0).then_some(PartialSuccess { rejected, error_message });
            Response { partial_success }.encode_to_vec()
        }
        OtlpEncoding::Json if rejected == 0 => b"{}".to_vec(),
        OtlpEncoding::Json => {
            let member = match report {
                OtlpReport::Logs => "rejectedLogRecords",
                OtlpReport::Traces => "rejectedSpans",
            };
            // 64-bit numbers are text in this encoding.
            let partial_success =
                serde_json::json!({ member: rejected.to_string(), "errorMessage": error_message });
            serde_json::json!({ "partialSuccess": partial_success }).to_string().into_bytes()
        }
    }
}
