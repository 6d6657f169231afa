//! Labels of accounts.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::invalid::Invalid;

/// A label of an account, such as `admin`.
///
/// It has 1 to 36 ASCII letters and digits and is case-sensitive. Only your application can assign
/// labels, so it may use them as roles.
///
/// # Examples
/// ```
/// use account::model::Label;
///
/// let label: Label = "admin".parse()?;
/// assert_eq!(label.as_str(), "admin");
/// assert!("billing-admin".parse::<Label>().is_err());
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[doc(alias = "role")]
#[doc(alias = "admin")]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(Box<str>);

impl Label {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=36).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self(text.into())) } else { Err(Invalid::Label) }
    }
}

impl TryFrom<String> for Label {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0.into()
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_short_and_plain() {
        for good in ["a", "Admin1", &"x".repeat(36)] {
            assert_eq!(good.parse::<Label>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a-b", "é", "a\n", &"x".repeat(37)] {
            assert_eq!(bad.parse::<Label>(), Err(Invalid::Label), "{bad:?}");
        }
    }
}
