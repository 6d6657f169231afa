//! The security log of the signed-in user.

use crate::{
    error::Error,
    model::{Event, PageQuery},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{AccountService, Caller, Context},
    user_agent::Device,
};

/// An entry of the security log, with the device and country derived from it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogEntry {
    /// The entry.
    pub event: Event,
    /// The device, parsed from the user agent.
    pub device: Device,
    /// The ISO 3166-1 alpha-2 code of the client's country, in upper case.
    pub country: Option<Box<str>>,
}

/// A page of the security log, newest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogPage {
    /// The entries.
    pub entries: Vec<LogEntry>,
    /// The number of entries of the whole log.
    pub total: u64,
}

/// # Security log
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Returns a page of the caller's security log, newest first.
    ///
    /// # Errors
    /// The [errors of every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// use account::model::{EventKind, PageQuery};
    ///
    /// let page = PageQuery::parse(&[r#"{"method":"limit","values":[10]}"#], 25)?;
    /// let log = accounts.events(&caller, page).await?;
    /// assert_eq!(log.entries[0].event.kind, EventKind::SessionCreated); // the newest
    /// assert_eq!(log.total, 2);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "listLogs")]
    pub async fn events(&self, caller: &Caller, page: PageQuery) -> Result<LogPage, Error> {
        self.perform(Operation::Events, caller.client(), |cx| self.events_in(cx, caller, page)).await
    }

    async fn events_in(&self, cx: Context<'_>, caller: &Caller, page: PageQuery) -> Result<LogPage, Error> {
        // The session is checked after the log was read, so a revoked one cannot see it.
        let found = self.inner.store.events(caller.user_id(), page).await?;
        self.load_as(caller, Parts::Body, cx).await?;
        let entry = |event: Event| LogEntry {
            device: self.device(event.user_agent.as_deref()),
            country: event.ip.and_then(|ip| self.inner.geo.country(ip)),
            event,
        };
        Ok(LogPage { entries: found.events.into_iter().map(entry).collect(), total: found.total })
    }
}
