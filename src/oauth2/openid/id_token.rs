//! id_tokens (OpenID Connect Core §3.1.3.7, RFC 7519, RFC 8725).

use constant_time_eq::constant_time_eq;
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::{
    super::json,
    keys::{Algorithm, KeySet},
};
use crate::model::Timestamp;

/// The longest id_token that is accepted, in bytes.
const MAX_TOKEN_LENGTH: usize = 32 * 1024;
/// The largest accepted difference between the provider's clock and ours, in seconds.
const MAX_CLOCK_SKEW: f64 = 60.0;

/// Why an id_token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdTokenError {
    /// The reply has no id_token.
    #[error("there is none")]
    Missing,
    /// It is not three parts of base64url, the first two of which are JSON objects; or its header
    /// has critical fields that are not supported.
    #[error("it is malformed")]
    Malformed,
    /// It is not signed, or with another algorithm than RS256, ES256 or EdDSA.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// The provider has no key of that name for that algorithm, or several. If the header names no
    /// key: the provider has several, or its only key did not sign the token.
    #[error("its key is unknown")]
    UnknownKey,
    /// It is not signed by the key that its header names.
    #[error("its signature is wrong")]
    Signature,
    /// It was issued by another issuer.
    #[error("its issuer is wrong")]
    Issuer,
    /// It was issued for another client.
    #[error("its audience is wrong")]
    Audience,
    /// It has expired, or has no expiry.
    #[error("it is expired")]
    Expired,
    /// It was issued in the future, is not valid yet, or has no time of issue.
    #[error("its time of issue is missing or in the future")]
    IssuedAt,
    /// Its nonce is missing or belongs to another sign-in: a replay.
    #[error("its nonce is wrong")]
    Nonce,
    /// It has no subject, or another one than the user info.
    #[error("its subject is wrong")]
    Subject,
    /// The user last authenticated longer ago than `max_age`, or the token does not say when.
    #[error("the person has not signed in recently enough")]
    AuthTime,
}

/// The claims that an id_token must have.
pub(in super::super) struct Expected<'a> {
    /// Whether an issuer is accepted, which may depend on the claims.
    pub(in super::super) is_issuer: &'a (dyn Fn(&str, &Value) -> bool + Sync),
    pub(in super::super) client_id: &'a str,
    /// The nonce that was sent, if any.
    pub(in super::super) nonce: Option<&'a str>,
    /// The `max_age` that was sent, if any, in seconds.
    pub(in super::super) max_age: Option<u32>,
    pub(in super::super) now: Timestamp,
}

/// Returns the claims of an id_token after checking its signature and claims.
pub(in super::super) fn verify(
    token: &str,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<Value, IdTokenError> {
    let claims = verify_signature(token, keys)?;
    check_parties(&claims, expected)?;
    check_times(&claims, expected)?;
    check_sign_in(&claims, expected)?;
    Ok(claims)
}

fn verify_signature(token: &str, keys: &KeySet) -> Result<Value, IdTokenError> {
    if token.len() > MAX_TOKEN_LENGTH {
        return Err(IdTokenError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(IdTokenError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(IdTokenError::Malformed)?;
    let (algorithm, key_id) = read_header(header)?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| IdTokenError::Malformed)?;
    let key = keys.choose(key_id.as_deref(), algorithm).ok_or(IdTokenError::UnknownKey)?;
    if !key.has_signed(signed.as_bytes(), &signature) {
        // Without a key id, a wrong signature is the only sign that the provider has rotated its
        // key.
        return Err(if key_id.is_some() { IdTokenError::Signature } else { IdTokenError::UnknownKey });
    }
    parse_object(claims)
}

/// Returns the algorithm and the key id.
fn read_header(header: &str) -> Result<(Algorithm, Option<String>), IdTokenError> {
    let header = parse_object(header)?;
    // RFC 7515 §4.1.11 and RFC 7797: both change what is signed, and neither is supported.
    if header.get("crit").is_some() || header.get("b64").is_some() {
        return Err(IdTokenError::Malformed);
    }
    let algorithm = header.get("alg").and_then(Value::as_str).ok_or(IdTokenError::Malformed)?;
    let algorithm = Algorithm::named(algorithm).ok_or(IdTokenError::Algorithm)?;
    let key_id = match header.get("kid") {
        None => None,
        Some(id) => Some(id.as_str().ok_or(IdTokenError::Malformed)?.to_owned()),
    };
    Ok((algorithm, key_id))
}

fn parse_object(part: &str) -> Result<Value, IdTokenError> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| IdTokenError::Malformed)?;
    json::parse(&bytes).ok().filter(Value::is_object).ok_or(IdTokenError::Malformed)
}

fn check_parties(claims: &Value, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    if !text(claims, "iss").is_some_and(|issuer| (expected.is_issuer)(issuer, claims)) {
        return Err(IdTokenError::Issuer);
    }
    if !is_audience(claims, expected.client_id) {
        return Err(IdTokenError::Audience);
    }
    Ok(())
}

fn check_times(claims: &Value, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let now = expected.now.as_secs() as f64;
    if !seconds(claims, "exp").is_some_and(|expiry| expiry + MAX_CLOCK_SKEW > now) {
        return Err(IdTokenError::Expired);
    }
    let is_past = |time: f64| time - MAX_CLOCK_SKEW <= now;
    let is_valid_yet = claims.get("nbf").is_none_or(|time| time.as_f64().is_some_and(is_past));
    if !seconds(claims, "iat").is_some_and(is_past) || !is_valid_yet {
        return Err(IdTokenError::IssuedAt);
    }
    Ok(())
}

fn check_sign_in(claims: &Value, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    // A missing nonce is as wrong as another one.
    let has_nonce = |nonce: &str| {
        text(claims, "nonce").is_some_and(|found| constant_time_eq(found.as_bytes(), nonce.as_bytes()))
    };
    if !expected.nonce.is_none_or(has_nonce) {
        return Err(IdTokenError::Nonce);
    }
    if text(claims, "sub").is_none_or(str::is_empty) {
        return Err(IdTokenError::Subject);
    }
    let now = expected.now.as_secs() as f64;
    let is_recent = |age: u32| {
        seconds(claims, "auth_time").is_some_and(|time| time + f64::from(age) + MAX_CLOCK_SKEW >= now)
    };
    if !expected.max_age.is_none_or(is_recent) {
        return Err(IdTokenError::AuthTime);
    }
    Ok(())
}

fn text<'a>(claims: &'a Value, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

fn seconds(claims: &Value, name: &str) -> Option<f64> {
    claims.get(name).and_then(Value::as_f64)
}

/// Whether the token was issued for this client. Among several audiences, the authorised party must
/// be this client (§3.1.3.7, 3 to 5).
fn is_audience(claims: &Value, client_id: &str) -> bool {
    let (is_named, is_only) = match claims.get("aud") {
        Some(Value::String(audience)) => (audience == client_id, true),
        Some(Value::Array(audiences)) => {
            (audiences.iter().any(|audience| audience == client_id), audiences.len() == 1)
        }
        _ => (false, false),
    };
    let is_authorised_party = match claims.get("azp") {
        None => is_only,
        Some(party) => party == client_id,
    };
    is_named && is_authorised_party
}

#[cfg(test)]
mod tests;
