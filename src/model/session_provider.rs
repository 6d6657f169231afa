//! The sign-in methods with which sessions start.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ids::Uid, invalid::Invalid};

/// The sign-in method with which a session was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum SessionProvider {
    /// Email and password.
    Email,
    /// No credential: an anonymous account.
    Anonymous,
    /// A magic link.
    MagicUrl,
    /// A code sent to a phone.
    Phone,
    /// A code sent by email, or a token that your application issued.
    Token,
    /// The token with which a sign-in at an OAuth2 provider ended.
    OAuth2,
    /// An OAuth2 provider.
    Provider(ProviderKey),
}

/// The key of an OAuth2 provider, such as `github`.
///
/// It has 1 to 36 characters of `A-Z a-z 0-9 . _ -`, the first of which is a letter or digit.
///
/// # Examples
/// ```
/// use account::model::{ProviderKey, SessionProvider};
///
/// let github: ProviderKey = "github".parse()?;
/// assert_eq!(SessionProvider::Provider(github).name(), "github");
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProviderKey(Uid);

impl ProviderKey {
    /// Returns the text.
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

    /// Returns the name on the wire and in the store.
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
