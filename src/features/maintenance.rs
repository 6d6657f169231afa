//! Maintenance: what has expired goes when the host finds time for it.
//!
//! Nothing here is needed for safety: what has expired is refused whether or not it is still stored. It keeps a store from growing.

use std::time::Duration;

use crate::{
    error::Error,
    model::{Account, Timestamp, UserId},
    ports::{Clock, Listed, Mailer, SaveError, Select, SmsSender, Store, StoreError, Stored},
    service::{AccountService, Draft},
};

/// What [`AccountService::sweep`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Swept {
    /// From how many accounts it dropped what had expired.
    pub tidied: u32,
    /// How many anonymous accounts it removed that nobody could have come back to.
    pub removed: u32,
    /// How many accounts it passed over because they cannot be read: they are damaged, or a newer release wrote them.
    pub unreadable: u32,
}

impl Swept {
    /// Whether nothing was left to do, or nothing that could be done now.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        (self.tidied, self.removed) == (0, 0)
    }
}

/// What [`AccountService::remove_unused_guests`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SweptGuests {
    /// How many accounts it removed.
    pub removed: u32,
    /// How many it passed over because they cannot be read: they are damaged, or a newer release wrote them.
    pub unreadable: u32,
    /// The last account that it looked at, to go on after; `None` if there were no more.
    pub last: Option<UserId>,
}

/// How an attempt to remove an account ended.
#[derive(PartialEq, Eq)]
enum Attempt {
    Removed,
    /// Somebody changed it meanwhile: it is in use.
    Overtaken,
    /// Something of the host's own refers to it.
    Referenced,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Drops expired sessions, tokens and challenges of at most `limit` accounts, those first that have waited longest, and removes anonymous
    /// accounts whose last session has gone. A host calls it now and then, again and again until it [did nothing](Swept::is_nothing); with
    /// pauses, if it likes.
    ///
    /// An anonymous account that something of the host's own refers to is kept, for good. Those that cannot be read stay and are counted each
    /// time. Each account is a change of its own, so nobody who saves at the same time waits for more than one of them. Observers are not told.
    ///
    /// # Errors
    /// [`Error::Store`]; what was done until then is done.
    ///
    /// # Examples
    /// ```
    /// # use account::{AccountService, Config, MasterKey, MemoryStore};
    /// # use std::time::Duration;
    /// # async fn hourly() -> Result<(), Box<dyn std::error::Error>> {
    /// let accounts = AccountService::builder(MemoryStore::new()).config(Config::new(MasterKey::generate()?)).build()?;
    /// while !accounts.sweep(100).await?.is_nothing() {}
    /// while accounts.forget_events(Duration::from_secs(90 * 24 * 3600), 1_000).await? > 0 {}
    /// # Ok(()) }
    /// ```
    pub async fn sweep(&self, limit: u32) -> Result<Swept, Error> {
        let now = self.inner.clock.now();
        let mut swept = Swept::default();
        for listed in self.due_by(now, limit).await? {
            let Ok(stored) = listed.found else {
                swept.unreadable += 1;
                continue;
            };
            let mut draft = Draft::of(&stored, now);
            if draft.is_abandoned() {
                let attempt = self.try_to_remove(&stored).await?;
                swept.removed += u32::from(attempt == Attempt::Removed);
                if attempt != Attempt::Referenced {
                    continue;
                }
                // It is the host's from now on, and no longer waits to be removed.
                draft.began_anonymously = false;
            }
            match self.commit(Some(&stored), draft.account, &[]).await {
                Ok(_) => swept.tidied += 1,
                Err(SaveError::Stale | SaveError::Taken(_)) => {}
                Err(SaveError::Failed(error)) => return Err(error.into()),
            }
        }
        Ok(swept)
    }

    /// Looks at the next `limit` accounts by id after the given one, and removes those that are anonymous and have not been used for so long,
    /// although they still have a session. What something of the host's own refers to is kept. Use is noted once a day, so `unused_for` counts as
    /// two days at the least.
    ///
    /// Start with `None` and go on with [`last`](SweptGuests::last) until that is `None`. The whole round reads every account once: nightly,
    /// for instance.
    ///
    /// # Errors
    /// [`Error::Store`]; what was done until then is done.
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
                    let attempt = self.try_to_remove(&stored).await?;
                    swept.removed += u32::from(attempt == Attempt::Removed);
                }
                Ok(_) => {}
                Err(_) => swept.unreadable += 1,
            }
        }
        Ok(swept)
    }

    /// Removes at most `limit` entries of the security log that are older than `age`, of all accounts, and tells how many. To be called again
    /// until it is 0.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn forget_events(&self, age: Duration, limit: u32) -> Result<u32, Error> {
        let before = self.inner.clock.now().before(age);
        Ok(self.inner.store.delete_events_before(before, limit).await?)
    }

    /// At least one that can be read, if there is one.
    async fn due_by(&self, now: Timestamp, limit: u32) -> Result<Vec<Listed>, Error> {
        let mut most = limit;
        loop {
            let due = self.inner.store.list(Select::DueBy(now), most).await?;
            let hides_others = u32::try_from(due.len()) == Ok(most) && due.iter().all(|it| it.found.is_err());
            if !hides_others || due.is_empty() {
                return Ok(due);
            }
            most = most.saturating_add(limit);
        }
    }

    async fn try_to_remove(&self, stored: &Stored) -> Result<Attempt, Error> {
        match self.remove(stored).await {
            Ok(_) => Ok(Attempt::Removed),
            Err(SaveError::Stale | SaveError::Taken(_)) => Ok(Attempt::Overtaken),
            Err(SaveError::Failed(StoreError::Referenced)) => Ok(Attempt::Referenced),
            Err(SaveError::Failed(error)) => Err(error.into()),
        }
    }
}

impl Account {
    fn is_unused(&self, span: Duration, now: Timestamp) -> bool {
        self.is_guest() && now.since(self.accessed_at) >= span
    }
}
