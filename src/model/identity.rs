//! Linked accounts at OAuth2 providers.

use serde::{Deserialize, Serialize};

use super::{Email, IdentityId, Timestamp, UserId};

/// A linked account at a provider, as the account keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityRecord {
    pub(crate) id: IdentityId,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) provider: Box<str>,
    pub(crate) uid: Box<str>,
    /// The address that the provider told, proven or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<Email>,
    /// Present only if the provider vouches for it; then it is one of the account's keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) verified_email: Option<Email>,
    /// When the provider's access token expires, if it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) access_expires_at: Option<Timestamp>,
    /// Somebody is exchanging the provider's tokens for new ones; nobody else may until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refreshing_until: Option<Timestamp>,
}

/// A linked account at an OAuth2 provider.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// Whose it is.
    pub user: UserId,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The provider's key, such as `github`.
    pub provider: Box<str>,
    /// The provider's own id of the person.
    pub provider_uid: Box<str>,
    /// The email that the provider knows.
    pub provider_email: Option<Email>,
    /// When the provider's access token expires, if it said so.
    pub access_expires_at: Option<Timestamp>,
}
