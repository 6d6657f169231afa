//! Who makes a request.

use std::ops::Deref;

use super::{
    cookies::{Credentials, SessionCredential},
    rejection::Rejection,
};
use crate::{
    error::Error,
    model::ClientInfo,
    service::{Authenticate, Caller, SessionHolder},
};

/// The result of authentication, before the gates.
pub(super) enum AuthState {
    Guest,
    SignedIn(SessionHolder),
    /// Signed in, but blocked or required to set a new password.
    Restricted(Error),
}

/// The signed-in user of a request that has passed the gates.
#[derive(Clone)]
pub(super) enum Principal {
    Full(Caller),
    /// A session that may lack a factor, at an operation that accepts it.
    Partial(SessionHolder),
}

/// Authenticates the first of these sessions that is live. If none is, the first counts.
pub(super) async fn first_live(
    credentials: Credentials,
    service: &(impl Authenticate + ?Sized),
) -> Result<(AuthState, Option<SessionCredential>), Rejection> {
    let mut first = None;
    for credential in credentials {
        let auth = AuthState::of(service.session_holder(&credential.secret).await)?;
        if !matches!(auth, AuthState::Guest) {
            return Ok((auth, Some(credential)));
        }
        first = first.or(Some(credential));
    }
    Ok((AuthState::Guest, first))
}

impl AuthState {
    /// From the service's answer about a session or a JWT. An unknown session makes a guest, not an
    /// error.
    pub(super) fn of(outcome: Result<SessionHolder, Error>) -> Result<Self, Rejection> {
        match outcome {
            Ok(holder) => Ok(Self::SignedIn(holder)),
            Err(Error::NotSignedIn) => Ok(Self::Guest),
            Err(held @ (Error::Blocked | Error::PasswordResetRequired)) => Ok(Self::Restricted(held)),
            Err(error) => Err(error.into()),
        }
    }
}

impl Principal {
    pub(super) fn with_client(self, client: ClientInfo) -> Self {
        match self {
            Self::Full(caller) => Self::Full(caller.with_client(client)),
            Self::Partial(holder) => Self::Partial(holder.with_client(client)),
        }
    }

    pub(super) fn keeping_secret(self) -> Self {
        match self {
            Self::Full(caller) => Self::Full(caller.keeping_secret()),
            Self::Partial(holder) => Self::Partial(holder.keeping_secret()),
        }
    }
}

impl Deref for Principal {
    type Target = SessionHolder;

    fn deref(&self) -> &SessionHolder {
        match self {
            Self::Full(caller) => caller,
            Self::Partial(holder) => holder,
        }
    }
}
