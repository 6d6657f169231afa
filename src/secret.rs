//! Values that must not be seen: redacted in `Debug`, wiped on drop, never compared with `==`.

use std::fmt;

use zeroize::Zeroizing;

/// A text that must not be seen, such as a password or a provider's client secret.
///
/// # Security
/// `Debug` prints `Secret(…)`, the memory is wiped on drop, and there is no `Display`, `Serialize`, `Clone` or `PartialEq`.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Shows the text, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2hunter2".into())), "Secret(…)");
    }
}
