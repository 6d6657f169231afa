//! Codes and link secrets as clients send them back.

use std::{fmt, str::FromStr};

use crate::{model::Invalid, secret::Secret};

/// What a client sends to redeem a token or to answer a challenge: 1–256 characters, taken as they are.
///
/// # Security
/// `Debug` hides it, the memory is wiped on drop, and there is no `Clone`, `PartialEq` and serde.
pub struct Passcode(Secret);

impl Passcode {
    /// Shows the text, for the comparison with what is expected.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for Passcode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // The bytes come first: an endless text must not cost more than a short one.
        match text.len() <= 1024 && (1..=256).contains(&text.chars().count()) {
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
