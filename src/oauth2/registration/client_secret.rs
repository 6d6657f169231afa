//! Client secrets that are signed JWTs, as "Sign in with Apple" requires.

use std::{collections::BTreeMap, fmt};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{super::error::OAuth2Error, error::RegistrationError};
use crate::{model::Timestamp, secret::Secret};

/// The lifetime of a JWT in seconds. Each is sent immediately after it was signed.
const LIFETIME: i64 = 300;

/// Signs client secrets with ES256 (RFC 7518 §3.4), a new one for each request.
pub(in crate::oauth2) struct ClientSecretKey {
    key: EcdsaKeyPair,
    key_id: String,
    team_id: String,
}

impl ClientSecretKey {
    /// Reads a PKCS #8 key (RFC 5958) from PEM. Line breaks may be written as `\n`.
    pub(super) fn new(
        pem: &Secret,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Self, RegistrationError> {
        let text = Zeroizing::new(pem.expose().replace("\\n", "\n"));
        let body = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        let encoded = Zeroizing::new(body.collect::<String>());
        let key = BASE64
            .decode(encoded.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| RegistrationError::SigningKey)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key, &SystemRandom::new());
        let parameter = |name| parameters.get(name).cloned().ok_or(RegistrationError::SigningKey);
        Ok(Self {
            key: key.map_err(|_| RegistrationError::SigningKey)?,
            key_id: parameter("key_id")?,
            team_id: parameter("team_id")?,
        })
    }

    pub(in crate::oauth2) fn sign(
        &self,
        client_id: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<String, OAuth2Error> {
        let (issued, expires) = (now.as_secs(), now.as_secs().saturating_add(LIFETIME));
        let header = json!({"alg": "ES256", "kid": self.key_id});
        let claims =
            json!({"iss": self.team_id, "sub": client_id, "aud": audience, "iat": issued, "exp": expires});
        let [header, claims] =
            [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
        let signed = format!("{header}.{claims}");
        let signature =
            self.key.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| OAuth2Error::Signing)?;
        Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref())))
    }
}

impl fmt::Debug for ClientSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecretKey(…)")
    }
}
