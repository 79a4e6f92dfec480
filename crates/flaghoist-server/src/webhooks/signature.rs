//! How receivers know that a delivery is ours, and fresh.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// Header with the Unix time of the attempt in seconds. It is signed: receivers refuse what is too old.
pub const TIMESTAMP_HEADER: &str = "x-flaghoist-timestamp";
/// Header with the signature.
pub const SIGNATURE_HEADER: &str = "x-flaghoist-signature";
/// Header with the id of the delivery, which is the same in every attempt.
pub const DELIVERY_HEADER: &str = "x-flaghoist-delivery";
/// Header with the name of the event.
pub const EVENT_HEADER: &str = "x-flaghoist-event";

/// The signature of a body sent at that moment: `v1=` and the HMAC-SHA256, in hexadecimal digits, of the Unix time in
/// seconds, a dot, and the body.
pub fn sign(secret: &str, at: Timestamp, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(at.as_second().to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Python: `hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()`.
    #[test]
    fn a_signature_is_what_another_implementation_makes_of_it() {
        let at = Timestamp::from_second(1_795_082_400).unwrap();
        let body = r#"{"event":"flag.enabled","flag":{"name":"Dark mode — größer"}}"#;
        assert_eq!(
            sign("fhw_0123456789abcdef", at, body.as_bytes()),
            "v1=d3dee75f07ffb0dc766a87a351444452a7f2ee98bb03804353b5ef8d193faa9d"
        );
    }
}
