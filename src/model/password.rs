//! Passwords in plain text.

use std::{fmt, str::FromStr, sync::Arc};

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use super::invalid::Invalid;
use crate::secret::Secret;

const MIN_LENGTH: usize = 8;
const MAX_LENGTH: usize = 256;
/// A code point has at most four bytes in UTF-8, and is typed as at most four others.
const MAX_TYPED_BYTES: usize = 4 * 4 * MAX_LENGTH;

/// A password in plain text: 8 to 256 arbitrary code points.
///
/// Keyboards and systems write one text in several forms of Unicode, so it is normalized as an
/// OpaqueString (RFC 8265 §4.2): all spaces become U+0020, then the text becomes NFC. The length
/// counts afterwards. Case, width and everything else stay, and it is never trimmed or truncated.
///
/// Hashes of an older system are also checked against the text as it was typed. Clones share one
/// copy, so that it can be passed to a hashing thread.
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
pub struct Password {
    normalized: Arc<Secret>,
    /// The text as it was typed, if normalizing changed it.
    typed: Option<Arc<Secret>>,
}

impl Password {
    /// Takes ownership of a text. A rejected text is wiped.
    ///
    /// # Errors
    /// [`Invalid::Password`] if the text is too short or too long.
    pub fn parse(text: String) -> Result<Self, Invalid> {
        let typed = Secret::new(text);
        // Checking bytes first bounds the time for very long texts.
        if typed.expose().len() > MAX_TYPED_BYTES {
            return Err(Invalid::Password);
        }
        let (normalized, typed) = match is_normalized(typed.expose()) {
            true => (typed, None),
            false => (normalize(typed.expose()), Some(typed)),
        };
        match (MIN_LENGTH..=MAX_LENGTH).contains(&normalized.expose().chars().count()) {
            true => Ok(Self { normalized: Arc::new(normalized), typed: typed.map(Arc::new) }),
            false => Err(Invalid::Password),
        }
    }

    /// Returns the normalized text, for hashing and for password rules.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.normalized.expose()
    }

    /// Returns the shared copy of the normalized text, for a hashing thread.
    #[must_use]
    pub fn secret(&self) -> Arc<Secret> {
        Arc::clone(&self.normalized)
    }

    /// Returns the text as it was typed, if normalizing changed it: an older system may have hashed
    /// it in that form.
    pub(crate) fn typed(&self) -> Option<Arc<Secret>> {
        self.typed.clone()
    }
}

/// The spaces (Unicode category Zs) beyond ASCII.
fn is_other_space(char: char) -> bool {
    matches!(char, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

fn is_normalized(text: &str) -> bool {
    text.is_ascii() || (!text.contains(is_other_space) && is_nfc(text))
}

/// Normalizes a text as an OpaqueString. It is cut where it is too long for a password.
fn normalize(text: &str) -> Secret {
    // The maximum length: growing would leave a copy in freed memory.
    let mut normalized = String::with_capacity(4 * (MAX_LENGTH + 1));
    let spaced = text.chars().map(|char| if is_other_space(char) { ' ' } else { char });
    normalized.extend(spaced.nfc().take(MAX_LENGTH + 1));
    Secret::new(normalized)
}

impl FromStr for Password {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // A text that is too long is not copied.
        if text.len() > MAX_TYPED_BYTES { Err(Invalid::Password) } else { Self::parse(text.to_owned()) }
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
    fn v2_only_a_text_that_normalizing_changes_is_kept_as_typed() {
        for (typed, normalized) in [
            ("e\u{301}1234567", "é1234567"),
            ("two\u{a0}words", "two words"),
            ("a\u{3000}b c\u{2003}d e", "a b c d e"),
        ] {
            let password: Password = typed.parse().unwrap();
            assert_eq!((password.expose(), password.typed().unwrap().expose()), (normalized, typed));
        }
        for typed in
            ["é1234567", "tr4verse-Cobalt-heron", "ﬁ１２３４５６７", "\u{200b}1234567", "a\tb\nc\0de"]
        {
            let password: Password = typed.parse().unwrap();
            assert!(password.expose() == typed && password.typed().is_none(), "{typed:?}");
        }
    }

    #[test]
    fn clones_share_one_copy_and_debug_shows_nothing() {
        let password: Password = "correct horse".parse().unwrap();
        assert!(Arc::ptr_eq(&password.secret(), &password.clone().secret()));
        assert_eq!(format!("{password:?}"), "Password(…)");
    }
}
