//! What an operation returns to the HTTP layer: typed, to be rendered as JSON or otherwise.

#[cfg(feature = "oauth2")]
use http::StatusCode;
#[cfg(feature = "oauth2")]
use zeroize::Zeroizing;

#[cfg(feature = "oauth2")]
use super::flow_cookies::KeptFlows;
use super::rejection::Rejection;
#[cfg(feature = "oauth2")]
use crate::features::StartedOAuth2;
use crate::{
    features::{Challenge, FactorList, IdentityPage, Jwt, LogPage, NewAuthenticator, RecoveryCodes},
    model::{DeviceSecret, Preferences, Session, SessionSecret, Target, Timestamp, Token, User},
};

/// How an operation ended.
pub(super) type Answer = Result<Done, Rejection>;

/// The outcome of an operation, and the cookies that it changes.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    pub(super) cookie: CookieChange,
    /// A new secret by which the client's device is known at its next sign-in.
    pub(super) device: Option<DeviceSecret>,
    #[cfg(feature = "oauth2")]
    pub(super) flow: FlowChange,
}

/// What an operation returned.
pub(super) enum Outcome {
    SignedUp(User),
    User(User),
    Preferences(Preferences),
    /// A new session. Its secret is in the cookie, and in the body for servers.
    SignedIn(Box<Session>),
    Session(Box<Session>),
    Sessions(Vec<Session>),
    Jwt(Jwt),
    /// A token was sent to its owner, or withheld.
    TokenSent(Box<Token>),
    /// A token was redeemed, without signing in.
    TokenRedeemed(Box<Token>),
    Factors(FactorList),
    Authenticator(Box<NewAuthenticator>),
    ChallengeStarted(Box<Challenge>),
    RecoveryCodesCreated(RecoveryCodes),
    RecoveryCodes(RecoveryCodes),
    TargetAdded(Box<Target>),
    Target(Box<Target>),
    Identities(IdentityPage),
    Log(LogPage),
    /// A redirect of the browser. The location may hold secrets.
    #[cfg(feature = "oauth2")]
    Redirect(StatusCode, Zeroizing<String>),
    Nothing,
}

/// The change of the session's cookie.
pub(super) enum CookieChange {
    Keep,
    Set(SessionSecret, Timestamp),
    Clear,
}

/// The change of the cookies of OAuth2 flows.
#[cfg(feature = "oauth2")]
pub(super) enum FlowChange {
    Keep,
    /// Adds a flow to those that the browser has.
    Add(Box<StartedOAuth2>, KeptFlows),
    /// Removes the flow of this name.
    Remove(Box<str>),
}

impl Outcome {
    /// Done, with this outcome and no change of cookies.
    pub(super) fn done(self) -> Done {
        Done {
            outcome: self,
            cookie: CookieChange::Keep,
            device: None,
            #[cfg(feature = "oauth2")]
            flow: FlowChange::Keep,
        }
    }
}

impl Done {
    pub(super) fn with_device(self, device: Option<DeviceSecret>) -> Self {
        Self { device, ..self }
    }

    pub(super) fn with_cookie(self, cookie: CookieChange) -> Self {
        Self { cookie, ..self }
    }

    /// Clears the session's cookie if the session has ended.
    pub(super) fn clearing_cookie_if(self, ended: bool) -> Self {
        if ended { self.with_cookie(CookieChange::Clear) } else { self }
    }

    #[cfg(feature = "oauth2")]
    pub(super) fn with_flow(self, flow: FlowChange) -> Self {
        Self { flow, ..self }
    }
}
