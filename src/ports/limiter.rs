//! Request limits.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::model::Timestamp;

/// Counts requests per key in fixed windows of time.
///
/// The service calls it before every operation with a request limit. The in-memory limiter suits a
/// single node; several nodes share one in Redis or a database. Test your own implementation with
/// `limiter_conformance!` (feature `testing`).
///
/// An implementation guarantees:
///
/// - A window ends at [`window_end`], and every key starts each window at zero.
/// - [`hit`](Self::hit) is atomic. Of any number of hits on a key in a window, concurrent or not,
///   on one node or several, exactly `max` are not exceeded. Hits beyond `max` count too, but do
///   not prolong the window.
/// - A clock that goes back resets nothing: a key whose window ends later than that of `now` stays
///   in its window.
/// - A hit that cannot be counted is an error, never a pass.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use account::{
///     MemoryLimiter,
///     model::Timestamp,
///     ports::{LimitKeyText, RateLimiter},
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), account::ports::LimiterError> {
/// let limiter = MemoryLimiter::new();
/// let key = LimitKeyText::new(b"a secret salt", "downloads", [b"192.0.2.7".as_slice()]);
/// let (hour, now) = (Duration::from_secs(3600), Timestamp::from_millis(1_800_000_000_000));
/// assert_eq!(limiter.hit(&key, 2, hour, now).await?.remaining, 1);
/// assert_eq!(limiter.hit(&key, 2, hour, now).await?.remaining, 0);
/// assert!(limiter.hit(&key, 2, hour, now).await?.exceeded);
/// # Ok(()) }
/// ```
#[doc(alias = "rate limit")]
#[doc(alias = "throttle")]
#[async_trait]
pub trait RateLimiter: Send + Sync + fmt::Debug + 'static {
    /// Counts one request and returns how many are left.
    ///
    /// # Errors
    /// [`LimiterError::Full`] or [`LimiterError::Unavailable`] if the request could not be counted.
    async fn hit(
        &self,
        key: &LimitKeyText,
        max: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<Quota, LimiterError>;
}

#[async_trait]
impl<L: RateLimiter + ?Sized> RateLimiter for Arc<L> {
    async fn hit(
        &self,
        key: &LimitKeyText,
        max: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<Quota, LimiterError> {
        (**self).hit(key, max, window, now).await
    }
}

/// The state of a limit after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// How many requests may pass in one window: `X-RateLimit-Limit`.
    pub limit: u32,
    /// How many more may pass in the current window: `X-RateLimit-Remaining`.
    pub remaining: u32,
    /// The end of the current window: `X-RateLimit-Reset`, in whole seconds.
    pub reset: Timestamp,
    /// Whether this request must be refused.
    pub exceeded: bool,
}

impl Quota {
    /// Creates the quota after hit number `count` of a window. Implementations of [`RateLimiter`]
    /// call it.
    #[must_use]
    pub fn after(count: u32, max: u32, reset: Timestamp) -> Self {
        Self { limit: max, remaining: max.saturating_sub(count), reset, exceeded: count > max }
    }

    /// Whether the client is shown this quota rather than `other`: an exceeded one first, then the
    /// one with fewer requests left, then the one with the smaller limit.
    pub(crate) fn is_tighter_than(&self, other: &Self) -> bool {
        (!self.exceeded, self.remaining, self.limit) < (!other.exceeded, other.remaining, other.limit)
    }
}

/// Returns the end of the window that contains `now`.
///
/// Windows are aligned to the clock: window number n begins at n × `window` since the epoch.
///
/// # Examples
/// ```
/// use account::{model::Timestamp, ports::window_end};
/// use std::time::Duration;
///
/// let now = Timestamp::from_millis(1_800_000_001_500);
/// assert_eq!(window_end(now, Duration::from_secs(3600)).as_secs(), 1_800_003_600);
/// ```
#[must_use]
pub fn window_end(now: Timestamp, window: Duration) -> Timestamp {
    let length = i64::try_from(window.as_millis()).unwrap_or(i64::MAX).max(1);
    let number = now.as_millis().div_euclid(length);
    Timestamp::from_millis(number.saturating_add(1).saturating_mul(length))
}

/// Why a request could not be counted. Such a request must be refused (503).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LimiterError {
    /// There is no room for another key, because keys over their limit take all of it.
    #[error("the rate limiter is full of blocked keys")]
    Full,
    /// The storage of the limiter does not answer.
    #[error("the rate limiter is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl LimiterError {
    /// Creates an [`Unavailable`](Self::Unavailable) error with its cause.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }
}

/// A key under which requests are counted: 128 bits of a SHA-256 digest.
///
/// A key takes bounded memory and does not reveal what it was made from, such as an email address.
/// `Display` writes 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKeyText([u8; 16]);

impl LimitKeyText {
    /// Creates a key from a salt, a name and parts. For applications that limit requests of their
    /// own, and for tests.
    ///
    /// Two keys are equal if salt, name and all parts are equal. The order of the parts and the
    /// boundaries between them matter.
    #[must_use]
    pub fn new<'a>(salt: &[u8], name: &str, parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let digest = Self::digest(salt, name.as_bytes());
        parts.into_iter().fold(digest, |digest, part| digest.part(0, Some(part))).finish()
    }

    /// Returns the bytes of the key, for a store with a binary column.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn digest(salt: &[u8], name: &[u8]) -> LimitKeyDigest {
        LimitKeyDigest(Sha256::new()).part(b's', Some(salt)).part(b'n', Some(name))
    }

    #[cfg(test)]
    pub(crate) fn from_number(number: u128) -> Self {
        Self(number.to_be_bytes())
    }
}

impl fmt::Display for LimitKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for LimitKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LimitKeyText({self})")
    }
}

/// A [`LimitKeyText`] under construction.
#[must_use]
pub(crate) struct LimitKeyDigest(Sha256);

impl LimitKeyDigest {
    /// Adds a part, after its label and length, so that different lists of parts never give the
    /// same bytes.
    pub(crate) fn part(mut self, label: u8, value: Option<&[u8]>) -> Self {
        self.0.update([label, u8::from(value.is_some())]);
        let value = value.unwrap_or_default();
        self.0.update((value.len() as u64).to_be_bytes());
        self.0.update(value);
        self
    }

    pub(crate) fn finish(self) -> LimitKeyText {
        let mut key = [0; 16];
        for (to, from) in key.iter_mut().zip(self.0.finalize()) {
            *to = from;
        }
        LimitKeyText(key)
    }
}

/// A [`RateLimiter`] that lets every request pass: for applications that limit requests elsewhere,
/// and for tests.
///
/// # Security
/// Attempts per code and failures per account are counted in the account. They do not depend on the
/// limiter.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLimits;

#[async_trait]
impl RateLimiter for NoLimits {
    async fn hit(
        &self,
        _key: &LimitKeyText,
        max: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<Quota, LimiterError> {
        Ok(Quota::after(0, max, window_end(now, window)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_window_ends_at_the_full_hour() {
        let end = |millis| window_end(Timestamp::from_millis(millis), HOUR).as_millis();
        assert_eq!(end(0), 3_600_000);
        assert_eq!(end(3_599_999), 3_600_000);
        assert_eq!(end(3_600_000), 7_200_000);
    }

    #[test]
    fn odd_windows_do_not_overflow() {
        assert_eq!(window_end(Timestamp::from_millis(5), Duration::ZERO).as_millis(), 6);
        assert_eq!(window_end(Timestamp::from_millis(5), Duration::MAX), Timestamp::MAX);
        assert_eq!(window_end(Timestamp::MAX, HOUR), Timestamp::MAX);
    }

    #[test]
    fn a_quota_counts_down_to_zero_and_then_refuses() {
        let quota = |count| Quota::after(count, 2, Timestamp::MIN);
        assert_eq!((quota(1).remaining, quota(1).exceeded), (1, false));
        assert_eq!((quota(2).remaining, quota(2).exceeded), (0, false));
        assert_eq!((quota(3).remaining, quota(3).exceeded), (0, true));
        assert!(quota(3).is_tighter_than(&quota(2)) && quota(2).is_tighter_than(&quota(1)));
        assert!(!quota(2).is_tighter_than(&quota(2)));
    }

    #[test]
    fn parts_of_a_key_do_not_run_together() {
        let key =
            |parts: &[&str]| LimitKeyText::new(b"salt", "name", parts.iter().map(|part| part.as_bytes()));
        assert_eq!(key(&["ab", "c"]), key(&["ab", "c"]));
        let keys =
            [key(&["ab", "c"]), key(&["a", "bc"]), key(&["abc"]), key(&["abc", ""]), key(&["c", "ab"])];
        for (i, one) in keys.iter().enumerate() {
            assert!(keys.iter().skip(i + 1).all(|other| one != other));
        }
        assert_ne!(LimitKeyText::new(b"other", "name", []), LimitKeyText::new(b"salt", "name", []));
        assert_ne!(LimitKeyText::new(b"salt", "other", []), LimitKeyText::new(b"salt", "name", []));
    }

    #[test]
    fn an_absent_part_is_not_an_empty_one() {
        let key = |value| LimitKeyText::digest(b"", b"").part(b'e', value).finish();
        assert_ne!(key(None), key(Some(b"".as_slice())));
    }

    #[test]
    fn a_key_is_written_as_hexadecimal_digits() {
        let text = LimitKeyText::from_number(0xab).to_string();
        assert_eq!(text, format!("{:032x}", 0xab));
    }
}
