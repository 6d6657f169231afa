//! Messages to people, and who carries them.

use std::fmt;

use async_trait::async_trait;

use crate::model::{Email, Name, Phone, Timestamp};

/// What a message says. Hosts with templates of their own match on it; [`EmailMessage`] can also render itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The password was set or changed.
    PasswordChanged,
    /// The account's email is another one now; sent to the previous address.
    EmailChanged,
    /// The account's phone number is another one now; sent to the email address.
    PhoneChanged,
}

impl Notice {
    fn sentence(&self) -> &'static str {
        match self {
            Self::PasswordChanged => "The password of your account was changed.",
            Self::EmailChanged => {
                "The email address of your account was changed, and this address no longer belongs to it."
            }
            Self::PhoneChanged => "The phone number of your account was changed.",
        }
    }
}

/// An email to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The subject line in English.
    #[must_use]
    pub fn subject(&self) -> String {
        let what = match self.notice {
            Notice::PasswordChanged => "Your password was changed",
            Notice::EmailChanged => "Your email address was changed",
            Notice::PhoneChanged => "Your phone number was changed",
        };
        format!("{}: {what}", self.project)
    }

    /// The text in English.
    #[must_use]
    pub fn text(&self) -> String {
        let what = self.notice.sentence();
        format!("{what}\n\nTime: {}\n\nIf it was not you, contact {} at once.\n", self.at, self.project)
    }
}

/// The message could not be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message could not be handed over")]
pub struct SendError;

/// Hands over email. Answering `Ok` means "accepted by the queue": a reply must not wait for a mail server.
#[async_trait]
pub trait Mailer: fmt::Debug + Send + Sync + 'static {
    /// Hands over one message.
    async fn send(&self, message: EmailMessage) -> Result<(), SendError>;
}

/// A text message to one number.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SmsMessage {
    /// The one recipient.
    pub to: Phone,
    /// The language that the recipient's client asked for (BCP 47), if it did.
    pub locale: Option<Box<str>>,
    /// What to say.
    pub notice: Notice,
}

impl SmsMessage {
    /// The text in English.
    #[must_use]
    pub fn text(&self) -> String {
        self.notice.sentence().into()
    }
}

/// Hands over text messages, as [`Mailer`] does email.
#[async_trait]
pub trait SmsSender: fmt::Debug + Send + Sync + 'static {
    /// Hands over one message.
    async fn send(&self, message: SmsMessage) -> Result<(), SendError>;
}

/// No email: nothing is sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _: EmailMessage) -> Result<(), SendError> {
        Err(SendError)
    }
}

/// No text messages: nothing is sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSms;

#[async_trait]
impl SmsSender for NoSms {
    async fn send(&self, _: SmsMessage) -> Result<(), SendError> {
        Err(SendError)
    }
}

#[async_trait]
impl<T: Mailer + ?Sized> Mailer for std::sync::Arc<T> {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        (**self).send(message).await
    }
}

#[async_trait]
impl<T: SmsSender + ?Sized> SmsSender for std::sync::Arc<T> {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        (**self).send(message).await
    }
}
