//! Decides whether sign-in requires two factors, and which sessions have passed them.

use super::{
    account::Account,
    factor::{Factor, Factors},
    second_factor::SecondFactor,
    session_record::SessionRecord,
};

impl Account {
    /// Returns whether there is an authenticator app whose setup was confirmed.
    pub(crate) fn has_authenticator(&self) -> bool {
        self.authenticator.as_ref().is_some_and(|authenticator| authenticator.verified)
    }

    /// Returns whether sign-in requires two factors: MFA is switched on, and there is a second
    /// factor that differs from the first.
    pub(crate) fn is_mfa_active(&self) -> bool {
        // Every session check has this field in cache; the others are elsewhere in memory.
        if !self.mfa {
            return false;
        }
        let second = [self.is_email_verified(), self.is_phone_verified(), self.has_authenticator()];
        let seconds = second.into_iter().filter(|held| *held).count();
        // A sign-in at a provider depends on the mailbox there, whether or not it is verified here.
        let by_provider = !self.is_email_verified() && !self.identities.is_empty();
        seconds > 0 && seconds + usize::from(self.password.is_some()) + usize::from(by_provider) > 1
    }

    /// Returns whether a session must pass another factor before it may be used. Two factors of one
    /// class count once.
    pub(crate) fn lacks_factor(&self, session: &SessionRecord) -> bool {
        self.is_mfa_active() && self.count_factors(session.factors) < 2 && !session.is_vouched_for
    }

    /// Counts the independent factors.
    ///
    /// A password that was set by mail and a code that was sent by mail both depend on the mailbox.
    /// They count once if the account has a factor beyond the mailbox.
    fn count_factors(&self, factors: Factors) -> usize {
        let by_mailbox = self.password.as_ref().is_some_and(|password| password.by_mailbox);
        let has_other = self.is_phone_verified() || self.has_authenticator();
        let is_doubled =
            by_mailbox && has_other && factors.has(Factor::Password) && factors.has(Factor::Email);
        factors.classes() - usize::from(is_doubled)
    }

    /// Removes the challenges of this factor in all sessions.
    pub(crate) fn drop_challenges_of(&mut self, factor: SecondFactor) {
        if self.challenges.iter().any(|challenge| challenge.factor == factor) {
            self.challenges.retain(|challenge| challenge.factor != factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Authenticator, Contact, IdentityId, IdentityRecord, PasswordHash, PasswordRecord, Sealed, TargetId,
        Timestamp,
    };

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
    fn a_password_set_by_mail_and_a_mailed_code_count_once() {
        use Factor::{Email, Password, RecoveryCode, Totp};

        let lacks_factor = |account: &Account, factors: &[Factor]| {
            account.mfa && account.count_factors(Factors::from(factors.to_vec())) < 2
        };
        for (by_mailbox, app) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut account = person(true, true, false, app);
            account.mfa = true;
            if let Some(password) = &mut account.password {
                password.by_mailbox = by_mailbox;
            }
            assert!(lacks_factor(&account, &[Password]) && lacks_factor(&account, &[Email]));
            assert_eq!(lacks_factor(&account, &[Password, Email]), by_mailbox && app);
            assert!(!lacks_factor(&account, &[Password, Totp]));
            assert!(!lacks_factor(&account, &[Password, Email, RecoveryCode]));
        }
    }
}
