//! Messages that go out in the background.

mod backoff;
mod queue;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use self::{
    backoff::Backoff,
    queue::{Limits, Queue},
};
use crate::{
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    ports::{Mailer, SendError, SmsSender},
};

const CAPACITY: usize = 1_000;
const PARALLEL: usize = 4;
const ATTEMPT: Duration = Duration::from_secs(45);
const FIRST_RETRY: Duration = Duration::from_secs(1);
const SLOWEST_RETRY: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// How long codes are good for, and the links that sign in or set a password.
const CODE: Duration = Duration::from_secs(15 * 60);
const LINK: Duration = Duration::from_secs(60 * 60);

/// A [`Mailer`] or [`SmsSender`] that accepts messages at once and sends them in the background by the one it wraps, so that
/// no reply waits for a provider, or tells by its delay whether there was something to send.
///
/// A message is tried again after a second, then after two, four and so on up to a minute, each time a bit less at random,
/// until it is accepted, refused for good ([`SendError::Permanent`]), or too old: after an hour, or when its code or link has
/// expired. An attempt that takes longer than 45 seconds is abandoned, and because its message may have arrived all the
/// same, messages can arrive twice. 1,000 messages may wait; one more is refused at once. All of that can be changed by
/// [`Queued::builder`].
///
/// Waiting messages live in memory. [`drain`](Self::drain) sends them before the process ends; what a crash loses, people ask
/// for again. It runs on the tokio runtime that `send` is called on. Cloning is cheap and shares the queue.
///
/// # Examples
/// ```
/// # use account::{ports::NoMailer, Queued};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
///
/// # let smtp = NoMailer;
/// let mailer = Queued::builder(smtp).on_failure(|given_up| eprintln!("{given_up}")).build();
/// // Hand a clone to the service, and at the end of the process:
/// mailer.drain(Duration::from_secs(10)).await;
/// # }
/// ```
pub struct Queued<T> {
    provider: Arc<T>,
    queue: Arc<Queue>,
}

impl<T> Queued<T> {
    /// A queue of the usual proportions in front of this provider.
    #[must_use]
    pub fn new(provider: T) -> Self {
        Self::builder(provider).build()
    }

    /// A queue of other proportions, or one that reports what it gives up.
    pub fn builder(provider: T) -> QueuedBuilder<T> {
        let limits = Limits {
            capacity: CAPACITY,
            parallel: PARALLEL,
            attempt: ATTEMPT,
            patience: PATIENCE,
            backoff: Backoff { first: FIRST_RETRY, slowest: SLOWEST_RETRY },
        };
        QueuedBuilder { provider, limits, on_failure: None }
    }

    /// How many messages were accepted and are neither sent nor given up.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// How many messages were given up so far, those included that found the queue full or closed.
    #[must_use]
    pub fn given_up(&self) -> u64 {
        self.queue.given_up()
    }

    /// Accepts no more messages, tries those that wait once more without delay, and returns when none is left. Called by the
    /// host when no more requests come in, before its runtime ends.
    ///
    /// When `patience` is over, attempts under way are abandoned and all that is left is given up as
    /// [`UndeliveredReason::Interrupted`]; the number of these is returned.
    pub async fn drain(&self, patience: Duration) -> usize {
        self.queue.drain(patience).await
    }
}

impl<T> Clone for Queued<T> {
    fn clone(&self) -> Self {
        Self { provider: Arc::clone(&self.provider), queue: Arc::clone(&self.queue) }
    }
}

impl<T: fmt::Debug> fmt::Debug for Queued<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queued")
            .field("provider", &self.provider)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}

/// Fails only if the queue is full or closed, or if there is no tokio runtime.
#[async_trait]
impl<T: Mailer> Mailer for Queued<T> {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        let provider = Arc::clone(&self.provider);
        let (notice, useful) = (message.notice.name(), email_is_useful_for(&message.notice));
        self.queue.accept(notice, useful, move || {
            let (provider, message) = (Arc::clone(&provider), message.clone());
            Box::pin(async move { Mailer::send(&*provider, message).await })
        })
    }
}

/// Fails only if the queue is full or closed, or if there is no tokio runtime.
#[async_trait]
impl<T: SmsSender> SmsSender for Queued<T> {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        let provider = Arc::clone(&self.provider);
        self.queue.accept(text_name(&message.notice), CODE, move || {
            let (provider, message) = (Arc::clone(&provider), message.clone());
            Box::pin(async move { SmsSender::send(&*provider, message).await })
        })
    }
}

fn email_is_useful_for(notice: &Notice) -> Duration {
    match notice {
        Notice::EmailCode { .. } | Notice::MfaCode { .. } => CODE,
        Notice::Recovery { .. } | Notice::MagicUrl { .. } => LINK,
        _ => Duration::MAX,
    }
}

fn text_name(notice: &TextNotice) -> &'static str {
    match notice {
        TextNotice::SignInCode { .. } => "login",
        TextNotice::VerificationCode { .. } => "verification",
        TextNotice::MfaCode { .. } => "mfaChallenge",
    }
}

/// The proportions of a [`Queued`], from [`Queued::builder`].
#[must_use]
pub struct QueuedBuilder<T> {
    provider: T,
    limits: Limits,
    on_failure: Option<OnFailure>,
}

type OnFailure = Box<dyn Fn(&Undelivered) + Send + Sync>;

impl<T> QueuedBuilder<T> {
    /// How many messages may wait, at least one; the default is 1,000.
    pub fn capacity(mut self, messages: usize) -> Self {
        self.limits.capacity = messages;
        self
    }

    /// How many messages are sent at the same time, at least one; the default is 4.
    pub fn parallel(mut self, attempts: usize) -> Self {
        self.limits.parallel = attempts;
        self
    }

    /// How long one attempt may take; the default is 45 seconds.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt = timeout;
        self
    }

    /// The longest wait before the second attempt, and the longest before any later one, each at least half as long; the
    /// defaults are a second and a minute.
    pub fn retry_after(mut self, first: Duration, slowest: Duration) -> Self {
        self.limits.backoff = Backoff { first, slowest };
        self
    }

    /// How long to try for a message; the default is an hour. No code is sent that is older than 15 minutes, and no link for
    /// signing in or for a new password that is older than an hour, however long this is.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.limits.patience = patience;
        self
    }

    /// Calls this for every message that is given up, for a log or an alarm. It must not block.
    pub fn on_failure(mut self, report: impl Fn(&Undelivered) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Box::new(report));
        self
    }

    /// The queue. Nothing runs until a message comes.
    #[must_use]
    pub fn build(self) -> Queued<T> {
        Queued { provider: Arc::new(self.provider), queue: Queue::new(self.limits, self.on_failure) }
    }
}

impl<T: fmt::Debug> fmt::Debug for QueuedBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedBuilder")
            .field("provider", &self.provider)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A message that will not be sent, without recipient and content. `Display` makes one line for a log.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Undelivered {
    /// What it would have said: [`Notice::name`] of an email; `login`, `verification` or `mfaChallenge` of a text message.
    pub notice: &'static str,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: UndeliveredReason,
    /// What the last attempt failed with.
    pub last_error: Option<SendError>,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} given up, attempts {}: {}", self.notice, self.attempts, self.reason)?;
        let mut cause = self.last_error.as_ref().map(|error| error as &dyn std::error::Error);
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
    /// There was no room for it.
    Full,
    /// It came after the queue was drained, or without a runtime to send it on.
    Closed,
    /// The provider refused it for good, or panicked.
    Refused,
    /// It was too old for another attempt.
    Expired,
    /// The queue was drained and the time for that was over.
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

/// What a [`Queued`] itself adds to the causes of a [`SendError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// There is no room for another message.
    #[error("the queue of messages is full")]
    Full,
    /// The queue was drained, or there is no tokio runtime.
    #[error("the queue of messages is closed")]
    Closed,
    /// The provider did not answer in the time of one attempt.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// The provider panicked.
    #[error("the provider panicked")]
    Panicked,
}
