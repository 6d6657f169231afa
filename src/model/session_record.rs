//! Sessions as the account keeps them.

use std::{
    fmt,
    net::IpAddr,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use smallvec::SmallVec;

use super::{Factor, Invalid, SessionId, SessionProvider, Timestamp, session::FactorClass};

/// How long a passed second-factor challenge counts as fresh.
const FRESH: Duration = Duration::from_secs(30 * 60);

/// The factors that a session has proved, each once, in the order they were proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Factor>", into = "Vec<Factor>")]
pub(crate) struct Factors([Option<Factor>; 8]);

impl Factors {
    /// How many different kinds of proof there are: two factors of one class count once, and an anonymous start proves nothing.
    pub(crate) fn classes(self) -> usize {
        let mut classes: SmallVec<[FactorClass; 8]> =
            self.iter().map(Factor::class).filter(|class| *class != FactorClass::Nothing).collect();
        classes.sort_unstable();
        classes.dedup();
        classes.len()
    }

    pub(crate) fn has(self, factor: Factor) -> bool {
        self.0.contains(&Some(factor))
    }

    fn iter(self) -> impl Iterator<Item = Factor> {
        self.0.into_iter().flatten()
    }

    pub(crate) fn add(&mut self, factor: Factor) {
        if !self.has(factor)
            && let Some(free) = self.0.iter_mut().find(|slot| slot.is_none())
        {
            *free = Some(factor);
        }
    }

    pub(crate) fn remove(&mut self, factor: Factor) {
        self.0.iter_mut().filter(|slot| **slot == Some(factor)).for_each(|slot| *slot = None);
    }
}

impl From<Vec<Factor>> for Factors {
    fn from(factors: Vec<Factor>) -> Self {
        let mut all = Self::default();
        factors.into_iter().for_each(|factor| all.add(factor));
        all
    }
}

impl From<Factors> for Vec<Factor> {
    fn from(factors: Factors) -> Self {
        factors.iter().collect()
    }
}

/// A session as the account keeps it: in place what every check of it reads, behind a pointer the rest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "SessionForm", into = "SessionForm")]
#[repr(C)]
pub(crate) struct SessionRecord {
    pub(crate) digest: SecretDigest,
    pub(crate) expires_at: Timestamp,
    pub(crate) factors: Factors,
    details: Arc<SessionDetails>,
}

/// What a session shows but no check reads. A [`SessionRecord`] is used as if these were its own fields.
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
    /// The policy at its start took its provider's word for both factors.
    pub(crate) is_vouched_for: bool,
}

/// A session as it is stored.
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

    /// Whether Appwrite tells the account's owner of such a session.
    pub(crate) fn is_told_of(&self) -> bool {
        !self.factors.iter().any(|factor| matches!(factor, Factor::Email | Factor::Anonymous))
    }

    /// Whether its holder passed a second-factor challenge of late.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.challenged_at.is_some_and(|passed| now.since(passed) <= FRESH)
    }
}

/// The digest of a secret: SHA-256 of 256 random bits (full entropy, so a plain digest serves), or HMAC-SHA-256 of what can be guessed.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "&str", into = "String")]
pub(crate) struct SecretDigest([u8; 32]);

impl SecretDigest {
    pub(crate) fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Compares in constant time.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        constant_time_eq::constant_time_eq_32(&self.0, &other.0)
    }
}

impl TryFrom<&str> for SecretDigest {
    type Error = Invalid;

    fn try_from(text: &str) -> Result<Self, Invalid> {
        let mut bytes = [0; 32];
        match text.len() == 64 && HEXLOWER.decode_mut(text.as_bytes(), &mut bytes).is_ok() {
            true => Ok(Self(bytes)),
            false => Err(Invalid::SessionSecret),
        }
    }
}

impl From<SecretDigest> for String {
    fn from(digest: SecretDigest) -> Self {
        HEXLOWER.encode(&digest.0)
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Factor::*, *};

    fn classes(factors: &[Factor]) -> usize {
        Factors::from(factors.to_vec()).classes()
    }

    #[test]
    fn each_kind_of_proof_counts_once() {
        assert_eq!(classes(&[Password, Password]), 1);
        assert_eq!(classes(&[Email, Email]), 1);
        assert_eq!(classes(&[Password, Email, Phone, Totp, RecoveryCode, Token]), 6);
    }

    #[test]
    fn an_anonymous_start_proves_nothing() {
        assert_eq!(classes(&[]), 0);
        assert_eq!(classes(&[Anonymous]), 0);
        assert_eq!(classes(&[Anonymous, Totp]), 1);
    }

    #[test]
    fn a_factor_that_is_removed_leaves_room_for_another() {
        let mut factors = Factors::from(vec![Password, Anonymous, Email, Phone, Totp, RecoveryCode, Token]);
        factors.remove(Anonymous);
        factors.remove(Totp);
        factors.remove(Totp);
        assert_eq!(Vec::from(factors), [Password, Email, Phone, RecoveryCode, Token]);
        factors.add(Totp);
        assert_eq!(factors.classes(), 6);
    }
}
