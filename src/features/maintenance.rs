//! Maintenance: deleting expired data.
//!
//! Expired data is never accepted, so cleanup is not needed for security. It keeps the store small.

use std::time::Duration;

use crate::{
    error::Error,
    model::{Account, Timestamp, UserId},
    operation::Action,
    ports::{Clock, Listed, Mailer, ObservedChange, SaveError, Select, SmsSender, Store, StoreError, Stored},
    service::{AccountService, Draft},
};

/// The result of [`AccountService::sweep`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Swept {
    /// The number of accounts from which expired data was deleted.
    pub tidied: u32,
    /// The number of removed anonymous accounts, whose last session had expired.
    pub removed: u32,
    /// The number of skipped accounts that cannot be read: they are damaged, or a newer release
    /// wrote them.
    pub unreadable: u32,
    /// The number of skipped accounts whose change your application refused
    /// ([`Error::RefusedByHost`]).
    pub refused: u32,
}

impl Swept {
    /// Whether nothing is left to do, or nothing that can be done now.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        (self.tidied, self.removed) == (0, 0)
    }
}

/// The result of [`AccountService::remove_unused_guests`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SweptGuests {
    /// The number of removed accounts.
    pub removed: u32,
    /// The number of skipped accounts that cannot be read: they are damaged, or a newer release
    /// wrote them.
    pub unreadable: u32,
    /// The last account that was checked, for the next call. `None` if there are no more.
    pub last: Option<UserId>,
}

/// How an attempt to remove an account ended.
#[derive(PartialEq, Eq)]
enum Attempt {
    Removed,
    /// It was changed in the meantime, so it is in use.
    Overtaken,
    /// A row of the application refers to it, or a trigger of the application refuses it.
    Kept,
}

/// # Maintenance
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Deletes expired sessions, tokens and challenges of at most `limit` accounts, those that
    /// expired first, and removes anonymous accounts whose last session has expired.
    ///
    /// Run it hourly, repeatedly until it [did nothing](Swept::is_nothing).
    ///
    /// An anonymous account that a row or a trigger of your application holds is kept for good.
    /// Unreadable accounts, and those whose change your application refuses, are counted at each
    /// call. Each account is a change of its own, so other
    /// changes wait for one at most.
    /// Observers receive each.
    ///
    /// # Errors
    /// [`Error::Store`]; accounts handled before the failure stay so.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// use std::time::Duration;
    ///
    /// test.signed_up("ada@example.com").await;
    /// accounts.sign_in_anonymously(&client).await?;
    /// test.clock.advance(Duration::from_secs(366 * 24 * 3600)); // both sessions expire
    /// let swept = accounts.sweep(100).await?;
    /// assert_eq!((swept.tidied, swept.removed), (1, 1));
    /// while !accounts.sweep(100).await?.is_nothing() {}
    /// # Ok(()) }
    /// ```
    pub async fn sweep(&self, limit: u32) -> Result<Swept, Error> {
        let now = self.inner.clock.now();
        let mut swept = Swept::default();
        let mut seen = 0;
        loop {
            let most = limit.saturating_add(seen);
            let due = self.inner.store.list(Select::DueBy(now), most).await?;
            let found = u32::try_from(due.len()).unwrap_or(u32::MAX);
            let skipped = usize::try_from(seen).unwrap_or(usize::MAX);
            for listed in due.into_iter().skip(skipped) {
                self.sweep_one(listed, now, &mut swept).await?;
            }
            // Accounts that are kept as they are stay the first ones, and must not hide the others.
            if !swept.is_nothing() || found < most || found == seen {
                return Ok(swept);
            }
            seen = found;
        }
    }

    async fn sweep_one(&self, listed: Listed, now: Timestamp, swept: &mut Swept) -> Result<(), Error> {
        let Ok(stored) = listed.found else {
            swept.unreadable += 1;
            return Ok(());
        };
        let mut draft = Draft::of(&stored, now);
        if draft.is_abandoned() {
            let attempt = self.try_to_remove(Action::Sweep, &stored).await?;
            swept.removed += u32::from(attempt == Attempt::Removed);
            if attempt != Attempt::Kept {
                return Ok(());
            }
            // The application has taken it over, so it no longer waits to be removed.
            draft.began_anonymously = false;
        }
        match self.save_unlogged(Action::Sweep, &stored, draft.account).await {
            Ok(()) => swept.tidied += 1,
            Err(SaveError::Stale | SaveError::Taken(_)) => {}
            Err(SaveError::Failed(StoreError::Refused(_))) => swept.refused += 1,
            Err(SaveError::Failed(error)) => return Err(error.into()),
        }
        Ok(())
    }

    /// Checks the next `limit` accounts by id after the given one, and removes anonymous accounts
    /// that have not been used for `unused_for`, although they still have a session. Accounts that
    /// a row or a trigger of your application holds are kept. Use is recorded once a day, so
    /// `unused_for` is two days at least.
    ///
    /// Start with `None` and go on with [`last`](SweptGuests::last) until it is `None`. A whole
    /// round reads every account once; run it nightly, for instance.
    ///
    /// # Errors
    /// [`Error::Store`]; accounts handled before the failure stay so.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// use std::time::Duration;
    ///
    /// accounts.sign_in_anonymously(&client).await?;
    /// test.clock.advance(Duration::from_secs(31 * 24 * 3600));
    /// let (month, mut last, mut removed) = (Duration::from_secs(30 * 24 * 3600), None, 0);
    /// loop {
    ///     let swept = accounts.remove_unused_guests(month, last.as_ref(), 1_000).await?;
    ///     (last, removed) = (swept.last, removed + swept.removed);
    ///     if last.is_none() { break }
    /// }
    /// assert_eq!(removed, 1);
    /// # Ok(()) }
    /// ```
    pub async fn remove_unused_guests(
        &self,
        unused_for: Duration,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<SweptGuests, Error> {
        const MIN_LENGTH: Duration = Duration::from_secs(2 * 24 * 3600);
        let now = self.inner.clock.now();
        let page = self.inner.store.list(Select::After(after), limit).await?;
        let mut swept = SweptGuests { last: page.last().map(|listed| listed.id), ..SweptGuests::default() };
        for listed in page {
            match listed.found {
                Ok(stored) if stored.account.is_unused(unused_for.max(MIN_LENGTH), now) => {
                    let attempt = self.try_to_remove(Action::RemoveUnusedGuests, &stored).await?;
                    swept.removed += u32::from(attempt == Attempt::Removed);
                }
                Ok(_) => {}
                Err(_) => swept.unreadable += 1,
            }
        }
        Ok(swept)
    }

    /// Deletes at most `limit` entries of the security log that are older than `age`, of all
    /// accounts. Returns how many were deleted; repeat until it is 0.
    ///
    /// # Errors
    /// [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// use std::time::Duration;
    ///
    /// test.signed_up("ada@example.com").await;
    /// test.clock.advance(Duration::from_secs(91 * 24 * 3600));
    /// let age = Duration::from_secs(90 * 24 * 3600);
    /// assert_eq!(accounts.forget_events(age, 1_000).await?, 2); // the sign-up and the sign-in
    /// while accounts.forget_events(age, 1_000).await? > 0 {}
    /// # Ok(()) }
    /// ```
    pub async fn forget_events(&self, age: Duration, limit: u32) -> Result<u32, Error> {
        let before = self.inner.clock.now().before(age);
        Ok(self.inner.store.delete_events_before(before, limit).await?)
    }

    async fn try_to_remove(&self, action: Action, stored: &Stored) -> Result<Attempt, Error> {
        match self.remove(stored).await {
            Ok(account) => {
                self.notify_observers(ObservedChange::removed(action, &account)).await;
                Ok(Attempt::Removed)
            }
            Err(SaveError::Stale | SaveError::Taken(_)) => Ok(Attempt::Overtaken),
            Err(SaveError::Failed(StoreError::Referenced | StoreError::Refused(_))) => Ok(Attempt::Kept),
            Err(SaveError::Failed(error)) => Err(error.into()),
        }
    }
}

impl Account {
    fn is_unused(&self, span: Duration, now: Timestamp) -> bool {
        self.is_guest() && now.since(self.accessed_at) >= span
    }
}
