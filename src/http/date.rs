//! Dates as the API writes them.

use serde::{Serialize, Serializer};

use crate::model::Timestamp;

/// A time, as `2020-10-15T06:38:00.000+00:00`.
///
/// A response has several, so they are written without allocating.
#[derive(Clone, Copy)]
pub(super) struct Date(pub(super) Timestamp);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl Date {
    pub(super) fn digits(self) -> [u8; 29] {
        // Times within the years 1970 to 9999 fit, and 32 bits divide faster than 64.
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(0);
        let days = u32::try_from(millis / 86_400_000).unwrap_or(0);
        let rest = u32::try_from(millis % 86_400_000).unwrap_or(0);
        let (year, month, day) = civil(days);
        let (seconds, milli) = (rest / 1000, rest % 1000);
        let digit = |value: u32| b'0' + (value % 10) as u8;
        let two = |value: u32| [digit(value / 10), digit(value)];
        let mut text = *b"0000-00-00T00:00:00.000+00:00";
        let [y0, y1, y2, y3, _, m0, m1, _, d0, d1, _, h0, h1, _, n0, n1, _, s0, s1, _, f0, f1, f2, ..] =
            &mut text;
        [*y0, *y1] = two(year / 100);
        [*y2, *y3] = two(year);
        [*m0, *m1] = two(month);
        [*d0, *d1] = two(day);
        [*h0, *h1] = two(seconds / 3600);
        [*n0, *n1] = two(seconds / 60 % 60);
        [*s0, *s1] = two(seconds % 60);
        [*f0, *f1] = two(milli / 10);
        *f2 = digit(milli);
        text
    }
}

/// Year, month and day of a day since the epoch, in the Gregorian calendar. Years are taken to
/// begin in March, so that the leap day is the last one, and eras of 400 years in the year 0.
fn civil(days: u32) -> (u32, u32, u32) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (year_of_era + era * 400, if month < 10 { month + 3 } else { month - 9 });
    (year + u32::from(month <= 2), month, day)
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
