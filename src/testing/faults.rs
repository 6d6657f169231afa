//! A store that fails or pauses at a call of the test's choice.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use futures_channel::oneshot;

use crate::{
    model::{Account, Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Loading, Parts, SaveError, Select, Store, StoreError, Stored, Version},
};

/// How a call of a [`FaultyStore`] fails. Each answers [`StoreError::Unavailable`]; they differ in what happens to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing happens.
    Before,
    /// What was asked happens, and the answer is lost on the way back.
    After,
    /// The caller is told that time ran out. A change happens all the same, but only once the next call has been answered: who looks at
    /// once does not see it yet. A call that changes nothing fails as with [`Fault::Before`].
    Late,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 3] = [Self::Before, Self::After, Self::Late];
}

/// A store that fails or pauses at a call of the test's choice and otherwise is the store inside. [`FaultPlan`] directs it.
///
/// ```
/// use account::{MemoryStore, testing::{Fault, FaultyStore, TestHost, PASSWORD, password}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let store = FaultyStore::new(MemoryStore::new());
/// let plan = store.plan();
/// let host = TestHost::on(store);
/// let ada = host.signed_up("ada@example.com").await;
/// let caller = host.caller(&ada).await;
///
/// // Its load is call 0, its save call 1.
/// plan.fail(1, Fault::After);
/// let renamed = host.service.change_name(&caller, "Ada".parse().unwrap()).await;
/// assert_eq!(renamed.unwrap().name().as_str(), "Ada", "a lost answer is found out");
/// # }
/// ```
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

    /// What is to happen, to be kept by the test.
    #[must_use]
    pub fn plan(&self) -> FaultPlan {
        self.plan.clone()
    }
}

/// What is to happen at which call of a [`FaultyStore`]. Calls are counted over all methods, from 0. Clones are the same plan.
#[derive(Clone, Default)]
pub struct FaultPlan(Arc<Mutex<Plan>>);

#[derive(Default)]
struct Plan {
    calls: usize,
    at: BTreeMap<usize, Incident>,
    late: Option<LateChange>,
}

enum Incident {
    Fault(Fault),
    Pause { reached: oneshot::Sender<()>, released: oneshot::Receiver<()> },
}

/// A change that is made after its time.
enum LateChange {
    Save { before: Option<Stored>, after: Arc<Account>, next: Version, events: Vec<Event> },
    Remove(Stored),
    Append(Vec<Event>),
}

impl FaultPlan {
    /// Lets a call fail: number 0 is the next one. Forgets what was planned and counts anew.
    pub fn fail(&self, call: usize, fault: Fault) {
        self.anew(call, Incident::Fault(fault));
    }

    /// Holds a call back before it reaches the store: number 0 is the next one. Calls that come meanwhile pass. Forgets what was planned
    /// and counts anew.
    #[must_use]
    pub fn pause(&self, call: usize) -> Pause {
        let (reached, is_reached) = oneshot::channel();
        let (release, released) = oneshot::channel();
        self.anew(call, Incident::Pause { reached, released });
        Pause { reached: is_reached, release }
    }

    /// Forgets what was planned and counts anew.
    pub fn clear(&self) {
        let mut plan = self.lock();
        plan.at.clear();
        plan.calls = 0;
    }

    /// How many calls there were since the plan was last changed.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    fn anew(&self, call: usize, incident: Incident) {
        self.clear();
        self.lock().at.insert(call, incident);
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, waits if it is held back, and tells how it fails.
    async fn enter(&self) -> Option<Fault> {
        let incident = {
            let mut plan = self.lock();
            let call = plan.calls;
            plan.calls += 1;
            plan.at.remove(&call)
        };
        match incident? {
            Incident::Fault(fault) => Some(fault),
            Incident::Pause { reached, released } => {
                // A test that has dropped its end holds nothing back any more.
                let _ = reached.send(());
                let _ = released.await;
                None
            }
        }
    }
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultPlan").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

/// A call that is held back. Dropping it lets the call go on.
#[derive(Debug)]
pub struct Pause {
    reached: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Pause {
    /// Waits until the call has come. Tells `false` if the plan was changed before it did.
    pub async fn reached(&mut self) -> bool {
        (&mut self.reached).await.is_ok()
    }

    /// Lets the call go on.
    pub fn release(self) {
        // The one who waited may have gone.
        let _ = self.release.send(());
    }
}

impl<S: Store> FaultyStore<S> {
    /// Does `call` unless it fails before, and what came late afterwards.
    async fn run<T, E: From<StoreError>>(
        &self,
        late: impl FnOnce() -> Option<LateChange> + Send,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let fault = self.plan.enter().await;
        let overdue = self.plan.lock().late.take();
        let outcome = match fault {
            None => call.await,
            Some(Fault::Before) => Err(StoreError::Unavailable(None).into()),
            Some(Fault::After) => call.await.and_then(|_| Err(StoreError::Unavailable(None).into())),
            Some(Fault::Late) => {
                self.plan.lock().late = late();
                Err(StoreError::Unavailable(None).into())
            }
        };
        if let Some(overdue) = overdue {
            self.make(overdue).await;
        }
        outcome
    }

    /// Whoever asked for the change has gone, and with it the interest in the outcome.
    async fn make(&self, change: LateChange) {
        match change {
            LateChange::Save { before, after, next, events } => {
                let _ = self.store.save(Change::new(before.as_ref(), after, next, &events)).await;
            }
            LateChange::Remove(account) => {
                let _ = self.store.remove(&account).await;
            }
            LateChange::Append(events) => {
                let _ = self.store.append(&events).await;
            }
        }
    }
}

#[async_trait]
impl<S: Store> Store for FaultyStore<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move { self.run(|| None, self.store.load(key, parts)).await })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        let late = LateChange::Save {
            before: change.before().cloned(),
            after: Arc::clone(change.after()),
            next: change.next(),
            events: change.events().to_vec(),
        };
        self.run(|| Some(late), self.store.save(change)).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.run(|| Some(LateChange::Remove(account.clone())), self.store.remove(account)).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Stored>, StoreError> {
        self.run(|| None, self.store.list(which, limit)).await
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        self.run(|| Some(LateChange::Append(events.to_vec())), self.store.append(events)).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.run(|| None, self.store.events(user, page)).await
    }

    async fn forget(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.run(|| None, self.store.forget(before, limit)).await
    }
}
