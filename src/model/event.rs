//! The security log of accounts.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    format_error::FormatError,
    ids::{EventId, SessionId, UserId},
    time::Timestamp,
};

/// The kind of an event.
///
/// Names are those of the Appwrite API's activity log where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventKind {
    /// The account was created.
    #[serde(rename = "user.create")]
    UserCreated,
    /// The name, email, phone, password, preferences, status or MFA setting changed.
    #[serde(rename = "user.update")]
    UserUpdated,
    /// A session was started.
    #[serde(rename = "session.create")]
    SessionCreated,
    /// A session was extended.
    #[serde(rename = "session.update")]
    SessionUpdated,
    /// One session was ended, or all of them.
    #[serde(rename = "session.delete")]
    SessionDeleted,
    /// Your application issued a token for signing in.
    #[serde(rename = "token.create")]
    TokenCreated,
    /// A link or code was sent to verify an email address or phone number.
    #[serde(rename = "verification.create")]
    VerificationCreated,
    /// An email address or phone number was verified.
    #[serde(rename = "verification.update")]
    VerificationUpdated,
    /// Password recovery was requested.
    #[serde(rename = "recovery.create")]
    RecoveryCreated,
    /// A new password was set by password recovery.
    #[serde(rename = "recovery.update")]
    RecoveryUpdated,
    /// The number of failed attempts in a row reached 1, 10 or 100.
    #[serde(rename = "session.refuse")]
    SignInRefused,
    /// A JWT was issued.
    #[serde(rename = "jwt.create")]
    JwtCreated,
    /// A second-factor challenge was started.
    #[serde(rename = "challenge.create")]
    ChallengeCreated,
    /// A second-factor challenge was passed.
    #[serde(rename = "challenges.update")]
    ChallengePassed,
    /// An authenticator app was added. It is not confirmed yet.
    #[serde(rename = "authenticator.create")]
    AuthenticatorCreated,
    /// The authenticator app was removed.
    #[serde(rename = "authenticator.delete")]
    AuthenticatorDeleted,
    /// Recovery codes were created.
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
    /// The identifier of a push target was replaced.
    #[serde(rename = "target.update")]
    TargetUpdated,
    /// A push target was removed.
    #[serde(rename = "target.delete")]
    TargetDeleted,
}

impl EventKind {
    /// Returns the name in the log, such as `session.create`.
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

/// An entry of the security log.
///
/// It never contains a secret. `Debug` hides the name, email, IP address and user agent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Event {
    /// The id of the event. Ids sort by time. On one node, they also order events of the same
    /// instant.
    pub id: EventId,
    /// The account. For a failed sign-in without an account, a placeholder id derived from the
    /// address.
    pub user: UserId,
    /// The kind of the event.
    pub kind: EventKind,
    /// When it happened, by the clock of the service.
    pub at: Timestamp,
    /// The name of the API operation, such as `updateName`.
    pub operation: Box<str>,
    /// The session, if the event concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The client's IP address.
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
    /// Returns the form in which stores keep the event.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Form { format: FORMAT, event: self }).unwrap_or_default()
    }

    /// Parses the form that [`Event::to_json`] returns.
    ///
    /// # Errors
    /// [`FormatError::Newer`] if a newer release wrote it, [`FormatError::Corrupt`] if it does not
    /// have that form.
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

/// The stored form of an entry.
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

/// A page of a security log, newest entries first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventPage {
    /// The entries of this page.
    pub events: Vec<Event>,
    /// The number of entries in the whole log of the account.
    pub total: u64,
}
