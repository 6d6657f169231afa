//! Failed attempts and the lockout of accounts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// Failed attempts in a row, over all endpoints and factors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failures {
    /// Failures since the last success or lockout.
    #[serde(default)]
    pub(crate) run: u32,
    /// Lockouts since the last success.
    #[serde(default)]
    pub(crate) locks: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) locked_until: Option<Timestamp>,
}

/// The lockout of accounts after failed attempts, against brute force.
///
/// After `threshold` failures in a row, an account rejects further attempts for `duration`. Each
/// further lockout lasts twice as long as the last, up to `max_duration`. A success resets both.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use account::{Config, MasterKey};
///
/// let mut config = Config::new(MasterKey::generate()?);
/// config.lockout.threshold = 20;
/// config.lockout.duration = Duration::from_secs(5 * 60);
/// assert_eq!(config.lockout.max_duration.as_secs(), 24 * 3600);
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[doc(alias = "brute force")]
#[doc(alias = "throttle")]
#[doc(alias = "account lockout")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lockout {
    /// The number of failures in a row that locks the account: 1 to 1,000, by default 100 (NIST SP
    /// 800-63B-4 §3.2.2).
    pub threshold: u32,
    /// The duration of the first lockout, by default 15 minutes.
    pub duration: Duration,
    /// The maximum duration of a lockout, by default 24 hours.
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

    /// Counts one failure. Returns whether it is the 1st, 10th or 100th in a row, which the
    /// security log records.
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
    fn each_lockout_lasts_twice_as_long_as_the_last() {
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
