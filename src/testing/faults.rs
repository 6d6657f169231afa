//! A store with fault injection: it fails, hangs or pauses at a chosen call.

mod change_copy;
mod plan;

use std::{
    future::{pending, poll_fn},
    task::Poll,
};

use async_trait::async_trait;

pub use plan::{Fault, FaultPlan, Pause};

use super::recording::Step;
use change_copy::ChangeCopy;

use crate::{
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
};

/// A store that fails or pauses at a chosen call, and otherwise behaves like the wrapped store.
///
/// Its [`FaultPlan`] controls it.
///
/// # Examples
/// ```
/// use account::{MemoryStore, testing::{Fault, FaultyStore, TestHost}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let store = FaultyStore::new(MemoryStore::new());
/// let plan = store.plan();
/// let host = TestHost::on(store);
/// let ada = host.signed_up("ada@example.com").await;
/// let caller = host.caller(&ada).await;
///
/// // Call 0 is the load of `change_name`, call 1 its save.
/// plan.fail(1, Fault::After);
/// let renamed = host.service.change_name(&caller, "Ada".parse().unwrap()).await;
/// assert_eq!(renamed.unwrap().name().as_str(), "Ada", "the service finds out that it was saved");
/// # }
/// ```
#[doc(alias = "fault injection")]
#[derive(Debug)]
pub struct FaultyStore<S> {
    store: S,
    plan: FaultPlan,
}

impl<S: Store> FaultyStore<S> {
    /// Wraps a store. Nothing is planned yet.
    #[must_use]
    pub fn new(store: S) -> Self {
        Self { store, plan: FaultPlan::default() }
    }

    /// Returns the plan, which the test keeps to control this store.
    #[must_use]
    pub fn plan(&self) -> FaultPlan {
        self.plan.clone()
    }

    /// Runs `call` with the fault that is planned for it. `copy` returns the change that it makes.
    ///
    /// A change that an earlier call deferred is applied after this one.
    async fn run<T, E: FaultyError>(
        &self,
        kind: Step,
        copy: impl FnOnce() -> Option<ChangeCopy> + Send,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let fault = self.plan.next_fault(kind).await;
        let deferred = self.plan.take_deferred();
        let outcome = match fault {
            None => call.await,
            Some(fault) => self.inject(fault, copy, call).await,
        };
        if let Some(deferred) = deferred {
            self.apply(deferred).await;
        }
        outcome
    }

    async fn inject<T, E: FaultyError>(
        &self,
        fault: Fault,
        copy: impl FnOnce() -> Option<ChangeCopy> + Send,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let unavailable = || Err(StoreError::Unavailable(None).into());
        match fault {
            Fault::Before => unavailable(),
            Fault::After => call.await.and_then(|_| unavailable()),
            Fault::Late => {
                self.plan.defer(copy());
                unavailable()
            }
            Fault::Conflict => match E::stale().filter(|_| copy().is_some_and(|copy| copy.can_conflict())) {
                Some(stale) => Err(stale),
                None => call.await,
            },
            Fault::Repeat => {
                let copy = copy().filter(ChangeCopy::has_version);
                let outcome = call.await;
                if let Some(copy) = copy {
                    self.apply(copy).await;
                }
                outcome
            }
            Fault::Delay => {
                yield_to_others().await;
                let outcome = call.await;
                yield_to_others().await;
                outcome
            }
            Fault::Hang => pending().await,
        }
    }

    /// Applies a change. Its outcome is ignored, because no caller waits for it.
    async fn apply(&self, change: ChangeCopy) {
        match change {
            ChangeCopy::Save { before, after, next, events } => {
                let _ = self.store.save(Change::new(before.as_ref(), after, next, &events)).await;
            }
            ChangeCopy::Remove(account) => {
                let _ = self.store.remove(&account).await;
            }
            ChangeCopy::Append(events) => {
                let _ = self.store.append_events(&events).await;
            }
        }
    }
}

/// An error of a store, as a fault can cause it.
trait FaultyError: From<StoreError> {
    /// Returns the error for a conflicting change, if there is one.
    fn stale() -> Option<Self>;
}

impl FaultyError for StoreError {
    fn stale() -> Option<Self> {
        None
    }
}

impl FaultyError for SaveError {
    fn stale() -> Option<Self> {
        Some(Self::Stale)
    }
}

/// Lets other tasks of a single-threaded executor run first.
async fn yield_to_others() {
    let mut remaining = 3;
    poll_fn(|context| {
        if remaining == 0 {
            return Poll::Ready(());
        }
        remaining -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait]
impl<S: Store> Store for FaultyStore<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        // The inner call is deferred, because a store may read as soon as it is called.
        Loading::of(self.run(Step::Load, || None, async move { self.store.load(key, parts).await }))
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        let copy = ChangeCopy::of(&change);
        self.run(Step::Save, || Some(copy), self.store.save(change)).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.run(Step::Save, || Some(ChangeCopy::Remove(account.clone())), self.store.remove(account)).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.run(Step::List, || None, self.store.list(which, limit)).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.run(Step::Append, || Some(ChangeCopy::Append(events.to_vec())), self.store.append_events(events))
            .await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.run(Step::List, || None, self.store.events(user, page)).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.run(Step::List, || None, self.store.delete_events_before(before, limit)).await
    }
}
