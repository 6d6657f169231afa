//! The master keys and the keys derived from them, one per purpose.

use std::{collections::HashSet, fmt};

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    model::Invalid,
    ports::{Entropy, SystemEntropy},
};

/// The master key of a service: at least 32 random bytes, from which a key for each purpose is
/// derived (HKDF, RFC 5869).
///
/// # Security
/// Keep it outside the database. `Debug` shows nothing of it, and the bytes are wiped on drop.
///
/// # Examples
/// ```
/// use account::{Config, MasterKey};
///
/// let text = MasterKey::generate()?.to_base64(); // once, to be kept in a safe place
/// let mut config = Config::new(MasterKey::from_base64(&text)?); // at each start
///
/// // To rotate keys, put a new one in front. What the old one protects stays readable.
/// config.keys.insert(0, MasterKey::generate()?);
/// assert!(MasterKey::from_bytes(b"change me, change me, change me!").is_err());
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Clone)]
pub struct MasterKey(Zeroizing<Vec<u8>>);

impl MasterKey {
    /// Draws a new key from the operating system's random source.
    ///
    /// # Errors
    /// [`Invalid::MasterKey`] if the random source fails.
    pub fn generate() -> Result<Self, Invalid> {
        let mut bytes = Zeroizing::new(vec![0; 32]);
        SystemEntropy.fill(&mut bytes).map_err(|_| Invalid::MasterKey)?;
        Ok(Self(bytes))
    }

    /// Creates a key from bytes.
    ///
    /// # Errors
    /// [`Invalid::MasterKey`] for fewer than 32 or more than 1,024 bytes, and for bytes that are
    /// clearly not random: fewer than 8 different values, or readable text such as a placeholder.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Invalid> {
        let different = bytes.iter().collect::<HashSet<_>>().len();
        let readable = bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        if !(32..=1024).contains(&bytes.len()) || different < 8 || readable {
            return Err(Invalid::MasterKey);
        }
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }

    /// Decodes a key from base64 (standard or URL-safe alphabet, with or without padding).
    ///
    /// # Errors
    /// [`Invalid::MasterKey`] if the text is not base64, and as [`MasterKey::from_bytes`].
    pub fn from_base64(text: &str) -> Result<Self, Invalid> {
        [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD]
            .iter()
            .find_map(|encoding| encoding.decode(text.as_bytes()).ok().map(Zeroizing::new))
            .ok_or(Invalid::MasterKey)
            .and_then(|bytes| Self::from_bytes(&bytes))
    }

    /// Encodes the key as base64, to be kept in a safe place.
    #[must_use]
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// Derives the key for one purpose.
    pub(crate) fn derive(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let filled = Hkdf::<Sha256>::new(Some(b"account/v1"), &self.0)
            .expand(purpose.label().as_bytes(), key.as_mut());
        debug_assert!(filled.is_ok(), "HKDF-SHA-256 yields up to 8,160 bytes");
        key
    }

    /// The public id of the key, which records which of several keys was used.
    pub(crate) fn id(&self) -> String {
        HEXLOWER.encode(self.derive(Purpose::KeyId).first_chunk::<4>().unwrap_or(&[0; 4]))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// The use of a derived key. No two purposes share a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    KeyId,
    Jwt,
    PseudoId,
    Limiter,
    Seal,
    Code,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::KeyId => "key id",
            Self::Jwt => "session jwt",
            Self::PseudoId => "pseudo id",
            Self::Limiter => "limiter",
            Self::Seal => "seal",
            Self::Code => "code",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_keys_are_refused() {
        for weak in [
            &b""[..],
            b"short",
            &[0; 32],
            &[7; 64],
            b"changeme-changeme-changeme-changeme-changeme",
            &[1, 2].repeat(16),
        ] {
            assert_eq!(MasterKey::from_bytes(weak).unwrap_err(), Invalid::MasterKey);
        }
        assert_eq!(MasterKey::from_base64("not base64!").unwrap_err(), Invalid::MasterKey);
    }

    #[test]
    fn a_key_round_trips_through_base64_and_debug_hides_it() {
        let key = MasterKey::generate().unwrap();
        assert_eq!(MasterKey::from_base64(&key.to_base64()).unwrap().id(), key.id());
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }

    #[test]
    fn each_purpose_has_its_own_key() {
        let key = MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|i| i as u8)).unwrap();
        assert_ne!(key.derive(Purpose::Jwt), key.derive(Purpose::PseudoId));
    }
}
