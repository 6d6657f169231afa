//! Turns at one account on this node, for those whose change was stale.
//!
//! A change is tried at once, as collisions are rare. But of many who keep trying, each round lets only one through: *n* of them would send
//! *n*²/2 saves. So whoever was too late waits for a turn before looking again; then each gets through at once, in the order in which they came,
//! unless another node or a newcomer is faster once more.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_channel::oneshot;

use crate::model::UserId;

/// Who waits, by the account at which somebody has the turn.
#[derive(Default)]
pub(crate) struct Turns(Mutex<Queues>);

type Queues = HashMap<UserId, VecDeque<oneshot::Sender<()>>>;

/// The turn at one account, or a place in the queue for it. Dropping it gives the turn to the next.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    id: UserId,
    waits: Option<oneshot::Receiver<()>>,
}

impl Turns {
    /// Waits for the turn. Whoever stops waiting loses their place, and nobody else's.
    pub(crate) async fn take(&self, id: UserId) -> Turn<'_> {
        let waits = match self.queues().entry(id) {
            Entry::Vacant(nobody) => {
                nobody.insert(VecDeque::new());
                None
            }
            Entry::Occupied(mut queue) => {
                let (sender, receiver) = oneshot::channel();
                queue.get_mut().push_back(sender);
                Some(receiver)
            }
        };
        let mut turn = Turn { turns: self, id, waits };
        if let Some(waits) = &mut turn.waits {
            // A sender leaves the queue only to send.
            let _ = waits.await;
            turn.waits = None;
        }
        turn
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(waits) = &mut self.waits {
            waits.close();
            let is_ours = matches!(waits.try_recv(), Ok(Some(())));
            if !is_ours {
                return;
            }
        }
        let mut queues = self.turns.queues();
        let Entry::Occupied(mut queue) = queues.entry(self.id) else { return };
        while let Some(next) = queue.get_mut().pop_front() {
            // One who has gone is passed over.
            if next.send(()).is_ok() {
                return;
            }
        }
        queue.remove();
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

    fn ada() -> UserId {
        "ada".parse().unwrap()
    }

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn they_come_in_the_order_in_which_they_asked() {
        let turns = Turns::default();
        let (mut first, mut second, mut third) =
            (pin!(turns.take(ada())), pin!(turns.take(ada())), pin!(turns.take(ada())));
        let Poll::Ready(turn) = poll(first.as_mut()) else { panic!("waits for nobody") };
        assert!(poll(second.as_mut()).is_pending() && poll(third.as_mut()).is_pending());
        let mut other = pin!(turns.take("bob".parse().unwrap()));
        assert!(poll(other.as_mut()).is_ready());
        drop(turn);
        assert!(poll(third.as_mut()).is_pending());
        let Poll::Ready(turn) = poll(second.as_mut()) else { panic!("not let in") };
        drop(turn);
        assert!(poll(third.as_mut()).is_ready());
        assert!(turns.queues().is_empty());
    }

    #[test]
    fn who_goes_away_passes_the_turn_on() {
        let turns = Turns::default();
        let mut places: Vec<_> = (0..4).map(|_| Box::pin(turns.take(ada()))).collect();
        let mut held: Vec<_> = places.iter_mut().map(|place| poll(place.as_mut())).collect();
        let Poll::Ready(turn) = held.swap_remove(0) else { panic!("waits for nobody") };
        // The second goes while it waits, the third when it has been sent the turn and not yet looked.
        drop(places.remove(1));
        drop(turn);
        drop(places.remove(1));
        assert!(poll(places.remove(1).as_mut()).is_ready());
        assert!(turns.queues().is_empty());
    }
}
