//! Linked accounts at OAuth2 providers.

use serde::{Deserialize, Serialize};

use super::{
    email::Email,
    ids::{IdentityId, UserId},
    time::Timestamp,
};

/// A linked account at a provider, as stored in the account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityRecord {
    pub(crate) id: IdentityId,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) provider: Box<str>,
    pub(crate) uid: Box<str>,
    /// The address that the provider returned, verified or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<Email>,
    /// Present only if the provider has verified it. It is then a key of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) verified_email: Option<Email>,
    /// When the access token expires, if the provider returned that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) access_expires_at: Option<Timestamp>,
    /// A token refresh is running; no other may start before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refreshing_until: Option<Timestamp>,
}

/// A linked account at an OAuth2 provider.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Identity {
    /// The id of the identity.
    pub id: IdentityId,
    /// The account it belongs to.
    pub user: UserId,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The provider's key, such as `github`.
    pub provider: Box<str>,
    /// The provider's own id of the user.
    pub provider_uid: Box<str>,
    /// The email address that the provider returned, verified or not.
    pub provider_email: Option<Email>,
    /// When the access token expires, if the provider returned that.
    pub access_expires_at: Option<Timestamp>,
}
