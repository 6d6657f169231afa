//! Senders of email and text messages.

use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;

use crate::messages::{EmailMessage, SmsMessage};

/// Why a message could not be handed over, and whether to try again.
///
/// # Security
/// A cause must not name a code, link, password or recipient, because it is logged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SendError {
    /// Another attempt may succeed: the provider did not answer, or asked to wait.
    Temporary(Option<Arc<dyn Error + Send + Sync>>),
    /// Another attempt will fail too: the provider refused this message or this sender.
    Permanent(Option<Arc<dyn Error + Send + Sync>>),
}

impl SendError {
    /// Creates a [`Temporary`](Self::Temporary) error with its cause.
    pub fn temporary(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Temporary(Some(Arc::new(cause)))
    }

    /// Creates a [`Permanent`](Self::Permanent) error with its cause.
    pub fn permanent(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Permanent(Some(Arc::new(cause)))
    }

    /// Whether another attempt to send the same message is pointless.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Permanent(_))
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Temporary(_) => "the message could not be handed over now",
            Self::Permanent(_) => "the message was refused",
        })
    }
}

// Written by hand, because a derived source would be the `Arc`, which hides the cause from
// downcasts.
impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let (Self::Temporary(cause) | Self::Permanent(cause)) = self;
        cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

/// Sends email.
///
/// `Ok` means that the message was accepted for delivery, not that it was delivered. An operation
/// must not wait for a mail server: wrap a mailer that does in `Queued` (feature `queue`).
///
/// # Examples
/// ```
/// use account::{
///     messages::EmailMessage,
///     ports::{Mailer, SendError},
/// };
///
/// /// Prints email to the terminal, for development.
/// #[derive(Debug)]
/// struct Terminal;
///
/// #[async_trait::async_trait]
/// impl Mailer for Terminal {
///     async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
///         println!("{}: {}\n{}", message.to.as_str(), message.subject(), message.text());
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Mailer: fmt::Debug + Send + Sync + 'static {
    /// Hands over one message.
    ///
    /// # Errors
    /// [`SendError`] if the message was not accepted; it says whether another attempt makes sense.
    async fn send(&self, message: EmailMessage) -> Result<(), SendError>;

    /// Takes as long as [`send`](Self::send) without sending anything.
    ///
    /// The service calls it in place of [`send`](Self::send) where a response must not reveal
    /// whether an account exists (user enumeration by timing). A mailer whose
    /// [`send`](Self::send) never waits keeps the default, which does nothing. A mailer that may
    /// wait must wait here in the same way.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    async fn withhold(&self) -> Result<(), SendError> {
        Ok(())
    }

    /// Whether this mailer can send. If not, operations that need it are refused.
    fn is_there(&self) -> bool {
        true
    }
}

/// Sends text messages, as [`Mailer`] sends email.
///
/// # Examples
/// ```
/// use account::{
///     messages::SmsMessage,
///     ports::{SendError, SmsSender},
/// };
///
/// /// Prints text messages to the terminal, for development.
/// #[derive(Debug)]
/// struct Terminal;
///
/// #[async_trait::async_trait]
/// impl SmsSender for Terminal {
///     async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
///         println!("{}: {}", message.to.as_str(), message.text());
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait SmsSender: fmt::Debug + Send + Sync + 'static {
    /// Hands over one message.
    ///
    /// # Errors
    /// As [`Mailer::send`].
    async fn send(&self, message: SmsMessage) -> Result<(), SendError>;

    /// Takes as long as [`send`](Self::send) without sending anything, as [`Mailer::withhold`].
    ///
    /// # Errors
    /// As [`Mailer::send`].
    async fn withhold(&self) -> Result<(), SendError> {
        Ok(())
    }

    /// Whether this sender can send. If not, operations that need it are refused.
    fn is_there(&self) -> bool {
        true
    }
}

/// A [`Mailer`] that sends nothing, for a service without email.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _: EmailMessage) -> Result<(), SendError> {
        Err(SendError::Permanent(None))
    }

    fn is_there(&self) -> bool {
        false
    }
}

/// An [`SmsSender`] that sends nothing, for a service without text messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSms;

#[async_trait]
impl SmsSender for NoSms {
    async fn send(&self, _: SmsMessage) -> Result<(), SendError> {
        Err(SendError::Permanent(None))
    }

    fn is_there(&self) -> bool {
        false
    }
}

#[async_trait]
impl<T: Mailer + ?Sized> Mailer for Arc<T> {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        (**self).send(message).await
    }

    async fn withhold(&self) -> Result<(), SendError> {
        (**self).withhold().await
    }

    fn is_there(&self) -> bool {
        (**self).is_there()
    }
}

#[async_trait]
impl<T: SmsSender + ?Sized> SmsSender for Arc<T> {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        (**self).send(message).await
    }

    async fn withhold(&self) -> Result<(), SendError> {
        (**self).withhold().await
    }

    fn is_there(&self) -> bool {
        (**self).is_there()
    }
}
