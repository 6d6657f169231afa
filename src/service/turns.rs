//! Turns at one account on this node, for those whose change was stale: a fair lock per account.
//!
//! A change is tried at once, as collisions are rare. But of many who keep trying, each round lets only one through: *n* of them would send
//! *n*²/2 saves. So whoever was too late waits for a turn before looking again; then each gets through at once, in the order in which they came,
//! unless another node or a newcomer is faster once more.
//!
//! Nothing depends on it but the number of saves, as what decides is the comparison in the store. So a turn that has lasted too long, because
//! the store hangs or nobody polls the one who has it, is taken over by the next who comes. There is no timer: those who wait already wait for
//! the end of that turn or for somebody who comes.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_channel::oneshot;

use crate::model::UserId;

/// Who waits, by the account at which somebody has the turn.
#[derive(Default)]
pub(crate) struct Turns(Mutex<Queues>);

#[derive(Default)]
struct Queues {
    /// How many turns there have been, over all accounts.
    turns: u64,
    queues: HashMap<UserId, Queue>,
}

struct Queue {
    /// The number of the turn that somebody has.
    turn: u64,
    /// Since when others are known to wait for its end.
    awaited_since: Option<Duration>,
    waiting: VecDeque<oneshot::Sender<u64>>,
}

/// The turn at one account, or a place in the queue for it. Dropping it gives the turn to the next.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    id: UserId,
    place: Place,
}

enum Place {
    Has(u64),
    Waits(oneshot::Receiver<u64>),
}

impl Turns {
    /// Waits for the turn, the time now being so far from a fixed instant. Whoever stops waiting loses their place, and nobody else's. Whoever
    /// finds that others have waited for the one who has it for `patience` takes it over, and gives it to them afterwards.
    pub(crate) async fn take(&self, id: UserId, now: Duration, patience: Duration) -> Turn<'_> {
        let place = self.lock().place(id, now, patience);
        let mut turn = Turn { turns: self, id, place };
        if let Place::Waits(receiver) = &mut turn.place {
            // A sender leaves the queue only to send.
            if let Ok(number) = receiver.await {
                turn.place = Place::Has(number);
            }
        }
        turn
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queues {
    fn place(&mut self, id: UserId, now: Duration, patience: Duration) -> Place {
        let turn = self.turns + 1;
        match self.queues.entry(id) {
            Entry::Vacant(nobody) => {
                nobody.insert(Queue { turn, awaited_since: None, waiting: VecDeque::new() });
            }
            Entry::Occupied(mut queue) => {
                let queue = queue.get_mut();
                let since = *queue.awaited_since.get_or_insert(now);
                if now.saturating_sub(since) < patience {
                    return queue.wait();
                }
                (queue.turn, queue.awaited_since) = (turn, None);
            }
        }
        self.turns = turn;
        Place::Has(turn)
    }

    /// Ends a turn, unless it has been ended; answers who is to be told of the next one, and its number.
    fn next(&mut self, id: UserId, ended: u64) -> Option<(oneshot::Sender<u64>, u64)> {
        let Entry::Occupied(mut queue) = self.queues.entry(id) else { return None };
        if queue.get().turn != ended {
            return None;
        }
        let Some(next) = queue.get_mut().waiting.pop_front() else {
            queue.remove();
            return None;
        };
        self.turns += 1;
        (queue.get_mut().turn, queue.get_mut().awaited_since) = (self.turns, None);
        Some((next, self.turns))
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

impl Turn<'_> {
    pub(crate) fn is_at(&self, id: &UserId) -> bool {
        self.id == *id
    }
}

impl Drop for Turn<'_> {
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
            let next = self.turns.lock().next(self.id, number);
            ended = next.and_then(|(waits, number)| waits.send(number).err());
        }
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns(…)")
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

    fn at(turns: &Turns, seconds: u64) -> impl Future<Output = Turn<'_>> {
        turns.take(ada(), Duration::from_secs(seconds), PATIENCE)
    }

    #[test]
    fn they_come_in_the_order_in_which_they_asked() {
        let turns = Turns::default();
        let (mut first, mut second, mut third) =
            (pin!(at(&turns, 0)), pin!(at(&turns, 0)), pin!(at(&turns, 0)));
        let Poll::Ready(turn) = poll(first.as_mut()) else { panic!("waits for nobody") };
        assert!(poll(second.as_mut()).is_pending() && poll(third.as_mut()).is_pending());
        let mut other = pin!(turns.take("bob".parse().unwrap(), Duration::ZERO, PATIENCE));
        assert!(poll(other.as_mut()).is_ready());
        drop(turn);
        assert!(poll(third.as_mut()).is_pending());
        let Poll::Ready(turn) = poll(second.as_mut()) else { panic!("not let in") };
        drop(turn);
        assert!(poll(third.as_mut()).is_ready());
        assert!(turns.lock().queues.is_empty());
    }

    #[test]
    fn who_goes_away_passes_the_turn_on() {
        let turns = Turns::default();
        let mut places: Vec<_> = (0..4).map(|_| Box::pin(at(&turns, 0))).collect();
        let mut held: Vec<_> = places.iter_mut().map(|place| poll(place.as_mut())).collect();
        let Poll::Ready(turn) = held.swap_remove(0) else { panic!("waits for nobody") };
        // The second goes while it waits, the third when it has been sent the turn and not yet looked.
        drop(places.remove(1));
        drop(turn);
        drop(places.remove(1));
        assert!(poll(places.remove(1).as_mut()).is_ready());
        assert!(turns.lock().queues.is_empty());
    }

    #[test]
    fn a_turn_that_does_not_end_is_waited_for_no_longer_than_patience() {
        let turns = Turns::default();
        let (mut first, mut second, mut third) =
            (pin!(at(&turns, 0)), pin!(at(&turns, 60)), pin!(at(&turns, 64)));
        let (mut fourth, mut fifth) = (pin!(at(&turns, 65)), pin!(at(&turns, 66)));
        let Poll::Ready(hangs) = poll(first.as_mut()) else { panic!("waits for nobody") };
        // Nobody has waited until now, so nobody knows for how long.
        assert!(poll(second.as_mut()).is_pending() && poll(third.as_mut()).is_pending());
        let Poll::Ready(turn) = poll(fourth.as_mut()) else { panic!("still waits") };
        assert!(poll(fifth.as_mut()).is_pending(), "this turn is a new one");
        drop(hangs);
        assert!(poll(second.as_mut()).is_pending(), "that one was over");
        drop(turn);
        for waits in [second, third] {
            let mut waits = waits;
            assert!(poll(waits.as_mut()).is_ready());
        }
        assert!(poll(fifth.as_mut()).is_ready());
        assert!(turns.lock().queues.is_empty());
    }

    #[test]
    fn those_who_have_gone_take_no_room() {
        let turns = Turns::default();
        let mut first = pin!(at(&turns, 0));
        let Poll::Ready(_turn) = poll(first.as_mut()) else { panic!("waits for nobody") };
        for _ in 0..10_000 {
            assert!(poll(pin!(at(&turns, 0)).as_mut()).is_pending());
        }
        assert!(turns.lock().queues.get(&ada()).unwrap().waiting.len() < 100);
    }
}
