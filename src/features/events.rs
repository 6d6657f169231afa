//! The security log, as its owner reads it.

use crate::{
    error::Error,
    model::{Event, PageQuery},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{AccountService, Caller},
    user_agent::Device,
};

/// An entry of the security log with what can be derived from it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogEntry {
    /// The entry.
    pub event: Event,
    /// What the client's user agent said.
    pub device: Device,
    /// The ISO 3166-1 alpha-2 code of the client's country, in upper case.
    pub country: Option<Box<str>>,
}

/// A part of the security log, newest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogPage {
    /// The entries.
    pub entries: Vec<LogEntry>,
    /// How many entries the whole log has.
    pub total: u64,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// A page of the caller's security log, newest first.
    ///
    /// # Errors
    /// The gates; [`Error::Store`].
    #[doc(alias = "listLogs")]
    pub async fn events(&self, caller: &Caller, page: PageQuery) -> Result<LogPage, Error> {
        self.perform(Operation::Events, caller.client(), |cx| async move {
            // Proved after it is read: what the session reads is what it could still see.
            let found = self.inner.store.events(caller.user_id(), page).await?;
            self.load_as(caller, Parts::Body, cx).await?;
            let entry = |event: Event| LogEntry {
                device: self.device(event.user_agent.as_deref()),
                country: event.ip.and_then(|ip| self.inner.geo.country(ip)),
                event,
            };
            Ok(LogPage { entries: found.events.into_iter().map(entry).collect(), total: found.total })
        })
        .await
    }
}
