use super::*;

const WINDOW: Duration = Duration::from_secs(3600);

#[cfg(feature = "testing")]
mod conformance {
    crate::limiter_conformance!(async { crate::ports::MemoryLimiter::new() });
}

fn noon() -> Timestamp {
    Timestamp::from_millis(1_800_003_600_000)
}

/// Spread as evenly as a digest, but faster in a debug build: the finaliser of MurmurHash3, a
/// bijection.
fn key(number: u64) -> LimitKeyText {
    let mix = |mut bits: u64| {
        bits = (bits ^ (bits >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        bits = (bits ^ (bits >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        bits ^ (bits >> 33)
    };
    LimitKeyText::from_number((u128::from(mix(number)) << 64) | u128::from(mix(!number)))
}

async fn hit(limiter: &MemoryLimiter, number: u64, max: u32, now: Timestamp) -> Result<Quota, LimiterError> {
    limiter.hit(&key(number), max, WINDOW, now).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn exactly_ten_of_150_parallel_hits_pass() {
    for round in 0..50 {
        let limiter = std::sync::Arc::new(MemoryLimiter::with_capacity(32));
        let hits: Vec<_> = (0..150)
            .map(|_| {
                let limiter = limiter.clone();
                tokio::spawn(async move { hit(&limiter, round, 10, noon()).await.unwrap() })
            })
            .collect();
        let mut passed = 0;
        for hit in hits {
            passed += u32::from(!hit.await.unwrap().exceeded);
        }
        assert_eq!(passed, 10);
    }
}

#[tokio::test]
async fn counts_are_exact_until_the_table_is_four_fifths_full() {
    let limiter = MemoryLimiter::with_capacity(1 << 14);
    let keys = limiter.capacity() as u64 * 4 / 5;
    for count in 1..=3 {
        for number in 0..keys {
            let quota = hit(&limiter, number, 2, noon()).await.unwrap();
            assert_eq!((quota.remaining, quota.exceeded), (2_u32.saturating_sub(count), count > 2));
        }
    }
    assert_eq!(limiter.len() as u64, keys);
}

#[tokio::test]
async fn a_flood_of_keys_resets_no_blocked_key_and_takes_no_more_room() {
    let limiter = MemoryLimiter::with_capacity(1 << 14);
    let blocked = 1_000;
    for number in 0..blocked {
        for _ in 0..10 {
            assert!(!hit(&limiter, number, 10, noon()).await.unwrap().exceeded);
        }
    }
    for number in blocked..500_000 {
        hit(&limiter, number, 10, noon()).await.unwrap();
    }
    assert!(limiter.len() <= limiter.capacity());
    for number in 0..blocked {
        assert!(hit(&limiter, number, 10, noon()).await.unwrap().exceeded, "key {number} was reset");
    }
}

#[tokio::test]
async fn a_key_with_more_hits_outlives_those_with_fewer() {
    let limiter = MemoryLimiter::with_capacity(1 << 10);
    for _ in 0..9 {
        hit(&limiter, 0, 10, noon()).await.unwrap();
    }
    for number in 1..100_000 {
        hit(&limiter, number, 10, noon()).await.unwrap();
    }
    assert_eq!(hit(&limiter, 0, 10, noon()).await.unwrap().remaining, 0);
}

#[tokio::test]
async fn a_table_full_of_blocked_keys_refuses_new_keys_until_they_end() {
    let limiter = MemoryLimiter::with_capacity(1);
    let room = limiter.capacity() as u64;
    for number in 0..room {
        hit(&limiter, number, 1, noon()).await.unwrap();
    }
    assert!(matches!(hit(&limiter, room, 1, noon()).await, Err(LimiterError::Full)));
    for number in 0..room {
        assert!(hit(&limiter, number, 1, noon()).await.unwrap().exceeded);
    }
    let later = noon().after(WINDOW);
    assert!(!hit(&limiter, room, 1, later).await.unwrap().exceeded);
    assert_eq!(limiter.len(), 1, "keys of ended windows make room");
}

#[tokio::test]
async fn a_flood_after_the_clock_went_back_resets_no_blocked_key() {
    let limiter = MemoryLimiter::with_capacity(64);
    for _ in 0..3 {
        hit(&limiter, 0, 3, noon()).await.unwrap();
    }
    let earlier = noon().before(Duration::from_secs(1));
    for number in 1..5_000 {
        hit(&limiter, number, 3, earlier).await.unwrap();
    }
    assert!(hit(&limiter, 0, 3, earlier).await.unwrap().exceeded);
    assert!(hit(&limiter, 0, 3, noon()).await.unwrap().exceeded);
}

#[tokio::test]
async fn a_clock_years_ahead_prolongs_a_block_by_one_window_at_most() {
    let limiter = MemoryLimiter::new();
    let ahead = noon().after(1_000 * WINDOW);
    for _ in 0..2 {
        hit(&limiter, 0, 1, ahead).await.unwrap();
    }
    let quota = hit(&limiter, 0, 1, noon()).await.unwrap();
    assert!(quota.exceeded);
    assert_eq!(quota.reset, noon().after(2 * WINDOW));
    assert!(!hit(&limiter, 0, 1, noon().after(2 * WINDOW)).await.unwrap().exceeded);
}

#[tokio::test]
async fn a_count_does_not_wrap_around() {
    let mut counter = Counter { key: key(0), reset: noon().after(WINDOW), count: u32::MAX, max: 10 };
    assert!(counter.hit(10, WINDOW, noon()).exceeded);
    assert!(counter.hit(u32::MAX, WINDOW, noon()).remaining == 0);
}

#[test]
fn any_capacity_makes_a_table_that_holds_it() {
    for keys in [0, 1, 16, 17, 32, 33, 1_000, 4_097, 100_000] {
        let limiter = MemoryLimiter::with_capacity(keys);
        assert!(limiter.capacity() >= keys.max(32), "{keys}");
        for number in 0..1_000 {
            let (shard, [first, second]) = limiter.locate(&key(number));
            assert!(shard < limiter.shards.len() && first != second);
            assert!(first.max(second) < limiter.buckets_per_shard as usize);
        }
    }
}

#[test]
fn the_default_table_takes_at_most_35_mib() {
    assert_eq!(size_of::<Counter>(), 32);
    let limiter = MemoryLimiter::new();
    assert_eq!(limiter.capacity(), DEFAULT_CAPACITY);
    let allocator_header = 16;
    let bucket = size_of::<Vec<Counter>>() + SLOTS_PER_BUCKET * size_of::<Counter>() + allocator_header;
    assert!(limiter.capacity() / SLOTS_PER_BUCKET * bucket < 35 << 20);
}

#[tokio::test]
async fn two_million_keys_do_not_outgrow_the_table() {
    let limiter = MemoryLimiter::new();
    for _ in 0..2 {
        hit(&limiter, 0, 1, noon()).await.unwrap();
    }
    for number in 1..2_000_000 {
        hit(&limiter, number, 10, noon()).await.unwrap();
    }
    assert!(limiter.len() <= limiter.capacity());
    assert!(hit(&limiter, 0, 1, noon()).await.unwrap().exceeded);
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "takes long in a debug build, and measures the whole process: run it alone with --release"]
async fn ten_million_keys_take_less_than_64_mib() {
    fn resident_pages() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse().unwrap()
    }
    let before = resident_pages();
    let limiter = MemoryLimiter::new();
    for _ in 0..10 {
        hit(&limiter, 0, 10, noon()).await.unwrap();
    }
    for number in 1..10_000_000 {
        hit(&limiter, number, 10, noon()).await.unwrap();
    }
    let grown = (resident_pages() - before) * 4096;
    assert!(grown < 64 << 20, "{grown} bytes");
    assert!(hit(&limiter, 0, 10, noon()).await.unwrap().exceeded);
}
