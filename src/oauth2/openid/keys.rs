//! Public keys of providers (RFC 7517).

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{self, UnparsedPublicKey};
use serde_json::Value;

use super::super::json::{self, ReplyError};

/// The number of keys that are read; no known provider publishes as many.
const MAX_KEYS: usize = 64;

/// The accepted algorithms. All are asymmetric: with HMAC, the public key would serve as the secret
/// (algorithm confusion, RFC 8725 §3.1 and §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    /// Returns the algorithm that a header names, or `None` for any other name, including `none`.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            // RFC 9864 replaces `EdDSA` with the more specific `Ed25519`; both are in use.
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// The signature keys of one provider.
#[derive(Debug)]
pub(in super::super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<Box<str>>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// The uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl KeySet {
    /// Parses a key set, and skips unsupported keys and keys for other uses (RFC 7517 §5).
    pub(in super::super) fn parse(body: &[u8]) -> Result<Self, ReplyError> {
        let document = json::parse(body)?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(ReplyError::Shape)?;
        Ok(Self(keys.iter().take(MAX_KEYS).filter_map(Key::parse).collect()))
    }

    /// Returns the key that a header names. Without a name, the set must have only one suitable key
    /// (OpenID Connect Core §10.1).
    pub(super) fn choose(&self, id: Option<&str>, algorithm: Algorithm) -> Option<ChosenKey<'_>> {
        let mut suitable = self
            .0
            .iter()
            .filter(|key| key.material.supports(algorithm) && (id.is_none() || key.id.as_deref() == id));
        let first = suitable.next()?;
        suitable.next().is_none().then_some(ChosenKey(&first.material))
    }
}

/// A key that is suitable for the algorithm.
pub(super) struct ChosenKey<'a>(&'a Material);

impl ChosenKey<'_> {
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self.0 {
            Material::Rsa { modulus, exponent } => {
                signature::RsaPublicKeyComponents { n: modulus, e: exponent }.verify(
                    &signature::RSA_PKCS1_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Material::Ed25519(key) => {
                UnparsedPublicKey::new(&signature::ED25519, key).verify(message, signature)
            }
        };
        verified.is_ok()
    }
}

impl Key {
    fn parse(key: &Value) -> Option<Self> {
        let text = |name| key.get(name).and_then(Value::as_str);
        let bytes = |name| BASE64URL_NOPAD.decode(text(name)?.as_bytes()).ok();
        if key.get("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let material = match (text("kty")?, text("crv")) {
            ("RSA", _) => Material::Rsa {
                modulus: without_leading_zeros(bytes("n")?),
                exponent: without_leading_zeros(bytes("e")?),
            },
            ("EC", Some("P-256")) => {
                Material::P256([vec![4], coordinate(bytes("x")?)?, coordinate(bytes("y")?)?].concat())
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x")?),
            _ => return None,
        };
        let is_suitable = match key.get("alg") {
            None | Some(Value::Null) => true,
            Some(name) => {
                name.as_str().and_then(Algorithm::named).is_some_and(|algorithm| material.supports(algorithm))
            }
        };
        is_suitable.then(|| Self { id: text("kid").map(Box::from), material })
    }
}

impl Material {
    fn supports(&self, algorithm: Algorithm) -> bool {
        matches!(
            (self, algorithm),
            (Self::Rsa { .. }, Algorithm::Rs256)
                | (Self::P256(_), Algorithm::Es256)
                | (Self::Ed25519(_), Algorithm::EdDsa)
        )
    }
}

/// Removes leading zeros. RFC 7518 §6.3.1.1 forbids them, but some providers send one.
fn without_leading_zeros(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

/// A coordinate always has the full 32 bytes (RFC 7518 §6.2.1.2).
fn coordinate(bytes: Vec<u8>) -> Option<Vec<u8>> {
    (bytes.len() == 32).then_some(bytes)
}
