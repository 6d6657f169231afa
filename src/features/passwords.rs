//! The rules for new passwords (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2).

#[cfg(feature = "strength")]
mod common;

#[cfg(feature = "strength")]
pub use common::is_common;

use unicode_normalization::UnicodeNormalization as _;

use crate::{
    error::Error,
    model::{Account, Invalid, Password, PasswordHash, PasswordRecord, Timestamp},
    ports::{Clock, Mailer, PasswordRejection, SmsSender, Store},
    service::AccountService,
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Checks a new password of an account against all rules except its history.
    pub(crate) async fn check_new_password(
        &self,
        password: &Password,
        account: &Account,
    ) -> Result<(), Error> {
        let policy = &self.inner.config.passwords;
        #[cfg(feature = "strength")]
        if policy.refuse_common && is_common(password.expose()) {
            return Err(Invalid::CommonPassword.into());
        }
        let folded = password.expose().to_lowercase();
        if policy.context_words.iter().any(|word| folded.contains(&composed(word))) {
            return Err(Invalid::CommonPassword.into());
        }
        if policy.refuse_personal_data && account.is_contained_in(&folded) {
            return Err(Error::PasswordPersonalData);
        }
        for rule in &self.inner.password_rules {
            rule.check(password, account)
                .await
                .map_err(|PasswordRejection(text)| Invalid::PasswordRule(text))?;
        }
        Ok(())
    }

    /// Checks a new password of an account against its earlier ones, including the current one.
    pub(crate) async fn check_password_history(
        &self,
        password: &Password,
        account: &Account,
    ) -> Result<(), Error> {
        let keep = self.inner.config.passwords.history;
        let mut hashes: Vec<_> = account.password_history.iter().rev().take(keep).cloned().collect();
        if let Some(current) =
            account.password.as_ref().filter(|current| keep > 0 && !hashes.contains(&current.hash))
        {
            hashes.push(current.hash.clone());
        }
        if self.is_one_of(password, &hashes).await? { Err(Error::PasswordRecentlyUsed) } else { Ok(()) }
    }
}

/// A word in lower case and in the form of a password (NFC), to be looked for in one.
fn composed(word: &str) -> String {
    word.nfc().collect::<String>().to_lowercase()
}

impl Account {
    /// Whether a lower-cased text contains the id, name, email, its local part or the phone number.
    fn is_contained_in(&self, folded: &str) -> bool {
        let email = self.email().map(|email| [email.as_str().to_owned(), email.local_part().to_owned()]);
        let phone = self.phone().map(|phone| phone.as_str().trim_start_matches('+').to_owned());
        let words = [self.id.as_str().to_lowercase(), composed(self.name.as_str())];
        let mut words = words.into_iter().chain(email.into_iter().flatten()).chain(phone);
        words.any(|word| word.chars().count() >= 3 && folded.contains(&word))
    }

    pub(crate) fn set_password(&mut self, hash: PasswordHash, history: usize, now: Timestamp) {
        if let Some(old) = self.password.take().filter(|old| !self.password_history.contains(&old.hash)) {
            self.password_history.push(old.hash);
        }
        self.password_history.push(hash.clone());
        let over = self.password_history.len().saturating_sub(history);
        self.password_history.drain(..over);
        self.password = Some(PasswordRecord { hash, updated_at: now, by_mailbox: false });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> PasswordHash {
        PasswordHash::parse(&format!(
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2Fs$AAAAAAAAAAAAAAAAAAAAA{n}AAAAAAAAAAAAAAAAAAAAA"
        ))
        .unwrap()
    }

    fn account() -> Account {
        Account::new("user-one".parse().unwrap(), Timestamp::MIN)
    }

    #[test]
    fn the_history_keeps_as_many_as_it_should() {
        let mut account = account();
        for n in 1..=5 {
            account.set_password(hash(n), 3, Timestamp::MIN);
        }
        assert_eq!(account.password_history, [hash(3), hash(4), hash(5)]);
    }

    #[test]
    fn a_password_from_before_the_history_was_kept_enters_it() {
        let mut account = account();
        account.set_password(hash(1), 0, Timestamp::MIN);
        assert_eq!(account.password_history, []);
        account.set_password(hash(2), 3, Timestamp::MIN);
        assert_eq!(account.password_history, [hash(1), hash(2)]);
    }

    #[test]
    fn personal_data_is_found_in_any_case_but_short_words_are_not_looked_for() {
        let mut account = account();
        account.name = "Al".parse().unwrap();
        assert!(account.is_contained_in("my-user-one-password"));
        assert!(!account.is_contained_in("always fine"));
        account.name = "Ada Lovelace".parse().unwrap();
        assert!(account.is_contained_in("xx ada lovelace xx"));
        account.name = "Zoe\u{308}".parse().unwrap();
        assert!(account.is_contained_in("xx zoë xx"), "a password is composed");
    }
}
