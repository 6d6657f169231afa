//! The one change loop: load, decide, save, and again if somebody else was first.

use std::{
    future::Future,
    ops::{Deref, DerefMut},
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
    time::Duration,
};

use super::{AccountService, Inner, SessionHolder, conflict_queue::Slot};
use crate::{
    error::Error,
    model::{Account, ClientInfo, Event, EventKind, Key, SessionId, Timestamp, UserId},
    operation::{Assurance, Operation},
    ports::{Change, Clock, Mailer, Parts, SaveError, SmsSender, Store, StoreError, Stored, Version},
};

/// An account in the making: what *decide* works on. No clock, no randomness and no I/O are within its reach.
pub(crate) struct Draft {
    pub(crate) account: Account,
    pub(crate) now: Timestamp,
    notes: Vec<(EventKind, Option<SessionId>)>,
    is_removed: bool,
}

/// Why *decide* does not simply save.
pub(crate) enum Abort {
    /// Refuse and change nothing.
    Plain(Error),
    /// Save, then refuse: a wrong guess costs an attempt although the caller gets an error.
    Costly(Error),
    /// What was prepared no longer fits the account; prepare again.
    Stale,
}

/// How a change ended that was not refused.
pub(crate) enum Settled<T> {
    /// Saved, with what *decide* answered and the account as it is now.
    Done(T, Arc<Account>),
    /// What was prepared no longer fits the account.
    PrepareAgain,
    /// There is no such account.
    Absent,
}

/// What is being done: its name for the log, how sure it must be of a caller, the client that asked, and when.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) name: &'static str,
    pub(crate) assurance: Assurance,
    pub(crate) client: &'a ClientInfo,
    pub(crate) now: Timestamp,
}

impl From<Error> for Abort {
    fn from(error: Error) -> Self {
        Self::Plain(error)
    }
}

impl Draft {
    /// The account as it is at that instant: what has expired is not in it, so the save drops it for good.
    pub(crate) fn of(stored: &Stored, now: Timestamp) -> Self {
        let mut account = Account::clone(&stored.account);
        account.tidy(now);
        Self::new(account, now)
    }

    pub(crate) fn new(account: Account, now: Timestamp) -> Self {
        Self { account, now, notes: Vec::new(), is_removed: false }
    }

    /// Notes an event, to be saved with the change.
    pub(crate) fn note(&mut self, kind: EventKind, session: Option<SessionId>) {
        self.notes.push((kind, session));
    }

    /// Has the account removed, with all of it, instead of saved.
    pub(crate) fn remove(&mut self) {
        self.is_removed = true;
    }

    /// Notes a change of the profile.
    pub(crate) fn touch(&mut self) {
        self.account.updated_at = self.now;
        self.note(EventKind::UserUpdated, None);
    }
}

impl Deref for Draft {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

impl DerefMut for Draft {
    fn deref_mut(&mut self) -> &mut Account {
        &mut self.account
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    pub(crate) fn context<'a>(&self, operation: Operation, client: &'a ClientInfo) -> Context<'a> {
        let now = self.inner.clock.now();
        Context { name: operation.api_name(), assurance: self.assurance_of(operation), client, now }
    }

    /// How sure this service must be of whoever asks for an operation.
    pub(crate) fn assurance_of(&self, operation: Operation) -> Assurance {
        match operation.assurance() {
            Assurance::FreshIfActive if !self.inner.config.fresh_challenges => Assurance::Full,
            other => other,
        }
    }

    /// An cx of the host's own server, under a name that no operation of the API has.
    pub(crate) fn admin_context<'a>(&self, name: &'static str, client: &'a ClientInfo) -> Context<'a> {
        Context { name, assurance: Assurance::Full, client, now: self.inner.clock.now() }
    }

    /// Changes the caller's own account. The caller is proved again inside every run of `decide`.
    pub(crate) async fn change_as<T: Send>(
        &self,
        caller: &SessionHolder,
        cx: Context<'_>,
        parts: Parts,
        decide: impl FnMut(&mut Draft) -> Result<T, Abort> + Send,
    ) -> Result<(T, Arc<Account>), Error> {
        let changed = self.try_change_as(caller, cx, parts, decide).await?;
        changed.ok_or(Error::Busy(Duration::from_secs(1)))
    }

    /// As [`change_as`](Self::change_as); `None` if it must be prepared again.
    pub(crate) async fn try_change_as<T: Send>(
        &self,
        caller: &SessionHolder,
        cx: Context<'_>,
        parts: Parts,
        mut decide: impl FnMut(&mut Draft) -> Result<T, Abort> + Send,
    ) -> Result<Option<(T, Arc<Account>)>, Error> {
        let settled = self
            .change(&Key::Id(*caller.user_id()), parts, cx, |draft| {
                caller.recheck(&draft.account, draft.now, cx.assurance)?;
                decide(draft)
            })
            .await?;
        match settled {
            Settled::Done(answer, account) => Ok(Some((answer, account))),
            Settled::PrepareAgain => Ok(None),
            Settled::Absent => Err(Error::NotSignedIn),
        }
    }

    /// Changes the account under a key.
    pub(crate) async fn change<T: Send>(
        &self,
        key: &Key,
        parts: Parts,
        cx: Context<'_>,
        mut decide: impl FnMut(&mut Draft) -> Result<T, Abort> + Send,
    ) -> Result<Settled<T>, Error> {
        let deadline = self.inner.clock.elapsed().saturating_add(self.inner.config.conflict_timeout);
        let mut releases = 0;
        let mut slot = None;
        for tries in 0_u32.. {
            let Some(stored) = self.inner.store.load(key, parts).await? else { return Ok(Settled::Absent) };
            let mut draft = Draft::of(&stored, cx.now);
            let decided = match decide(&mut draft) {
                Ok(answer) => Ok(answer),
                Err(Abort::Costly(error)) => Err(error),
                Err(Abort::Plain(error)) => return Err(error),
                Err(Abort::Stale) => return Ok(Settled::PrepareAgain),
            };
            let events = self.events_of(&draft, cx)?;
            let saved = if draft.is_removed {
                self.remove(&stored).await
            } else {
                self.commit(Some(&stored), draft.account, &events).await
            };
            match saved {
                Ok(account) => {
                    drop(slot);
                    self.notify_observers(&events, &account).await;
                    return decided.map(|answer| Settled::Done(answer, account));
                }
                Err(SaveError::Stale) => {}
                Err(SaveError::Taken(key))
                    if releases < 2 && self.release_expired_key(&key, cx.now).await? =>
                {
                    releases += 1
                }
                Err(SaveError::Taken(_)) => return Err(Error::TargetExists),
                Err(SaveError::Failed(error)) => return Err(error.into()),
            }
            // What a key leads to may be another account by now.
            slot = slot.filter(|slot: &Slot<'_>| slot.is_at(&stored.account.id));
            match slot {
                None => slot = Some(self.slot(stored.account.id).await),
                Some(_) => self.step_aside(tries).await?,
            }
            if self.inner.clock.elapsed() >= deadline {
                break;
            }
        }
        Err(Error::Busy(Duration::from_secs(1)))
    }

    /// Saves a new account.
    pub(crate) async fn create(&self, draft: Draft, cx: Context<'_>) -> Result<Arc<Account>, Error> {
        let events = self.events_of(&draft, cx)?;
        for _ in 0..2 {
            match self.commit(None, draft.account.clone(), &events).await {
                Ok(account) => {
                    self.notify_observers(&events, &account).await;
                    return Ok(account);
                }
                Err(SaveError::Taken(key)) if self.release_expired_key(&key, cx.now).await? => {}
                Err(SaveError::Taken(_) | SaveError::Stale) => return Err(Error::UserExists),
                Err(SaveError::Failed(error)) => return Err(error.into()),
            }
        }
        Err(Error::UserExists)
    }

    /// Saves once. After a failure it looks whether the save happened all the same: its version tells.
    pub(crate) async fn commit(
        &self,
        before: Option<&Stored>,
        after: Account,
        events: &[Event],
    ) -> Result<Arc<Account>, SaveError> {
        let bits = self.draw::<8>().map_err(|_| StoreError::Unavailable(None))?;
        let next = Version::from_bits(u64::from_le_bytes(*bits));
        let after = Arc::new(after);
        match self.inner.store.save(Change::new(before, Arc::clone(&after), next, events)).await {
            Ok(()) => Ok(after),
            Err(SaveError::Failed(error)) => {
                match self.inner.store.load(&Key::Id(after.id), Parts::Body).await {
                    Ok(Some(stored)) if stored.version == next => Ok(after),
                    _ => Err(SaveError::Failed(error)),
                }
            }
            Err(other) => Err(other),
        }
    }

    /// Removes once. After a failure it looks whether the account has gone all the same.
    pub(crate) async fn remove(&self, stored: &Stored) -> Result<Arc<Account>, SaveError> {
        let gone = Arc::clone(&stored.account);
        match self.inner.store.remove(stored).await {
            Ok(()) => Ok(gone),
            Err(SaveError::Failed(error @ StoreError::Unavailable(_))) => {
                match self.inner.store.load(&Key::Id(gone.id), Parts::Body).await {
                    Ok(None) => Ok(gone),
                    _ => Err(SaveError::Failed(error)),
                }
            }
            Err(other) => Err(other),
        }
    }

    /// Frees a key that is held only by something expired; tells whether it is worth trying again.
    async fn release_expired_key(&self, key: &Key, now: Timestamp) -> Result<bool, Error> {
        let Some(holder) = self.inner.store.load(key, Parts::Body).await? else { return Ok(true) };
        let tidied = Draft::of(&holder, now);
        if tidied.account.keys().binary_search(key).is_ok() {
            return Ok(false);
        }
        match self.commit(Some(&holder), tidied.account, &[]).await {
            Ok(_) | Err(SaveError::Stale | SaveError::Taken(_)) => Ok(true),
            Err(SaveError::Failed(error)) => Err(error.into()),
        }
    }

    fn events_of(&self, draft: &Draft, cx: Context<'_>) -> Result<Vec<Event>, Error> {
        draft.notes.iter().map(|(kind, session)| self.event(&draft.account, cx, *kind, *session)).collect()
    }

    fn event(
        &self,
        account: &Account,
        cx: Context<'_>,
        kind: EventKind,
        session: Option<SessionId>,
    ) -> Result<Event, Error> {
        Ok(Event {
            id: self.new_event_id(cx.now)?,
            user: account.id,
            kind,
            at: cx.now,
            operation: cx.name.into(),
            session,
            ip: cx.client.ip(),
            user_agent: cx.client.user_agent().map(Into::into),
            email: account.email().map(|email| email.as_str().into()).unwrap_or_default(),
            name: account.name.as_str().into(),
        })
    }

    /// Logs an event that comes with no change of its account, and answers with what observers are to be told.
    pub(crate) async fn append(
        &self,
        account: &Account,
        cx: Context<'_>,
        kind: EventKind,
        session: Option<SessionId>,
    ) -> Result<[Event; 1], Error> {
        let event = [self.event(account, cx, kind, session)?];
        self.inner.store.append_events(&event).await?;
        Ok(event)
    }

    pub(crate) async fn notify_observers(&self, events: &[Event], account: &Account) {
        for observer in &self.inner.observers {
            for event in events {
                observer.observe(event, account).await;
            }
        }
    }

    /// Waits until this is the only change of the account that was stale and is tried again.
    async fn slot(&self, id: UserId) -> Slot<'_> {
        let Inner { conflicts, clock, config, .. } = &*self.inner;
        conflicts.acquire(id, clock.elapsed(), config.conflict_timeout).await
    }

    /// Lets others go first for a random while that grows with the tries, without naming a runtime: it yields.
    async fn step_aside(&self, tries: u32) -> Result<(), Error> {
        let [random] = *self.draw::<1>()?;
        let most = tries.min(5);
        StepAside(u32::from(random) % (1 << most)).await;
        Ok(())
    }
}

struct StepAside(u32);

impl Future for StepAside {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<()> {
        match self.0.checked_sub(1) {
            None => Poll::Ready(()),
            Some(left) => {
                self.0 = left;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
