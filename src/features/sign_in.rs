//! Sign-in with email and password, and without anything.

use crate::{
    AccountService, Error,
    features::SignedIn,
    model::{Account, Client, Email, EventKind, Factor, Key, Password, SessionProvider, UserId},
    operation::Operation,
    ports::{Clock, Mailer, SmsSender, Store},
    service::{Draft, Errand, Refusal},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Starts a session with email and password.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] if there is no such account, it has no password, the password is wrong, or its guesses are locked;
    /// [`Error::Blocked`] for a blocked account after the right password; [`Error::MethodDisabled`]; [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Security
    /// Costs the same reads, hashes and durable writes whether the account is unknown, blocked, has no password or has another one. Wrong
    /// guesses in a row are counted in the account, over all operations, and saved before the answer.
    #[doc(alias = "createEmailPasswordSession")]
    pub async fn sign_in_with_password(
        &self,
        email: Email,
        password: Password,
        client: &Client,
    ) -> Result<SignedIn, Error> {
        self.require(self.inner.config.methods.email_password)?;
        let errand = self.errand(Operation::SignInWithPassword, client);
        let new =
            self.new_session(client, errand.now, SessionProvider::Email, email.as_str(), Factor::Password)?;
        let (guesses, limit) = (self.inner.config.guesses, self.inner.config.session_limit);
        let belongs = |account: &Account| account.email() == Some(&email);
        let done = self
            .guess(&Key::Mailbox(email.clone()), errand, &password, belongs, |draft, proof| {
                Account::check_guess(draft, proof, &guesses)?;
                draft.admit_sign_in()?;
                draft.start_session(&new, limit);
                Ok(())
            })
            .await?;
        match done {
            Some(((), account)) => Ok(self.signed_in(&account, new)),
            None => {
                self.spend_guess(&password).await?;
                self.note_guess_at_nobody(&email, errand).await?;
                Err(Error::InvalidCredentials)
            }
        }
    }

    /// Creates an account without any identifier and starts a session for it. [`change_email`](AccountService::change_email) or
    /// [`change_password`](AccountService::change_password) make it a lasting one.
    ///
    /// # Errors
    /// [`Error::MethodDisabled`]; [`Error::Store`].
    #[doc(alias = "createAnonymousSession")]
    pub async fn sign_in_anonymously(&self, client: &Client) -> Result<SignedIn, Error> {
        self.require(self.inner.config.methods.anonymous)?;
        let errand = self.errand(Operation::SignInAnonymously, client);
        let new = self.new_session(client, errand.now, SessionProvider::Anonymous, "", Factor::Anonymous)?;
        let id = UserId::generate(errand.now, *self.draw()?);
        let mut draft = Draft::new(Account::new(id, errand.now), errand.now);
        draft.note(EventKind::UserCreated, None);
        draft.start_session(&new, self.inner.config.session_limit);
        let account = self.create(draft, errand).await?;
        Ok(self.signed_in(&account, new))
    }

    /// A guess at an address without account leaves a durable trace, as one at an account does, under an id derived from the address.
    async fn note_guess_at_nobody(&self, email: &Email, errand: Errand<'_>) -> Result<(), Error> {
        let nobody = Account::new(self.pseudo_id(email.as_str()), errand.now);
        self.append(&nobody, errand, EventKind::SignInRefused, None).await
    }
}

impl Draft {
    /// A blocked account is told so only to who knew the password, and pays as much as any other.
    fn admit_sign_in(&mut self) -> Result<(), Refusal> {
        if self.blocked {
            self.note(EventKind::SignInRefused, None);
            return Err(Refusal::Costly(Error::Blocked));
        }
        Ok(())
    }
}
