//! The queue of conflicting changes: a fair lock per account, on this node.
//!
//! A change is first tried without a lock, because conflicts are rare. But if *n* changes kept
//! retrying, each round would let one through, at a cost of *n*²/2 saves. So a change that was
//! stale waits for a slot before it loads again. Then each succeeds at its next try, in order of
//! arrival, unless another node or a new change is faster.
//!
//! Only the number of saves depends on the queue: correctness rests on the comparison in the store.
//! So a slot that is held too long, because the store hangs or its future is not polled, is taken
//! over by the next arrival. There is no timer: changes that wait already wait until the slot ends
//! or another change arrives.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_channel::oneshot;

use crate::model::UserId;

/// The waiting changes, by account.
#[derive(Default)]
pub(crate) struct ConflictQueue(Mutex<Queues>);

#[derive(Default)]
struct Queues {
    /// How many slots have been given, over all accounts.
    last_slot: u64,
    queues: HashMap<UserId, Queue>,
}

struct Queue {
    /// The number of the current slot.
    slot: u64,
    /// Since when other changes wait for its end.
    awaited_since: Option<Duration>,
    waiting: VecDeque<oneshot::Sender<u64>>,
}

/// The slot of one account, or a place in its queue. Dropping it gives the slot to the next change.
pub(crate) struct Slot<'a> {
    conflicts: &'a ConflictQueue,
    id: UserId,
    place: Place,
}

enum Place {
    Has(u64),
    Waits(oneshot::Receiver<u64>),
}

impl ConflictQueue {
    /// Waits for the slot of an account. Dropping the future gives up the place. If other changes
    /// have waited for the current slot for `conflict_timeout`, takes the slot over; they come
    /// afterwards.
    pub(crate) async fn acquire(&self, id: UserId, now: Duration, conflict_timeout: Duration) -> Slot<'_> {
        let place = self.lock().place(id, now, conflict_timeout);
        let mut slot = Slot { conflicts: self, id, place };
        if let Place::Waits(receiver) = &mut slot.place {
            // A sender leaves the queue only to send.
            if let Ok(number) = receiver.await {
                slot.place = Place::Has(number);
            }
        }
        slot
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queues {
    fn place(&mut self, id: UserId, now: Duration, conflict_timeout: Duration) -> Place {
        let slot = self.last_slot + 1;
        match self.queues.entry(id) {
            Entry::Vacant(vacant) => {
                vacant.insert(Queue { slot, awaited_since: None, waiting: VecDeque::new() });
            }
            Entry::Occupied(mut queue) => {
                let queue = queue.get_mut();
                let since = *queue.awaited_since.get_or_insert(now);
                if now.saturating_sub(since) < conflict_timeout {
                    return queue.wait();
                }
                (queue.slot, queue.awaited_since) = (slot, None);
            }
        }
        self.last_slot = slot;
        Place::Has(slot)
    }

    /// Ends a slot, unless it was taken over. Returns the next change and the number of its slot.
    fn next(&mut self, id: UserId, ended: u64) -> Option<(oneshot::Sender<u64>, u64)> {
        let Entry::Occupied(mut queue) = self.queues.entry(id) else { return None };
        if queue.get().slot != ended {
            return None;
        }
        let Some(next) = queue.get_mut().waiting.pop_front() else {
            queue.remove();
            return None;
        };
        self.last_slot += 1;
        (queue.get_mut().slot, queue.get_mut().awaited_since) = (self.last_slot, None);
        Some((next, self.last_slot))
    }
}

impl Queue {
    fn wait(&mut self) -> Place {
        if self.waiting.len() == self.waiting.capacity() {
            // Changes that were dropped make room first.
            self.waiting.retain(|waits| !waits.is_canceled());
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.push_back(sender);
        Place::Waits(receiver)
    }
}

impl Slot<'_> {
    pub(crate) fn is_at(&self, id: &UserId) -> bool {
        self.id == *id
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut ended = match &mut self.place {
            Place::Has(number) => Some(*number),
            Place::Waits(receiver) => {
                receiver.close();
                receiver.try_recv().ok().flatten()
            }
        };
        // The lock is not held while a change is woken, because that may use this queue at once.
        while let Some(number) = ended {
            let next = self.conflicts.lock().next(self.id, number);
            ended = next.and_then(|(waits, number)| waits.send(number).err());
        }
    }
}

impl fmt::Debug for ConflictQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConflictQueue(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
    };

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    fn ada() -> UserId {
        "ada".parse().unwrap()
    }

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn at(conflicts: &ConflictQueue, seconds: u64) -> impl Future<Output = Slot<'_>> {
        conflicts.acquire(ada(), Duration::from_secs(seconds), TIMEOUT)
    }

    #[test]
    fn slots_are_given_in_the_order_of_arrival() {
        let conflicts = ConflictQueue::default();
        let (mut first, mut second, mut third) =
            (pin!(at(&conflicts, 0)), pin!(at(&conflicts, 0)), pin!(at(&conflicts, 0)));
        let Poll::Ready(slot) = poll(first.as_mut()) else { panic!("waits without a reason") };
        assert!(poll(second.as_mut()).is_pending() && poll(third.as_mut()).is_pending());
        let mut other = pin!(conflicts.acquire("bob".parse().unwrap(), Duration::ZERO, TIMEOUT));
        assert!(poll(other.as_mut()).is_ready());
        drop(slot);
        assert!(poll(third.as_mut()).is_pending());
        let Poll::Ready(slot) = poll(second.as_mut()) else { panic!("still waits") };
        drop(slot);
        assert!(poll(third.as_mut()).is_ready());
        assert!(conflicts.lock().queues.is_empty());
    }

    #[test]
    fn a_dropped_change_passes_its_slot_on() {
        let conflicts = ConflictQueue::default();
        let mut places: Vec<_> = (0..4).map(|_| Box::pin(at(&conflicts, 0))).collect();
        let mut held: Vec<_> = places.iter_mut().map(|place| poll(place.as_mut())).collect();
        let Poll::Ready(slot) = held.swap_remove(0) else { panic!("waits without a reason") };
        // The second is dropped while it waits, the third after it was sent the slot.
        drop(places.remove(1));
        drop(slot);
        drop(places.remove(1));
        assert!(poll(places.remove(1).as_mut()).is_ready());
        assert!(conflicts.lock().queues.is_empty());
    }

    #[test]
    fn a_slot_that_does_not_end_is_taken_over_after_the_timeout() {
        let conflicts = ConflictQueue::default();
        let (mut first, mut second, mut third) =
            (pin!(at(&conflicts, 0)), pin!(at(&conflicts, 60)), pin!(at(&conflicts, 64)));
        let (mut fourth, mut fifth) = (pin!(at(&conflicts, 65)), pin!(at(&conflicts, 66)));
        let Poll::Ready(hangs) = poll(first.as_mut()) else { panic!("waits without a reason") };
        // The wait counts from the first change that waits.
        assert!(poll(second.as_mut()).is_pending() && poll(third.as_mut()).is_pending());
        let Poll::Ready(slot) = poll(fourth.as_mut()) else { panic!("still waits") };
        assert!(poll(fifth.as_mut()).is_pending(), "this slot is a new one");
        drop(hangs);
        assert!(poll(second.as_mut()).is_pending(), "that one was over");
        drop(slot);
        for waits in [second, third] {
            let mut waits = waits;
            assert!(poll(waits.as_mut()).is_ready());
        }
        assert!(poll(fifth.as_mut()).is_ready());
        assert!(conflicts.lock().queues.is_empty());
    }

    #[test]
    fn dropped_changes_take_no_room() {
        let conflicts = ConflictQueue::default();
        let mut first = pin!(at(&conflicts, 0));
        let Poll::Ready(_slot) = poll(first.as_mut()) else { panic!("waits without a reason") };
        for _ in 0..10_000 {
            assert!(poll(pin!(at(&conflicts, 0)).as_mut()).is_pending());
        }
        assert!(conflicts.lock().queues.get(&ada()).unwrap().waiting.len() < 100);
    }
}
