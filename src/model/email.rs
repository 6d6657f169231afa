//! Email addresses in canonical form.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use url::Host;

use super::{host_label::is_host_label, invalid::Invalid};

/// The 256 octets of a path (RFC 5321 §4.5.3.1.3) without its angle brackets.
const MAX_BYTES: usize = 254;
/// A character has at most four bytes in UTF-8.
const MAX_TYPED_BYTES: usize = 4 * MAX_BYTES;

/// An email address: an ASCII dot-atom address in lower case.
///
/// The form is RFC 5321 §4.1.2 without quoted local parts and address literals. Parsing converts
/// the case and nothing else, so that one mailbox has one spelling. Cloning is cheap. `Debug` hides
/// the local part.
///
/// # Examples
/// ```
/// use account::model::Email;
///
/// let email: Email = "Ada@Example.com".parse()?;
/// assert_eq!(email.as_str(), "ada@example.com"); // one mailbox, one spelling
/// assert_eq!((email.local_part(), email.domain()), ("ada", "example.com"));
/// assert!("Ada <ada@example.com>".parse::<Email>().is_err());
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "Arc<str>")]
pub struct Email(Arc<str>);

impl Email {
    /// Returns the whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the part before the at sign.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// Returns the part after the at sign.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for Email {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::in_ascii(text).ok_or_else(|| ascii_domain(text).map_or(Invalid::Email, Invalid::EmailDomain))
    }
}

impl Email {
    fn in_ascii(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let lower = text.to_ascii_lowercase();
        let (local, domain) = lower.split_once('@')?;
        (is_dot_atom(local) && is_mail_domain(domain)).then(|| Self(lower.into()))
    }
}

/// Returns the domain of an address in ASCII (RFC 5891, A-labels), if that is all that it lacks.
///
/// The address is not accepted so: a mailbox has one spelling, and a domain may look like another.
fn ascii_domain(text: &str) -> Option<Box<str>> {
    let (local, domain) = text.split_once('@').filter(|_| text.len() <= MAX_TYPED_BYTES)?;
    let Host::Domain(ascii) = Host::parse(domain).ok().filter(|_| !domain.is_ascii())? else { return None };
    Email::in_ascii(&format!("{local}@{ascii}")).map(|_| ascii.into())
}

/// RFC 5322 §3.2.3, with at most 64 octets (RFC 5321 §4.5.3.1.1).
fn is_dot_atom(local: &str) -> bool {
    let is_atext = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.len() <= 64 && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

fn is_mail_domain(domain: &str) -> bool {
    let mut labels = domain.split('.').rev();
    let has_top_level = labels.next().is_some_and(is_top_level_label);
    let is_qualified = labels.next().is_some();
    has_top_level && is_qualified && domain.split('.').all(is_host_label) && has_valid_a_labels(domain)
}

/// Two letters or more, or an A-label (RFC 3696 §2).
fn is_top_level_label(label: &str) -> bool {
    let is_word = label.len() >= 2 && label.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_word || label.starts_with("xn--")
}

/// RFC 5890 §2.3.2.1: an A-label must be the canonical encoding of a valid U-label.
fn has_valid_a_labels(domain: &str) -> bool {
    !domain.split('.').any(|label| label.starts_with("xn--"))
        || matches!(Host::parse(domain), Ok(Host::Domain(canonical)) if canonical == domain)
}

impl TryFrom<String> for Email {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Email> for Arc<str> {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl AsRef<str> for Email {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email(…@{})", self.domain())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parsing_changes_only_the_case() {
        let email: Email = "User+Tag@Example.COM".parse().unwrap();
        assert_eq!(email.as_str(), "user+tag@example.com");
        assert_eq!((email.local_part(), email.domain()), ("user+tag", "example.com"));
        assert_eq!(email, "user+tag@example.com".parse().unwrap());
    }

    #[test]
    fn lengths_are_counted_to_the_octet() {
        let label = "d".repeat(63);
        let domain = format!("{label}.{label}.{}.com", "d".repeat(57));
        assert!(format!("{}@{domain}", "l".repeat(64)).parse::<Email>().is_ok());
        assert!(format!("{}@{domain}.x", "l".repeat(64)).parse::<Email>().is_err());
        assert!(format!("{}@example.com", "l".repeat(65)).parse::<Email>().is_err());
        assert!(format!("u@{label}d.com").parse::<Email>().is_err());
    }

    #[test]
    fn a_top_level_label_has_two_letters_or_more() {
        for domain in ["example.de", "example.museum", "example.xn--zckzah", "x.co"] {
            assert!(format!("u@{domain}").parse::<Email>().is_ok(), "{domain}");
        }
        for domain in ["example.c", "example.1", "example.c1", "example.c-", "example.x-1", "a.b"] {
            assert!(format!("u@{domain}").parse::<Email>().is_err(), "{domain}");
        }
    }

    #[test]
    fn debug_hides_the_local_part() {
        assert_eq!(format!("{:?}", "ada@example.com".parse::<Email>().unwrap()), "Email(…@example.com)");
    }

    #[test]
    fn serde_parses_again() {
        let email: Email = serde_json::from_str(r#""ADA@example.com""#).unwrap();
        assert_eq!(serde_json::to_string(&email).unwrap(), r#""ada@example.com""#);
        assert!(serde_json::from_str::<Email>(r#""ada@localhost""#).is_err());
    }

    proptest! {
        #[test]
        fn a_parsed_address_is_parsed_unchanged(
            text in "[A-Za-z0-9.!+-]{1,8}@[A-Za-z0-9.-]{1,12}\\.[A-Za-z0-9-]{1,4}",
        ) {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.as_str().parse::<Email>().unwrap(), email.clone());
                let is_valid = email_address::EmailAddress::is_valid(email.as_str());
                prop_assert!(is_valid, "mail transports reject {}", email);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = text.parse::<Email>();
        }
    }
}
