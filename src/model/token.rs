//! Tokens: what is mailed, texted or handed out once, to be redeemed once.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{SecretDigest, Timestamp, TokenId, UserId};
use crate::secret::Secret;

/// What a token may be redeemed for. It is bound into the digest, so that no token serves another purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TokenPurpose {
    /// Proves the account's email address.
    #[serde(rename = "verification")]
    EmailVerification,
    /// Proves the account's phone number.
    #[serde(rename = "phone-verification")]
    PhoneVerification,
    /// Sets a new password.
    #[serde(rename = "recovery")]
    Recovery,
    /// Signs in by a link sent by email.
    #[serde(rename = "magic-url")]
    MagicUrl,
    /// Signs in by a code sent by email.
    #[serde(rename = "email-code")]
    EmailCode,
    /// Signs in by a code sent to a phone.
    #[serde(rename = "phone-code")]
    PhoneCode,
    /// Signs in; made by the host's own server.
    #[serde(rename = "generic")]
    Generic,
    /// Signs in after an OAuth2 provider has.
    #[serde(rename = "oauth2")]
    OAuth2,
}

/// By what way a token reaches its owner, and so what its redemption proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Mailbox,
    Phone,
    Host,
}

impl TokenPurpose {
    /// Those whose tokens start a session.
    pub(crate) const SIGN_IN: [Self; 5] =
        [Self::MagicUrl, Self::EmailCode, Self::PhoneCode, Self::Generic, Self::OAuth2];

    /// The name in the store, which is also bound into the digest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EmailVerification => "verification",
            Self::PhoneVerification => "phone-verification",
            Self::Recovery => "recovery",
            Self::MagicUrl => "magic-url",
            Self::EmailCode => "email-code",
            Self::PhoneCode => "phone-code",
            Self::Generic => "generic",
            Self::OAuth2 => "oauth2",
        }
    }

    /// How long such a token is good: 7 days for proving an email address, 1 hour for other links, 15 minutes for codes.
    #[must_use]
    pub fn lifetime(self) -> Duration {
        Duration::from_secs(match self {
            Self::EmailVerification => 7 * 24 * 3600,
            Self::Recovery | Self::MagicUrl => 3600,
            Self::PhoneVerification | Self::EmailCode | Self::PhoneCode | Self::Generic | Self::OAuth2 => {
                15 * 60
            }
        })
    }

    pub(crate) fn channel(self) -> Channel {
        match self {
            Self::EmailVerification | Self::Recovery | Self::MagicUrl | Self::EmailCode => Channel::Mailbox,
            Self::PhoneVerification | Self::PhoneCode => Channel::Phone,
            Self::Generic | Self::OAuth2 => Channel::Host,
        }
    }
}

/// A token as the account keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRecord {
    pub(crate) id: TokenId,
    pub(crate) purpose: TokenPurpose,
    pub(crate) digest: SecretDigest,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// Wrong guesses that may have been meant for it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) tries: u8,
    /// Its secret is short enough to be guessed, so guesses are counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) guessable: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes by reference")]
fn is_zero(tries: &u8) -> bool {
    *tries == 0
}

impl TokenRecord {
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// The token as its owner may see it once it is redeemed.
    pub(crate) fn view(&self, user: &UserId) -> Token {
        let Self { id, created_at, expires_at, .. } = *self;
        Token { id, user: *user, created_at, expires_at, phrase: None, owner: *user, secret: None }
    }
}

/// A token that was made or redeemed, without what it takes to redeem it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The account that it belongs to. Where the caller must not learn whether there is one, the stand-in of the address.
    pub user: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this instant on it is no longer accepted.
    pub expires_at: Timestamp,
    /// The words that the message shows too, if they were asked for.
    pub phrase: Option<Box<str>>,
    pub(crate) owner: UserId,
    pub(crate) secret: Option<Arc<Secret>>,
}

impl Token {
    /// The account that it really belongs to, for the host's own trusted code; [`user`](Token::user) is what the client may see.
    #[must_use]
    pub fn owner(&self) -> &UserId {
        &self.owner
    }

    /// What was sent, for the host's own trusted code; `None` if nothing was, or the token was redeemed.
    ///
    /// # Security
    /// Whoever has it can act as the person it was sent to. Never answer a client with it.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        self.secret.as_deref()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
