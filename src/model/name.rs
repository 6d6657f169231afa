//! Display names.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::invalid::Invalid;

const MAX_CHARACTERS: usize = 128;

/// The display name of a user: 1 to 128 code points without control characters, or no name.
///
/// Cloning is cheap. `Debug` hides it.
///
/// # Security
/// A name may contain markup. Escape it wherever your application shows it.
///
/// # Examples
/// ```
/// use account::model::Name;
///
/// let name: Name = "Ada Lovelace".parse()?;
/// assert_eq!(name.as_str(), "Ada Lovelace");
/// assert!(Name::optional("")?.is_empty()); // as a form sends it
/// assert!("Ada\nLovelace".parse::<Name>().is_err());
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Option<Arc<str>>);

impl Name {
    /// No name.
    pub const EMPTY: Self = Self(None);

    /// Parses a name. The empty text is no name.
    ///
    /// # Errors
    /// [`Invalid::Name`] if the text is too long or holds control characters.
    pub fn optional(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() { Ok(Self::EMPTY) } else { text.parse() }
    }

    /// Returns the name, or the empty text if there is no name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Returns whether there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl FromStr for Name {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // `is_control` includes C1, of which U+0085 starts a new line in some logs and terminals.
        let fits = !text.is_empty()
            && text.chars().nth(MAX_CHARACTERS).is_none()
            && !text.chars().any(char::is_control);
        if fits { Ok(Self(Some(text.into()))) } else { Err(Invalid::Name) }
    }
}

impl TryFrom<String> for Name {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::optional(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.as_str().into()
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Name()" } else { "Name(…)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_empty_but_the_parser_rejects_an_empty_text() {
        assert_eq!("".parse::<Name>(), Err(Invalid::Name));
        assert_eq!(Name::optional(""), Ok(Name::EMPTY));
        assert_eq!(Name::default().as_str(), "");
    }

    #[test]
    fn length_is_counted_in_code_points() {
        assert_eq!("😀".repeat(128).parse::<Name>().unwrap().as_str().chars().count(), 128);
        assert_eq!("😀".repeat(129).parse::<Name>(), Err(Invalid::Name));
    }

    #[test]
    fn control_characters_are_rejected() {
        for control in ['\0', '\n', '\r', '\t', '\u{1b}', '\u{7f}', '\u{85}', '\u{9f}'] {
            assert_eq!(format!("A{control}B").parse::<Name>(), Err(Invalid::Name), "{control:?}");
        }
    }

    #[test]
    fn serde_keeps_names_and_no_name() {
        for text in ["\"\"", "\"Ada Lovelace\""] {
            assert_eq!(serde_json::to_string(&serde_json::from_str::<Name>(text).unwrap()).unwrap(), text);
        }
    }
}
