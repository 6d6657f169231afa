//! Counts requests in the memory of one process.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    model::Timestamp,
    ports::limiter::{LimitKeyText, LimiterError, Quota, RateLimiter, window_end},
};

/// Keys that one bucket holds. A key may lie in either of two buckets, so with 16 each, the table fills to four fifths and
/// more before any two are full.
const WAYS: usize = 16;
const BUCKETS_PER_KEY: usize = 2;
/// With fewer buckets, chance would fill some shards long before others.
const MIN_BUCKETS_PER_SHARD: usize = 256;
const MAX_SHARDS: usize = 64;
const DEFAULT_CAPACITY: usize = 1 << 20;

/// The [`RateLimiter`] of a single node: exact, in bounded memory, with a fixed amount of work per hit.
///
/// It is the default of the service. Several nodes that share one load balancer want a shared limiter instead, or else each
/// of them lets the full number pass.
///
/// By default it holds about a million keys in at most 35 MiB, taken as keys arrive. When there is no room for a new key, it
/// takes the place of one whose window is over, or else of the one with the fewest hits among its neighbours.
///
/// # Security
/// A key at its limit is never given up before its window ends, so a flood of other keys frees no one. If blocked keys take
/// all the room there is for a new one, that one is refused with [`LimiterError::Full`].
pub struct MemoryLimiter {
    shards: Box<[Mutex<Shard>]>,
    buckets_per_shard: u64,
}

type Shard = Vec<Vec<Counter>>;

/// 32 bytes, see the test.
#[derive(Clone, Copy)]
struct Counter {
    key: LimitKeyText,
    reset: Timestamp,
    count: u32,
    max: u32,
}

impl MemoryLimiter {
    /// A limiter for about a million keys.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// A limiter for about so many keys, at 35 bytes each; the number is rounded up to what the table can hold.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        let buckets = keys.div_ceil(WAYS).max(BUCKETS_PER_KEY);
        let shards = (buckets / MIN_BUCKETS_PER_SHARD).clamp(1, MAX_SHARDS);
        let buckets_per_shard = buckets.div_ceil(shards);
        Self {
            shards: (0..shards).map(|_| Mutex::new(vec![Vec::new(); buckets_per_shard])).collect(),
            buckets_per_shard: buckets_per_shard as u64,
        }
    }

    /// The most keys that are held at once.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shards.len().saturating_mul(self.buckets_per_shard as usize).saturating_mul(WAYS)
    }

    /// How many keys are held now, those included whose window is over but whose place nobody has needed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| {
                shard.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Vec::len).sum::<usize>()
            })
            .sum()
    }

    /// Whether no key is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shard of a key and its two buckets there. A key is a digest, so its bits can be used as they are.
    fn places(&self, key: &LimitKeyText) -> (usize, [usize; BUCKETS_PER_KEY]) {
        let bits = u128::from_be_bytes(*key.as_bytes());
        let (high, low) = ((bits >> 64) as u64, bits as u64);
        let shard = (high >> 48) % self.shards.len() as u64;
        let first = (high & 0xffff_ffff_ffff) % self.buckets_per_shard;
        let step = 1 + low % (self.buckets_per_shard - 1);
        let second = (first + step) % self.buckets_per_shard;
        (shard as usize, [first as usize, second as usize])
    }
}

impl Default for MemoryLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLimiter").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

#[async_trait]
impl RateLimiter for MemoryLimiter {
    async fn hit(
        &self,
        key: &LimitKeyText,
        max: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<Quota, LimiterError> {
        let (shard, places) = self.places(key);
        // `places` stays within the table, so both look-ups succeed; if they did not, nothing would be let through.
        let shard = self.shards.get(shard).ok_or(LimiterError::Full)?;
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let [first, second] = shard.get_disjoint_mut(places).map_err(|_| LimiterError::Full)?;

        let known = first.iter_mut().chain(second.iter_mut()).find(|counter| counter.key == *key);
        if let Some(counter) = known {
            return Ok(counter.hit(max, window, now));
        }
        let mut counter = Counter { key: *key, reset: window_end(now, window), count: 0, max };
        let quota = counter.hit(max, window, now);
        settle(first, second, counter, now)?;
        Ok(quota)
    }
}

impl Counter {
    fn hit(&mut self, max: u32, window: Duration, now: Timestamp) -> Quota {
        let end = window_end(now, window);
        if self.reset <= now {
            (self.count, self.reset) = (0, end);
        }
        // The clock went back: the key stays in its own window. If the clock had been far ahead, that window may not end for
        // years; one more than the present one is enough.
        self.reset = self.reset.min(end.after(window));
        self.count = self.count.saturating_add(1);
        self.max = max;
        Quota::after(self.count, max, self.reset)
    }

    fn is_block(&self) -> bool {
        self.count >= self.max
    }
}

/// Puts a new counter into the emptier of its buckets, in place of another one if both are full.
fn settle(
    first: &mut Vec<Counter>,
    second: &mut Vec<Counter>,
    counter: Counter,
    now: Timestamp,
) -> Result<(), LimiterError> {
    for bucket in [&mut *first, &mut *second] {
        bucket.retain(|counter| counter.reset > now);
    }
    let emptier = if first.len() <= second.len() { &mut *first } else { &mut *second };
    if emptier.len() < WAYS {
        // A bucket takes all its room at once: growing step by step would leave holes of every size behind.
        emptier.reserve_exact(WAYS - emptier.len());
        emptier.push(counter);
        return Ok(());
    }
    let neighbours = first.iter_mut().chain(second.iter_mut());
    let least = neighbours.filter(|counter| !counter.is_block()).min_by_key(|counter| counter.count);
    *least.ok_or(LimiterError::Full)? = counter;
    Ok(())
}

#[cfg(test)]
mod tests;
