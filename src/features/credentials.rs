//! Changing password, email and phone: each proves the current password first (ASVS 7.5.1).

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{
    AccountService, Caller, Error,
    model::{
        Account, Contact, Email, Key, Name, Password, PasswordHash, Phone, SessionSecret, TargetId,
        Timestamp, User,
    },
    operation::Operation,
    ports::{Clock, Mailer, Notice, Parts, SmsSender, Store},
    service::{Draft, PasswordProof, Refusal},
};

/// A change of how the caller signs in.
#[derive(Debug)]
#[non_exhaustive]
pub struct CredentialChange {
    /// The account after it.
    pub user: User,
    /// A new secret of the caller's session, if the old one ended with the change (an anonymous account became a lasting one).
    /// The client must keep it instead; the [`Caller`] is spent.
    pub secret: Option<SessionSecret>,
}

/// What a change of credentials needs beside the account, drawn and hashed beforehand.
struct Prepared {
    new_password: Option<PasswordHash>,
    secret: Zeroizing<[u8; 32]>,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Sets a new password. An account that has one must prove it with `old`; a password-less account needs none.
    ///
    /// Other sessions end unless [`end_other_sessions`](crate::Config::end_other_sessions) is off, JWTs issued before end in any case, and the
    /// account's email address is told.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] if `old` is missing or wrong or guesses are locked; [`Error::Invalid`],
    /// [`Error::PasswordPersonalData`], [`Error::PasswordRecentlyUsed`] if the new one breaks a rule; the gates; [`Error::Busy`];
    /// [`Error::Store`].
    #[doc(alias = "updatePassword")]
    pub async fn change_password(
        &self,
        caller: &Caller,
        new: Password,
        old: Option<Password>,
    ) -> Result<CredentialChange, Error> {
        let account = self.load_as(caller, Parts::Body).await?.account;
        if account.password.is_some() && old.is_none() {
            return Err(Error::InvalidCredentials);
        }
        if let Some(old) = &old {
            self.prove_current_password(caller, Operation::ChangePassword, &account, old).await?;
        }
        self.check_password_history(&new, &account).await?;
        self.check_new_password(&new, &account).await?;
        let prepared = Prepared { new_password: Some(self.hash_password(&new).await?), secret: self.draw()? };
        let seen = account.password.as_ref().map(|password| password.hash.clone());
        let change =
            self.change_credentials(caller, Operation::ChangePassword, prepared, seen, |_| Ok(())).await?;
        self.notify(contact(&change.0), caller.client(), self.inner.clock.now(), Notice::PasswordChanged)
            .await;
        Ok(change.1)
    }

    /// Changes the email address; it counts as not proven until it is verified. An account without password gets the given one, which must
    /// then obey all rules: so an anonymous account becomes a lasting one.
    ///
    /// Other sessions end as with [`change_password`](AccountService::change_password), and the previous address is told.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] if the password is wrong or guesses are locked; [`Error::TargetExists`] if the address belongs to
    /// another account; the rules of a new password; the gates; [`Error::Busy`]; [`Error::Store`].
    #[doc(alias = "updateEmail")]
    pub async fn change_email(
        &self,
        caller: &Caller,
        email: Email,
        password: Password,
    ) -> Result<CredentialChange, Error> {
        let target = TargetId::generate(self.inner.clock.now(), *self.draw()?);
        let (before, change) = self
            .change_contact(caller, Operation::ChangeEmail, &password, |account, now| {
                account.set_email(email.clone(), target, now)
            })
            .await?;
        if before.email() != Some(&email) {
            self.notify(contact(&before), caller.client(), self.inner.clock.now(), Notice::EmailChanged)
                .await;
        }
        Ok(change)
    }

    /// Changes the phone number; it counts as not proven until it is verified. Otherwise as [`change_email`](AccountService::change_email);
    /// the account's email address is told.
    ///
    /// # Errors
    /// As [`change_email`](AccountService::change_email).
    #[doc(alias = "updatePhone")]
    pub async fn change_phone(
        &self,
        caller: &Caller,
        phone: Phone,
        password: Password,
    ) -> Result<CredentialChange, Error> {
        let target = TargetId::generate(self.inner.clock.now(), *self.draw()?);
        let (before, change) = self
            .change_contact(caller, Operation::ChangePhone, &password, |account, now| {
                account.set_phone(phone.clone(), target, now)
            })
            .await?;
        if before.phone() != Some(&phone) {
            self.notify(contact(&before), caller.client(), self.inner.clock.now(), Notice::PhoneChanged)
                .await;
        }
        Ok(change)
    }

    async fn change_contact(
        &self,
        caller: &Caller,
        operation: Operation,
        password: &Password,
        set: impl Fn(&mut Account, Timestamp) + Send + Sync,
    ) -> Result<(Arc<Account>, CredentialChange), Error> {
        let account = self.load_as(caller, Parts::Body).await?.account;
        let new_password = match &account.password {
            Some(_) => {
                self.prove_current_password(caller, operation, &account, password).await?;
                None
            }
            None => {
                let mut changed = Account::clone(&account);
                set(&mut changed, account.updated_at);
                self.check_new_password(password, &changed).await?;
                Some(self.hash_password(password).await?)
            }
        };
        let seen = account.password.as_ref().map(|password| password.hash.clone());
        let prepared = Prepared { new_password, secret: self.draw()? };
        let (_, change) = self
            .change_credentials(caller, operation, prepared, seen, |draft| {
                let now = draft.now;
                set(&mut draft.account, now);
                Ok(())
            })
            .await?;
        Ok((account, change))
    }

    /// Proves the current password, as one guess among all others on the account.
    async fn prove_current_password(
        &self,
        caller: &Caller,
        operation: Operation,
        account: &Account,
        password: &Password,
    ) -> Result<(), Error> {
        let errand = self.errand(operation, caller.client());
        let guesses = self.inner.config.guesses;
        let decide = |draft: &mut Draft, proof: &PasswordProof| -> Result<(), Refusal> {
            caller.prove(&draft.account, draft.now)?;
            Account::check_guess(draft, proof, &guesses)
        };
        let done = self.guess(&Key::Id(account.id), errand, password, |_| true, decide).await?;
        done.map(|_| ()).ok_or(Error::NotSignedIn)
    }

    async fn change_credentials(
        &self,
        caller: &Caller,
        operation: Operation,
        prepared: Prepared,
        seen: Option<PasswordHash>,
        mut set: impl FnMut(&mut Draft) -> Result<(), Error> + Send,
    ) -> Result<(Arc<Account>, CredentialChange), Error> {
        let (history, end_others) =
            (self.inner.config.passwords.history, self.inner.config.end_other_sessions);
        let fresh = SessionSecret::new(*caller.user_id(), prepared.secret);
        let decide = |draft: &mut Draft| -> Result<bool, Refusal> {
            if draft.password.as_ref().map(|password| &password.hash) != seen.as_ref() {
                return Err(Error::InvalidCredentials.into());
            }
            let lasting = draft.is_lasting();
            set(draft)?;
            if let Some(hash) = &prepared.new_password {
                draft.set_password(hash.clone(), history);
                draft.jwt_generation = draft.jwt_generation.wrapping_add(1);
            }
            if end_others {
                draft.retain_sessions(|session| session.id == *caller.session_id());
                draft.jwt_generation = draft.jwt_generation.wrapping_add(1);
            }
            let rotate = !lasting && caller.current_session().is_some();
            if rotate && let Some(session) = draft.session_mut_unchecked(caller) {
                session.digest = fresh.digest();
            }
            draft.touch();
            Ok(rotate)
        };
        let (rotated, account) = self.change_as(caller, operation, Parts::Whole, decide).await?;
        let change =
            CredentialChange { user: User::new(Arc::clone(&account)), secret: rotated.then_some(fresh) };
        Ok((account, change))
    }
}

impl Account {
    /// Gives the account this address, not proven. The messaging target stays the same one; `target` is its id if there was none.
    pub(crate) fn set_email(&mut self, email: Email, target: TargetId, now: Timestamp) {
        set_contact(&mut self.email, email, target, now);
    }

    fn set_phone(&mut self, phone: Phone, target: TargetId, now: Timestamp) {
        set_contact(&mut self.phone, phone, target, now);
    }

    /// Whether its owner can come back without the present session.
    fn is_lasting(&self) -> bool {
        self.password.is_some() || self.email.is_some() || self.phone.is_some() || !self.identities.is_empty()
    }
}

impl Draft {
    fn session_mut_unchecked(&mut self, caller: &Caller) -> Option<&mut crate::model::SessionRecord> {
        let now = self.now;
        self.session_mut(caller.session_id(), now)
    }
}

fn set_contact<A: PartialEq>(slot: &mut Option<Contact<A>>, address: A, target: TargetId, now: Timestamp) {
    match slot {
        Some(contact) if contact.address == address => {}
        Some(contact) => *contact = Contact { address, verified: false, updated_at: now, ..*contact },
        None => *slot = Some(Contact { address, verified: false, target, created_at: now, updated_at: now }),
    }
}

fn contact(account: &Account) -> Option<(Email, Name)> {
    account.email().map(|email| (email.clone(), account.name.clone()))
}
