//! Messages that are not sent, and why.

use std::{error::Error, fmt};

use crate::ports::SendError;

/// Called for every message that is given up.
pub(super) type OnFailure = Box<dyn Fn(&Undelivered) + Send + Sync>;

/// A message that will not be sent, without its recipient and content. `Display` writes one line
/// for a log.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Undelivered {
    /// The kind of message: [`Notice::name`](crate::messages::Notice::name) of an email; `login`,
    /// `verification` or `mfaChallenge` of a text message.
    pub notice: &'static str,
    /// How many attempts were made.
    pub attempts: u32,
    /// Why the message was given up.
    pub reason: UndeliveredReason,
    /// The error of the last attempt.
    pub last_error: Option<SendError>,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} given up, attempts {}: {}", self.notice, self.attempts, self.reason)?;
        let mut cause = self.last_error.as_ref().map(|error| error as &dyn Error);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Why a message was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UndeliveredReason {
    /// The queue was full.
    Full,
    /// The message arrived after [`Queued::drain`](crate::Queued::drain), or there was no tokio
    /// runtime to send it on.
    Closed,
    /// The provider rejected it permanently, or panicked.
    Refused,
    /// It was too old for another attempt.
    Expired,
    /// The time for draining the queue ran out.
    Interrupted,
}

impl fmt::Display for UndeliveredReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the queue is full",
            Self::Closed => "the queue is closed",
            Self::Refused => "refused",
            Self::Expired => "too old",
            Self::Interrupted => "no time left",
        })
    }
}

/// The causes that a [`Queued`](crate::Queued) itself adds to a [`SendError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The queue has no room for another message.
    #[error("the message queue is full")]
    Full,
    /// The queue was drained, or there is no tokio runtime.
    #[error("the message queue is closed")]
    Closed,
    /// The provider did not answer within the time of one attempt.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// The provider panicked.
    #[error("the provider panicked")]
    Panicked,
}
