//! A store that fails, hangs or pauses at a call of the test's choice.

use std::{
    collections::BTreeMap,
    fmt,
    future::{pending, poll_fn},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use async_trait::async_trait;
use futures_channel::oneshot;

use crate::{
    model::{Account, Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored, Version},
};

/// What befalls a call of a [`FaultyStore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing happens, and the answer is [`StoreError::Unavailable`].
    Before,
    /// What was asked happens, and the answer is lost on the way back: [`StoreError::Unavailable`].
    After,
    /// The caller is told that time ran out ([`StoreError::Unavailable`]). A change happens all the same, but only once the next call has been
    /// answered: who looks at once does not see it yet. A call that changes nothing fails as with [`Fault::Before`].
    Late,
    /// A save or removal is refused as [`SaveError::Stale`] although nobody was first, as by a database that gives up because of a deadlock.
    /// Any other call, and the save of a new account, which is never stale, passes.
    Conflict,
    /// A save or removal reaches the store twice, as from a connection that sends again; the answer is the first one. Any other call passes.
    Repeat,
    /// The call waits a little on both sides. Nothing else happens to it.
    Delay,
    /// Nothing happens, and no answer comes either, until the caller gives up.
    Hang,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 7] =
        [Self::Before, Self::After, Self::Late, Self::Conflict, Self::Repeat, Self::Delay, Self::Hang];
    /// Those that the caller hears of: the answer is [`StoreError::Unavailable`].
    pub const FAILURES: [Self; 3] = [Self::Before, Self::After, Self::Late];
    /// Those that the caller is to notice nothing of.
    pub const NUISANCES: [Self; 3] = [Self::Conflict, Self::Repeat, Self::Delay];
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
    weather: Weather,
    late: Option<LateChange>,
}

/// What befalls the calls for which nothing else is planned.
#[derive(Default, Clone, Copy)]
enum Weather {
    #[default]
    Fair,
    Down(Fault),
    Flapping {
        up: usize,
        down: usize,
    },
}

enum Incident {
    Fault(Fault),
    Pause { reached: oneshot::Sender<()>, released: oneshot::Receiver<()> },
}

/// A change that is made after its time, or once more.
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

    /// Lets every call fail until the plan is changed. Forgets what was planned and counts anew.
    pub fn down(&self, fault: Fault) {
        self.weather(Weather::Down(fault));
    }

    /// Lets `up` calls pass, then `down` fail as with [`Fault::Before`], and so on until the plan is changed. Forgets what was planned and
    /// counts anew.
    pub fn flap(&self, up: usize, down: usize) {
        self.weather(Weather::Flapping { up, down });
    }

    /// Forgets what was planned and counts anew.
    pub fn clear(&self) {
        self.weather(Weather::Fair);
    }

    fn weather(&self, weather: Weather) {
        let mut plan = self.lock();
        plan.at.clear();
        plan.weather = weather;
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
            let weather = plan.weather;
            plan.at.remove(&call).or_else(|| weather.at(call).map(Incident::Fault))
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

impl Weather {
    fn at(self, call: usize) -> Option<Fault> {
        match self {
            Self::Fair => None,
            Self::Down(fault) => Some(fault),
            Self::Flapping { up, down } => (call % (up + down).max(1) >= up).then_some(Fault::Before),
        }
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

/// An answer that tells of a failure.
trait Failure: From<StoreError> {
    /// The answer to a change that collides with another one, where there is such an answer.
    fn stale() -> Option<Self>;
}

impl Failure for StoreError {
    fn stale() -> Option<Self> {
        None
    }
}

impl Failure for SaveError {
    fn stale() -> Option<Self> {
        Some(Self::Stale)
    }
}

impl<S: Store> FaultyStore<S> {
    /// Does `call` unless it fails before, and what came late afterwards. `copy` is the change that it makes.
    async fn run<T, E: Failure>(
        &self,
        copy: impl FnOnce() -> Option<LateChange> + Send,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let fault = self.plan.enter().await;
        let overdue = self.plan.lock().late.take();
        let lost = || Err(StoreError::Unavailable(None).into());
        let outcome = match fault {
            None => call.await,
            Some(Fault::Before) => lost(),
            Some(Fault::After) => call.await.and_then(|_| lost()),
            Some(Fault::Late) => {
                self.plan.lock().late = copy();
                lost()
            }
            Some(Fault::Conflict) => {
                match E::stale().filter(|_| copy().is_some_and(|copy| copy.can_collide())) {
                    Some(stale) => Err(stale),
                    None => call.await,
                }
            }
            Some(Fault::Repeat) => {
                let copy = copy().filter(LateChange::has_version);
                let outcome = call.await;
                if let Some(copy) = copy {
                    self.make(copy).await;
                }
                outcome
            }
            Some(Fault::Delay) => {
                let_others_go_first().await;
                let outcome = call.await;
                let_others_go_first().await;
                outcome
            }
            Some(Fault::Hang) => pending().await,
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
                let _ = self.store.append_events(&events).await;
            }
        }
    }
}

impl LateChange {
    /// Whether somebody else may have been first.
    fn can_collide(&self) -> bool {
        matches!(self, Self::Save { before: Some(_), .. } | Self::Remove(_))
    }

    /// Whether the store can tell that it was made already.
    fn has_version(&self) -> bool {
        !matches!(self, Self::Append(_))
    }
}

async fn let_others_go_first() {
    let mut turns = 3;
    poll_fn(|context| {
        if turns == 0 {
            return Poll::Ready(());
        }
        turns -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait]
impl<S: Store> Store for FaultyStore<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        // A store may look as soon as it is called.
        Loading::of(self.run(|| None, async move { self.store.load(key, parts).await }))
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        let copy = LateChange::Save {
            before: change.before().cloned(),
            after: Arc::clone(change.after()),
            next: change.next(),
            events: change.events().to_vec(),
        };
        self.run(|| Some(copy), self.store.save(change)).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.run(|| Some(LateChange::Remove(account.clone())), self.store.remove(account)).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.run(|| None, self.store.list(which, limit)).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.run(|| Some(LateChange::Append(events.to_vec())), self.store.append_events(events)).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.run(|| None, self.store.events(user, page)).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.run(|| None, self.store.delete_events_before(before, limit)).await
    }
}
