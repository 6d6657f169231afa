//! Sessions: a secret that the client keeps, and the digest of it in the account.

use std::{fmt, net::IpAddr, str::FromStr};

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Account, Invalid, SecretDigest, SessionId, SessionRecord, Timestamp, Uid, UserId};
use crate::user_agent::Device;

/// How a session was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum SessionProvider {
    /// Email and password.
    Email,
    /// Nothing: an anonymous account.
    Anonymous,
    /// A magic link.
    MagicUrl,
    /// A code sent to a phone.
    Phone,
    /// A code sent by email, or a token that the host's server made.
    Token,
    /// A token that an OAuth2 provider's sign-in ended with.
    OAuth2,
    /// An OAuth2 provider.
    Provider(ProviderKey),
}

/// The key of an OAuth2 provider, such as `github`: 1–36 of `A-Z a-z 0-9 . _ -`, of which the first is a letter or a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProviderKey(Uid);

impl ProviderKey {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for ProviderKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse().map(Self)
    }
}

impl SessionProvider {
    const FIXED: [Self; 6] =
        [Self::Email, Self::Anonymous, Self::MagicUrl, Self::Phone, Self::Token, Self::OAuth2];

    /// The name on the wire and in the store.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Email => "email",
            Self::Anonymous => "anonymous",
            Self::MagicUrl => "magic-url",
            Self::Phone => "phone",
            Self::Token => "token",
            Self::OAuth2 => "oauth2",
            Self::Provider(key) => key.as_str(),
        }
    }
}

impl From<SessionProvider> for String {
    fn from(provider: SessionProvider) -> Self {
        provider.name().to_owned()
    }
}

impl TryFrom<String> for SessionProvider {
    type Error = Invalid;

    fn try_from(name: String) -> Result<Self, Invalid> {
        match Self::FIXED.into_iter().find(|fixed| fixed.name() == name) {
            Some(fixed) => Ok(fixed),
            None => name.parse().map(Self::Provider),
        }
    }
}

/// What the holder of a session has proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Factor {
    /// The password.
    #[serde(rename = "password")]
    Password,
    /// Nothing: an anonymous account.
    #[serde(rename = "anonymous")]
    Anonymous,
    /// That they read the account's mailbox.
    #[serde(rename = "email")]
    Email,
    /// That they receive text messages at the account's number.
    #[serde(rename = "phone")]
    Phone,
    /// The authenticator app.
    #[serde(rename = "totp")]
    Totp,
    /// One of the recovery codes.
    #[serde(rename = "recoverycode")]
    RecoveryCode,
    /// A token that the host's server made.
    #[serde(rename = "token")]
    Token,
    /// That an OAuth2 provider knows them.
    #[serde(rename = "oauth2")]
    OAuth2,
}

/// Factors of one class are no proof beside each other: whoever has one has all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FactorClass {
    Knowledge,
    Nothing,
    Mailbox,
    Phone,
    Authenticator,
    Reserve,
    Host,
}

impl Factor {
    /// The name on the wire and in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Anonymous => "anonymous",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Totp => "totp",
            Self::RecoveryCode => "recoverycode",
            Self::Token => "token",
            Self::OAuth2 => "oauth2",
        }
    }

    pub(crate) fn class(self) -> FactorClass {
        match self {
            Self::Password => FactorClass::Knowledge,
            Self::Anonymous => FactorClass::Nothing,
            // Whoever holds the mailbox mostly holds the account at the provider too.
            Self::Email | Self::OAuth2 => FactorClass::Mailbox,
            Self::Phone => FactorClass::Phone,
            Self::Totp => FactorClass::Authenticator,
            Self::RecoveryCode => FactorClass::Reserve,
            Self::Token => FactorClass::Host,
        }
    }
}

/// What the client keeps of a session: the account's id and 256 random bits.
///
/// # Security
/// Whoever has it is the user. Only its SHA-256 digest is stored. `Debug` shows nothing, there is no `Display`, and the bits are wiped on drop.
pub struct SessionSecret {
    user: UserId,
    bits: Zeroizing<[u8; 32]>,
}

impl SessionSecret {
    pub(crate) fn new(user: UserId, bits: Zeroizing<[u8; 32]>) -> Self {
        Self { user, bits }
    }

    /// Reads the wire form: base64 of `{"id":"<user id>","secret":"<64 hex digits>"}`, as cookies and `X-Appwrite-Session` carry it.
    ///
    /// # Errors
    /// [`Invalid::SessionSecret`] for anything else.
    pub fn from_wire(text: &str) -> Result<Self, Invalid> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            id: &'a str,
            secret: &'a str,
        }
        if text.len() > 512 {
            return Err(Invalid::SessionSecret);
        }
        let json = Zeroizing::new(BASE64.decode(text.as_bytes()).map_err(|_| Invalid::SessionSecret)?);
        // The derived reader would take an array of two for the object.
        if json.first() != Some(&b'{') {
            return Err(Invalid::SessionSecret);
        }
        let wire: Wire<'_> = serde_json::from_slice(&json).map_err(|_| Invalid::SessionSecret)?;
        let mut bits = Zeroizing::new([0; 32]);
        let whole =
            wire.secret.len() == 64 && HEXLOWER.decode_mut(wire.secret.as_bytes(), bits.as_mut()).is_ok();
        match (whole, wire.id.parse()) {
            (true, Ok(user)) => Ok(Self { user, bits }),
            _ => Err(Invalid::SessionSecret),
        }
    }

    /// Writes the wire form, for a cookie or a trusted client.
    #[must_use]
    pub fn to_wire(&self) -> String {
        let hex = Zeroizing::new(HEXLOWER.encode(self.bits.as_ref()));
        let json = Zeroizing::new(format!(r#"{{"id":"{}","secret":"{}"}}"#, self.user, hex.as_str()));
        BASE64.encode(json.as_bytes())
    }

    /// The account that the session belongs to, as the client claims.
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

/// A session as its owner sees it. `Debug` shows whose it is and since when, not who that is and where.
#[derive(Clone)]
#[non_exhaustive]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// From this instant on it is no longer accepted.
    pub expires_at: Timestamp,
    /// How it was started.
    pub provider: SessionProvider,
    /// With a password: the email. Otherwise empty.
    pub provider_uid: Box<str>,
    /// When the access token of its OAuth2 provider expires, if the provider said so.
    pub provider_access_expires_at: Option<Timestamp>,
    /// The client's address at the start.
    pub ip: Option<IpAddr>,
    /// What the client's user agent said at the start.
    pub device: Device,
    /// ISO 3166-1 alpha-2 code of the country at the start, in upper case.
    pub country: Option<Box<str>>,
    /// What its holder has proved.
    pub factors: Vec<Factor>,
    /// When its holder last passed a second-factor challenge.
    pub challenged_at: Option<Timestamp>,
    /// Whether it is the one that made the request.
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
    fn the_wire_form_comes_back() {
        let again = SessionSecret::from_wire(&secret().to_wire()).unwrap();
        assert_eq!(again.user().as_str(), "u1");
        assert!(again.digest().matches(&secret().digest()));
    }

    #[test]
    fn a_secret_in_upper_case_is_refused() {
        let wire = String::from_utf8(BASE64.decode(secret().to_wire().as_bytes()).unwrap()).unwrap();
        let upper = BASE64.encode(wire.replace("9f", "9F").as_bytes());
        assert_eq!(SessionSecret::from_wire(&upper).unwrap_err(), Invalid::SessionSecret);
    }

    #[test]
    fn an_array_of_id_and_secret_is_refused() {
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
