//! Sign-in with email and password, and anonymous sign-in.

use std::time::Duration;

use crate::{
    error::Error,
    model::{Account, ClientInfo, Email, EventKind, Factor, Key, Password, SessionProvider, UserId},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Abort, AccountService, Context, Draft, MAX_PREPARATIONS, Settled, SignInMethod, SignedIn},
};

/// # Sign in with a password, or as a guest
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Starts a session with email and password.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] if there is no such account, it has no password, the password
    /// is wrong, or guesses are locked; [`Error::Blocked`] for a blocked account after the right
    /// password; [`Error::MethodDisabled`]; [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Security
    /// Prevents user enumeration by timing: reads, hashes and durable writes are the same for
    /// unknown, blocked and password-less accounts and for wrong passwords.
    ///
    /// Prevents brute force and credential stuffing: wrong guesses in a row are counted at the
    /// account, over all operations, and saved before the answer. See
    /// [`Config::lockout`](crate::Config::lockout).
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # test.signed_up("ada@example.com").await;
    /// use account::{Error, model::Email};
    ///
    /// let ada: Email = "ada@example.com".parse()?;
    /// let password = "tr4verse-Cobalt-heron".parse()?;
    /// let signed_in = accounts.sign_in_with_password(ada.clone(), password, &client).await?;
    /// let cookie = signed_in.secret.to_wire(); // the client sends it with each request
    /// assert!(accounts.caller(&signed_in.secret).await.is_ok());
    ///
    /// let wrong = accounts.sign_in_with_password(ada, "Heron-of-c0balt".parse()?, &client).await;
    /// assert!(matches!(wrong, Err(Error::InvalidCredentials)));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createEmailPasswordSession")]
    #[doc(alias = "login")]
    #[doc(alias = "log in")]
    #[doc(alias = "signin")]
    pub async fn sign_in_with_password(
        &self,
        email: Email,
        password: Password,
        client: &ClientInfo,
    ) -> Result<SignedIn, Error> {
        self.perform(Operation::SignInWithPassword, client, |cx| {
            self.sign_in_with_password_in(cx, email, password)
        })
        .await
    }

    async fn sign_in_with_password_in(
        &self,
        cx: Context<'_>,
        email: Email,
        password: Password,
    ) -> Result<SignedIn, Error> {
        let new = self.new_session(cx.client, cx.now)?;
        let (guard, key) = (self.guard(cx.client), Key::Mailbox(email.clone()));
        let (provider, uid) = (SessionProvider::Email, email.as_str());
        let method = SignInMethod { provider, uid, factors: &[Factor::Password] };
        let belongs = |account: &Account| account.email() == Some(&email);
        for _ in 0..MAX_PREPARATIONS {
            let guess = self.guess(&key, cx, &password, belongs).await?;
            if guess.is_none() {
                self.spend_guess(&password).await?;
            }
            let decide = |draft: &mut Draft| {
                if !belongs(draft) {
                    return Err(Abort::Absent);
                }
                let guess = guess.as_ref().ok_or(Abort::PrepareAgain)?;
                draft.check_guess(&guess.proof, guard)?;
                draft.admit_sign_in()?;
                Ok(draft.start_session(&new, method, guard))
            };
            match self.change(&key, Parts::Body, cx, decide).await? {
                Settled::Done(started, account) => {
                    return Ok(self.signed_in(&account, new, started, cx).await);
                }
                Settled::PrepareAgain => {}
                Settled::Absent => return Err(self.refuse_unknown_email(&email, cx).await?),
            }
        }
        Err(Error::Busy(Duration::from_secs(1)))
    }

    /// Creates an account without any identifier and starts a session for it.
    /// [`change_email`](AccountService::change_email) or
    /// [`change_password`](AccountService::change_password) make it permanent.
    ///
    /// # Errors
    /// [`Error::MethodDisabled`]; [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// let guest = accounts.sign_in_anonymously(&client).await?;
    /// let caller = accounts.caller(&guest.secret).await?;
    ///
    /// // Later, the guest registers. It remains the same account.
    /// let (email, password) = ("ada@example.com".parse()?, "tr4verse-Cobalt-heron".parse()?);
    /// let change = accounts.change_email(&caller, email, password).await?;
    /// assert_eq!(change.user.id(), guest.user_id());
    /// let secret = change.secret.unwrap(); // replaces `guest.secret`
    /// assert!(accounts.caller(&secret).await.is_ok());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createAnonymousSession")]
    pub async fn sign_in_anonymously(&self, client: &ClientInfo) -> Result<SignedIn, Error> {
        self.perform(Operation::SignInAnonymously, client, |cx| self.sign_in_anonymously_in(cx)).await
    }

    async fn sign_in_anonymously_in(&self, cx: Context<'_>) -> Result<SignedIn, Error> {
        let new = self.new_session(cx.client, cx.now)?;
        let method =
            SignInMethod { provider: SessionProvider::Anonymous, uid: "", factors: &[Factor::Anonymous] };
        let id = UserId::generate(cx.now, *self.draw()?);
        let mut draft = Draft::new(Account::new(id, cx.now), cx.now);
        draft.account.began_anonymously = true;
        draft.note(EventKind::UserCreated, None);
        let started = draft.start_session(&new, method, self.guard(cx.client));
        let account = self.create(draft, cx).await?;
        Ok(self.signed_in(&account, new, started, cx).await)
    }

    /// The refusal of a guess at an address without account. The guess is logged, as one at an
    /// account is, under an id derived from the address.
    async fn refuse_unknown_email(&self, email: &Email, cx: Context<'_>) -> Result<Error, Error> {
        let unknown = Account::new(self.pseudo_id(email.as_str()), cx.now);
        self.append_event(&unknown, cx, EventKind::SignInRefused, None).await?;
        Ok(Error::InvalidCredentials)
    }
}
