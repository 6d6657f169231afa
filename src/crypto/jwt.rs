//! Session JWTs: HS256 with one fixed header per key (RFC 7515, RFC 7519), so that the algorithm is
//! never read from a token.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::keys::{MasterKey, Purpose};
use crate::model::{SessionId, Timestamp, UserId};

/// The maximum length of a token, in bytes.
const MAX_LENGTH: usize = 8_192;
/// How far the clock of the issuing node may be ahead, in seconds.
const MAX_SKEW: i64 = 60;

/// Why a JWT was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtError {
    /// The token is not of the form that this service issues, or not signed with its key.
    #[error("Invalid token")]
    Invalid,
    /// The token has expired.
    #[error("Expired token")]
    Expired,
}

/// The claims of a session JWT. Unknown claims, of a newer release, are ignored (RFC 7519 §4);
/// duplicates of these are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Claims {
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    /// The account's JWT generation at the time of issue.
    pub(crate) generation: u32,
    /// The project, so that no other service that shares the key accepts the token.
    pub(crate) aud: Box<str>,
    pub(crate) iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(crate) nbf: Option<i64>,
    pub(crate) exp: i64,
}

/// A claim that is present must have the right type: `null` does not mean "absent".
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(deserializer).map(Some)
}

/// Issues and verifies the JWTs of one service. The first key signs, all keys verify.
pub(crate) struct JwtCodec {
    keys: Vec<JwtKey>,
    audience: Box<str>,
    max_life: i64,
}

struct JwtKey {
    header: String,
    mac: Hmac<Sha256>,
}

impl JwtCodec {
    /// Returns `None` if there is no key. Tokens with a lifetime above `max_life`, in seconds, are
    /// refused.
    pub(crate) fn new(keys: &[MasterKey], audience: &str, max_life: i64) -> Option<Self> {
        let keys = keys.iter().map(|key| {
            let header = format!(r#"{{"typ":"JWT","alg":"HS256","kid":"{}"}}"#, key.id());
            let mac = Hmac::new_from_slice(key.derive(Purpose::Jwt).as_ref()).ok()?;
            Some(JwtKey { header: BASE64URL_NOPAD.encode(header.as_bytes()), mac })
        });
        let keys = keys.collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty())?;
        Some(Self { keys, audience: audience.into(), max_life })
    }

    pub(crate) fn audience(&self) -> Box<str> {
        self.audience.clone()
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Option<String> {
        let key = self.keys.first()?;
        let mut token = String::with_capacity(320);
        token.push_str(&key.header);
        token.push('.');
        BASE64URL_NOPAD.encode_append(&serde_json::to_vec(claims).ok()?, &mut token);
        let tag = key.mac.clone().chain_update(token.as_bytes()).finalize().into_bytes();
        token.push('.');
        BASE64URL_NOPAD.encode_append(&tag, &mut token);
        Some(token)
    }

    /// Verifies a token and returns its claims.
    ///
    /// # Errors
    /// [`JwtError::Expired`] if the token has expired, [`JwtError::Invalid`] otherwise.
    ///
    /// # Security
    /// No claim is read before the signature is verified, in constant time.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, JwtError> {
        if token.len() > MAX_LENGTH {
            return Err(JwtError::Invalid);
        }
        let (signed, tag) = token.rsplit_once('.').ok_or(JwtError::Invalid)?;
        let (header, payload) = signed.split_once('.').ok_or(JwtError::Invalid)?;
        let key = self.keys.iter().find(|key| key.header == header).ok_or(JwtError::Invalid)?;
        let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).map_err(|_| JwtError::Invalid)?;
        key.mac.clone().chain_update(signed.as_bytes()).verify_slice(&tag).map_err(|_| JwtError::Invalid)?;
        let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).map_err(|_| JwtError::Invalid)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| JwtError::Invalid)?;
        self.check_claims(claims, now.as_secs())
    }

    fn check_claims(&self, claims: Claims, now: i64) -> Result<Claims, JwtError> {
        let life = claims.exp.checked_sub(claims.iat).ok_or(JwtError::Invalid)?;
        let early = claims.iat > now.saturating_add(MAX_SKEW) || claims.nbf.is_some_and(|from| from > now);
        if claims.aud != self.audience || !(0..=self.max_life).contains(&life) || early {
            return Err(JwtError::Invalid);
        }
        if now >= claims.exp { Err(JwtError::Expired) } else { Ok(claims) }
    }
}

impl std::fmt::Debug for JwtCodec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JwtCodec(…)")
    }
}

#[cfg(test)]
mod tests;
