//! Messaging targets: the addresses at which a user receives messages.

use serde::{Deserialize, Serialize};

use super::{
    ids::{ProviderId, SessionId, TargetId, UserId},
    time::Timestamp,
};

/// A device that receives push messages, as stored in the account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushTargetRecord {
    pub(crate) id: TargetId,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) identifier: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<ProviderId>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub(crate) name: Box<str>,
    /// The session with which the target ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<SessionId>,
}

/// The channel of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// The account's email address.
    Email,
    /// The account's phone number.
    Sms,
    /// A device token.
    Push,
}

impl TargetKind {
    /// Returns the name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Push => "push",
        }
    }
}

/// A messaging target: the email or phone of the account, or a device for push messages.
///
/// `Debug` hides the identifier.
#[derive(Clone)]
#[non_exhaustive]
pub struct Target {
    /// The id of the target.
    pub id: TargetId,
    /// The account it belongs to.
    pub user: UserId,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The channel of the target.
    pub kind: TargetKind,
    /// The email address, phone number or device token.
    pub identifier: Box<str>,
    /// The push provider of the device.
    pub provider: Option<ProviderId>,
    /// For a push target, the brand and model of the device that added it, separated by a space.
    /// Otherwise empty.
    pub name: Box<str>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("kind", &self.kind)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}
