//! Codes and link secrets that clients send back.

use std::{fmt, str::FromStr};

use super::invalid::Invalid;
use crate::secret::Secret;

/// A character has at most four bytes in UTF-8.
const MAX_BYTES: usize = 4 * 256;

/// The code or link secret with which a client redeems a token or answers a challenge.
///
/// It has 1 to 256 characters and is kept as it was sent. In a code, blanks, hyphens and capitals
/// do not count, so that users may type it as an app shows it, `123 456`. The secret of a link must
/// be the same to the last character.
///
/// # Security
/// `Debug` hides it. The memory is wiped on drop. There is no `Clone`, `PartialEq` or serde.
///
/// # Examples
/// ```
/// use account::model::Passcode;
///
/// let code: Passcode = "123456".parse()?; // from a form, or from the URL of a link
/// assert_eq!(format!("{code:?}"), "Passcode(…)");
/// assert!("".parse::<Passcode>().is_err());
/// # Ok::<(), account::error::Invalid>(())
/// ```
pub struct Passcode(Secret);

impl Passcode {
    /// Returns the text, for the comparison with the expected one.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for Passcode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // Checking bytes first bounds the time for very long texts.
        match text.len() <= MAX_BYTES && (1..=256).contains(&text.chars().count()) {
            true => Ok(Self(Secret::new(text.to_owned()))),
            false => Err(Invalid::Text { min: 1, max: 256 }),
        }
    }
}

impl fmt::Debug for Passcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passcode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_characters() {
        assert_eq!("é".repeat(256).parse::<Passcode>().unwrap().expose().len(), 512);
        for bad in [String::new(), "x".repeat(257), "x".repeat(10_000)] {
            assert_eq!(bad.parse::<Passcode>().unwrap_err(), Invalid::Text { min: 1, max: 256 });
        }
        assert_eq!(format!("{:?}", "123456".parse::<Passcode>().unwrap()), "Passcode(…)");
    }
}
