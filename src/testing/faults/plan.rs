//! Which calls fail, and how.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_channel::oneshot;

use super::change_copy::ChangeCopy;
use crate::testing::recording::Step;

/// What happens to a call of a [`FaultyStore`](super::FaultyStore).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The call has no effect, and returns [`Unavailable`](crate::ports::StoreError::Unavailable).
    Before,
    /// The call takes effect, but its answer is lost: it returns
    /// [`Unavailable`](crate::ports::StoreError::Unavailable).
    After,
    /// The call times out with [`Unavailable`](crate::ports::StoreError::Unavailable). If it is a
    /// change, it takes effect after the next call was answered, so an immediate read does not see
    /// it. Any other call fails as with [`Fault::Before`].
    Late,
    /// A save or removal returns [`Stale`](crate::ports::SaveError::Stale) without a concurrent
    /// change, as a database does that aborts because of a deadlock. Other calls, and saves of new
    /// accounts, which are never stale, succeed.
    Conflict,
    /// A save or removal reaches the store twice, as from a connection that resends. The first
    /// outcome is returned. Other calls succeed.
    Repeat,
    /// The call waits briefly before and after it takes effect, and succeeds.
    Delay,
    /// The call has no effect, and never returns.
    Hang,
}

impl Fault {
    /// All faults.
    pub const ALL: [Self; 7] =
        [Self::Before, Self::After, Self::Late, Self::Conflict, Self::Repeat, Self::Delay, Self::Hang];
    /// The faults that the caller sees, as [`Unavailable`](crate::ports::StoreError::Unavailable).
    pub const FAILURES: [Self; 3] = [Self::Before, Self::After, Self::Late];
    /// The faults that the service must hide from its callers.
    pub const NUISANCES: [Self; 3] = [Self::Conflict, Self::Repeat, Self::Delay];
}

/// The plan of a [`FaultyStore`](super::FaultyStore): which calls fail, and how.
///
/// Calls are counted over all methods, from 0. Clones share the plan.
#[derive(Clone, Default)]
pub struct FaultPlan(Arc<Mutex<Plan>>);

#[derive(Default)]
struct Plan {
    calls: usize,
    incidents: BTreeMap<usize, Incident>,
    /// Incidents at calls of one kind: the kind, and how many of its calls come before.
    by_kind: Vec<(Step, usize, Incident)>,
    schedule: Schedule,
    deferred: Option<ChangeCopy>,
}

/// What happens to the calls without an incident.
#[derive(Default, Clone, Copy)]
enum Schedule {
    #[default]
    Healthy,
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

impl FaultPlan {
    /// Makes one call fail; 0 is the next one. Replaces the plan and restarts the count.
    pub fn fail(&self, call: usize, fault: Fault) {
        self.reset_with(call, Incident::Fault(fault));
    }

    /// Makes one call of a kind fail, counted among those of its kind; 1 is the next one. Other
    /// calls succeed. Replaces the plan and restarts the count.
    ///
    /// Unlike [`fail`](FaultPlan::fail), a test with it does not depend on how many calls of other
    /// kinds an operation makes.
    ///
    /// # Examples
    /// ```
    /// use account::{MemoryStore, testing::{Fault, FaultyStore, Step, TestHost}};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let store = FaultyStore::new(MemoryStore::new());
    /// let plan = store.plan();
    /// let host = TestHost::on(store);
    /// let ada = host.signed_up("ada@example.com").await;
    /// let caller = host.caller(&ada).await;
    ///
    /// plan.fail_nth(Step::Save, 1, Fault::Before);
    /// let renamed = host.service.change_name(&caller, "Ada".parse().unwrap()).await;
    /// assert_eq!(renamed.unwrap_err().code(), "general_store_unavailable");
    /// # }
    /// ```
    pub fn fail_nth(&self, kind: Step, nth: usize, fault: Fault) {
        self.clear();
        self.lock().by_kind.push((kind, nth.saturating_sub(1), Incident::Fault(fault)));
    }

    /// Pauses one call of a kind before it reaches the store, counted among those of its kind; 1 is
    /// the next one. Other calls proceed. Replaces the plan and restarts the count.
    #[must_use]
    pub fn pause_nth(&self, kind: Step, nth: usize) -> Pause {
        let (pause, incident) = paused();
        self.clear();
        self.lock().by_kind.push((kind, nth.saturating_sub(1), incident));
        pause
    }

    /// Pauses one call before it reaches the store; 0 is the next one. Other calls proceed.
    /// Replaces the plan and restarts the count.
    #[must_use]
    pub fn pause(&self, call: usize) -> Pause {
        let (pause, incident) = paused();
        self.reset_with(call, incident);
        pause
    }

    /// Makes every call fail until the plan is changed. Replaces the plan and restarts the count.
    pub fn down(&self, fault: Fault) {
        self.reset(Schedule::Down(fault));
    }

    /// Lets `up` calls succeed, then makes `down` calls fail as with [`Fault::Before`], and so on
    /// until the plan is changed. Replaces the plan and restarts the count.
    pub fn flap(&self, up: usize, down: usize) {
        self.reset(Schedule::Flapping { up, down });
    }

    /// Removes the plan and restarts the count.
    pub fn clear(&self) {
        self.reset(Schedule::Healthy);
    }

    /// Returns the number of calls since the plan was last changed.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    fn reset(&self, schedule: Schedule) {
        let mut plan = self.lock();
        plan.incidents.clear();
        plan.by_kind.clear();
        plan.schedule = schedule;
        plan.calls = 0;
    }

    fn reset_with(&self, call: usize, incident: Incident) {
        self.clear();
        self.lock().incidents.insert(call, incident);
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, waits if it is paused, and returns its fault.
    pub(super) async fn next_fault(&self, kind: Step) -> Option<Fault> {
        match self.next_incident(kind)? {
            Incident::Fault(fault) => Some(fault),
            Incident::Pause { reached, released } => {
                // If the test has dropped the `Pause`, the call proceeds.
                let _ = reached.send(());
                let _ = released.await;
                None
            }
        }
    }

    fn next_incident(&self, kind: Step) -> Option<Incident> {
        let mut plan = self.lock();
        let call = plan.calls;
        plan.calls += 1;
        let schedule = plan.schedule;
        let named = plan.next_of(kind);
        let incident = named.or_else(|| plan.incidents.remove(&call));
        incident.or_else(|| schedule.at(call).map(Incident::Fault))
    }

    /// Keeps a change to be applied after the next call.
    pub(super) fn defer(&self, change: Option<ChangeCopy>) {
        self.lock().deferred = change;
    }

    pub(super) fn take_deferred(&self) -> Option<ChangeCopy> {
        self.lock().deferred.take()
    }
}

impl Plan {
    /// Counts a call of this kind, and returns its incident.
    fn next_of(&mut self, kind: Step) -> Option<Incident> {
        let due = self.by_kind.iter().position(|(other, before, _)| *other == kind && *before == 0);
        for (_, before, _) in self.by_kind.iter_mut().filter(|(other, ..)| *other == kind) {
            *before = before.saturating_sub(1);
        }
        due.map(|at| self.by_kind.swap_remove(at).2)
    }
}

/// A pause, as the test and as the plan see it.
fn paused() -> (Pause, Incident) {
    let (reached, is_reached) = oneshot::channel();
    let (release, released) = oneshot::channel();
    (Pause { reached: is_reached, release }, Incident::Pause { reached, released })
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultPlan").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

impl Schedule {
    fn at(self, call: usize) -> Option<Fault> {
        match self {
            Self::Healthy => None,
            Self::Down(fault) => Some(fault),
            Self::Flapping { up, down } => (call % (up + down).max(1) >= up).then_some(Fault::Before),
        }
    }
}

/// A paused call. Dropping it lets the call proceed.
#[derive(Debug)]
pub struct Pause {
    reached: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Pause {
    /// Waits until the call arrives. Returns `false` if the plan was changed before it did.
    pub async fn reached(&mut self) -> bool {
        (&mut self.reached).await.is_ok()
    }

    /// Lets the call proceed.
    pub fn release(self) {
        // The paused call may have been cancelled.
        let _ = self.release.send(());
    }
}
