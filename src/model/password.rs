//! Passwords as they come from people.

use std::{fmt, str::FromStr, sync::Arc};

use crate::{model::Invalid, secret::Secret};

/// Every code point takes at most four bytes, so the longest password has as many as this.
const MAX_BYTES: usize = 1024;

/// A password: 8–256 code points of any kind, taken as they are, never trimmed, normalised or cut.
///
/// Clones share the one copy, so that it can be handed to a hashing thread.
///
/// # Security
/// `Debug` hides it, the memory is wiped when the last clone is dropped, and there is no `PartialEq` and no serde.
#[derive(Clone)]
pub struct Password(Arc<Secret>);

impl Password {
    /// Takes over a text; if it is refused, it is wiped.
    ///
    /// # Errors
    /// [`Invalid::Password`] if the text is too short or too long.
    pub fn parse(text: String) -> Result<Self, Invalid> {
        let secret = Secret::new(text);
        let text = secret.expose();
        // The bytes come first: an endless text must not cost more than a short one.
        let fits = text.len() <= MAX_BYTES && (8..=256).contains(&text.chars().count());
        if fits { Ok(Self(Arc::new(secret))) } else { Err(Invalid::Password) }
    }

    /// Shows the text, for hashing and for password rules.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The one copy of the text, to be shared with a hashing thread.
    #[must_use]
    pub fn secret(&self) -> Arc<Secret> {
        Arc::clone(&self.0)
    }
}

impl FromStr for Password {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // Not copied before it is known to be of a sane size.
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
