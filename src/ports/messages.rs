//! Who carries messages to people.

use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;

use crate::messages::{EmailMessage, SmsMessage};

/// Why a message could not be handed over, in terms of whether to try again.
///
/// # Security
/// A cause names no code, link, password or recipient: it ends up in the host's log.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SendError {
    /// It may work later: the provider did not answer, or asked to wait.
    Temporary(Option<Arc<dyn Error + Send + Sync>>),
    /// It will not work later either: the provider refused this message or this sender.
    Permanent(Option<Arc<dyn Error + Send + Sync>>),
}

impl SendError {
    /// A [`Temporary`](Self::Temporary) error with its cause.
    pub fn temporary(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Temporary(Some(Arc::new(cause)))
    }

    /// A [`Permanent`](Self::Permanent) error with its cause.
    pub fn permanent(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Permanent(Some(Arc::new(cause)))
    }

    /// Whether another attempt with the same message is pointless.
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

// By hand, because a derived one has the `Arc` as its source, in which nobody finds the cause by its type.
impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let (Self::Temporary(cause) | Self::Permanent(cause)) = self;
        cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

/// Hands over email. Answering `Ok` means "accepted by the queue": a reply must not wait for a mail server, which is what
/// `Queued` (feature `queue`) sees to for any mailer.
#[async_trait]
pub trait Mailer: fmt::Debug + Send + Sync + 'static {
    /// Hands over one message.
    ///
    /// # Errors
    /// [`SendError`], which says whether another attempt makes sense.
    async fn send(&self, message: EmailMessage) -> Result<(), SendError>;

    /// Does what [`send`](Mailer::send) would cost, for a message that nobody gets: where the answer must not tell whether there is such an
    /// account. A mailer whose [`send`](Mailer::send) never waits has nothing to do; one that may wait must wait here alike.
    async fn withhold(&self) -> Result<(), SendError> {
        Ok(())
    }

    /// Whether there is anybody to hand messages over to. Operations that need it are refused otherwise.
    fn is_there(&self) -> bool {
        true
    }
}

/// Hands over text messages, as [`Mailer`] does email.
#[async_trait]
pub trait SmsSender: fmt::Debug + Send + Sync + 'static {
    /// Hands over one message.
    ///
    /// # Errors
    /// As [`Mailer::send`].
    async fn send(&self, message: SmsMessage) -> Result<(), SendError>;

    /// As [`Mailer::withhold`].
    async fn withhold(&self) -> Result<(), SendError> {
        Ok(())
    }

    /// As [`Mailer::is_there`].
    fn is_there(&self) -> bool {
        true
    }
}

/// No email: nothing is sent.
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

/// No text messages: nothing is sent.
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
