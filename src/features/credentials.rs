//! Changing password, email and phone. Each requires the current password (ASVS 7.5.1).

use std::{sync::Arc, time::Duration};

use crate::{
    config::Config,
    error::Error,
    messages::Notice,
    model::{
        Account, Channel, Contact, Email, Factor, Key, Password, PasswordHash, Phone, SessionSecret,
        TargetId, Timestamp, User,
    },
    operation::{Assurance, Operation},
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Abort, AccountService, Caller, Context, Draft, MAX_PREPARATIONS},
};

/// The result of a changed password, email or phone.
#[derive(Debug)]
#[non_exhaustive]
pub struct CredentialChange {
    /// The account after the change.
    pub user: User,
    /// A new secret of the caller's session, if the change rotated it because an anonymous account
    /// became a permanent one. The client must replace the old one, and the [`Caller`] is no longer
    /// valid. Always `None` for a caller that is [`keeping_secret`](Caller::keeping_secret).
    pub secret: Option<SessionSecret>,
}

/// # Changes of password, email and phone
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Sets a new password. `old` is required if the account has a password.
    ///
    /// It ends other sessions unless [`end_other_sessions`](crate::Config::end_other_sessions) is
    /// off, revokes all JWTs, and notifies the account's email address.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] if `old` is missing or wrong or guesses are locked;
    /// [`Error::Invalid`], [`Error::PasswordPersonalData`], [`Error::PasswordRecentlyUsed`] if the
    /// new one breaks a rule; the [errors of every caller](crate::Caller#errors); [`Error::Busy`];
    /// [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # let elsewhere = test.signed_in("ada@example.com").await;
    /// let (new, old) = ("violet-Marmot-5even".parse()?, "tr4verse-Cobalt-heron".parse()?);
    /// accounts.change_password(&caller, new, Some(old)).await?;
    /// assert!(accounts.user(&caller).await.is_ok()); // this session stays,
    /// assert!(accounts.caller(&elsewhere.secret).await.is_err()); // others have ended
    /// assert_eq!(test.outbox.mails()[0].to.as_str(), "ada@example.com"); // a notice
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updatePassword")]
    pub async fn change_password(
        &self,
        caller: &Caller,
        new: Password,
        old: Option<Password>,
    ) -> Result<CredentialChange, Error> {
        self.perform(Operation::ChangePassword, caller.client(), |cx| {
            self.change_password_in(cx, caller, new, old)
        })
        .await
    }

    async fn change_password_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        new: Password,
        old: Option<Password>,
    ) -> Result<CredentialChange, Error> {
        let change = self.change_credentials(caller, cx, old.as_ref(), Some(&new), |_, _| ()).await?;
        self.send_email(cx, change.before.contact(), Notice::PasswordChanged).await;
        Ok(change.done)
    }

    /// Changes the email address, which is unverified until it is verified again. An account
    /// without a password gets the given one, which must obey all rules: an anonymous account
    /// becomes a permanent one.
    ///
    /// It ends other sessions as [`change_password`](AccountService::change_password) does, and
    /// notifies the previous address.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] if the password is wrong or guesses are locked;
    /// [`Error::TargetExists`] if another account has the address; [`Error::ChallengeRequired`] if
    /// the address is the last second factor and no challenge was passed in the last 30 minutes;
    /// the errors of a new password; the [errors of every caller](crate::Caller#errors);
    /// [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// let (email, password) = ("ada@work.example".parse()?, "tr4verse-Cobalt-heron".parse()?);
    /// let change = accounts.change_email(&caller, email, password).await?;
    /// assert_eq!(change.user.email().unwrap().as_str(), "ada@work.example");
    /// assert!(!change.user.is_email_verified()); // start_email_verification comes next
    /// assert_eq!(test.outbox.mails()[0].to.as_str(), "ada@example.com"); // a notice
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updateEmail")]
    pub async fn change_email(
        &self,
        caller: &Caller,
        email: Email,
        password: Password,
    ) -> Result<CredentialChange, Error> {
        self.perform(Operation::ChangeEmail, caller.client(), |cx| {
            self.change_email_in(cx, caller, email, password)
        })
        .await
    }

    async fn change_email_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        email: Email,
        password: Password,
    ) -> Result<CredentialChange, Error> {
        let target = TargetId::generate(cx.now, *self.draw()?);
        let set = |account: &mut Account, now| account.set_email(email.clone(), target, now);
        let change = self.change_credentials(caller, cx, Some(&password), None, set).await?;
        if change.before.email() != Some(&email) {
            self.send_email(cx, change.before.contact(), Notice::EmailChanged).await;
        }
        Ok(change.done)
    }

    /// Changes the phone number, which is unverified until it is verified again. Otherwise as
    /// [`change_email`](AccountService::change_email); it notifies the account's email address.
    ///
    /// # Errors
    /// As [`change_email`](AccountService::change_email).
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// let (phone, password) = ("+64211234567".parse()?, "tr4verse-Cobalt-heron".parse()?);
    /// let change = accounts.change_phone(&caller, phone, password).await?;
    /// assert_eq!(change.user.phone().unwrap().as_str(), "+64211234567");
    /// assert!(!change.user.is_phone_verified()); // start_phone_verification comes next
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updatePhone")]
    pub async fn change_phone(
        &self,
        caller: &Caller,
        phone: Phone,
        password: Password,
    ) -> Result<CredentialChange, Error> {
        self.perform(Operation::ChangePhone, caller.client(), |cx| {
            self.change_phone_in(cx, caller, phone, password)
        })
        .await
    }

    async fn change_phone_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        phone: Phone,
        password: Password,
    ) -> Result<CredentialChange, Error> {
        let target = TargetId::generate(cx.now, *self.draw()?);
        let set = |account: &mut Account, now| account.set_phone(phone.clone(), target, now);
        let change = self.change_credentials(caller, cx, Some(&password), None, set).await?;
        if change.before.phone() != Some(&phone) {
            self.send_email(cx, change.before.contact(), Notice::PhoneChanged).await;
        }
        Ok(change.done)
    }

    /// Checks the current password, prepares the new one, and makes the change.
    ///
    /// `proof` is the current password. An account without one takes `new`, or else `proof`, as its
    /// first.
    async fn change_credentials(
        &self,
        caller: &Caller,
        cx: Context<'_>,
        proof: Option<&Password>,
        new: Option<&Password>,
        set: impl Fn(&mut Account, Timestamp) + Send + Sync,
    ) -> Result<Change, Error> {
        let fresh = SessionSecret::new(*caller.user_id(), self.draw()?);
        let (config, guard) = (&self.inner.config, self.guard(cx.client));
        for _ in 0..MAX_PREPARATIONS {
            let before = self.load_as(caller, Parts::Body, cx).await?.account;
            let guess = match (&before.password, proof) {
                (None, _) => None,
                (Some(_), None) => return Err(Error::InvalidCredentials),
                (Some(_), Some(proof)) => self.guess(&Key::Id(before.id), cx, proof, |_| true).await?,
            };
            let new = new.or(proof.filter(|_| before.password.is_none()));
            let hash = match new.filter(|_| guess.as_ref().is_none_or(|guess| guess.proof.matches())) {
                Some(new) => Some(self.prepare_password(new, &before, &set).await?),
                None => None,
            };
            let decide = |draft: &mut Draft| -> Result<bool, Abort> {
                match &guess {
                    Some(guess) => {
                        draft.check_guess(&guess.proof, guard)?;
                        draft.clear_failures();
                    }
                    None if draft.password.is_none() => {}
                    None => return Err(Abort::PrepareAgain),
                }
                Ok(draft.change_credentials(caller, &hash, config, &fresh, &set)?)
            };
            if let Some((rotated, account)) = self.try_change_as(caller, cx, Parts::Whole, decide).await? {
                let done = CredentialChange { user: User::new(account), secret: rotated.then_some(fresh) };
                return Ok(Change { before, done });
            }
        }
        Err(Error::Busy(Duration::from_secs(1)))
    }

    /// Checks a new password against the rules, on the account as it will be, and hashes it.
    async fn prepare_password(
        &self,
        new: &Password,
        before: &Account,
        set: &(impl Fn(&mut Account, Timestamp) + Send + Sync),
    ) -> Result<PasswordHash, Error> {
        let mut after = before.clone();
        set(&mut after, before.updated_at);
        self.check_password_history(new, before).await?;
        self.check_new_password(new, &after).await?;
        self.hash_password(new).await
    }
}

/// A completed change, and the account before it.
struct Change {
    before: Arc<Account>,
    done: CredentialChange,
}

impl Draft {
    /// Makes the change and revokes what must not outlive it. Returns whether the session's secret
    /// was rotated.
    fn change_credentials(
        &mut self,
        caller: &Caller,
        hash: &Option<PasswordHash>,
        config: &Config,
        fresh: &SessionSecret,
        set: &impl Fn(&mut Account, Timestamp),
    ) -> Result<bool, Error> {
        let now = self.now;
        let asked_for_two = self.is_mfa_active();
        let rotate = !self.has_sign_in_method() && caller.takes_new_secret();
        let addresses = (self.email.clone(), self.phone.clone());
        set(&mut self.account, now);
        if hash.is_none() && addresses == (self.email.clone(), self.phone.clone()) {
            return Ok(false);
        }
        // Removing the last second factor turns MFA off.
        if asked_for_two && !self.is_mfa_active() {
            caller.recheck(self, now, Assurance::Fresh)?;
        }
        if let Some(hash) = hash {
            self.set_password(hash.clone(), config.passwords.history);
        }
        if config.end_other_sessions {
            self.revoke_other_sessions(caller);
        } else if hash.is_some() {
            self.revoke_jwts();
        }
        if let Some(session) = self.session_mut(caller.session_id(), now) {
            if hash.is_some() {
                // A session that sets the password has used it.
                session.factors.add(Factor::Password);
            }
            if rotate {
                session.digest = fresh.digest();
            }
        }
        self.touch();
        Ok(rotate)
    }
}

impl Account {
    /// Sets the email address, unverified. It keeps the messaging target, or gives it the id
    /// `target`.
    pub(crate) fn set_email(&mut self, email: Email, target: TargetId, now: Timestamp) {
        if set_contact(&mut self.email, email, target, now) {
            self.drop_codes_by(Channel::Mailbox);
        }
    }

    pub(crate) fn set_phone(&mut self, phone: Phone, target: TargetId, now: Timestamp) {
        if set_contact(&mut self.phone, phone, target, now) {
            self.drop_codes_by(Channel::Phone);
        }
    }
}

/// Returns whether the address has changed.
fn set_contact<A: PartialEq>(
    slot: &mut Option<Contact<A>>,
    address: A,
    target: TargetId,
    now: Timestamp,
) -> bool {
    match slot {
        Some(contact) if contact.address == address => return false,
        Some(contact) => *contact = Contact { address, verified: false, updated_at: now, ..*contact },
        None => *slot = Some(Contact::new(address, target, now)),
    }
    true
}
