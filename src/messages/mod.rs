//! Messages to people, as data: who gets them, in which language, and what they say.
//!
//! A message can render itself in a dozen languages. A host replaces single sentences or adds languages through [`Texts`], or all of
//! it through [`Renderer`], matching on the notice.

mod compose;
mod html;
mod locale;
mod phrase;
mod plain;
mod renderer;
mod texts;
mod value;
mod wording;

use std::{net::IpAddr, sync::Arc};

pub use locale::{Direction, Locale};
pub(crate) use phrase::phrase;
pub use renderer::{RenderedEmail, Renderer, Texts};
pub use wording::{Letter, Wording};

use crate::{
    model::{Email, Name, Phone, Timestamp},
    secret::Secret,
    user_agent::Device,
};

/// What an email says.
///
/// # Security
/// Codes and links are [`Secret`]s: whoever reads them can act as the recipient. They belong in the message and nowhere else.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notice {
    /// A link that proves the address; valid for 7 days.
    Verification {
        /// The link.
        link: Arc<Secret>,
    },
    /// A link for setting a new password; valid for an hour.
    Recovery {
        /// The link.
        link: Arc<Secret>,
    },
    /// A link that signs in; valid for an hour.
    MagicUrl {
        /// The link.
        link: Arc<Secret>,
        /// What asked for it.
        device: Device,
        /// The words that the asking page shows too, if it asked for them.
        phrase: Option<Box<str>>,
    },
    /// A code that signs in; valid for 15 minutes.
    EmailCode {
        /// The code.
        code: Arc<Secret>,
        /// What asked for it.
        device: Device,
        /// The words that the asking page shows too, if it asked for them.
        phrase: Option<Box<str>>,
    },
    /// A code that answers a second-factor challenge; valid for 15 minutes.
    MfaCode {
        /// The code.
        code: Arc<Secret>,
        /// What asked for it.
        device: Device,
    },
    /// Somebody signed in, not for the first time.
    SessionAlert {
        /// From what.
        device: Device,
        /// From where.
        ip: Option<IpAddr>,
        /// The country of that address, ISO 3166-1 alpha-2 in upper case.
        country: Option<Box<str>>,
    },
    /// The password was set or changed.
    PasswordChanged,
    /// The account's email is another one now; sent to the previous address.
    EmailChanged,
    /// The account's phone number is another one now; sent to the email address.
    PhoneChanged,
    /// Sign-in now asks for a second factor.
    MfaEnabled,
    /// Sign-in no longer asks for a second factor.
    MfaDisabled,
    /// An authenticator app was added.
    AuthenticatorAdded,
    /// The authenticator app was removed.
    AuthenticatorRemoved,
    /// Recovery codes were made or replaced.
    RecoveryCodesChanged,
    /// An account at a provider was linked; it signs in from now on.
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
    /// A short name of what it says, for a host's templates: Appwrite's template key where there is one, such as `otpSession`.
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

/// An email to one person.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EmailMessage {
    /// The one recipient.
    pub to: Email,
    /// The recipient's name, or the empty one.
    pub name: Name,
    /// The language that the recipient's client asked for (BCP 47), if it did.
    pub locale: Option<Box<str>>,
    /// The name of the host's project, as configured.
    pub project: Box<str>,
    /// When it happened.
    pub at: Timestamp,
    /// What to say.
    pub notice: Notice,
}

impl EmailMessage {
    /// A message to this address in the project's name, without recipient's name and language: for a host's own tests.
    #[must_use]
    pub fn new(to: Email, project: &str, at: Timestamp, notice: Notice) -> Self {
        Self { to, name: Name::default(), locale: None, project: project.into(), at, notice }
    }
}

/// What a text message says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TextNotice {
    /// A code that signs in; valid for 15 minutes.
    SignInCode {
        /// The code.
        code: Arc<Secret>,
    },
    /// A code that proves the number; valid for 15 minutes.
    VerificationCode {
        /// The code.
        code: Arc<Secret>,
    },
    /// A code that answers a second-factor challenge; valid for 15 minutes.
    MfaCode {
        /// The code.
        code: Arc<Secret>,
    },
}

/// A text message to one number.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SmsMessage {
    /// The one recipient.
    pub to: Phone,
    /// The language that the recipient's client asked for (BCP 47), if it did.
    pub locale: Option<Box<str>>,
    /// The name of the host's project, as configured.
    pub project: Box<str>,
    /// What to say.
    pub notice: TextNotice,
}

impl SmsMessage {
    /// A message to this number in the project's name, without language: for a host's own tests.
    #[must_use]
    pub fn new(to: Phone, project: &str, notice: TextNotice) -> Self {
        Self { to, locale: None, project: project.into(), notice }
    }
}
