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

/// What must not compile. The first block shows that the others fail for want of the trait and of nothing else.
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
