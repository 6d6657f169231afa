//! The port that counts requests.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::model::Timestamp;

/// Counts requests under keys in fixed windows of time.
///
/// The service asks it before every limited operation. With one node the in-memory limiter will do; several nodes
/// share one in Redis or a database. A limiter of one's own is put to the test by `limiter_conformance!`.
///
/// The promise of an implementation:
///
/// - A window ends at [`window_end`]; every key starts each window from zero.
/// - [`hit`](Self::hit) is one atomic step: of any number of hits on a key in a window, at once or one by one, on one node
///   or several, exactly `max` are not exceeded. Hits beyond `max` count as well, but prolong nothing.
/// - A clock that goes back frees nobody: a key whose window ends later than that of `now` stays in its own window.
/// - What cannot be counted is an error, never a pass.
#[async_trait]
pub trait RateLimiter: Send + Sync + fmt::Debug + 'static {
    /// Counts one request and tells how many are left.
    ///
    /// # Errors
    /// [`LimiterError::Full`] or [`LimiterError::Unavailable`] if it could not be counted.
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

/// What a request has used up and what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// How many requests pass in a window: `X-RateLimit-Limit`.
    pub limit: u32,
    /// How many more will pass in this one: `X-RateLimit-Remaining`.
    pub remaining: u32,
    /// The end of the window: `X-RateLimit-Reset`, in whole seconds.
    pub reset: Timestamp,
    /// Whether this request must be refused.
    pub exceeded: bool,
}

impl Quota {
    /// The quota after the `count`th hit of a window. Called by implementations of [`RateLimiter`].
    #[must_use]
    pub fn after(count: u32, max: u32, reset: Timestamp) -> Self {
        Self { limit: max, remaining: max.saturating_sub(count), reset, exceeded: count > max }
    }

    /// Whether this one, rather than the other, is to be shown to the client: where as much is left, the smaller limit.
    pub(crate) fn is_tighter_than(&self, other: &Self) -> bool {
        (!self.exceeded, self.remaining, self.limit) < (!other.exceeded, other.remaining, other.limit)
    }
}

/// The end of the window in which `now` lies. Windows are aligned to the clock: the nth begins at n × `window` since the
/// epoch.
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

/// Why a request could not be counted. It must be refused then (503).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LimiterError {
    /// There is no room for another key, because all of it is taken by keys that are over their limit.
    #[error("the rate limiter is full of blocked keys")]
    Full,
    /// The place where requests are counted does not answer.
    #[error("the rate limiter is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl LimiterError {
    /// Wraps what a driver reported.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }
}

/// Under what requests are counted: 128 bits of a digest, so that keys take bounded memory and tell nothing of whom they
/// stand for. `Display` writes 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKeyText([u8; 16]);

impl LimitKeyText {
    /// The key of some parts. Meant for hosts that limit requests of their own, and for tests.
    ///
    /// The same salt and parts make the same key; it takes all of them, in order and not just run together.
    #[must_use]
    pub fn new<'a>(salt: &[u8], name: &str, parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let digest = Self::digest(salt, name.as_bytes());
        parts.into_iter().fold(digest, |digest, part| digest.part(0, Some(part))).finish()
    }

    /// The key as bytes, for a store with a binary column.
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

/// A key in the making.
#[must_use]
pub(crate) struct LimitKeyDigest(Sha256);

impl LimitKeyDigest {
    /// Adds a part. Label and length go before it, so that no two lists of parts run together to the same bytes.
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

/// Lets everything pass and counts nothing: for hosts that limit requests elsewhere, and for tests.
///
/// # Security
/// Tries per code and failures per account are counted in the account and do not depend on this.
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
