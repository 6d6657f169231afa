//! Decoded accounts, kept to save the decoding. What is in here proves nothing: whoever takes a value compares its version with what the store has now.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use hashbrown::HashTable;

use crate::{
    model::UserId,
    ports::{Parts, Stored},
};

const MOST_SHARDS: usize = 64;

/// A bounded map in shards with a short lock each. Which value makes room is decided by the clock algorithm: the first one that was not
/// used since the hand last passed it.
pub(super) struct AccountCache {
    hasher: RandomState,
    shards: Box<[Mutex<Shard>]>,
}

#[derive(Default)]
struct Shard {
    /// Hash and place in `slots`.
    places: HashTable<(u64, usize)>,
    slots: Vec<Slot>,
    hand: usize,
    capacity: usize,
}

struct Slot {
    hash: u64,
    // A copy, so that finding one value does not touch the others.
    id: UserId,
    stored: Stored,
    used: bool,
}

impl AccountCache {
    pub(super) fn new(capacity: usize) -> Self {
        let shards = capacity.min(MOST_SHARDS);
        let shard = |_| Mutex::new(Shard { capacity: capacity / shards, ..Shard::default() });
        Self { hasher: RandomState::new(), shards: (0..shards).map(shard).collect() }
    }

    pub(super) fn find(&self, id: &UserId) -> Option<Stored> {
        let (hash, mut shard) = self.shard(id)?;
        let place = shard.place(hash, id)?;
        let slot = shard.slots.get_mut(place)?;
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
    fn place(&self, hash: u64, id: &UserId) -> Option<usize> {
        let is_it = |&(_, place): &(u64, usize)| self.slots.get(place).is_some_and(|slot| slot.id == *id);
        self.places.find(hash, is_it).map(|(_, place)| *place)
    }

    fn put(&mut self, hash: u64, stored: Stored) -> Option<Stored> {
        let id = *stored.account.id();
        let place = match self.place(hash, &id) {
            Some(place) => place,
            None if self.slots.len() < self.capacity => {
                self.places.insert_unique(hash, (hash, self.slots.len()), |(hash, _)| *hash);
                self.slots.push(Slot { hash, id, stored, used: false });
                return None;
            }
            None => {
                let place = self.victim();
                let evicted = self.slots.get(place)?.hash;
                self.forget_place(evicted, place);
                self.places.insert_unique(hash, (hash, place), |(hash, _)| *hash);
                place
            }
        };
        let slot = self.slots.get_mut(place)?;
        if slot.id == id && slot.stored.version == stored.version && slot.stored.has(Parts::Whole) {
            return Some(stored);
        }
        slot.hash = hash;
        slot.id = id;
        slot.used = false;
        Some(std::mem::replace(&mut slot.stored, stored))
    }

    fn victim(&mut self) -> usize {
        loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.slots.len().max(1);
            match self.slots.get_mut(place) {
                Some(slot) if slot.used => slot.used = false,
                _ => return place,
            }
        }
    }

    fn remove(&mut self, hash: u64, id: &UserId) -> Option<Slot> {
        let place = self.place(hash, id)?;
        self.forget_place(hash, place);
        let removed = self.slots.swap_remove(place);
        // The last slot has moved into the gap.
        let moved = self.slots.len();
        if let Some(slot) = self.slots.get(place)
            && let Some((_, entry)) = self.places.find_mut(slot.hash, |(_, other)| *other == moved)
        {
            *entry = place;
        }
        self.hand = if self.hand >= self.slots.len() { 0 } else { self.hand };
        Some(removed)
    }

    fn forget_place(&mut self, hash: u64, place: usize) {
        if let Ok(entry) = self.places.find_entry(hash, |(_, other)| *other == place) {
            entry.remove();
        }
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
        let cache = AccountCache::new(64 * 8);
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
