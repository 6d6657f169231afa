//! Decoded accounts, kept to save the decoding. What is in here proves nothing: whoever takes a value compares its version with what the store has now.

use std::{
    hash::{BuildHasher as _, RandomState},
    num::NonZero,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use super::{homes::Homes, table::Table};
use crate::{
    model::UserId,
    ports::{Parts, Stored},
};

const MAX_SHARDS: usize = 64;
/// Enough that two threads seldom meet, and few enough that a processor's own cache holds all locks.
const SHARDS_PER_PROCESSOR: usize = 4;

/// A bounded map in shards with a short lock each. Which value makes room is decided by the clock algorithm: the first one that was not
/// used since the hand last passed it.
pub(super) struct AccountCache {
    hasher: RandomState,
    shards: Box<[Mutex<Shard>]>,
}

#[derive(Default)]
struct Shard {
    slots: Table<Slot>,
    homes: Homes,
    /// The place where the search for a victim goes on.
    hand: usize,
    capacity: usize,
}

struct Slot {
    stored: Stored,
    used: bool,
}

impl AccountCache {
    pub(super) fn new(capacity: usize) -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let shards = capacity.min(MAX_SHARDS).min(processors.saturating_mul(SHARDS_PER_PROCESSOR));
        let shard = |_| Mutex::new(Shard { capacity: capacity / shards, ..Shard::default() });
        Self { hasher: RandomState::new(), shards: (0..shards).map(shard).collect() }
    }

    pub(super) fn find(&self, id: &UserId) -> Option<Stored> {
        let (hash, mut shard) = self.shard(id)?;
        let slot = shard.slots.find_mut(hash, |slot| slot.stored.account.is(id))?;
        slot.used = true;
        Some(slot.stored.clone())
    }

    /// Keeps a value, unless the same state with more parts is there.
    pub(super) fn put(&self, stored: Stored) {
        let Some((hash, mut shard)) = self.shard(stored.account.id()) else { return };
        let replaced = shard.put(hash, stored);
        // Whatever is dropped here may be large, and others wait for the shard.
        drop(shard);
        drop(replaced);
    }

    pub(super) fn remove(&self, id: &UserId) {
        let removed = self.shard(id).and_then(|(hash, mut shard)| shard.remove(hash, id));
        drop(removed);
    }

    fn shard(&self, id: &UserId) -> Option<(u64, MutexGuard<'_, Shard>)> {
        let hash = self.hasher.hash_one(id);
        let index = usize::try_from(hash >> 32).unwrap_or_default().checked_rem(self.shards.len())?;
        // A thread that panicked in here left at worst a value that is compared before use.
        Some((hash, self.shards.get(index)?.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Shard {
    /// Answers with what is not kept any more, if that is anything.
    fn put(&mut self, hash: u64, mut stored: Stored) -> Option<Stored> {
        let id = *stored.account.id();
        let others = self.slots.len();
        if let Some(slot) = self.slots.find_mut(hash, |slot| slot.stored.account.is(&id)) {
            if slot.stored.version == stored.version && slot.stored.has(Parts::Whole) {
                return Some(stored);
            }
            stored.account = self.homes.house(&stored.account, others);
            slot.used = false;
            return Some(std::mem::replace(&mut slot.stored, stored));
        }
        let evicted = if others < self.capacity { None } else { self.evict() };
        stored.account = self.homes.house(&stored.account, others);
        self.slots.insert(hash, Slot { stored, used: false });
        evicted
    }

    /// Takes out the first that was not used since the hand last passed it. One that moves into its place gets another round.
    fn evict(&mut self) -> Option<Stored> {
        let places = self.slots.places();
        // After one round all are unused, so in a second one there is one to be found if there is any.
        for _ in 0..places.saturating_mul(2) {
            let place = self.hand % places;
            self.hand = place + 1;
            match self.slots.at_mut(place) {
                Some(slot) if slot.used => slot.used = false,
                Some(_) => return self.slots.take(place).map(|slot| slot.stored),
                None => {}
            }
        }
        None
    }

    fn remove(&mut self, hash: u64, id: &UserId) -> Option<Stored> {
        self.slots.remove(hash, |slot| slot.stored.account.is(id)).map(|slot| slot.stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Account, Timestamp},
        ports::Version,
    };

    fn stored(number: usize, version: u64) -> Stored {
        let account = Account::new(id(number), Timestamp::MIN);
        Stored { account: account.into(), version: Version::from_bits(version) }
    }

    fn id(number: usize) -> UserId {
        format!("u{number}").parse().unwrap()
    }

    #[test]
    fn it_never_holds_more_than_its_bound_and_finds_what_it_holds() {
        for bound in [1, 3, 64, 100] {
            let cache = AccountCache::new(bound);
            for number in 0..1000 {
                cache.put(stored(number, 1));
                assert!(cache.find(&id(number)).is_some());
                if number % 3 == 1 {
                    cache.remove(&id(number));
                    assert!(cache.find(&id(number)).is_none());
                }
            }
            let held = (0..1000).filter(|number| cache.find(&id(*number)).is_some()).count();
            assert!((1..=bound).contains(&held), "{held} of {bound}");
        }
    }

    #[test]
    fn what_is_used_outlives_what_is_not() {
        let cache = AccountCache::new(512);
        cache.put(stored(0, 1));
        for number in 1..10_000 {
            cache.put(stored(number, 1));
            assert!(cache.find(&id(0)).is_some(), "after {number}");
        }
    }

    #[test]
    fn of_one_state_the_richer_value_stays() {
        let cache = AccountCache::new(8);
        cache.put(stored(0, 1));
        let mut body = stored(0, 1);
        std::sync::Arc::make_mut(&mut body.account).attachment = None;
        cache.put(body.clone());
        assert!(cache.find(&id(0)).unwrap().has(Parts::Whole));
        body.version = Version::from_bits(2);
        cache.put(body);
        assert!(!cache.find(&id(0)).unwrap().has(Parts::Whole));
    }

    #[test]
    fn a_bound_of_zero_holds_nothing() {
        let cache = AccountCache::new(0);
        cache.put(stored(0, 1));
        assert!(cache.find(&id(0)).is_none());
    }
}
