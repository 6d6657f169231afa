//! Second factors as the account keeps them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{
    Account, ChallengeId, Factor, Factors, Invalid, Sealed, SecretDigest, SessionId, SessionRecord, Timestamp,
};

/// An authenticator app.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authenticator {
    /// The seed, sealed for this account.
    pub(crate) seed: Sealed,
    /// One of its codes has been shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) verified: bool,
    /// The last time step whose code was accepted; no code of it or before is accepted again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_step: Option<u64>,
    pub(crate) created_at: Timestamp,
}

/// A kind of second factor that can be asked for.
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
    /// The name in the API, such as `recoveryCode`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Totp => "totp",
            Self::RecoveryCode => "recoveryCode",
        }
    }

    /// What a session has proved by it.
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

    /// Reads the name in any case: client SDKs send `recoverycode`, the API's documentation says `recoveryCode`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::Email, Self::Phone, Self::Totp, Self::RecoveryCode]
            .into_iter()
            .find(|factor| factor.name().eq_ignore_ascii_case(text))
            .ok_or(Invalid::OneOf(&["email", "phone", "totp", "recoveryCode"]))
    }
}

/// A challenge that waits for its answer. It belongs to the session that asked for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChallengeRecord {
    pub(crate) id: ChallengeId,
    pub(crate) session: SessionId,
    pub(crate) factor: SecondFactor,
    /// Of the code that was sent; `None` where none was.
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

impl Account {
    /// Whether there is an authenticator app that has shown one of its codes.
    pub(crate) fn has_authenticator(&self) -> bool {
        self.authenticator.as_ref().is_some_and(|authenticator| authenticator.verified)
    }

    /// Whether sign-in asks for two factors: it is switched on, there is a second factor to ask for, and it differs from the first.
    pub(crate) fn is_mfa_active(&self) -> bool {
        // First what every session check has at hand; the rest lies elsewhere in memory.
        if !self.mfa {
            return false;
        }
        let second = [self.is_email_verified(), self.is_phone_verified(), self.has_authenticator()];
        let seconds = second.into_iter().filter(|held| *held).count();
        // A provider lets in whoever holds the mailbox there, whether it is the one that is verified here or not.
        let by_provider = !self.is_email_verified() && !self.identities.is_empty();
        seconds > 0 && seconds + usize::from(self.password.is_some()) + usize::from(by_provider) > 1
    }

    /// Whether a session must prove another factor before it may act. Two factors of one class count once.
    pub(crate) fn owes_factor(&self, session: &SessionRecord) -> bool {
        self.is_mfa_active() && self.kinds_of_proof(session.factors) < 2 && !session.is_vouched_for
    }

    /// Where there is a factor beyond the mailbox, the mailbox is not enough: a password that it set and a code that it received are one.
    fn kinds_of_proof(&self, factors: Factors) -> usize {
        let by_mailbox = self.password.as_ref().is_some_and(|password| password.by_mailbox);
        let beyond = self.is_phone_verified() || self.has_authenticator();
        let is_doubled = by_mailbox && beyond && factors.has(Factor::Password) && factors.has(Factor::Email);
        factors.classes() - usize::from(is_doubled)
    }

    /// Drops the challenges of this factor, in all sessions.
    pub(crate) fn drop_challenges_of(&mut self, factor: SecondFactor) {
        if self.challenges.iter().any(|challenge| challenge.factor == factor) {
            self.challenges.retain(|challenge| challenge.factor != factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Contact, IdentityId, IdentityRecord, PasswordHash, PasswordRecord, TargetId};

    #[test]
    fn a_second_factor_is_read_in_any_case() {
        for factor in
            [SecondFactor::Email, SecondFactor::Phone, SecondFactor::Totp, SecondFactor::RecoveryCode]
        {
            assert_eq!(factor.name().parse(), Ok(factor));
            assert_eq!(factor.name().to_uppercase().parse(), Ok(factor));
            assert_eq!(factor.proves().name(), factor.name().to_lowercase());
        }
        for text in ["", "password", "sms", "totp ", "recovery_code"] {
            let refused = text.parse::<SecondFactor>().unwrap_err();
            assert_eq!(refused.to_string(), "Value must be one of (email, phone, totp, recoveryCode)");
        }
    }

    const NOW: Timestamp = Timestamp::MIN;

    fn person(password: bool, email: bool, phone: bool, app: bool) -> Account {
        let mut account = Account::new("ada".parse().unwrap(), NOW);
        let hash =
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2Fs$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let target = TargetId::generate(NOW, [0; 10]);
        if password {
            account.password = Some(PasswordRecord {
                hash: PasswordHash::parse(hash).unwrap(),
                updated_at: NOW,
                by_mailbox: false,
            });
        }
        let address = "ada@example.com".parse().unwrap();
        account.email = Some(Contact { address, verified: email, target, created_at: NOW, updated_at: NOW });
        let address = "+16175551212".parse().unwrap();
        account.phone = Some(Contact { address, verified: phone, target, created_at: NOW, updated_at: NOW });
        let seed = Sealed::new("00000000".into(), &[0; 24], &[0; 36]);
        account.authenticator = Some(Authenticator { seed, verified: app, last_step: None, created_at: NOW });
        account
    }

    #[test]
    fn two_factors_are_asked_for_only_where_a_second_one_differs_from_the_first() {
        // Password, verified email, verified phone, confirmed app.
        let cases = [
            ([false, false, false, false], false),
            ([true, false, false, false], false),
            ([false, true, false, false], false),
            ([false, false, false, true], false),
            ([true, true, false, false], true),
            ([true, false, true, false], true),
            ([true, false, false, true], true),
            ([false, true, true, false], true),
            ([false, true, false, true], true),
            ([true, true, true, true], true),
        ];
        for ([password, email, phone, app], active) in cases {
            let mut account = person(password, email, phone, app);
            account.recovery_codes = account.authenticator.as_ref().map(|app| app.seed.clone());
            assert!(!account.is_mfa_active(), "it is switched off");
            account.mfa = true;
            assert_eq!(account.is_mfa_active(), active, "{password} {email} {phone} {app}");
        }
    }

    #[test]
    fn a_provider_is_a_first_factor_of_the_class_of_the_mailbox() {
        // Verified email, verified phone, confirmed app.
        for ([email, phone, app], active) in [
            ([false, false, false], false),
            ([true, false, false], false),
            ([false, true, false], true),
            ([false, false, true], true),
            ([true, false, true], true),
        ] {
            let mut account = person(false, email, phone, app);
            account.mfa = true;
            account.identities.push(IdentityRecord {
                id: IdentityId::generate(NOW, [0; 10]),
                created_at: NOW,
                updated_at: NOW,
                provider: "github".into(),
                uid: "1".into(),
                email: None,
                verified_email: None,
                access_expires_at: None,
                refreshing_until: None,
            });
            assert_eq!(account.is_mfa_active(), active, "{email} {phone} {app}");
        }
    }

    #[test]
    fn a_password_that_the_mailbox_set_and_a_code_that_it_received_are_one_proof_where_there_is_another() {
        use Factor::{Email, Password, RecoveryCode, Totp};

        let owes = |account: &Account, factors: &[Factor]| {
            account.mfa && account.kinds_of_proof(Factors::from(factors.to_vec())) < 2
        };
        for (by_mailbox, app) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut account = person(true, true, false, app);
            account.mfa = true;
            if let Some(password) = &mut account.password {
                password.by_mailbox = by_mailbox;
            }
            assert!(owes(&account, &[Password]) && owes(&account, &[Email]));
            assert_eq!(owes(&account, &[Password, Email]), by_mailbox && app);
            assert!(!owes(&account, &[Password, Totp]) && !owes(&account, &[Password, Email, RecoveryCode]));
        }
    }
}
