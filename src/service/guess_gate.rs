//! Bounds the password guesses on one account that are hashed at once on this node.
//!
//! It admits at most (limit − failures) guesses at once, so that the hasher runs no more often than
//! the limit allows, and honest parallel sign-ins wait instead of failing. The exact count is in
//! the account.

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

/// Admits guesses, per account.
#[derive(Default)]
pub(crate) struct GuessGate {
    /// How many guesses have ended, over all accounts.
    exits: AtomicU64,
    counts: Mutex<HashMap<GuessKey, Count>>,
}

#[derive(Default)]
struct Count {
    active: u32,
    waiting: Vec<oneshot::Sender<()>>,
}

/// What guesses are bounded by: the account, and whether it knows the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct GuessKey {
    pub(crate) id: UserId,
    pub(crate) known: bool,
}

/// A point in time before an account was loaded; see [`GuessGate::enter`].
pub(crate) struct Moment(u64);

/// What to do with a guess.
pub(crate) enum Entry<'a> {
    /// Guess, and drop the permit once the outcome is saved.
    Permit(Permit<'a>),
    /// Load the account again and call [`GuessGate::enter`] again: another guess has ended in
    /// between.
    Reload,
    /// As [`Entry::Reload`], once this resolves.
    Wait(oneshot::Receiver<()>),
}

/// The right to one guess. Dropping it admits others.
pub(crate) struct Permit<'a> {
    gate: &'a GuessGate,
    key: GuessKey,
}

impl GuessGate {
    /// Call it before the account is loaded.
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.exits.load(Ordering::SeqCst))
    }

    /// Requests a permit, with the failures of the account as loaded after `moment`.
    pub(crate) fn enter(&self, key: GuessKey, failures: u32, limit: u32, moment: &Moment) -> Entry<'_> {
        let mut counts = self.counts();
        if self.exits.load(Ordering::SeqCst) != moment.0 {
            return Entry::Reload;
        }
        let count = counts.entry(key).or_default();
        if count.active == 0 || count.active.saturating_add(failures) < limit {
            count.active += 1;
            return Entry::Permit(Permit { gate: self, key });
        }
        let (sender, receiver) = oneshot::channel();
        count.waiting.retain(|waiter| !waiter.is_canceled());
        count.waiting.push(sender);
        Entry::Wait(receiver)
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<GuessKey, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut counts = self.gate.counts();
        self.gate.exits.fetch_add(1, Ordering::SeqCst);
        let Some(count) = counts.get_mut(&self.key) else { return };
        count.active = count.active.saturating_sub(1);
        let woken = std::mem::take(&mut count.waiting);
        if count.active == 0 {
            counts.remove(&self.key);
        }
        drop(counts);
        for waiter in woken {
            // A waiter that was dropped needs no wake-up.
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
    fn as_many_guesses_run_as_may_still_fail() {
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
    fn an_account_loaded_before_a_guess_ended_is_loaded_again() {
        let gate = GuessGate::default();
        let before = gate.moment();
        drop(gate.enter(id(), 0, 10, &before));
        assert!(matches!(gate.enter(id(), 0, 10, &before), Entry::Reload));
        assert!(matches!(gate.enter(id(), 1, 10, &gate.moment()), Entry::Permit(_)));
    }

    #[test]
    fn a_guess_that_ends_wakes_those_that_wait() {
        let gate = GuessGate::default();
        let moment = gate.moment();
        let inside = gate.enter(id(), 9, 10, &moment);
        let Entry::Wait(mut waiter) = gate.enter(id(), 9, 10, &moment) else { panic!("admitted") };
        assert_eq!(waiter.try_recv(), Ok(None));
        drop(inside);
        assert_eq!(waiter.try_recv(), Ok(Some(())));
        assert!(gate.counts().is_empty());
    }
}
