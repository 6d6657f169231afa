//! The state of an OAuth2 sign-in between its start and its end: sealed, and kept only by the
//! browser.

use std::{fmt, time::Duration};

use constant_time_eq::constant_time_eq;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::OAuth2Start;
use crate::{
    crypto::Sealer,
    error::Error,
    model::{Invalid, ProviderKey, Sealed, SecretDigest, SessionId, SpentState, Timestamp, UserId},
    oauth2::Attempt,
    service::SessionHolder,
};

/// How long a user may take at the provider.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
const PLACE: &[&[u8]] = &[b"oauth2 flow"];
/// What every browser keeps in one cookie (RFC 6265 §6.1), without its name and attributes.
const MAX_BYTES: usize = 4096 - 256;

/// The sealed state of an OAuth2 sign-in, which the browser keeps while it is at the provider.
///
/// # Security
/// Together with the provider's answer it completes the sign-in. Store it only in a cookie of the
/// browser that started it. `Debug` hides it.
pub struct FlowState(Sealed);

impl FlowState {
    /// Parses the wire form.
    ///
    /// # Errors
    /// [`Invalid::FlowState`] if [`to_wire`](FlowState::to_wire) cannot have written it.
    pub fn from_wire(text: &str) -> Result<Self, Invalid> {
        match text.len() <= MAX_BYTES {
            true => Sealed::try_from(text.to_owned()).map(Self).map_err(|_| Invalid::FlowState),
            false => Err(Invalid::FlowState),
        }
    }

    /// Returns the wire form for a cookie: letters, digits, `-`, `_` and `.`.
    #[must_use]
    pub fn to_wire(&self) -> String {
        self.0.clone().into()
    }

    /// The lifetime of the cookie.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        LIFETIME
    }
}

impl fmt::Debug for FlowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowState(…)")
    }
}

/// Enough to distinguish the flows of one browser. The rest of the 64 digits still cannot be
/// guessed.
const NAME_LENGTH: usize = 8;

/// The name of a flow, by its state.
pub(super) fn name_of(state: &str) -> Option<&str> {
    let name = state.get(..NAME_LENGTH)?;
    name.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(name)
}

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
        let state = FlowState(sealer.seal(PLACE, &json, nonce));
        match state.to_wire().len() <= MAX_BYTES {
            true => Ok(state),
            false => Err(Invalid::RedirectUrl.into()),
        }
    }

    pub(super) fn open(sealer: &Sealer, kept: &FlowState, now: Timestamp) -> Option<Self> {
        let flow: Self = serde_json::from_slice(&sealer.open(PLACE, &kept.0)?).ok()?;
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
