//! Passwords in plain text.

use std::{fmt, str::FromStr, sync::Arc};

use super::invalid::Invalid;
use crate::secret::Secret;

/// A code point has at most four bytes in UTF-8.
const MAX_BYTES: usize = 4 * 256;

/// A password in plain text: 8 to 256 arbitrary code points.
///
/// It is never trimmed, normalized or truncated. Clones share one copy, so that it can be passed to
/// a hashing thread.
///
/// # Security
/// `Debug` hides it. The memory is wiped when the last clone is dropped. There is no `PartialEq` or
/// serde.
///
/// # Examples
/// ```
/// use account::model::Password;
///
/// let password: Password = "tr4verse-Cobalt-heron".parse()?;
/// assert_eq!(format!("{password:?}"), "Password(…)");
/// assert!("2 short".parse::<Password>().is_err());
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Clone)]
pub struct Password(Arc<Secret>);

impl Password {
    /// Takes ownership of a text. A rejected text is wiped.
    ///
    /// # Errors
    /// [`Invalid::Password`] if the text is too short or too long.
    pub fn parse(text: String) -> Result<Self, Invalid> {
        let secret = Secret::new(text);
        let text = secret.expose();
        // Checking bytes first bounds the time for very long texts.
        let fits = text.len() <= MAX_BYTES && (8..=256).contains(&text.chars().count());
        if fits { Ok(Self(Arc::new(secret))) } else { Err(Invalid::Password) }
    }

    /// Returns the text, for hashing and for password rules.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns the shared copy of the text, for a hashing thread.
    #[must_use]
    pub fn secret(&self) -> Arc<Secret> {
        Arc::clone(&self.0)
    }
}

impl FromStr for Password {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // A text that is too long is not copied.
        if text.len() > MAX_BYTES { Err(Invalid::Password) } else { Self::parse(text.to_owned()) }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_code_points() {
        for good in ["12345678", "        ", &"é".repeat(8), &"🔒".repeat(256)] {
            assert_eq!(good.parse::<Password>().unwrap().expose(), good);
        }
        for bad in ["", "1234567", "🔒🔑🔒", &"a".repeat(257), &"漢".repeat(257), &"a".repeat(1_000_000)]
        {
            assert_eq!(bad.parse::<Password>().unwrap_err(), Invalid::Password);
        }
    }

    #[test]
    fn clones_share_one_copy_and_debug_shows_nothing() {
        let password: Password = "correct horse".parse().unwrap();
        assert!(Arc::ptr_eq(&password.secret(), &password.clone().secret()));
        assert_eq!(format!("{password:?}"), "Password(…)");
    }
}
