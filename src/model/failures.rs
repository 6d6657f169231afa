//! Wrong guesses at an account, and how long it then takes no more.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Wrong guesses in a row, over all endpoints and factors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failures {
    /// Since the last success or lock.
    #[serde(default)]
    pub(crate) run: u32,
    /// How often guesses were locked since the last success.
    #[serde(default)]
    pub(crate) locks: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) locked_until: Option<Timestamp>,
}

/// How many wrong guesses in a row an account takes, and how long it then refuses guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lockout {
    /// Wrong guesses in a row until guesses are locked, 1 to 1,000; 100 by default (NIST SP 800-63B-4 §3.2.2).
    pub threshold: u32,
    /// How long the first lock lasts; every further one twice as long. 15 minutes by default.
    pub duration: Duration,
    /// How long a lock lasts at the most. 24 hours by default.
    pub max_duration: Duration,
}

impl Default for Lockout {
    fn default() -> Self {
        Self {
            threshold: 100,
            duration: Duration::from_secs(15 * 60),
            max_duration: Duration::from_secs(24 * 3600),
        }
    }
}

impl Failures {
    pub(crate) fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// Counts one wrong guess and tells whether it is the 1st, 10th or 100th … of its run, which the log records.
    pub(crate) fn count(&mut self, now: Timestamp, limit: &Lockout) -> bool {
        self.run = self.run.saturating_add(1);
        let notable = matches!(self.run, 1 | 10 | 100);
        if self.run >= limit.threshold {
            let factor = 1_u32.checked_shl(self.locks).unwrap_or(u32::MAX);
            self.locked_until =
                Some(now.after(limit.duration.saturating_mul(factor).min(limit.max_duration)));
            self.locks = self.locks.saturating_add(1);
            self.run = 0;
        }
        notable
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::MIN;

    #[test]
    fn a_run_of_failures_locks_for_twice_as_long_each_time() {
        let limit = Lockout { threshold: 3, ..Lockout::default() };
        let mut failures = Failures::default();
        let mut notable = Vec::new();
        for _ in 0..3 {
            notable.push(failures.count(NOW, &limit));
        }
        assert_eq!(notable, [true, false, false]);
        assert_eq!(failures.locked_until, Some(NOW.after(Duration::from_secs(900))));
        for _ in 0..3 {
            failures.count(NOW, &limit);
        }
        assert_eq!(failures.locked_until, Some(NOW.after(Duration::from_secs(1800))));
        for _ in 0..300 {
            failures.count(NOW, &limit);
        }
        assert_eq!(failures.locked_until, Some(NOW.after(limit.max_duration)));
        failures.clear();
        assert!(!failures.is_locked(NOW));
    }
}
