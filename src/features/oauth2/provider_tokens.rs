//! A provider's access and refresh token, sealed in the account.

use std::mem::take;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    crypto::Sealer,
    model::{IdentityId, ProviderTokens, UserId},
    oauth2::Tokens,
    secret::Secret,
    service::Draft,
};

/// The plain form of the sealed tokens.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptTokens {
    access: String,
    refresh: Option<String>,
    /// The callback URL of the sign-in. Some providers require it again at a refresh.
    redirect_uri: String,
    location: Option<String>,
}

/// A refresh token with the parameters that its redemption needs.
pub(super) struct Refreshable {
    pub(super) token: Secret,
    pub(super) redirect_uri: String,
    pub(super) location: Option<String>,
}

/// The associated data of the seal: tokens open only for this account and identity.
pub(super) fn seal_context<'a>(user: &'a UserId, identity: &'a IdentityId) -> [&'a [u8]; 3] {
    [user.as_str().as_bytes(), b"provider tokens", identity.as_str().as_bytes()]
}

impl Draft {
    /// Seals the provider's tokens for this account and identity.
    pub(super) fn keep_tokens(
        &mut self,
        identity: IdentityId,
        tokens: &Tokens,
        redirect_uri: &str,
        sealer: &Sealer,
        nonce: [u8; 24],
    ) {
        let kept = KeptTokens {
            redirect_uri: redirect_uri.into(),
            access: tokens.access_token.expose().into(),
            refresh: tokens.refresh_token.as_ref().map(|token| token.expose().into()),
            location: tokens.location.as_deref().map(Into::into),
        };
        let Ok(json) = serde_json::to_vec(&kept).map(Zeroizing::new) else { return };
        let sealed = sealer.seal(&seal_context(&self.id, &identity), &json, nonce);
        let mut attachment = self.attachment.as_deref().cloned().unwrap_or_default();
        attachment.provider_tokens.retain(|tokens| tokens.identity != identity);
        attachment.provider_tokens.push(ProviderTokens { identity, sealed });
        self.attachment = Some(attachment.into());
    }
}

impl KeptTokens {
    /// The refresh token, if the provider issued one.
    pub(super) fn into_refresh(mut self) -> Option<Refreshable> {
        let token = Secret::new(self.refresh.take()?);
        let (redirect_uri, location) = (take(&mut self.redirect_uri), self.location.take());
        Some(Refreshable { token, redirect_uri, location })
    }
}

impl Drop for KeptTokens {
    fn drop(&mut self) {
        self.access.zeroize();
        self.refresh.zeroize();
    }
}
