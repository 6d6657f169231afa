//! Tests of the [`RateLimiter`] contract.
//!
//! [`limiter_conformance!`](crate::limiter_conformance) generates one named test for each function
//! of this module. Every test uses fresh keys, so a limiter may keep its counters between runs. All
//! times lie in the year 2100.

#![allow(clippy::expect_used, reason = "a suite of tests fails by panicking")]

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
    time::Duration,
};

use crate::{
    model::Timestamp,
    ports::{LimitKeyText, Quota, RateLimiter},
};

/// Generates the tests that every [`RateLimiter`](crate::ports::RateLimiter) must pass, one for
/// each rule of the trait's contract.
///
/// Takes an expression that evaluates to a future of a limiter; each test evaluates it once. The
/// calling crate needs `tokio` with its macros and multi-threaded runtime.
///
/// # Examples
/// ```
/// # use account::MemoryLimiter;
/// account::limiter_conformance!(async { MemoryLimiter::new() });
/// ```
#[macro_export]
macro_rules! limiter_conformance {
    ($limiter:expr) => {
        $crate::limiter_conformance!(@tests $limiter;
            exactly_max_hits_pass_in_a_window
            parallel_hits_are_counted_exactly
            keys_are_counted_apart
            a_window_ends_by_the_clock_and_not_by_the_first_hit
            the_next_window_starts_from_zero
            refused_hits_prolong_nothing
            a_clock_that_goes_back_opens_no_window
            a_limit_of_zero_lets_nothing_pass
        );
    };
    (@tests $limiter:expr; $($name:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                $crate::conformance::limiter::$name($limiter.await).await;
            }
        )*
    };
}

const WINDOW: Duration = Duration::from_secs(3600);

/// The first `max` hits of a window pass and count `remaining` down; all later ones are refused.
pub async fn exactly_max_hits_pass_in_a_window<L: RateLimiter>(limiter: L) {
    let key = fresh_key();
    for count in 1..=25 {
        let quota = hit(&limiter, &key, 10, start()).await;
        assert_eq!(quota, Quota::after(count, 10, start().after(WINDOW)), "hit {count} of a limit of 10");
    }
}

/// Of 15 × N concurrent hits, exactly N pass.
pub async fn parallel_hits_are_counted_exactly<L: RateLimiter>(limiter: L) {
    const MAX: u32 = 20;
    let limiter = Arc::new(limiter);
    let key = fresh_key();
    let hits: Vec<_> = (0..15 * MAX)
        .map(|_| {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { hit(&limiter, &key, MAX, start()).await })
        })
        .collect();
    let mut left = Vec::new();
    for hit in hits {
        let quota = hit.await.expect("a hit must not panic");
        if !quota.exceeded {
            left.push(quota.remaining);
        }
    }
    left.sort_unstable();
    assert_eq!(left, (0..MAX).collect::<Vec<_>>(), "each of the {MAX} places is taken once");
}

/// A key over its limit does not affect other keys.
pub async fn keys_are_counted_apart<L: RateLimiter>(limiter: L) {
    let (one, other) = (fresh_key(), fresh_key());
    for _ in 0..5 {
        hit(&limiter, &one, 2, start()).await;
    }
    assert_eq!(hit(&limiter, &other, 2, start()).await, Quota::after(1, 2, start().after(WINDOW)));
    assert!(hit(&limiter, &one, 2, start()).await.exceeded);
}

/// A window ends at its fixed boundary, even if its first hit arrives just before that.
pub async fn a_window_ends_by_the_clock_and_not_by_the_first_hit<L: RateLimiter>(limiter: L) {
    let key = fresh_key();
    let last = start().after(WINDOW).before(Duration::from_millis(1));
    assert_eq!(hit(&limiter, &key, 1, last).await, Quota::after(1, 1, start().after(WINDOW)));
    assert!(hit(&limiter, &key, 1, last).await.exceeded);
    let quota = hit(&limiter, &key, 1, start().after(WINDOW)).await;
    assert_eq!(quota, Quota::after(1, 1, start().after(2 * WINDOW)), "the first instant of the next window");
}

/// Nothing is carried over into the next window or into a much later one.
pub async fn the_next_window_starts_from_zero<L: RateLimiter>(limiter: L) {
    let key = fresh_key();
    for windows in [0, 1, 2, 30] {
        let now = start().after(windows * WINDOW);
        for count in 1..=3 {
            assert_eq!(hit(&limiter, &key, 2, now).await, Quota::after(count, 2, now.after(WINDOW)));
        }
    }
}

/// Hits that were refused do not extend the window.
pub async fn refused_hits_prolong_nothing<L: RateLimiter>(limiter: L) {
    let key = fresh_key();
    for minute in 0..60 {
        let quota = hit(&limiter, &key, 1, start().after(Duration::from_secs(60 * minute))).await;
        assert_eq!((quota.exceeded, quota.reset), (minute > 0, start().after(WINDOW)));
    }
    assert!(!hit(&limiter, &key, 1, start().after(WINDOW)).await.exceeded);
}

/// A clock that is set back opens no new window, even across a window boundary.
pub async fn a_clock_that_goes_back_opens_no_window<L: RateLimiter>(limiter: L) {
    let key = fresh_key();
    for _ in 0..3 {
        hit(&limiter, &key, 3, start().after(Duration::from_secs(5))).await;
    }
    for seconds in [6, 4] {
        let now = start().after(Duration::from_secs(10)).before(Duration::from_secs(seconds));
        assert!(hit(&limiter, &key, 3, now).await.exceeded, "blocked within the window");
    }
    let earlier = start().before(Duration::from_secs(2));
    assert!(hit(&limiter, &key, 3, earlier).await.exceeded, "blocked in the previous window");
    assert!(hit(&limiter, &key, 3, start()).await.exceeded, "and when its own window starts again");
    assert!(!hit(&limiter, &key, 3, start().after(WINDOW)).await.exceeded, "free when it is over");
}

/// With a `max` of 0, not even the first hit passes.
pub async fn a_limit_of_zero_lets_nothing_pass<L: RateLimiter>(limiter: L) {
    let quota = hit(&limiter, &fresh_key(), 0, start()).await;
    assert_eq!((quota.limit, quota.remaining, quota.exceeded), (0, 0, true));
}

/// 2100-01-01T00:00:00 UTC, the start of a window.
fn start() -> Timestamp {
    Timestamp::from_millis(4_102_444_800_000)
}

async fn hit<L: RateLimiter>(limiter: &L, key: &LimitKeyText, max: u32, now: Timestamp) -> Quota {
    limiter.hit(key, max, WINDOW, now).await.expect("the limiter under test counts the hit")
}

/// A key that no earlier run has used: a `RandomState` has random keys.
fn fresh_key() -> LimitKeyText {
    let random = || RandomState::new().build_hasher().finish().to_be_bytes();
    let parts = [random(), random()];
    LimitKeyText::new(b"conformance", "key", parts.iter().map(<[u8; 8]>::as_slice))
}

#[cfg(test)]
mod tests {
    //! Each faulty limiter breaks one rule and must fail the test of that rule.

    use std::{collections::HashMap, future::Future, sync::Mutex};

    use async_trait::async_trait;

    use super::*;
    use crate::ports::{LimiterError, NoLimits, window_end};

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Fault {
        None,
        ReadsThenWrites,
        OneTooMany,
        WindowFromTheFirstHit,
        RefusedHitsProlong,
        WindowByNumberOnly,
        KeysRunTogether,
        ZeroMeansUnlimited,
        NeverStartsAgain,
    }

    #[derive(Debug)]
    struct Faulty(Fault, Mutex<HashMap<String, (u32, Timestamp)>>);

    #[async_trait]
    impl RateLimiter for Faulty {
        async fn hit(
            &self,
            key: &LimitKeyText,
            max: u32,
            window: Duration,
            now: Timestamp,
        ) -> Result<Quota, LimiterError> {
            let fault = |fault| self.0 == fault;
            let end =
                if fault(Fault::WindowFromTheFirstHit) { now.after(window) } else { window_end(now, window) };
            let key = match self.0 {
                Fault::KeysRunTogether => String::new(),
                Fault::WindowByNumberOnly => format!("{key}{end}"),
                _ => key.to_string(),
            };
            let known = self.1.lock().unwrap().get(&key).copied();
            if fault(Fault::ReadsThenWrites) {
                tokio::task::yield_now().await;
            }
            let mut counters = self.1.lock().unwrap();
            let known = if fault(Fault::ReadsThenWrites) { known } else { counters.get(&key).copied() };
            let live = known.filter(|(_, reset)| *reset > now || fault(Fault::NeverStartsAgain));
            let (count, mut reset) = live.map_or((1, end), |(count, reset)| (count + 1, reset));
            if fault(Fault::RefusedHitsProlong) && count > max {
                reset = now.after(window);
            }
            counters.insert(key, (count, reset));
            let max = if fault(Fault::OneTooMany) { max + 1 } else { max };
            let max = if fault(Fault::ZeroMeansUnlimited) && max == 0 { u32::MAX } else { max };
            Ok(Quota::after(count, max, reset))
        }
    }

    fn with(fault: Fault) -> Faulty {
        Faulty(fault, Mutex::default())
    }

    async fn fails(test: impl Future<Output = ()> + Send + 'static) -> bool {
        tokio::spawn(test).await.is_err()
    }

    crate::limiter_conformance!(async { with(Fault::None) });

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn each_fault_fails_the_test_of_its_rule() {
        use super as suite;
        assert!(fails(suite::parallel_hits_are_counted_exactly(with(Fault::ReadsThenWrites))).await);
        assert!(fails(suite::exactly_max_hits_pass_in_a_window(with(Fault::OneTooMany))).await);
        assert!(
            fails(suite::a_window_ends_by_the_clock_and_not_by_the_first_hit(with(
                Fault::WindowFromTheFirstHit
            )))
            .await
        );
        assert!(fails(suite::refused_hits_prolong_nothing(with(Fault::RefusedHitsProlong))).await);
        assert!(fails(suite::a_clock_that_goes_back_opens_no_window(with(Fault::WindowByNumberOnly))).await);
        assert!(fails(suite::keys_are_counted_apart(with(Fault::KeysRunTogether))).await);
        assert!(fails(suite::a_limit_of_zero_lets_nothing_pass(with(Fault::ZeroMeansUnlimited))).await);
        assert!(fails(suite::the_next_window_starts_from_zero(with(Fault::NeverStartsAgain))).await);
        assert!(fails(suite::exactly_max_hits_pass_in_a_window(NoLimits)).await);
    }
}
