//! What must be unique over all accounts, and by which an account is found.

use std::fmt;

use super::{Email, Phone, TargetId, UserId};

/// A key of an account: held by at most one account at a time, and enough to find it.
///
/// Sessions and tokens need no key, because every secret names its account. The account's own email and the provider-verified emails of
/// its identities share [`Key::Mailbox`], so that one mailbox leads to one account.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The account's id.
    Id(UserId),
    /// An email address in canonical form.
    Mailbox(Email),
    /// A phone number.
    Phone(Phone),
    /// An account at an OAuth2 provider.
    Identity {
        /// The provider's key, such as `github`.
        provider: Box<str>,
        /// The provider's own, unchanging id of the person.
        uid: Box<str>,
    },
    /// The id of a push target.
    Target(TargetId),
    /// The device token of a push target.
    TargetIdentifier(Box<str>),
}

impl Key {
    /// One text per key and one key per text, for stores that keep keys in one column.
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
