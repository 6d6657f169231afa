//! ConflictQueue at one account on this node, for those whose change was stale: a fair lock per account.
//!
//! A change is tried at once, as collisions are rare. But of many who keep trying, each round lets only one through: *n* of them would send
//! *n*²/2 saves. So whoever was too late waits for a slot before looking again; then each gets through at once, in the order in which they came,
//! unless another node or a newcomer is faster once more.
//!
//! Nothing depends on it but the number of saves, as what decides is the comparison in the store. So a slot that has lasted too long, because
//! the store hangs or nobody polls the one who has it, is taken over by the next who comes. There is no timer: those who wait already wait for
//! the end of that slot or for somebody who comes.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_channel::oneshot;

use crate::model::UserId;

/// Who waits, by the account at which somebody has the slot.
#[derive(Default)]
pub(crate) struct ConflictQueue(Mutex<Queues>);

#[derive(Default)]
struct Queues {
    /// How many conflicts there have been, over all accounts.
    conflicts: u64,
    queues: HashMap<UserId, Queue>,
}

struct Queue {
    /// The number of the slot that somebody has.
    slot: u64,
    /// Since when others are known to wait for its end.
    awaited_since: Option<Duration>,
    waiting: VecDeque<oneshot::Sender<u64>>,
}

/// The slot at one account, or a place in the queue for it. Dropping it gives the slot to the next.
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
    /// Waits for the slot, the time now being so far from a fixed instant. Whoever stops waiting loses their place, and nobody else's. Whoever
    /// finds that others have waited for the one who has it for `conflict_timeout` takes it over, and gives it to them afterwards.
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
        let slot = self.conflicts + 1;
        match self.queues.entry(id) {
            Entry::Vacant(nobody) => {
                nobody.insert(Queue { slot, awaited_since: None, waiting: VecDeque::new() });
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
        self.conflicts = slot;
        Place::Has(slot)
    }

    /// Ends a slot, unless it has been ended; answers who is to be told of the next one, and its number.
    fn next(&mut self, id: UserId, ended: u64) -> Option<(oneshot::Sender<u64>, u64)> {
        let Entry::Occupied(mut queue) = self.queues.entry(id) else { return None };
        if queue.get().slot != ended {
            return None;
        }
        let Some(next) = queue.get_mut().waiting.pop_front() else {
            queue.remove();
            return None;
        };
        self.conflicts += 1;
        (queue.get_mut().slot, queue.get_mut().awaited_since) = (self.conflicts, None);
        Some((next, self.conflicts))
    }
}

impl Queue {
    fn wait(&mut self) -> Place {
        if self.waiting.len() == self.waiting.capacity() {
            // Those who have gone make room first.
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
        // Nothing is locked while somebody is told: who is woken may come back here at once.
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

    const PATIENCE: Duration = Duration::from_secs(5);

    fn ada() -> UserId {
        "ada".parse().unwrap()
    }

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn at(conflicts: &ConflictQueue, seconds: u64) -> impl Future<Output = Slot<'_>> {
        conflicts.acquire(ada(), Duration::from_secs(seconds), PATIENCE)
    }

    #[test]
    fn they_come_in_the_order_in_which_they_asked() {
        let conflicts = ConflictQueue::default();
        let (mut first, mut second, mut third) =
            (pin!(at(&conflicts, 0)), pin!(at(&conflicts, 0)), pin!(at(&conflicts, 0)));
        let Poll::Ready(slot) = poll(first.as_mut()) else { panic!("waits for nobody") };
        assert!(poll(second.as_mut()).is_pending() && poll(third.as_mut()).is_pending());
        let mut other = pin!(conflicts.acquire("bob".parse().unwrap(), Duration::ZERO, PATIENCE));
        assert!(poll(other.as_mut()).is_ready());
        drop(slot);
        assert!(poll(third.as_mut()).is_pending());
        let Poll::Ready(slot) = poll(second.as_mut()) else { panic!("not let in") };
        drop(slot);
        assert!(poll(third.as_mut()).is_ready());
        assert!(conflicts.lock().queues.is_empty());
    }

    #[test]
    fn who_goes_away_passes_the_turn_on() {
        let conflicts = ConflictQueue::default();
        let mut places: Vec<_> = (0..4).map(|_| Box::pin(at(&conflicts, 0))).collect();
        let mut held: Vec<_> = places.iter_mut().map(|place| poll(place.as_mut())).collect();
        let Poll::Ready(slot) = held.swap_remove(0) else { panic!("waits for nobody") };
        // The second goes while it waits, the third when it has been sent the slot and not yet looked.
        drop(places.remove(1));
        drop(slot);
        drop(places.remove(1));
        assert!(poll(places.remove(1).as_mut()).is_ready());
        assert!(conflicts.lock().queues.is_empty());
    }

    #[test]
    fn a_turn_that_does_not_end_is_waited_for_no_longer_than_patience() {
        let conflicts = ConflictQueue::default();
        let (mut first, mut second, mut third) =
            (pin!(at(&conflicts, 0)), pin!(at(&conflicts, 60)), pin!(at(&conflicts, 64)));
        let (mut fourth, mut fifth) = (pin!(at(&conflicts, 65)), pin!(at(&conflicts, 66)));
        let Poll::Ready(hangs) = poll(first.as_mut()) else { panic!("waits for nobody") };
        // Nobody has waited until now, so nobody knows for how long.
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
    fn those_who_have_gone_take_no_room() {
        let conflicts = ConflictQueue::default();
        let mut first = pin!(at(&conflicts, 0));
        let Poll::Ready(_turn) = poll(first.as_mut()) else { panic!("waits for nobody") };
        for _ in 0..10_000 {
            assert!(poll(pin!(at(&conflicts, 0)).as_mut()).is_pending());
        }
        assert!(conflicts.lock().queues.get(&ada()).unwrap().waiting.len() < 100);
    }
}
