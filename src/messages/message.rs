//! Messages as data.

use std::{net::IpAddr, sync::Arc};

use crate::{
    model::{Email, Name, Phone, Timestamp},
    secret::Secret,
    user_agent::Device,
};

/// The content of an email.
///
/// # Security
/// Codes and links are [`Secret`]s: knowing one is enough to act as the recipient. Put them into
/// the message and nowhere else.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notice {
    /// A link that verifies the email address; valid for 7 days.
    Verification {
        /// The link.
        link: Arc<Secret>,
    },
    /// A link for setting a new password; valid for one hour.
    #[doc(alias = "forgot password")]
    #[doc(alias = "reset password")]
    Recovery {
        /// The link.
        link: Arc<Secret>,
    },
    /// A link that signs in; valid for one hour.
    MagicUrl {
        /// The link.
        link: Arc<Secret>,
        /// The device that asked for it.
        device: Device,
        /// The security phrase, if the client asked for one. The page that asked shows it too.
        phrase: Option<Box<str>>,
    },
    /// A code that signs in; valid for 15 minutes.
    EmailCode {
        /// The code.
        code: Arc<Secret>,
        /// The device that asked for it.
        device: Device,
        /// The security phrase, if the client asked for one. The page that asked shows it too.
        phrase: Option<Box<str>>,
    },
    /// A code that completes a second-factor challenge; valid for 15 minutes.
    #[doc(alias = "2FA")]
    MfaCode {
        /// The code.
        code: Arc<Secret>,
        /// The device that asked for it.
        device: Device,
    },
    /// A new sign-in, not the first one of the account.
    SessionAlert {
        /// The device that signed in.
        device: Device,
        /// Its IP address.
        ip: Option<IpAddr>,
        /// The country of that address, ISO 3166-1 alpha-2 in upper case.
        country: Option<Box<str>>,
    },
    /// The password was set or changed.
    PasswordChanged,
    /// The account's email address was changed; sent to the previous address.
    EmailChanged,
    /// The account's phone number was changed; sent to the email address.
    PhoneChanged,
    /// Sign-in now asks for a second factor.
    MfaEnabled,
    /// Sign-in no longer asks for a second factor.
    MfaDisabled,
    /// An authenticator app was added.
    AuthenticatorAdded,
    /// The authenticator app was removed.
    AuthenticatorRemoved,
    /// Recovery codes were created or replaced.
    RecoveryCodesChanged,
    /// An account at a provider was linked; it can sign in from now on.
    IdentityLinked {
        /// The provider's name.
        provider: Box<str>,
    },
    /// An account at a provider was unlinked.
    IdentityUnlinked {
        /// The provider's name.
        provider: Box<str>,
    },
}

impl Notice {
    /// A short name of the notice, for your application's own templates: Appwrite's template key
    /// where there is one, such as `otpSession`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Verification { .. } => "verification",
            Self::Recovery { .. } => "recovery",
            Self::MagicUrl { .. } => "magicSession",
            Self::EmailCode { .. } => "otpSession",
            Self::MfaCode { .. } => "mfaChallenge",
            Self::SessionAlert { .. } => "sessionAlert",
            Self::PasswordChanged => "passwordChanged",
            Self::EmailChanged => "emailChanged",
            Self::PhoneChanged => "phoneChanged",
            Self::MfaEnabled => "mfaEnabled",
            Self::MfaDisabled => "mfaDisabled",
            Self::AuthenticatorAdded => "authenticatorAdded",
            Self::AuthenticatorRemoved => "authenticatorRemoved",
            Self::RecoveryCodesChanged => "recoveryCodesChanged",
            Self::IdentityLinked { .. } => "identityLinked",
            Self::IdentityUnlinked { .. } => "identityUnlinked",
        }
    }
}

/// An email to one recipient.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EmailMessage {
    /// The recipient's address.
    pub to: Email,
    /// The recipient's name; may be empty.
    pub name: Name,
    /// The language that the recipient's client asked for (BCP 47), if any.
    pub locale: Option<Box<str>>,
    /// The name of your project, as configured.
    pub project: Box<str>,
    /// The time of the event.
    pub at: Timestamp,
    /// The content.
    pub notice: Notice,
}

impl EmailMessage {
    /// Creates a message without the recipient's name and language, for your application's tests.
    #[must_use]
    pub fn new(to: Email, project: &str, at: Timestamp, notice: Notice) -> Self {
        Self { to, name: Name::default(), locale: None, project: project.into(), at, notice }
    }
}

/// The content of a text message.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TextNotice {
    /// A code that signs in; valid for 15 minutes.
    SignInCode {
        /// The code.
        code: Arc<Secret>,
    },
    /// A code that verifies the phone number; valid for 15 minutes.
    VerificationCode {
        /// The code.
        code: Arc<Secret>,
    },
    /// A code that completes a second-factor challenge; valid for 15 minutes.
    #[doc(alias = "2FA")]
    MfaCode {
        /// The code.
        code: Arc<Secret>,
    },
}

/// A text message to one recipient.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SmsMessage {
    /// The recipient's number.
    pub to: Phone,
    /// The language that the recipient's client asked for (BCP 47), if any.
    pub locale: Option<Box<str>>,
    /// The name of your project, as configured.
    pub project: Box<str>,
    /// The content.
    pub notice: TextNotice,
}

impl SmsMessage {
    /// Creates a message without the recipient's language, for your application's tests.
    #[must_use]
    pub fn new(to: Phone, project: &str, notice: TextNotice) -> Self {
        Self { to, locale: None, project: project.into(), notice }
    }
}
