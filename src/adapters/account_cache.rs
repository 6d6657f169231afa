//! Decoded accounts, kept to save the decoding. Nothing in here is trusted: before it uses a value,
//! a store compares its version with that of the present state.

use std::{hash::RandomState, num::NonZero, thread};

use quick_cache::{
    OptionsBuilder, UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};

use crate::{
    model::UserId,
    ports::{Parts, Stored},
};

/// Enough that two threads seldom meet, and few enough that a processor's own cache holds all
/// locks.
const SHARDS_PER_PROCESSOR: usize = 4;
const MAX_SHARDS: usize = 64;
/// A smaller shard would evict accounts that another one has room for.
const MIN_ACCOUNTS_PER_SHARD: usize = 32;

/// A bounded map of accounts. Those that are used often stay (S3-FIFO).
///
/// The hasher has random keys because clients may choose ids.
pub(super) struct AccountCache(Cache<UserId, Stored, UnitWeighter, RandomState>);

impl AccountCache {
    /// A cache of at most `capacity` accounts.
    #[expect(clippy::expect_used, reason = "both capacities are set")]
    pub(super) fn new(capacity: usize) -> Self {
        let shards = shards(capacity);
        // The cache divides its capacity among the shards and rounds up.
        let capacity = capacity - capacity % shards;
        let options = OptionsBuilder::new()
            .shards(shards)
            .estimated_items_capacity(capacity)
            .weight_capacity(u64::try_from(capacity).unwrap_or(u64::MAX))
            .build()
            .expect("options are complete");
        let lifecycle = DefaultLifecycle::default();
        Self(Cache::with_options(options, UnitWeighter, RandomState::new(), lifecycle))
    }

    pub(super) fn find(&self, id: &UserId) -> Option<Stored> {
        self.0.get(id)
    }

    /// Keeps a value, unless the same state with more parts is there.
    pub(super) fn put(&self, stored: Stored) {
        let id = *stored.account.id();
        // Between the look and the insertion another thread may keep more of this state. That costs
        // one more decoding and nothing else.
        let is_richer = |kept: Stored| kept.version == stored.version && kept.has(Parts::Whole);
        if !self.0.peek(&id).is_some_and(is_richer) {
            self.0.insert(id, stored);
        }
    }

    pub(super) fn remove(&self, id: &UserId) {
        self.0.remove(id);
    }
}

/// How many shards a cache of this capacity has: a power of two.
fn shards(capacity: usize) -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let wanted = processors.saturating_mul(SHARDS_PER_PROCESSOR).min(MAX_SHARDS);
    let filled = (capacity / MIN_ACCOUNTS_PER_SHARD).max(1);
    1 << wanted.min(filled).ilog2()
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
        for bound in [1, 3, 64, 100, 999] {
            let cache = AccountCache::new(bound);
            for number in 0..3000 {
                cache.put(stored(number, 1));
                assert!(cache.find(&id(number)).is_some());
                if number % 3 == 1 {
                    cache.remove(&id(number));
                    assert!(cache.find(&id(number)).is_none());
                }
            }
            let held = (0..3000).filter(|number| cache.find(&id(*number)).is_some()).count();
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
