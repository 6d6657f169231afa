//! id_tokens (OpenID Connect Core §3.1.3.7, RFC 7519, RFC 8725).

use constant_time_eq::constant_time_eq;
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::{
    super::json,
    keys::{Algorithm, KeySet},
};
use crate::model::Timestamp;

/// The longest id_token that is looked at, in bytes.
const MAX_LENGTH: usize = 32 * 1024;
/// How far the provider's clock may be off, in seconds.
const SKEW: f64 = 60.0;

/// Why an id_token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdTokenError {
    /// There is none.
    #[error("there is none")]
    Missing,
    /// Not three parts of base64url, the first two of which are JSON objects, or with header fields that must be understood and are not.
    #[error("it is malformed")]
    Malformed,
    /// Signed in another way than by RS256, ES256 or EdDSA, or not at all.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// The provider has no key of that name for that algorithm, or several; or it names none, and the one that there is has not signed it.
    #[error("its key is unknown")]
    UnknownKey,
    /// Not signed by the key that it names.
    #[error("its signature is wrong")]
    Signature,
    /// Issued by somebody else.
    #[error("its issuer is wrong")]
    Issuer,
    /// Issued for somebody else.
    #[error("its audience is wrong")]
    Audience,
    /// Past its expiry, or without one.
    #[error("it is expired")]
    Expired,
    /// Issued or good from later on, or without a time of issue.
    #[error("its time of issue is missing or in the future")]
    IssuedAt,
    /// Of another sign-in, or of none.
    #[error("its nonce is wrong")]
    Nonce,
    /// Without a subject, or with another one than the user info has.
    #[error("its subject is wrong")]
    Subject,
    /// The person proved who they are longer ago than was asked for, or the token does not tell.
    #[error("the person has not signed in recently enough")]
    AuthTime,
}

/// What an id_token must say.
pub(in super::super) struct Expected<'a> {
    /// The accepted issuers, which may depend on the claims.
    pub(in super::super) is_issuer: &'a (dyn Fn(&str, &Value) -> bool + Sync),
    pub(in super::super) client_id: &'a str,
    /// If one was sent, it must be there.
    pub(in super::super) nonce: Option<&'a str>,
    /// If a greatest age was sent, in seconds.
    pub(in super::super) max_age: Option<u32>,
    pub(in super::super) now: Timestamp,
}

/// The claims of an id_token that is signed by one of the keys and says what is expected.
pub(in super::super) fn verify(
    token: &str,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<Value, IdTokenError> {
    let claims = verify_signature(token, keys)?;
    check_claims(&claims, expected)?;
    Ok(claims)
}

fn verify_signature(token: &str, keys: &KeySet) -> Result<Value, IdTokenError> {
    if token.len() > MAX_LENGTH {
        return Err(IdTokenError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(IdTokenError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(IdTokenError::Malformed)?;
    let header = object(header)?;
    // RFC 7515 §4.1.11 and RFC 7797: both change what is signed, in ways that nobody here knows.
    if header.get("crit").is_some() || header.get("b64").is_some() {
        return Err(IdTokenError::Malformed);
    }
    let algorithm = header.get("alg").and_then(Value::as_str).ok_or(IdTokenError::Malformed)?;
    let algorithm = Algorithm::named(algorithm).ok_or(IdTokenError::Algorithm)?;
    let key_id = match header.get("kid") {
        None => None,
        Some(id) => Some(id.as_str().ok_or(IdTokenError::Malformed)?),
    };
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| IdTokenError::Malformed)?;
    let key = keys.choose(key_id, algorithm).ok_or(IdTokenError::UnknownKey)?;
    if !key.has_signed(signed.as_bytes(), &signature) {
        // Of a key without a name only this tells that the provider has another one now.
        return Err(if key_id.is_some() { IdTokenError::Signature } else { IdTokenError::UnknownKey });
    }
    object(claims)
}

fn object(part: &str) -> Result<Value, IdTokenError> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| IdTokenError::Malformed)?;
    json::parse(&bytes).ok().filter(Value::is_object).ok_or(IdTokenError::Malformed)
}

fn check_claims(claims: &Value, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let text = |name| claims.get(name).and_then(Value::as_str);
    let seconds = |name| claims.get(name).and_then(Value::as_f64);
    let now = expected.now.as_secs() as f64;

    if !text("iss").is_some_and(|issuer| (expected.is_issuer)(issuer, claims)) {
        return Err(IdTokenError::Issuer);
    }
    if !is_for(claims, expected.client_id) {
        return Err(IdTokenError::Audience);
    }
    if !seconds("exp").is_some_and(|expiry| expiry + SKEW > now) {
        return Err(IdTokenError::Expired);
    }
    let is_past = |time: f64| time - SKEW <= now;
    let is_good_already = claims.get("nbf").is_none_or(|time| time.as_f64().is_some_and(is_past));
    if !seconds("iat").is_some_and(is_past) || !is_good_already {
        return Err(IdTokenError::IssuedAt);
    }
    // A nonce that was sent and is not there is as wrong as another one.
    let has_nonce =
        |nonce: &str| text("nonce").is_some_and(|found| constant_time_eq(found.as_bytes(), nonce.as_bytes()));
    if !expected.nonce.is_none_or(has_nonce) {
        return Err(IdTokenError::Nonce);
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err(IdTokenError::Subject);
    }
    let is_recent = |age: u32| seconds("auth_time").is_some_and(|time| time + f64::from(age) + SKEW >= now);
    if !expected.max_age.is_none_or(is_recent) {
        return Err(IdTokenError::AuthTime);
    }
    Ok(())
}

/// §3.1.3.7, 3 to 5: among several audiences, the authorised party must be us.
fn is_for(claims: &Value, client_id: &str) -> bool {
    let (is_named, is_alone) = match claims.get("aud") {
        Some(Value::String(audience)) => (audience == client_id, true),
        Some(Value::Array(audiences)) => {
            (audiences.iter().any(|audience| audience == client_id), audiences.len() == 1)
        }
        _ => (false, false),
    };
    let is_party = match claims.get("azp") {
        None => is_alone,
        Some(party) => party == client_id,
    };
    is_named && is_party
}

#[cfg(test)]
mod tests;
