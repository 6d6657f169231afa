//! Second factors and their challenges, as stored in the account.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{
    factor::Factor,
    ids::{ChallengeId, SessionId},
    invalid::Invalid,
    sealed::Sealed,
    secret_digest::SecretDigest,
    time::Timestamp,
};

/// An authenticator app.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authenticator {
    /// The seed, sealed for this account.
    pub(crate) seed: Sealed,
    /// Whether the setup was confirmed with a code of the app.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) verified: bool,
    /// The time step of the last accepted code. Against replay, codes of this or an earlier step
    /// are rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_step: Option<u64>,
    pub(crate) created_at: Timestamp,
}

/// A kind of second factor.
#[doc(alias = "MFA")]
#[doc(alias = "2FA")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SecondFactor {
    /// A code sent to the verified email address.
    #[serde(rename = "email")]
    Email,
    /// A code sent to the verified phone number.
    #[serde(rename = "phone")]
    Phone,
    /// A code of the authenticator app.
    #[serde(rename = "totp")]
    Totp,
    /// One of the recovery codes.
    #[serde(rename = "recoverycode")]
    RecoveryCode,
}

impl SecondFactor {
    /// Returns the name in the API, such as `recoveryCode`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Totp => "totp",
            Self::RecoveryCode => "recoveryCode",
        }
    }

    /// Returns the factor that a session gains with a passed challenge.
    #[must_use]
    pub fn proves(self) -> Factor {
        match self {
            Self::Email => Factor::Email,
            Self::Phone => Factor::Phone,
            Self::Totp => Factor::Totp,
            Self::RecoveryCode => Factor::RecoveryCode,
        }
    }
}

impl FromStr for SecondFactor {
    type Err = Invalid;

    /// Parses the name in any case: SDKs send `recoverycode`, the API documentation says
    /// `recoveryCode`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::Email, Self::Phone, Self::Totp, Self::RecoveryCode]
            .into_iter()
            .find(|factor| factor.name().eq_ignore_ascii_case(text))
            .ok_or(Invalid::OneOf(&["email", "phone", "totp", "recoveryCode"]))
    }
}

/// A challenge that has not been answered yet. It belongs to the session that started it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChallengeRecord {
    pub(crate) id: ChallengeId,
    pub(crate) session: SessionId,
    pub(crate) factor: SecondFactor,
    /// The digest of the code that was sent, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<SecretDigest>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    #[serde(default)]
    pub(crate) tries: u8,
}

impl ChallengeRecord {
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_factor_is_parsed_in_any_case() {
        for factor in
            [SecondFactor::Email, SecondFactor::Phone, SecondFactor::Totp, SecondFactor::RecoveryCode]
        {
            assert_eq!(factor.name().parse(), Ok(factor));
            assert_eq!(factor.name().to_uppercase().parse(), Ok(factor));
            assert_eq!(factor.proves().name(), factor.name().to_lowercase());
        }
        for text in ["", "password", "sms", "totp ", "recovery_code"] {
            let rejected = text.parse::<SecondFactor>().unwrap_err();
            assert_eq!(rejected.to_string(), "Value must be one of (email, phone, totp, recoveryCode)");
        }
    }
}
