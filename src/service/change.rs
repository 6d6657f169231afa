//! The one change loop: load, decide, save; and again if another change was saved in between.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
    time::Duration,
};

use super::{
    account_service::{AccountService, Inner},
    caller::SessionHolder,
    conflict_queue::Slot,
    context::Context,
    draft::{Abort, Decision, Draft},
};
use crate::{
    error::Error,
    model::{Account, Event, EventKind, Key, SessionId, Timestamp, UserId},
    operation::Action,
    ports::{
        Change, Clock, Mailer, ObservedChange, Parts, SaveError, SmsSender, Store, StoreError, Stored,
        Version,
    },
};

/// How a change ended that was not refused.
pub(crate) enum Settled<T> {
    /// Saved, with the answer of *decide* and the account as it is now.
    Done(T, Arc<Account>),
    /// What was prepared no longer fits the account.
    PrepareAgain,
    /// There is no such account.
    Absent,
}

/// How often one change releases a key that only expired data holds.
const MAX_RELEASES: u32 = 2;

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Changes the caller's own account. The caller's session is checked again in every run of
    /// `decide`.
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

    /// As [`change_as`](Self::change_as); `None` if the operation must be prepared again.
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

    /// Changes the account that holds a key.
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
            let (draft, answer) = match Draft::decide(&stored, cx.now, &mut decide)? {
                Decision::Save(draft, answer) => (draft, answer),
                Decision::PrepareAgain => return Ok(Settled::PrepareAgain),
                Decision::Absent => return Ok(Settled::Absent),
            };
            let events = self.events_of(&draft, cx)?;
            let is_removed = draft.is_removed();
            match self.save(&stored, draft, &events).await {
                Ok(account) => {
                    drop(slot);
                    let before = &*stored.account;
                    self.notify_observers(match is_removed {
                        true => ObservedChange::removed(cx.action, before),
                        false => ObservedChange::changed(cx.action, before, &account, &events),
                    })
                    .await;
                    return answer.map(|answer| Settled::Done(answer, account));
                }
                Err(SaveError::Stale) => {}
                Err(SaveError::Taken(key))
                    if releases < MAX_RELEASES && self.release_expired_key(&key, cx.now).await? =>
                {
                    releases += 1;
                }
                Err(SaveError::Taken(_)) => return Err(Error::TargetExists),
                Err(SaveError::Failed(error)) => return Err(error.into()),
            }
            slot = Some(self.wait_for_slot(slot, &stored.account.id, tries).await?);
            if self.inner.clock.elapsed() >= deadline {
                break;
            }
        }
        Err(Error::Busy(Duration::from_secs(1)))
    }

    async fn save(&self, before: &Stored, draft: Draft, events: &[Event]) -> Result<Arc<Account>, SaveError> {
        if draft.is_removed() {
            self.remove(before).await
        } else {
            self.commit(Some(before), draft.account, events).await
        }
    }

    /// Saves a new account.
    pub(crate) async fn create(&self, draft: Draft, cx: Context<'_>) -> Result<Arc<Account>, Error> {
        let events = self.events_of(&draft, cx)?;
        for _ in 0..2 {
            match self.commit(None, draft.account.clone(), &events).await {
                Ok(account) => {
                    self.notify_observers(ObservedChange::created(cx.action, &account, &events)).await;
                    return Ok(account);
                }
                Err(SaveError::Taken(key)) if self.release_expired_key(&key, cx.now).await? => {}
                Err(SaveError::Taken(_) | SaveError::Stale) => return Err(Error::UserExists),
                Err(SaveError::Failed(error)) => return Err(error.into()),
            }
        }
        Err(Error::UserExists)
    }

    /// Saves once. After a failure the version shows whether the save happened nevertheless.
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
            Err(SaveError::Failed(error @ StoreError::Refused(_))) => Err(SaveError::Failed(error)),
            Err(SaveError::Failed(error)) => {
                match self.inner.store.load(&Key::Id(after.id), Parts::Body).await {
                    Ok(Some(stored)) if stored.version == next => Ok(after),
                    _ => Err(SaveError::Failed(error)),
                }
            }
            Err(other) => Err(other),
        }
    }

    /// Removes once. After a failure it checks whether the account is gone nevertheless.
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

    /// Saves once a change that no user asked for, without log entries.
    pub(crate) async fn save_unlogged(
        &self,
        action: Action,
        before: &Stored,
        after: Account,
    ) -> Result<(), SaveError> {
        let after = self.commit(Some(before), after, &[]).await?;
        self.notify_observers(ObservedChange::changed(action, &before.account, &after, &[])).await;
        Ok(())
    }

    /// Frees a key that only expired data holds. Returns whether another try may succeed.
    async fn release_expired_key(&self, key: &Key, now: Timestamp) -> Result<bool, Error> {
        let Some(holder) = self.inner.store.load(key, Parts::Body).await? else { return Ok(true) };
        let tidied = Draft::of(&holder, now);
        if tidied.account.keys().binary_search(key).is_ok() {
            return Ok(false);
        }
        match self.save_unlogged(Action::ReleaseExpired, &holder, tidied.account).await {
            Ok(()) | Err(SaveError::Stale | SaveError::Taken(_)) => Ok(true),
            // The application keeps the holder as it is.
            Err(SaveError::Failed(StoreError::Refused(_))) => Ok(false),
            Err(SaveError::Failed(error)) => Err(error.into()),
        }
    }

    fn events_of(&self, draft: &Draft, cx: Context<'_>) -> Result<Vec<Event>, Error> {
        draft.notes().iter().map(|(kind, session)| self.event(&draft.account, cx, *kind, *session)).collect()
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
            operation: cx.action.name().into(),
            session,
            ip: cx.client.ip(),
            user_agent: cx.client.user_agent().map(Into::into),
            email: account.email().map(|email| email.as_str().into()).unwrap_or_default(),
            name: account.name.as_str().into(),
        })
    }

    /// Logs an event without a change of its account.
    pub(crate) async fn append_event(
        &self,
        account: &Account,
        cx: Context<'_>,
        kind: EventKind,
        session: Option<SessionId>,
    ) -> Result<(), Error> {
        let event = self.event(account, cx, kind, session)?;
        Ok(self.inner.store.append_events(&[event]).await?)
    }

    pub(crate) async fn notify_observers(&self, change: ObservedChange<'_>) {
        for observer in &self.inner.observers {
            observer.observe(&change).await;
        }
    }

    /// After a stale save: waits until this is the only stale change of the account that tries
    /// again on this node. With the slot at hand the conflict is with another node, so others may
    /// go first.
    async fn wait_for_slot<'a>(
        &'a self,
        slot: Option<Slot<'a>>,
        id: &UserId,
        tries: u32,
    ) -> Result<Slot<'a>, Error> {
        // The key may lead to another account by now.
        match slot.filter(|slot| slot.is_at(id)) {
            Some(slot) => self.step_aside(tries).await.map(|()| slot),
            None => {
                let Inner { conflicts, clock, config, .. } = &*self.inner;
                Ok(conflicts.acquire(*id, clock.elapsed(), config.conflict_timeout).await)
            }
        }
    }

    /// Yields a random number of times, more with more tries. It needs no runtime.
    async fn step_aside(&self, tries: u32) -> Result<(), Error> {
        let [random] = *self.draw::<1>()?;
        let limit = 1 << tries.min(5);
        StepAside(u32::from(random) % limit).await;
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
