//! Dates as replies show them.

use serde::{Serialize, Serializer};

use crate::model::Timestamp;

/// An instant, as `2020-10-15T06:38:00.000+00:00`.
///
/// A reply holds several, so they are written without allocating.
#[derive(Clone, Copy)]
pub(super) struct Date(pub(super) Timestamp);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl Date {
    fn digits(self) -> [u8; 29] {
        let millis = self.0.as_millis();
        let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
        let (year, month, day) = civil(days);
        let digit = |value: i64, scale: i64| b'0' + u8::try_from(value / scale % 10).unwrap_or(0);
        let (hour, minute, second, milli) =
            (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000);
        [
            digit(year, 1000),
            digit(year, 100),
            digit(year, 10),
            digit(year, 1),
            b'-',
            digit(month, 10),
            digit(month, 1),
            b'-',
            digit(day, 10),
            digit(day, 1),
            b'T',
            digit(hour, 10),
            digit(hour, 1),
            b':',
            digit(minute, 10),
            digit(minute, 1),
            b':',
            digit(second, 10),
            digit(second, 1),
            b'.',
            digit(milli, 100),
            digit(milli, 10),
            digit(milli, 1),
            b'+',
            b'0',
            b'0',
            b':',
            b'0',
            b'0',
        ]
    }
}

/// Year, month and day of a day since the epoch, in the proleptic Gregorian calendar. Years are taken to begin in March, so that the leap
/// day is their last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (year_of_era + era * 400, if month < 10 { month + 3 } else { month - 9 });
    (year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_crate_writes_them() {
        let day = 86_400_000;
        let millis = (0..3000).map(|step| step * 997 * day + step * 12_345_679);
        let edges = [0, 951_782_400_000, 951_868_799_999, 4_107_542_400_000, Timestamp::MAX.as_millis()];
        for at in millis.chain(edges).map(Timestamp::from_millis) {
            assert_eq!(std::str::from_utf8(&Date(at).digits()).unwrap(), at.to_string());
        }
    }
}
