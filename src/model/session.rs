//! Sessions as their owner sees them, and the token that the client keeps.

use std::{fmt, net::IpAddr};

use data_encoding::{BASE64, HEXLOWER};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    account::Account,
    factor::Factor,
    ids::{SessionId, UserId},
    invalid::Invalid,
    secret_digest::SecretDigest,
    session_provider::SessionProvider,
    session_record::SessionRecord,
    time::Timestamp,
};
use crate::user_agent::Device;

/// The longest wire form that is decoded, in bytes.
const MAX_WIRE_BYTES: usize = 512;

/// The session token that the client keeps: the account's id and 256 random bits.
///
/// # Security
/// Every holder of the token acts as the user. Only its SHA-256 digest is stored. `Debug` shows
/// nothing, there is no `Display`, and the bits are wiped on drop.
///
/// # Examples
/// ```
/// # #[cfg(not(feature = "testing"))] fn main() {}
/// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
/// # let test = account::testing::TestHost::new();
/// # let signed_in = test.signed_up("ada@example.com").await;
/// use account::model::SessionSecret;
///
/// let cookie = signed_in.secret.to_wire(); // to the client, at sign-in
/// let secret = SessionSecret::from_wire(&cookie)?; // from the client, at each request
/// assert_eq!(secret.user(), signed_in.user_id());
/// assert_eq!(format!("{secret:?}"), "SessionSecret(…)");
/// # Ok(()) }
/// ```
#[doc(alias = "session token")]
#[doc(alias = "session cookie")]
pub struct SessionSecret {
    user: UserId,
    bits: Zeroizing<[u8; 32]>,
}

impl SessionSecret {
    pub(crate) fn new(user: UserId, bits: Zeroizing<[u8; 32]>) -> Self {
        Self { user, bits }
    }

    /// Parses the wire form: base64 of `{"id":"<user id>","secret":"<64 hex digits>"}`.
    ///
    /// Cookies and the header `X-Appwrite-Session` carry it.
    ///
    /// # Errors
    /// [`Invalid::SessionSecret`] for anything else.
    pub fn from_wire(text: &str) -> Result<Self, Invalid> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            id: &'a str,
            secret: &'a str,
        }
        if text.len() > MAX_WIRE_BYTES {
            return Err(Invalid::SessionSecret);
        }
        let json = Zeroizing::new(BASE64.decode(text.as_bytes()).map_err(|_| Invalid::SessionSecret)?);
        // `serde_json` would accept an array of two for the struct.
        if json.first() != Some(&b'{') {
            return Err(Invalid::SessionSecret);
        }
        let wire: Wire<'_> = serde_json::from_slice(&json).map_err(|_| Invalid::SessionSecret)?;
        let mut bits = Zeroizing::new([0; 32]);
        let is_whole =
            wire.secret.len() == 64 && HEXLOWER.decode_mut(wire.secret.as_bytes(), bits.as_mut()).is_ok();
        match (is_whole, wire.id.parse()) {
            (true, Ok(user)) => Ok(Self { user, bits }),
            _ => Err(Invalid::SessionSecret),
        }
    }

    /// Returns the wire form, for a cookie or a trusted client.
    #[must_use]
    pub fn to_wire(&self) -> String {
        let hex = Zeroizing::new(HEXLOWER.encode(self.bits.as_ref()));
        let json = Zeroizing::new(format!(r#"{{"id":"{}","secret":"{}"}}"#, self.user, hex.as_str()));
        BASE64.encode(json.as_bytes())
    }

    /// Returns the account that the session claims to belong to. It is not verified.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    pub(crate) fn digest(&self) -> SecretDigest {
        SecretDigest::new(Sha256::digest(self.bits.as_ref()).into())
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(…)")
    }
}

/// A session as its owner sees it.
///
/// `Debug` shows ids, times, provider and factors, but not the email address, IP address, device or
/// country.
#[derive(Clone)]
#[non_exhaustive]
pub struct Session {
    /// The id of the session.
    pub id: SessionId,
    /// The account it belongs to.
    pub user: UserId,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it expires. It is not accepted from this instant on.
    pub expires_at: Timestamp,
    /// The sign-in method with which it was started.
    pub provider: SessionProvider,
    /// The email address if it was started with a password, otherwise empty.
    pub provider_uid: Box<str>,
    /// When the access token of its OAuth2 provider expires, if the provider returned that.
    pub provider_access_expires_at: Option<Timestamp>,
    /// The client's IP address at sign-in.
    pub ip: Option<IpAddr>,
    /// The client's device at sign-in, by its user agent.
    pub device: Device,
    /// The country at sign-in: ISO 3166-1 alpha-2 code in upper case.
    pub country: Option<Box<str>>,
    /// The factors that its holder has passed.
    pub factors: Vec<Factor>,
    /// When its holder last passed a second-factor challenge.
    pub challenged_at: Option<Timestamp>,
    /// Whether the request was made with this session.
    pub current: bool,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .field("provider", &self.provider)
            .field("factors", &self.factors)
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(account: &Account, record: &SessionRecord, device: Device, current: bool) -> Self {
        let identity = account.identities.iter().find(|identity| {
            *identity.provider == *record.provider.name() && identity.uid == record.provider_uid
        });
        Self {
            id: record.id,
            user: *account.id(),
            created_at: record.created_at,
            updated_at: record.updated_at,
            expires_at: record.expires_at,
            provider: record.provider,
            provider_uid: record.provider_uid.clone(),
            provider_access_expires_at: identity.and_then(|identity| identity.access_expires_at),
            ip: record.ip,
            device,
            country: record.country.clone(),
            factors: record.factors.into(),
            challenged_at: record.challenged_at,
            current,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> SessionSecret {
        SessionSecret::new("u1".parse().unwrap(), Zeroizing::new([0x9f; 32]))
    }

    #[test]
    fn the_wire_form_is_read_back() {
        let again = SessionSecret::from_wire(&secret().to_wire()).unwrap();
        assert_eq!(again.user().as_str(), "u1");
        assert!(again.digest().matches(&secret().digest()));
    }

    #[test]
    fn a_secret_in_upper_case_is_rejected() {
        let wire = String::from_utf8(BASE64.decode(secret().to_wire().as_bytes()).unwrap()).unwrap();
        let upper = BASE64.encode(wire.replace("9f", "9F").as_bytes());
        assert_eq!(SessionSecret::from_wire(&upper).unwrap_err(), Invalid::SessionSecret);
    }

    #[test]
    fn an_array_of_id_and_secret_is_rejected() {
        let array = format!(r#"["u1","{}"]"#, "9f".repeat(32));
        assert_eq!(
            SessionSecret::from_wire(&BASE64.encode(array.as_bytes())).unwrap_err(),
            Invalid::SessionSecret
        );
    }

    #[test]
    fn debug_shows_neither_secret_nor_digest() {
        let text = format!("{:?} {:?}", secret(), secret().digest());
        assert_eq!(text, "SessionSecret(…) SecretDigest(…)");
    }
}
