//! Who carries messages to people.

use std::fmt;

use async_trait::async_trait;

use crate::messages::{EmailMessage, SmsMessage};

/// The message could not be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message could not be handed over")]
pub struct SendError;

/// Hands over email. Answering `Ok` means "accepted by the queue": a reply must not wait for a mail server.
#[async_trait]
pub trait Mailer: fmt::Debug + Send + Sync + 'static {
    /// Hands over one message.
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
        Err(SendError)
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
        Err(SendError)
    }

    fn is_there(&self) -> bool {
        false
    }
}

#[async_trait]
impl<T: Mailer + ?Sized> Mailer for std::sync::Arc<T> {
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
impl<T: SmsSender + ?Sized> SmsSender for std::sync::Arc<T> {
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
