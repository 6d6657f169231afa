//! Unique keys, by which accounts are looked up.

use std::fmt;

use super::{
    email::Email,
    ids::{TargetId, UserId},
    phone::Phone,
};

/// A unique key of an account, by which a store finds it.
///
/// At most one account holds a key at a time. The account's own email and the provider-verified
/// emails of its identities share [`Key::Mailbox`], so that one mailbox leads to one account.
/// Sessions and tokens need no key, because every secret contains the id of its account.
///
/// # Examples
/// ```
/// use account::model::Key;
///
/// let key = Key::Mailbox("ada@example.com".parse()?);
/// assert_eq!(key.to_text(), "mailbox:ada@example.com");
/// assert_eq!(format!("{key:?}"), "Key::Mailbox(…)");
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The account's id.
    Id(UserId),
    /// An email address in canonical form.
    Mailbox(Email),
    /// A phone number.
    Phone(Phone),
    /// A linked account at an OAuth2 provider.
    Identity {
        /// The provider's key, such as `github`.
        provider: Box<str>,
        /// The provider's own id of the user, which never changes.
        uid: Box<str>,
    },
    /// The id of a push target.
    Target(TargetId),
    /// The device token of a push target.
    TargetIdentifier(Box<str>),
}

impl Key {
    /// Encodes the key as text, for stores that keep keys in one column.
    ///
    /// Different keys have different texts.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Id(id) => format!("id:{id}"),
            Self::Mailbox(email) => format!("mailbox:{}", email.as_str()),
            Self::Phone(phone) => format!("phone:{}", phone.as_str()),
            Self::Identity { provider, uid } => format!("identity:{provider}:{uid}"),
            Self::Target(id) => format!("target:{id}"),
            Self::TargetIdentifier(identifier) => format!("push:{identifier}"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id(_) => "Key::Id(…)",
            Self::Mailbox(_) => "Key::Mailbox(…)",
            Self::Phone(_) => "Key::Phone(…)",
            Self::Identity { .. } => "Key::Identity(…)",
            Self::Target(_) => "Key::Target(…)",
            Self::TargetIdentifier(_) => "Key::TargetIdentifier(…)",
        })
    }
}
