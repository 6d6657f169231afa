//! The state of an OAuth2 sign-in between its start and its end: sealed, and kept only by the
//! browser.

use constant_time_eq::constant_time_eq;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    flow_state::{FlowState, LIFETIME, name_of},
    types::OAuth2Start,
};
use crate::{
    crypto::Sealer,
    error::Error,
    model::{ProviderKey, SecretDigest, SessionId, SpentState, Timestamp, UserId},
    oauth2::Attempt,
    service::SessionHolder,
};

const SEAL_CONTEXT: &[&[u8]] = &[b"oauth2 flow"];

/// An OAuth2 sign-in in progress.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flow {
    provider: String,
    redirect_uri: String,
    state: String,
    nonce: String,
    verifier: String,
    success: Option<String>,
    failure: Option<String>,
    pub(super) with_token: bool,
    /// The session that started linking: its account and its id.
    session: Option<(UserId, SessionId)>,
    expires_at: Timestamp,
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.state.zeroize();
        self.nonce.zeroize();
        self.verifier.zeroize();
    }
}

impl Flow {
    pub(super) fn new(
        start: &OAuth2Start,
        caller: Option<&SessionHolder>,
        now: Timestamp,
        (state, nonce, verifier): (Zeroizing<String>, Zeroizing<String>, Zeroizing<String>),
    ) -> Self {
        Self {
            provider: start.provider.as_str().into(),
            redirect_uri: start.redirect_uri.clone(),
            state: state.as_str().into(),
            nonce: nonce.as_str().into(),
            verifier: verifier.as_str().into(),
            success: start.success.as_ref().map(|url| url.as_str().into()),
            failure: start.failure.as_ref().map(|url| url.as_str().into()),
            with_token: start.with_token,
            session: caller.map(|caller| (*caller.user_id(), *caller.session_id())),
            expires_at: now.after(LIFETIME),
        }
    }

    /// # Errors
    /// [`Invalid::RedirectUrl`] if the URLs are too long for a cookie.
    pub(super) fn seal(&self, sealer: &Sealer, nonce: [u8; 24]) -> Result<FlowState, Error> {
        let json = Zeroizing::new(serde_json::to_vec(self).map_err(|_| Error::Internal)?);
        Ok(FlowState::new(sealer.seal(SEAL_CONTEXT, &json, nonce))?)
    }

    pub(super) fn open(sealer: &Sealer, kept: &FlowState, now: Timestamp) -> Option<Self> {
        let flow: Self = serde_json::from_slice(&sealer.open(SEAL_CONTEXT, kept.sealed())?).ok()?;
        (now < flow.expires_at).then_some(flow)
    }

    pub(super) fn name(&self) -> Box<str> {
        name_of(&self.state).unwrap_or_default().into()
    }

    /// Whether the callback came from this provider and returned this flow's state.
    pub(super) fn is_returned_by(&self, provider: &ProviderKey, state: Option<&str>) -> bool {
        let same = state.is_some_and(|state| constant_time_eq(state.as_bytes(), self.state.as_bytes()));
        same && self.provider == provider.as_str()
    }

    /// The caller whose account the identity is linked to: the one who started the flow, in the
    /// same session. A flow started by a guest links nothing, even if the browser has signed in
    /// meanwhile.
    pub(super) fn caller<'a>(
        &self,
        caller: Option<&'a SessionHolder>,
    ) -> Result<Option<&'a SessionHolder>, Error> {
        let started = self.session.as_ref();
        let is_same = |caller: &SessionHolder| started == Some(&(*caller.user_id(), *caller.session_id()));
        match (started, caller) {
            (None, _) => Ok(None),
            (Some(_), Some(caller)) if is_same(caller) => Ok(Some(caller)),
            _ => Err(Error::InvalidState),
        }
    }

    pub(super) fn attempt<'a>(&'a self, scopes: &'a [&'a str]) -> Attempt<'a> {
        Attempt {
            redirect_uri: &self.redirect_uri,
            state: &self.state,
            verifier: &self.verifier,
            nonce: &self.nonce,
            scopes,
        }
    }

    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    pub(super) fn success(&self) -> Option<&str> {
        self.success.as_deref()
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// What the account remembers of the finished flow.
    pub(super) fn spent(&self) -> SpentState {
        let digest = SecretDigest::new(Sha256::digest(self.state.as_bytes()).into());
        SpentState { digest, expires_at: self.expires_at }
    }
}
