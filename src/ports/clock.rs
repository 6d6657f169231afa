//! The clock.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::model::Timestamp;

/// A source of time.
///
/// The service reads it once per operation, so that everything in one operation happens at one
/// instant.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use account::{model::Timestamp, ports::Clock};
///
/// /// Stands still, for tests.
/// #[derive(Debug)]
/// struct FixedClock(Timestamp);
///
/// impl Clock for FixedClock {
///     fn now(&self) -> Timestamp {
///         self.0
///     }
///
///     fn elapsed(&self) -> Duration {
///         Duration::ZERO
///     }
/// }
///
/// let noon = FixedClock(Timestamp::from_millis(1_767_268_800_000));
/// assert_eq!(noon.now().to_string(), "2026-01-01T12:00:00.000+00:00");
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the current time in UTC.
    fn now(&self) -> Timestamp;

    /// Returns the time since a fixed point in the past, for deadlines. It never goes back.
    fn elapsed(&self) -> Duration;
}

impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn elapsed(&self) -> Duration {
        (**self).elapsed()
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's one real implementation")]
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(millis_now())
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Reads the kernel's coarse clock: exact to its tick of 1 to 10 ms, and ten times cheaper than the
/// fine one, because the read does not wait for the processor to complete earlier instructions.
#[cfg(target_os = "linux")]
fn millis_now() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000)
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "this is the port's one real implementation")]
fn millis_now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
