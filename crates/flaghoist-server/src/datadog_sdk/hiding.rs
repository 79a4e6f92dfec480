//! Keys of flags that a client's traffic does not show: hashed with a salt of each answer.

use hex::encode;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// What a client says that it can do, to get keys hidden.
pub(super) const HIDING_CAPABILITY: &str = "assignment-encoding-flag-key-256-v1";
/// What is hashed before salt and key.
const PURPOSE: &[u8] = b"datadog.feature-flags.flag-key.v1\0";

/// How keys are hidden in one answer.
pub(super) struct Hiding {
    pub(super) salt: [u8; 16],
}

/// The same for the client, which hides the keys that it looks for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Obfuscation {
    #[schema(example = "flag-key-sha256-v1")]
    scheme: &'static str,
    /// 16 bytes, hexadecimal.
    salt: String,
}

impl Hiding {
    /// What stands for a key.
    pub(super) fn hide(&self, key: &str) -> String {
        let digest = Sha256::new().chain_update(PURPOSE).chain_update(self.salt).chain_update(key);
        encode(digest.finalize())
    }

    pub(super) fn describe(&self) -> Obfuscation {
        Obfuscation { scheme: "flag-key-sha256-v1", salt: encode(self.salt) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_hidden_as_the_published_vector_has_it() {
        let hiding = Hiding { salt: std::array::from_fn(|byte| u8::try_from(byte).unwrap()) };
        let hidden = "36110c9aa00bdec322dd778dcdb317fa5fe4ecb89501635a4909bb9e8e90ac26";
        assert_eq!(hiding.hide("my-flag"), hidden);
        assert_eq!(hiding.describe().salt, "000102030405060708090a0b0c0d0e0f");
    }
}
