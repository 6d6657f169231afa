//! The security log: what happened to an account, when and from where.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::FormatError;
use super::{EventId, SessionId, Timestamp, UserId};

/// What happened. The name is the one of the Appwrite API's activity log where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventKind {
    /// The account was created.
    #[serde(rename = "user.create")]
    UserCreated,
    /// Name, email, phone, password, preferences, status or MFA changed.
    #[serde(rename = "user.update")]
    UserUpdated,
    /// A session began.
    #[serde(rename = "session.create")]
    SessionCreated,
    /// A session was extended.
    #[serde(rename = "session.update")]
    SessionUpdated,
    /// One session or all of them ended.
    #[serde(rename = "session.delete")]
    SessionDeleted,
    /// The host's server made a token for signing in.
    #[serde(rename = "token.create")]
    TokenCreated,
    /// A link or code was sent that proves an address.
    #[serde(rename = "verification.create")]
    VerificationCreated,
    /// An address was proved.
    #[serde(rename = "verification.update")]
    VerificationUpdated,
    /// A link for a new password was asked for.
    #[serde(rename = "recovery.create")]
    RecoveryCreated,
    /// A new password was set by such a link.
    #[serde(rename = "recovery.update")]
    RecoveryUpdated,
    /// A run of wrong guesses began, or reached 10 or 100.
    #[serde(rename = "session.refuse")]
    SignInRefused,
    /// A JWT was issued.
    #[serde(rename = "jwt.create")]
    JwtCreated,
    /// A challenge of a second factor was started.
    #[serde(rename = "challenge.create")]
    ChallengeCreated,
    /// A challenge of a second factor was passed.
    #[serde(rename = "challenges.update")]
    ChallengePassed,
    /// An authenticator app was added, not yet confirmed.
    #[serde(rename = "authenticator.create")]
    AuthenticatorCreated,
    /// The authenticator app was removed.
    #[serde(rename = "authenticator.delete")]
    AuthenticatorDeleted,
    /// Recovery codes were made.
    #[serde(rename = "recovery-codes.create")]
    RecoveryCodesCreated,
    /// The recovery codes were replaced.
    #[serde(rename = "recovery-codes.update")]
    RecoveryCodesReplaced,
    /// An account at a provider was linked.
    #[serde(rename = "identity.create")]
    IdentityCreated,
    /// A linked identity was removed.
    #[serde(rename = "identity.delete")]
    IdentityDeleted,
    /// A push target was added.
    #[serde(rename = "target.create")]
    TargetCreated,
    /// A push target got another identifier.
    #[serde(rename = "target.update")]
    TargetUpdated,
    /// A push target was removed.
    #[serde(rename = "target.delete")]
    TargetDeleted,
}

impl EventKind {
    /// The name in the log, such as `session.create`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UserCreated => "user.create",
            Self::UserUpdated => "user.update",
            Self::SessionCreated => "session.create",
            Self::SessionUpdated => "session.update",
            Self::SessionDeleted => "session.delete",
            Self::TokenCreated => "token.create",
            Self::VerificationCreated => "verification.create",
            Self::VerificationUpdated => "verification.update",
            Self::RecoveryCreated => "recovery.create",
            Self::RecoveryUpdated => "recovery.update",
            Self::SignInRefused => "session.refuse",
            Self::JwtCreated => "jwt.create",
            Self::ChallengeCreated => "challenge.create",
            Self::ChallengePassed => "challenges.update",
            Self::AuthenticatorCreated => "authenticator.create",
            Self::AuthenticatorDeleted => "authenticator.delete",
            Self::RecoveryCodesCreated => "recovery-codes.create",
            Self::RecoveryCodesReplaced => "recovery-codes.update",
            Self::IdentityCreated => "identity.create",
            Self::IdentityDeleted => "identity.delete",
            Self::TargetCreated => "target.create",
            Self::TargetUpdated => "target.update",
            Self::TargetDeleted => "target.delete",
        }
    }
}

/// One entry of the security log. It never holds a secret; `Debug` shows what happened, not to whom by name and from where.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Event {
    /// Ids sort by time; of two events of one instant the later one has the greater id on one node.
    pub id: EventId,
    /// The account concerned. For a refused sign-in to no account, a stand-in derived from the address that was tried.
    pub user: UserId,
    /// What happened.
    pub kind: EventKind,
    /// When, by the service's clock.
    pub at: Timestamp,
    /// The name of the API operation, such as `updateName`.
    pub operation: Box<str>,
    /// The session concerned, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The client's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// The client's user agent, at most 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Box<str>>,
    /// The account's email at that time, or empty.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub email: Box<str>,
    /// The account's name at that time, or empty.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub name: Box<str>,
}

impl Event {
    /// The form in which stores keep an event.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Form { format: FORMAT, event: self }).unwrap_or_default()
    }

    /// Reads back what [`Event::to_json`] wrote.
    ///
    /// # Errors
    /// [`FormatError::Newer`] if a newer release wrote it, [`FormatError::Corrupt`] if it is not of that form.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        let Form { format, event } =
            serde_json::from_str::<Form<&RawValue>>(text).map_err(|_| FormatError::Corrupt)?;
        match format {
            FORMAT => serde_json::from_str(event.get()).map_err(|_| FormatError::Corrupt),
            newer if newer > FORMAT => Err(FormatError::Newer(newer)),
            _ => Err(FormatError::Corrupt),
        }
    }
}

/// The format that this release writes.
const FORMAT: u32 = 1;

/// An entry as stores keep it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form<E> {
    format: u32,
    event: E,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("kind", &self.kind)
            .field("at", &self.at)
            .field("operation", &self.operation)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// A part of a log, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventPage {
    /// The entries of this page.
    pub events: Vec<Event>,
    /// How many entries the whole log of the account has.
    pub total: u64,
}
