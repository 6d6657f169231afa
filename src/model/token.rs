//! Single-use tokens, which are sent by mail or SMS or issued by your application.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    ids::{TokenId, UserId},
    secret_digest::SecretDigest,
    time::Timestamp,
};
use crate::secret::Secret;

/// The purpose of a token.
///
/// # Security
/// The purpose is part of the digest, so a token cannot be redeemed for another purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TokenPurpose {
    /// Verifies the account's email address.
    #[serde(rename = "verification")]
    EmailVerification,
    /// Verifies the account's phone number.
    #[serde(rename = "phone-verification")]
    PhoneVerification,
    /// Sets a new password.
    #[doc(alias = "forgot password")]
    #[doc(alias = "reset password")]
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
    /// Signs in with a token that your application issued.
    #[serde(rename = "generic")]
    Generic,
    /// Signs in after a sign-in at an OAuth2 provider.
    #[serde(rename = "oauth2")]
    OAuth2,
}

/// The channel through which a token reaches its owner. Redeeming it shows access to that
/// channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Mailbox,
    Phone,
    Application,
}

impl TokenPurpose {
    /// The purposes whose tokens start a session.
    pub(crate) const SIGN_IN: [Self; 5] =
        [Self::MagicUrl, Self::EmailCode, Self::PhoneCode, Self::Generic, Self::OAuth2];

    /// Returns the name in the store, which is also part of the digest.
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

    /// Returns how long such a token is valid: 7 days for the verification of an email address, 1
    /// hour for other links, 15 minutes for codes.
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
            Self::Generic | Self::OAuth2 => Channel::Application,
        }
    }
}

/// A token, as stored in the account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRecord {
    pub(crate) id: TokenId,
    pub(crate) purpose: TokenPurpose,
    pub(crate) digest: SecretDigest,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// Failed attempts that may have been meant for this token.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) tries: u8,
    /// Whether its secret is short enough to be guessed, so that failed attempts are counted.
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

    /// Returns the redeemed token as its owner may see it.
    pub(crate) fn view(&self, user: &UserId) -> Token {
        let Self { id, created_at, expires_at, .. } = *self;
        Token { id, user: *user, created_at, expires_at, phrase: None, owner: *user, secret: None }
    }
}

/// A token that was issued or redeemed. It does not expose the secret to the client.
#[derive(Clone)]
#[non_exhaustive]
pub struct Token {
    /// The id of the token.
    pub id: TokenId,
    /// The account it belongs to, as the client may see it.
    ///
    /// Against user enumeration, it is a placeholder derived from the address if the client must
    /// not learn whether the account exists.
    pub user: UserId,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it expires. It is not accepted from this instant on.
    pub expires_at: Timestamp,
    /// The security phrase that the message shows too, if one was requested.
    pub phrase: Option<Box<str>>,
    pub(crate) owner: UserId,
    pub(crate) secret: Option<Arc<Secret>>,
}

impl Token {
    /// Returns the account that it actually belongs to.
    ///
    /// It is for trusted code of your application. [`user`](Token::user) is for the client.
    #[must_use]
    pub fn owner(&self) -> &UserId {
        &self.owner
    }

    /// Returns the secret that was sent, for trusted code of your application.
    ///
    /// It is `None` if nothing was sent or the token was redeemed.
    ///
    /// # Security
    /// Every holder of the secret can act as the user to whom it was sent. Never return it to a
    /// client.
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
