//! A mailer and SMS sender that never answers.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;

use crate::{
    messages::{EmailMessage, SmsMessage},
    ports::{Mailer, SendError, SmsSender},
};

/// Accepts every message and never answers, like a provider whose network drops packets.
///
/// Use it to test time limits. The service saves a change before it sends the message about it, so
/// a caller that stops waiting finds the change done. Clones share the count.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use account::{
///     AccountService, Config, EmailSignIn, MasterKey, MemoryStore, model::ClientInfo,
///     testing::Hanging,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mailer = Hanging::default();
/// let config = Config::new(MasterKey::generate()?);
/// let service =
///     AccountService::builder(MemoryStore::new()).mailer(mailer.clone()).config(config).build()?;
/// let (ada, client) = (EmailSignIn::new("ada@example.com".parse()?), ClientInfo::default());
/// let code = service.send_email_code(ada, &client);
/// let answer = tokio::time::timeout(Duration::from_millis(10), code).await;
/// assert!(answer.is_err(), "put a mailer that may hang behind a queue");
/// assert_eq!(mailer.messages(), 1);
/// assert!(service.admin(&client).user_by_email(&"ada@example.com".parse()?).await.is_ok());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Hanging(Arc<AtomicUsize>);

impl Hanging {
    /// Returns the number of messages so far, including withheld ones.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    async fn hang(&self) -> Result<(), SendError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        pending().await
    }
}

#[async_trait]
impl Mailer for Hanging {
    async fn send(&self, _: EmailMessage) -> Result<(), SendError> {
        self.hang().await
    }

    async fn withhold(&self) -> Result<(), SendError> {
        self.hang().await
    }
}

#[async_trait]
impl SmsSender for Hanging {
    async fn send(&self, _: SmsMessage) -> Result<(), SendError> {
        self.hang().await
    }

    async fn withhold(&self) -> Result<(), SendError> {
        self.hang().await
    }
}
