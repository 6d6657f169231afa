//! Tokens of a provider.

use std::{fmt, time::Duration};

use serde_json::Value;

use crate::secret::Secret;

/// The tokens that a provider's token endpoint issued.
///
/// # Security
/// `Debug` omits the tokens. The service stores them sealed, or not at all.
pub struct Tokens {
    /// Grants access to the provider's API on behalf of the user.
    pub access_token: Secret,
    /// Redeems new tokens. After a refresh without a new refresh token it is the old one, which
    /// stays valid.
    pub refresh_token: Option<Secret>,
    /// How long the access token is valid, if the provider reports it.
    pub expires_in: Option<Duration>,
    /// The granted scopes, if the provider reports them.
    pub scopes: Vec<Box<str>>,
    /// The user's data centre. Store it with the refresh token, which is valid only there.
    pub location: Option<Box<str>>,
    pub(super) id_token: Option<Secret>,
    /// The reply without its tokens, for references to the source `token`.
    pub(super) rest: Value,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_in", &self.expires_in)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
