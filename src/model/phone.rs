//! Phone numbers in E.164 form.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::invalid::Invalid;

/// A phone number in the form of ITU-T E.164 §6: `+` and 7 to 15 ASCII digits.
///
/// The digits begin with an assigned country code. Cloning is cheap. `Debug` shows only the country
/// code.
///
/// # Examples
/// ```
/// use account::model::Phone;
///
/// let phone: Phone = "+64211234567".parse()?;
/// assert_eq!(phone.country_code(), "64");
/// assert!("021 123 4567".parse::<Phone>().is_err()); // no country code, and blanks
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "Arc<str>")]
pub struct Phone(Arc<str>);

impl Phone {
    /// Returns the number with its plus sign.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the digits of the country code, without the plus sign.
    #[must_use]
    pub fn country_code(&self) -> &str {
        self.0.strip_prefix('+').and_then(country_code).unwrap_or_default()
    }
}

impl FromStr for Phone {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = text.strip_prefix('+').ok_or(Invalid::Phone)?;
        let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || digits.starts_with('0') || country_code(digits).is_none() {
            return Err(Invalid::Phone);
        }
        Ok(Self(text.into()))
    }
}

/// Codes are prefix-free, so the first length that gives an assigned code is correct.
fn country_code(digits: &str) -> Option<&str> {
    (1..=3).filter_map(|length| digits.get(..length)).find(|code| {
        code.parse()
            .is_ok_and(|code: u16| ASSIGNED.iter().any(|(first, last)| (*first..=*last).contains(&code)))
    })
}

/// The country codes that ITU-T lists as assigned, including shared and satellite services. Ranges
/// include both ends.
const ASSIGNED: [(u16, u16); 47] = [
    (1, 1),
    (7, 7),
    (20, 20),
    (27, 27),
    (30, 34),
    (36, 36),
    (39, 41),
    (43, 49),
    (51, 58),
    (60, 66),
    (81, 82),
    (84, 84),
    (86, 86),
    (90, 95),
    (98, 98),
    (211, 213),
    (216, 216),
    (218, 218),
    (220, 258),
    (260, 269),
    (290, 291),
    (297, 299),
    (350, 359),
    (370, 383),
    (385, 387),
    (389, 389),
    (420, 421),
    (423, 423),
    (500, 509),
    (590, 599),
    (670, 670),
    (672, 683),
    (685, 692),
    (800, 800),
    (808, 808),
    (850, 850),
    (852, 853),
    (855, 856),
    (870, 870),
    (878, 878),
    (880, 883),
    (886, 886),
    (960, 968),
    (970, 977),
    (979, 979),
    (992, 996),
    (998, 998),
];

impl TryFrom<String> for Phone {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Phone> for Arc<str> {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

impl AsRef<str> for Phone {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone(+{}…)", self.country_code())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_country_code_is_found_at_any_length() {
        for (number, code) in [("+16175551212", "1"), ("+442079460018", "44"), ("+35312345678", "353")] {
            assert_eq!(number.parse::<Phone>().unwrap().country_code(), code);
        }
    }

    #[test]
    fn numbers_with_unassigned_country_codes_are_rejected() {
        for number in ["+8020000000", "+2100000000", "+9990000000", "+6840000000"] {
            assert_eq!(number.parse::<Phone>(), Err(Invalid::Phone), "{number}");
        }
    }

    #[test]
    fn assigned_codes_are_prefix_free() {
        let codes: Vec<String> =
            ASSIGNED.iter().flat_map(|(first, last)| *first..=*last).map(|code| code.to_string()).collect();
        for code in &codes {
            assert!(!codes.iter().any(|other| other != code && other.starts_with(code.as_str())), "{code}");
        }
    }

    #[test]
    fn debug_shows_only_the_country_code() {
        assert_eq!(format!("{:?}", "+442079460018".parse::<Phone>().unwrap()), "Phone(+44…)");
    }

    proptest! {
        #[test]
        fn accepted_numbers_are_kept_unchanged(text in "\\+?[0-9]{5,17}\n?") {
            if let Ok(phone) = text.parse::<Phone>() {
                prop_assert_eq!(phone.as_str(), &text);
                prop_assert!(text.len() >= 8 && text.len() <= 16 && !text.starts_with("+0"));
            }
        }
    }
}
