//! The gate that guesses on one account pass on this node.
//!
//! It admits at most (limit − failures) guesses at once, so that the hasher never runs more often than the limit says, and honest sign-ins in
//! parallel wait rather than fail. The exact count is in the account; this only holds back the work.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_channel::oneshot;

use crate::model::UserId;

/// Holds back guesses per account.
#[derive(Default)]
pub(crate) struct GuessGate {
    /// How many guesses have left the gate, over all accounts.
    exits: AtomicU64,
    rooms: Mutex<HashMap<GuessKey, Room>>,
}

#[derive(Default)]
struct Room {
    inside: u32,
    waiting: Vec<oneshot::Sender<()>>,
}

/// Where guesses on an account come in: those of devices that it knows apart from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct GuessKey {
    pub(crate) id: UserId,
    pub(crate) known: bool,
}

/// A moment before an account was loaded; see [`GuessGate::enter`].
pub(crate) struct Moment(u64);

/// What to do with a guess.
pub(crate) enum Entry<'a> {
    /// Guess, and drop the permit once the outcome is saved.
    Permit(Permit<'a>),
    /// Load the account again and ask again: another guess has ended since it was loaded.
    Reload,
    /// As [`Entry::Reload`], but when this resolves.
    Wait(oneshot::Receiver<()>),
}

/// The right to one guess. Dropping it lets others in.
pub(crate) struct Permit<'a> {
    gate: &'a GuessGate,
    key: GuessKey,
}

impl GuessGate {
    /// To be taken before the account is loaded.
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.exits.load(Ordering::SeqCst))
    }

    /// Asks for a permit, given the failures that a load after `moment` showed.
    pub(crate) fn enter(&self, key: GuessKey, failures: u32, limit: u32, moment: &Moment) -> Entry<'_> {
        let mut rooms = self.rooms();
        if self.exits.load(Ordering::SeqCst) != moment.0 {
            return Entry::Reload;
        }
        let room = rooms.entry(key).or_default();
        if room.inside == 0 || room.inside.saturating_add(failures) < limit {
            room.inside += 1;
            return Entry::Permit(Permit { gate: self, key });
        }
        let (sender, receiver) = oneshot::channel();
        room.waiting.retain(|waiter| !waiter.is_canceled());
        room.waiting.push(sender);
        Entry::Wait(receiver)
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<GuessKey, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut rooms = self.gate.rooms();
        self.gate.exits.fetch_add(1, Ordering::SeqCst);
        let Some(room) = rooms.get_mut(&self.key) else { return };
        room.inside = room.inside.saturating_sub(1);
        let woken = std::mem::take(&mut room.waiting);
        if room.inside == 0 {
            rooms.remove(&self.key);
        }
        drop(rooms);
        for waiter in woken {
            // A waiter that has gone needs no waking.
            let _ = waiter.send(());
        }
    }
}

impl fmt::Debug for GuessGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuessGate(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> GuessKey {
        GuessKey { id: "ada".parse().unwrap(), known: false }
    }

    #[test]
    fn as_many_enter_as_could_still_fail() {
        let gate = GuessGate::default();
        let moment = gate.moment();
        let permits: Vec<_> = (0..3).map(|_| gate.enter(id(), 7, 10, &moment)).collect();
        assert!(permits.iter().all(|entry| matches!(entry, Entry::Permit(_))));
        assert!(matches!(gate.enter(id(), 7, 10, &moment), Entry::Wait(_)));
        let known = gate.enter(GuessKey { known: true, ..id() }, 9, 10, &moment);
        assert!(matches!(known, Entry::Permit(_)));
        let bob = GuessKey { id: "bob".parse().unwrap(), known: false };
        assert!(matches!(gate.enter(bob, 9, 10, &moment), Entry::Permit(_)));
    }

    #[test]
    fn a_count_from_before_an_exit_is_not_believed() {
        let gate = GuessGate::default();
        let before = gate.moment();
        drop(gate.enter(id(), 0, 10, &before));
        assert!(matches!(gate.enter(id(), 0, 10, &before), Entry::Reload));
        assert!(matches!(gate.enter(id(), 1, 10, &gate.moment()), Entry::Permit(_)));
    }

    #[test]
    fn an_exit_wakes_those_who_wait() {
        let gate = GuessGate::default();
        let moment = gate.moment();
        let inside = gate.enter(id(), 9, 10, &moment);
        let Entry::Wait(mut waiter) = gate.enter(id(), 9, 10, &moment) else { panic!("let in") };
        assert_eq!(waiter.try_recv(), Ok(None));
        drop(inside);
        assert_eq!(waiter.try_recv(), Ok(Some(())));
        assert!(gate.rooms().is_empty());
    }
}
