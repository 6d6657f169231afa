//! Instants in UTC with millisecond precision.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const ISO: &[BorrowedFormatItem<'_>] = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]\
     [offset_hour sign:mandatory]:[offset_minute]"
);

/// An instant in milliseconds since 1970-01-01T00:00:00 UTC, within the years 1970 to 9999.
///
/// `Display` writes the form of the API, such as `2020-10-15T06:38:00.000+00:00`. Arithmetic
/// saturates.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use account::model::Timestamp;
///
/// let start = Timestamp::from_millis(1_767_225_600_000);
/// assert_eq!(start.to_string(), "2026-01-01T00:00:00.000+00:00");
/// let later = start.after(Duration::from_secs(3600));
/// assert_eq!(later.since(start), Duration::from_secs(3600));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant, 1970-01-01T00:00:00 UTC.
    pub const MIN: Self = Self(0);
    /// The latest instant, the last millisecond of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// Creates an instant from milliseconds since the epoch, clamped to [`Timestamp::MIN`] and
    /// [`Timestamp::MAX`].
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Returns the milliseconds since the epoch.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Returns the instant `span` later, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Returns the instant `span` earlier, at least [`Timestamp::MIN`].
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Returns the time since `earlier`, or zero if `earlier` is in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl From<i64> for Timestamp {
    fn from(millis: i64) -> Self {
        Self::from_millis(millis)
    }
}

impl From<Timestamp> for i64 {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .map_err(|_| fmt::Error)?;
        f.write_str(&at.format(ISO).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_form_has_three_digits_and_a_numeric_offset() {
        assert_eq!(Timestamp::from_millis(1_602_743_880_000).to_string(), "2020-10-15T06:38:00.000+00:00");
        assert_eq!(Timestamp::from_millis(7).to_string(), "1970-01-01T00:00:00.007+00:00");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999+00:00");
    }

    #[test]
    fn arithmetic_stays_in_range() {
        assert_eq!(Timestamp::MAX.after(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.before(Duration::MAX), Timestamp::MIN);
        assert_eq!(Timestamp::from_millis(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::from_millis(5).since(Timestamp::from_millis(9)), Duration::ZERO);
    }
}
