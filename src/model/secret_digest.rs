//! Digests of secrets, as stored in the account.

use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::invalid::Invalid;

/// The digest of a secret.
///
/// # Security
/// It is SHA-256 for secrets of 256 random bits, which have enough entropy for a plain digest, and
/// HMAC-SHA-256 for codes, which could be guessed.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "&str", into = "String")]
pub(crate) struct SecretDigest([u8; 32]);

impl SecretDigest {
    pub(crate) fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Compares in constant time.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        constant_time_eq::constant_time_eq_32(&self.0, &other.0)
    }
}

impl TryFrom<&str> for SecretDigest {
    type Error = Invalid;

    fn try_from(text: &str) -> Result<Self, Invalid> {
        let mut bytes = [0; 32];
        match text.len() == 64 && HEXLOWER.decode_mut(text.as_bytes(), &mut bytes).is_ok() {
            true => Ok(Self(bytes)),
            false => Err(Invalid::SessionSecret),
        }
    }
}

impl From<SecretDigest> for String {
    fn from(digest: SecretDigest) -> Self {
        HEXLOWER.encode(&digest.0)
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}
