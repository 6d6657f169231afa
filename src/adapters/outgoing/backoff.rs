//! The delay before another attempt.

use std::time::Duration;

use crate::ports::{Entropy, SystemEntropy};

/// Delays that double up to a maximum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    pub(super) first: Duration,
    pub(super) slowest: Duration,
}

impl Backoff {
    /// The delay after a number of attempts: a random value between half and all of the doubled
    /// delay, so that messages that failed together are not retried together.
    pub(super) fn after(self, attempts: u32) -> Duration {
        let mut random = [0; 4];
        // Without randomness the delay is half of the doubled one.
        let _ = SystemEntropy.fill(&mut random);
        self.between(attempts, u32::from_le_bytes(random))
    }

    fn between(self, attempts: u32, random: u32) -> Duration {
        let doubled = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        let half = self.first.saturating_mul(doubled).min(self.slowest) / 2;
        half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), slowest: Duration::from_secs(60) };

    #[test]
    fn delays_double_up_to_the_maximum() {
        let longest =
            [1, 2, 3, 6, 7, 33, u32::MAX].map(|attempts| BACKOFF.between(attempts, u32::MAX).as_secs());
        assert_eq!(longest, [1, 2, 4, 32, 60, 60, 60]);
    }

    #[test]
    fn jitter_shortens_a_delay_by_at_most_half() {
        assert_eq!(BACKOFF.between(3, 0), Duration::from_secs(2));
        assert_eq!(BACKOFF.between(3, u32::MAX), Duration::from_secs(4));
        let drawn = BACKOFF.after(3);
        assert!((Duration::from_secs(2)..=Duration::from_secs(4)).contains(&drawn));
    }

    #[test]
    fn the_longest_durations_do_not_overflow() {
        let backoff = Backoff { first: Duration::MAX, slowest: Duration::MAX };
        assert!(backoff.between(9, u32::MAX) <= Duration::MAX);
    }
}
