//! Secret texts: redacted in `Debug`, wiped on drop, never compared with `==`.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text, such as a password or an OAuth2 client secret.
///
/// # Security
/// `Debug` prints `Secret(…)`. The memory is wiped on drop. There is no `Display`, `Serialize`,
/// `Clone` or `PartialEq`.
///
/// # Examples
/// ```
/// let secret = account::Secret::new("hunter2".to_owned());
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Returns the text. Call it only where the plain text is needed.
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

/// Code that must not compile. The first block compiles, which shows that the others fail only
/// because the trait is missing.
///
/// ```
/// fn clone<T: Clone>() {}
/// fn compare<T: PartialEq>() {}
/// fn show<T: std::fmt::Display>() {}
/// fn write<T: serde::Serialize>() {}
/// fn read<T: serde::de::DeserializeOwned>() {}
/// (clone::<String>(), compare::<String>(), show::<String>(), write::<String>(), read::<String>());
/// # use account::{Jwt, MasterKey, Secret, model::{Password, SessionSecret}};
/// ```
///
/// ```compile_fail,E0277
/// fn clone<T: Clone>() {}
/// clone::<account::Secret>();
/// ```
///
/// ```compile_fail,E0277
/// fn compare<T: PartialEq>() {}
/// compare::<account::Secret>();
/// ```
///
/// ```compile_fail,E0277
/// fn show<T: std::fmt::Display>() {}
/// show::<account::Secret>();
/// ```
///
/// ```compile_fail,E0277
/// fn write<T: serde::Serialize>() {}
/// write::<account::Secret>();
/// ```
///
/// ```compile_fail,E0277
/// fn read<T: serde::de::DeserializeOwned>() {}
/// read::<account::Secret>();
/// ```
///
/// ```compile_fail,E0277
/// fn compare<T: PartialEq>() {}
/// compare::<account::model::Password>();
/// ```
///
/// ```compile_fail,E0277
/// fn show<T: std::fmt::Display>() {}
/// show::<account::model::Password>();
/// ```
///
/// ```compile_fail,E0277
/// fn write<T: serde::Serialize>() {}
/// write::<account::model::Password>();
/// ```
///
/// ```compile_fail,E0277
/// fn read<T: serde::de::DeserializeOwned>() {}
/// read::<account::model::Password>();
/// ```
///
/// ```compile_fail,E0277
/// fn clone<T: Clone>() {}
/// clone::<account::model::SessionSecret>();
/// ```
///
/// ```compile_fail,E0277
/// fn compare<T: PartialEq>() {}
/// compare::<account::model::SessionSecret>();
/// ```
///
/// ```compile_fail,E0277
/// fn show<T: std::fmt::Display>() {}
/// show::<account::model::SessionSecret>();
/// ```
///
/// ```compile_fail,E0277
/// fn write<T: serde::Serialize>() {}
/// write::<account::model::SessionSecret>();
/// ```
///
/// ```compile_fail,E0277
/// fn read<T: serde::de::DeserializeOwned>() {}
/// read::<account::model::SessionSecret>();
/// ```
///
/// ```compile_fail,E0277
/// fn clone<T: Clone>() {}
/// clone::<account::Jwt>();
/// ```
///
/// ```compile_fail,E0277
/// fn compare<T: PartialEq>() {}
/// compare::<account::Jwt>();
/// ```
///
/// ```compile_fail,E0277
/// fn show<T: std::fmt::Display>() {}
/// show::<account::Jwt>();
/// ```
///
/// ```compile_fail,E0277
/// fn write<T: serde::Serialize>() {}
/// write::<account::Jwt>();
/// ```
///
/// ```compile_fail,E0277
/// fn read<T: serde::de::DeserializeOwned>() {}
/// read::<account::Jwt>();
/// ```
///
/// ```compile_fail,E0277
/// fn compare<T: PartialEq>() {}
/// compare::<account::MasterKey>();
/// ```
///
/// ```compile_fail,E0277
/// fn show<T: std::fmt::Display>() {}
/// show::<account::MasterKey>();
/// ```
///
/// ```compile_fail,E0277
/// fn write<T: serde::Serialize>() {}
/// write::<account::MasterKey>();
/// ```
///
/// ```compile_fail,E0277
/// fn read<T: serde::de::DeserializeOwned>() {}
/// read::<account::MasterKey>();
/// ```
#[cfg(doctest)]
struct MustNotCompile;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2hunter2".into())), "Secret(…)");
    }
}
