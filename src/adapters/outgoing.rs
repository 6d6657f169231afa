//! A queue that sends messages in the background.

mod backoff;
mod queue;
mod undelivered;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

pub use self::undelivered::{QueueError, Undelivered, UndeliveredReason};
use self::{
    backoff::Backoff,
    queue::{Limits, Queue},
    undelivered::OnFailure,
};
use crate::{
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    ports::{Mailer, SendError, SmsSender},
};

const DEFAULT_LIMITS: Limits = Limits {
    capacity: 1_000,
    parallel: 4,
    attempt: Duration::from_secs(45),
    patience: Duration::from_secs(60 * 60),
    backoff: Backoff { first: Duration::from_secs(1), slowest: Duration::from_secs(60) },
};
/// How long codes are valid.
const CODE_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How long the links are valid that sign in or set a password.
const LINK_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// A [`Mailer`] or [`SmsSender`] that accepts messages immediately and sends them in the background
/// through the provider it wraps.
///
/// No reply then waits for a provider, and the time a reply takes does not reveal whether a message
/// was sent (user enumeration by timing).
///
/// **Retries.** A failed message is tried again after a second, then after two, four and so on up
/// to a minute, each time randomly shortened by up to half. It is given up when the provider
/// rejects it ([`SendError::Permanent`]) or when it is too old: after an hour, or once its code or
/// link has expired. An attempt that takes longer than 45 seconds is abandoned. Its message may
/// still arrive, so a message can arrive twice. Up to 1,000 messages can wait; further ones are
/// rejected. [`Queued::builder`] changes all of these limits.
///
/// **Durability.** Waiting messages are kept in memory. [`drain`](Self::drain) sends them before
/// the process ends; after a crash, users have to request them again.
///
/// The queue runs on the tokio runtime on which `send` is called. Cloning is cheap and shares the
/// queue.
///
/// # Examples
/// ```
/// # use account::{ports::NoMailer, Queued};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
///
/// # let smtp = NoMailer;
/// let mailer = Queued::builder(smtp).on_failure(|message| eprintln!("{message}")).build();
/// // Pass a clone to the service. Before the process ends:
/// mailer.drain(Duration::from_secs(10)).await;
/// # }
/// ```
pub struct Queued<T> {
    provider: Arc<T>,
    queue: Arc<Queue>,
}

impl<T> Queued<T> {
    /// Creates a queue with the default limits in front of a provider.
    #[must_use]
    pub fn new(provider: T) -> Self {
        Self::builder(provider).build()
    }

    /// Creates a builder for a queue with other limits, or one that reports undelivered messages.
    pub fn builder(provider: T) -> QueuedBuilder<T> {
        QueuedBuilder { provider, limits: DEFAULT_LIMITS, on_failure: None }
    }

    /// How many messages are in the queue: accepted, and neither sent nor given up.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// How many messages have been given up so far, including those rejected by a full or closed
    /// queue.
    #[must_use]
    pub fn given_up(&self) -> u64 {
        self.queue.given_up()
    }
}

impl<T: Send + Sync> Queued<T> {
    /// Stops accepting messages, tries the waiting ones once more without delay, and returns when
    /// none is left. Your application calls it when it no longer receives requests, before its
    /// runtime ends.
    ///
    /// After `patience`, the attempts in progress are abandoned and the remaining messages are
    /// given up as [`UndeliveredReason::Interrupted`]. Returns the number of these.
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
        let (notice, lifetime) = (message.notice.name(), email_lifetime(&message.notice));
        self.queue.accept(notice, lifetime, move || {
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
        self.queue.accept(sms_name(&message.notice), CODE_LIFETIME, move || {
            let (provider, message) = (Arc::clone(&provider), message.clone());
            Box::pin(async move { SmsSender::send(&*provider, message).await })
        })
    }
}

/// How long the code or link in an email is valid.
fn email_lifetime(notice: &Notice) -> Duration {
    match notice {
        Notice::EmailCode { .. } | Notice::MfaCode { .. } => CODE_LIFETIME,
        Notice::Recovery { .. } | Notice::MagicUrl { .. } => LINK_LIFETIME,
        _ => Duration::MAX,
    }
}

fn sms_name(notice: &TextNotice) -> &'static str {
    match notice {
        TextNotice::SignInCode { .. } => "login",
        TextNotice::VerificationCode { .. } => "verification",
        TextNotice::MfaCode { .. } => "mfaChallenge",
    }
}

/// Configures a [`Queued`]. Created by [`Queued::builder`].
///
/// # Examples
/// ```
/// # #[tokio::main] async fn main() {
/// use std::time::Duration;
/// use account::{Queued, ports::NoMailer};
///
/// let mailer = Queued::builder(NoMailer) // for instance an `SmtpMailer`
///     .capacity(10_000)
///     .parallel(8)
///     .patience(Duration::from_secs(10 * 60))
///     .on_failure(|message| eprintln!("{message}"))
///     .build();
/// assert_eq!((mailer.waiting(), mailer.given_up()), (0, 0));
/// # }
/// ```
#[must_use]
pub struct QueuedBuilder<T> {
    provider: T,
    limits: Limits,
    on_failure: Option<OnFailure>,
}

impl<T> QueuedBuilder<T> {
    /// Sets how many messages can wait, at least one. Default: 1,000.
    pub fn capacity(mut self, messages: usize) -> Self {
        self.limits.capacity = messages;
        self
    }

    /// Sets how many messages are sent at the same time, at least one. Default: 4.
    pub fn parallel(mut self, attempts: usize) -> Self {
        self.limits.parallel = attempts;
        self
    }

    /// Sets how long one attempt may take. Default: 45 seconds.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt = timeout;
        self
    }

    /// Sets the longest delay before the second attempt and the longest before any later one.
    /// Delays are randomly shortened by up to half. Defaults: a second and a minute.
    pub fn retry_after(mut self, first: Duration, slowest: Duration) -> Self {
        self.limits.backoff = Backoff { first, slowest };
        self
    }

    /// Sets how long the queue keeps trying to send a message. Default: an hour.
    ///
    /// A longer time does not apply to messages that expire: codes are given up after 15 minutes,
    /// and links that sign in or set a password after an hour.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.limits.patience = patience;
        self
    }

    /// Sets a function that is called for every message that is given up, for a log or an alert. It
    /// must not block.
    pub fn on_failure(mut self, report: impl Fn(&Undelivered) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Box::new(report));
        self
    }

    /// Builds the queue. Nothing runs until the first message arrives.
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
