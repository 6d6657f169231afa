//! The request limiter in the memory of one process.

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

/// A key may lie in either of two buckets. With 16 slots each, the table is more than four fifths
/// full before both buckets of a key are.
const SLOTS_PER_BUCKET: usize = 16;
const BUCKETS_PER_KEY: usize = 2;
/// With fewer buckets per shard, chance would fill some shards long before others.
const MIN_BUCKETS_PER_SHARD: usize = 256;
const MAX_SHARDS: usize = 64;
const DEFAULT_CAPACITY: usize = 1 << 20;

/// The [`RateLimiter`] of a single node: exact, with bounded memory and constant work per hit.
///
/// It is the service's default. Several nodes need a shared limiter instead; otherwise each of them
/// lets the full number of requests pass.
///
/// By default it holds about a million keys in at most 35 MiB, allocated as keys arrive. If there
/// is no room for a new key, it replaces a key of an ended window, or else the key with the
/// fewest hits in its two buckets.
///
/// # Security
/// A key at its limit is never evicted before its window ends, so a flood of other keys cannot
/// reset it. If such keys take all the room for a new one, the new one is refused with
/// [`LimiterError::Full`].
///
/// # Examples
/// ```
/// use account::MemoryLimiter;
///
/// let limiter = MemoryLimiter::with_capacity(10_000);
/// assert!(limiter.capacity() >= 10_000 && limiter.is_empty());
/// ```
#[doc(alias = "rate limit")]
pub struct MemoryLimiter {
    shards: Box<[Mutex<Shard>]>,
    buckets_per_shard: u64,
}

type Shard = Vec<Vec<Counter>>;

/// Takes 32 bytes; the memory of the whole table depends on it.
#[derive(Clone, Copy)]
struct Counter {
    key: LimitKeyText,
    reset: Timestamp,
    count: u32,
    max: u32,
}

impl MemoryLimiter {
    /// Creates a limiter for about a million keys.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// Creates a limiter for about `keys` keys, at 35 bytes each. The number is rounded up to the
    /// size of the table.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        let buckets = keys.div_ceil(SLOTS_PER_BUCKET).max(BUCKETS_PER_KEY);
        let shards = (buckets / MIN_BUCKETS_PER_SHARD).clamp(1, MAX_SHARDS);
        let buckets_per_shard = buckets.div_ceil(shards);
        Self {
            shards: (0..shards).map(|_| Mutex::new(vec![Vec::new(); buckets_per_shard])).collect(),
            buckets_per_shard: buckets_per_shard as u64,
        }
    }

    /// The maximum number of keys held at a time.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shards.len().saturating_mul(self.buckets_per_shard as usize).saturating_mul(SLOTS_PER_BUCKET)
    }

    /// The number of keys held now, including keys of ended windows that no new key has replaced
    /// yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| {
                shard.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Vec::len).sum::<usize>()
            })
            .sum()
    }

    /// Whether the limiter holds no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the shard of a key and its two buckets there. A key is a digest, so its bits need no
    /// further hashing.
    fn locate(&self, key: &LimitKeyText) -> (usize, [usize; BUCKETS_PER_KEY]) {
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
        let (shard, buckets) = self.locate(key);
        // `locate` stays within the table, so both look-ups succeed. If not, the request is
        // refused.
        let shard = self.shards.get(shard).ok_or(LimiterError::Full)?;
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let [first, second] = shard.get_disjoint_mut(buckets).map_err(|_| LimiterError::Full)?;

        let known = first.iter_mut().chain(second.iter_mut()).find(|counter| counter.key == *key);
        if let Some(counter) = known {
            return Ok(counter.hit(max, window, now));
        }
        let mut counter = Counter { key: *key, reset: window_end(now, window), count: 0, max };
        let quota = counter.hit(max, window, now);
        insert(first, second, counter, now)?;
        Ok(quota)
    }
}

impl Counter {
    fn hit(&mut self, max: u32, window: Duration, now: Timestamp) -> Quota {
        let end = window_end(now, window);
        if self.reset <= now {
            (self.count, self.reset) = (0, end);
        }
        // If the clock went back, the key stays in its window. That window may end years from now
        // if the clock was far ahead, so it is cut to at most one more than the present one.
        self.reset = self.reset.min(end.after(window));
        self.count = self.count.saturating_add(1);
        self.max = max;
        Quota::after(self.count, max, self.reset)
    }

    fn is_blocked(&self) -> bool {
        self.count >= self.max
    }
}

/// Puts a new counter into the emptier of its two buckets, or replaces a counter if both are full.
fn insert(
    first: &mut Vec<Counter>,
    second: &mut Vec<Counter>,
    counter: Counter,
    now: Timestamp,
) -> Result<(), LimiterError> {
    for bucket in [&mut *first, &mut *second] {
        bucket.retain(|counter| counter.reset > now);
    }
    let emptier = if first.len() <= second.len() { &mut *first } else { &mut *second };
    if emptier.len() < SLOTS_PER_BUCKET {
        // Reserved in one step: growing step by step would fragment the heap.
        emptier.reserve_exact(SLOTS_PER_BUCKET - emptier.len());
        emptier.push(counter);
        return Ok(());
    }
    let counters = first.iter_mut().chain(second.iter_mut());
    let fewest_hits = counters.filter(|counter| !counter.is_blocked()).min_by_key(|counter| counter.count);
    *fewest_hits.ok_or(LimiterError::Full)? = counter;
    Ok(())
}

#[cfg(test)]
mod tests;
