//! Sign-in with email and password, and without anything.

use std::time::Duration;

use crate::{
    error::Error,
    model::{Account, ClientInfo, Email, EventKind, Factor, Key, Password, SessionProvider, UserId},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Abort, AccountService, Context, Draft, PREPARATIONS, Settled, SignInMethod, SignedIn},
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
        client: &ClientInfo,
    ) -> Result<SignedIn, Error> {
        self.perform(Operation::SignInWithPassword, client, |cx| async move {
            let new = self.new_session(client, cx.now)?;
            let method = SignInMethod {
                provider: SessionProvider::Email,
                uid: email.as_str(),
                factors: &[Factor::Password],
            };
            let guard = self.guard(client);
            let belongs = |account: &Account| account.email() == Some(&email);
            let key = Key::Mailbox(email.clone());
            for _ in 0..PREPARATIONS {
                let guess = self.guess(&key, cx, &password, belongs).await?;
                if guess.is_none() {
                    self.spend_guess(&password).await?;
                }
                let mut somebody_else = false;
                let decide = |draft: &mut Draft| {
                    let (Some(guess), true) = (&guess, belongs(draft)) else {
                        somebody_else = !belongs(draft);
                        return Err(Abort::Stale);
                    };
                    draft.check_guess(&guess.proof, guard)?;
                    draft.admit_sign_in()?;
                    Ok(draft.start_session(&new, method, guard))
                };
                let nobody = match self.change(&key, Parts::Body, cx, decide).await? {
                    Settled::Done(started, account) => {
                        return Ok(self.signed_in(&account, new, started, cx).await);
                    }
                    Settled::PrepareAgain => somebody_else,
                    Settled::Absent => true,
                };
                if nobody {
                    self.note_guess_at_nobody(&email, cx).await?;
                    return Err(Error::InvalidCredentials);
                }
            }
            Err(Error::Busy(Duration::from_secs(1)))
        })
        .await
    }

    /// Creates an account without any identifier and starts a session for it. [`change_email`](AccountService::change_email) or
    /// [`change_password`](AccountService::change_password) make it a lasting one.
    ///
    /// # Errors
    /// [`Error::MethodDisabled`]; [`Error::Store`].
    #[doc(alias = "createAnonymousSession")]
    pub async fn sign_in_anonymously(&self, client: &ClientInfo) -> Result<SignedIn, Error> {
        self.perform(Operation::SignInAnonymously, client, |cx| async move {
            let new = self.new_session(client, cx.now)?;
            let method =
                SignInMethod { provider: SessionProvider::Anonymous, uid: "", factors: &[Factor::Anonymous] };
            let id = UserId::generate(cx.now, *self.draw()?);
            let mut draft = Draft::new(Account::new(id, cx.now), cx.now);
            draft.account.began_anonymously = true;
            draft.note(EventKind::UserCreated, None);
            let started = draft.start_session(&new, method, self.guard(client));
            let account = self.create(draft, cx).await?;
            Ok(self.signed_in(&account, new, started, cx).await)
        })
        .await
    }

    /// A guess at an address without account leaves a durable trace, as one at an account does, under an id derived from the address.
    async fn note_guess_at_nobody(&self, email: &Email, cx: Context<'_>) -> Result<(), Error> {
        let nobody = Account::new(self.pseudo_id(email.as_str()), cx.now);
        self.append(&nobody, cx, EventKind::SignInRefused, None).await?;
        Ok(())
    }
}
