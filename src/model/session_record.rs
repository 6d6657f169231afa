//! Sessions, as stored in the account.

use std::{
    net::IpAddr,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    factor::{Factor, Factors},
    ids::SessionId,
    secret_digest::SecretDigest,
    session_provider::SessionProvider,
    time::Timestamp,
};

/// How long a passed second-factor challenge counts as fresh.
const MAX_CHALLENGE_AGE: Duration = Duration::from_secs(30 * 60);

/// A session, as stored in the account.
///
/// Fields that every session check reads are inline; the others are behind a pointer, because
/// session checks are bound by memory latency.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "SessionForm", into = "SessionForm")]
#[repr(C)]
pub(crate) struct SessionRecord {
    pub(crate) digest: SecretDigest,
    pub(crate) expires_at: Timestamp,
    pub(crate) factors: Factors,
    details: Arc<SessionDetails>,
}

/// The other fields of a session. [`SessionRecord`] dereferences to them.
#[derive(Debug, Clone)]
pub(crate) struct SessionDetails {
    pub(crate) id: SessionId,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) provider: SessionProvider,
    pub(crate) provider_uid: Box<str>,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) user_agent: Option<Box<str>>,
    pub(crate) country: Option<Box<str>>,
    pub(crate) challenged_at: Option<Timestamp>,
    /// Whether the policy at sign-in accepted its OAuth2 provider for both factors.
    pub(crate) is_vouched_for: bool,
}

/// The stored form of a session.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionForm {
    id: SessionId,
    digest: SecretDigest,
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Timestamp,
    provider: SessionProvider,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    provider_uid: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<Box<str>>,
    factors: Factors,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    challenged_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_vouched_for: bool,
}

impl From<SessionForm> for SessionRecord {
    fn from(form: SessionForm) -> Self {
        let SessionForm {
            id,
            created_at,
            updated_at,
            provider,
            provider_uid,
            ip,
            user_agent,
            country,
            challenged_at,
            is_vouched_for,
            ..
        } = form;
        let details = SessionDetails {
            id,
            created_at,
            updated_at,
            provider,
            provider_uid,
            ip,
            user_agent,
            country,
            challenged_at,
            is_vouched_for,
        };
        Self::new(form.digest, form.expires_at, form.factors, details)
    }
}

impl From<SessionRecord> for SessionForm {
    fn from(record: SessionRecord) -> Self {
        let SessionRecord { digest, expires_at, factors, details } = record;
        let SessionDetails {
            id,
            created_at,
            updated_at,
            provider,
            provider_uid,
            ip,
            user_agent,
            country,
            challenged_at,
            is_vouched_for,
        } = Arc::unwrap_or_clone(details);
        Self {
            id,
            digest,
            created_at,
            updated_at,
            expires_at,
            provider,
            provider_uid,
            ip,
            user_agent,
            country,
            factors,
            challenged_at,
            is_vouched_for,
        }
    }
}

impl Deref for SessionRecord {
    type Target = SessionDetails;

    fn deref(&self) -> &SessionDetails {
        &self.details
    }
}

impl DerefMut for SessionRecord {
    fn deref_mut(&mut self) -> &mut SessionDetails {
        Arc::make_mut(&mut self.details)
    }
}

impl SessionRecord {
    pub(crate) fn new(
        digest: SecretDigest,
        expires_at: Timestamp,
        factors: Factors,
        details: SessionDetails,
    ) -> Self {
        Self { digest, expires_at, factors, details: Arc::new(details) }
    }

    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Returns whether Appwrite sends an alert about such a session to the account's owner.
    pub(crate) fn triggers_alert(&self) -> bool {
        !self.factors.iter().any(|factor| matches!(factor, Factor::Email | Factor::Anonymous))
    }

    /// Returns whether a second-factor challenge was passed within the last 30 minutes.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.challenged_at.is_some_and(|passed| now.since(passed) <= MAX_CHALLENGE_AGE)
    }
}
