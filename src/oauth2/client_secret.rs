//! Client secrets that are signed statements (Apple's "Sign in with Apple REST API").

use std::{collections::BTreeMap, fmt};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{OAuth2Error, RegistrationError};
use crate::{model::Timestamp, secret::Secret};

/// How long a statement is good for, in seconds. It is used at once.
const LIFE: i64 = 300;

/// Signs client secrets: JWTs by ES256 (RFC 7518 §3.4), a new one for each request.
pub(super) struct ClientSecretKey {
    key: EcdsaKeyPair,
    key_id: String,
    team_id: String,
}

impl ClientSecretKey {
    /// Reads the PEM of a PKCS #8 key (RFC 5958), line breaks of which may be spelled `\n`.
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

    pub(super) fn sign(
        &self,
        client_id: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<String, OAuth2Error> {
        let (issued, expires) = (now.as_secs(), now.as_secs().saturating_add(LIFE));
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
