//! The authenticator app: time-based one-time passwords (RFC 6238).

use crate::{
    crypto::{OtpauthUri, Sealer, TotpSecret},
    error::Error,
    messages::Notice,
    model::{Account, Authenticator, EventKind, Factor, Sealed, SecondFactor, User},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store, StoreError},
    secret::Secret,
    service::{Abort, AccountService, Caller, Context, Draft, Guard},
};

/// The set-up of an authenticator app. It is available only here.
#[derive(Debug)]
#[non_exhaustive]
pub struct NewAuthenticator {
    /// The shared secret to type in, in base32 (RFC 4648 §6).
    pub secret: Secret,
    /// The secret as a URI, for a link or a QR code.
    pub uri: OtpauthUri,
}

/// # Authenticator app
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Adds an authenticator app. It counts as a factor after
    /// [`confirm_authenticator`](AccountService::confirm_authenticator). An unconfirmed one is
    /// replaced.
    ///
    /// # Errors
    /// [`Error::AuthenticatorVerified`] if the account has a confirmed one;
    /// [`Error::ChallengeRequired`] if MFA is active and no challenge was passed in the last 30
    /// minutes; the other [errors of every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # use account::{ports::Clock as _, testing::totp};
    /// let new = accounts.add_authenticator(&caller).await?;
    /// assert!(new.uri.as_str().starts_with("otpauth://totp/")); // for a link or a QR code
    /// assert_eq!(new.secret.expose().len(), 32); // to type in where there is no camera
    ///
    /// let code = totp(new.secret.expose(), test.clock.now()); // the user reads it in the app
    /// accounts.confirm_authenticator(&caller, &code).await?;
    /// assert!(accounts.factors(&caller).await?.totp);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createMfaAuthenticator")]
    #[doc(alias = "2FA")]
    #[doc(alias = "TOTP")]
    pub async fn add_authenticator(&self, caller: &Caller) -> Result<NewAuthenticator, Error> {
        self.perform(Operation::AddAuthenticator, caller.client(), |cx| self.add_authenticator_in(cx, caller))
            .await
    }

    async fn add_authenticator_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
    ) -> Result<NewAuthenticator, Error> {
        let secret = TotpSecret::draw(&*self.inner.entropy).map_err(|_| Error::Internal)?;
        let context = seed_context(caller.user_id().as_str());
        let seed = self.inner.sealer.seal(&context, secret.as_bytes(), *self.draw()?);
        let decide = |draft: &mut Draft| Ok(draft.add_authenticator(&seed)?);
        let ((), account) = self.change_as(caller, cx, Parts::Body, decide).await?;
        let uri = secret.otpauth_uri(&self.inner.config.project_name, account.label());
        Ok(NewAuthenticator { secret: Secret::new(secret.base32().as_str().to_owned()), uri })
    }

    /// Confirms the authenticator app with one of its codes, which is used up. The caller's session
    /// has this factor from then on. The account's email address is notified.
    ///
    /// # Errors
    /// [`Error::AuthenticatorNotFound`] if there is none; [`Error::AuthenticatorVerified`] if it is
    /// confirmed already; [`Error::InvalidToken`] if the code is wrong or guesses are locked; the
    /// [errors of every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Security
    /// A wrong code counts as a wrong guess at the account.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # use account::{ports::Clock as _, testing::totp};
    /// use account::Error;
    ///
    /// let new = accounts.add_authenticator(&caller).await?;
    /// let wrong = accounts.confirm_authenticator(&caller, "no code").await;
    /// assert!(matches!(wrong, Err(Error::InvalidToken)));
    ///
    /// let code = totp(new.secret.expose(), test.clock.now()); // the user reads it in the app
    /// accounts.confirm_authenticator(&caller, &code).await?;
    /// accounts.set_mfa(&caller, true).await?; // sign-in requires it from now on
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updateMfaAuthenticator")]
    pub async fn confirm_authenticator(&self, caller: &Caller, otp: &str) -> Result<User, Error> {
        self.perform(Operation::ConfirmAuthenticator, caller.client(), |cx| {
            self.confirm_authenticator_in(cx, caller, otp)
        })
        .await
    }

    async fn confirm_authenticator_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        otp: &str,
    ) -> Result<User, Error> {
        let (guard, sealer) = (self.guard(cx.client), &self.inner.sealer);
        let decide = |draft: &mut Draft| {
            draft.confirm_authenticator(otp, guard, sealer)?;
            let now = draft.now;
            let session = draft.session_mut(caller.session_id(), now).ok_or(Error::NotSignedIn)?;
            session.factors.add(Factor::Totp);
            Ok(())
        };
        let ((), account) = self.change_as(caller, cx, Parts::Whole, decide).await?;
        self.send_email(cx, account.contact(), Notice::AuthenticatorAdded).await;
        Ok(User::new(account))
    }

    /// Removes the authenticator app, confirmed or not, and its factor from all sessions. Where MFA
    /// stays active, those sessions, including the caller's, need another factor. The account's
    /// email address is notified if it was confirmed.
    ///
    /// # Errors
    /// [`Error::AuthenticatorNotFound`] if there is none; [`Error::ChallengeRequired`] if MFA is
    /// active and no challenge was passed in the last 30 minutes; the other [errors of every
    /// caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # use account::{ports::Clock as _, testing::totp};
    /// # let new = accounts.add_authenticator(&caller).await?;
    /// # let code = totp(new.secret.expose(), test.clock.now());
    /// # accounts.confirm_authenticator(&caller, &code).await?;
    /// accounts.remove_authenticator(&caller).await?;
    /// assert!(!accounts.factors(&caller).await?.totp);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "deleteMfaAuthenticator")]
    pub async fn remove_authenticator(&self, caller: &Caller) -> Result<(), Error> {
        self.perform(Operation::RemoveAuthenticator, caller.client(), |cx| {
            self.remove_authenticator_in(cx, caller)
        })
        .await
    }

    async fn remove_authenticator_in(&self, cx: Context<'_>, caller: &Caller) -> Result<(), Error> {
        let decide = |draft: &mut Draft| Ok(draft.remove_authenticator()?);
        let (removed, account) = self.change_as(caller, cx, Parts::Body, decide).await?;
        if removed.verified {
            self.send_email(cx, account.contact(), Notice::AuthenticatorRemoved).await;
        }
        Ok(())
    }
}

impl Draft {
    fn add_authenticator(&mut self, seed: &Sealed) -> Result<(), Error> {
        if self.has_authenticator() {
            return Err(Error::AuthenticatorVerified);
        }
        let (seed, created_at) = (seed.clone(), self.now);
        self.authenticator = Some(Authenticator { seed, verified: false, last_step: None, created_at });
        self.note(EventKind::AuthenticatorCreated, None);
        Ok(())
    }

    fn confirm_authenticator(&mut self, otp: &str, guard: Guard<'_>, sealer: &Sealer) -> Result<(), Abort> {
        match &self.authenticator {
            None => return Err(Error::AuthenticatorNotFound.into()),
            Some(authenticator) if authenticator.verified => return Err(Error::AuthenticatorVerified.into()),
            Some(_) => {}
        }
        if self.are_guesses_locked(guard.client) {
            return Err(Error::InvalidToken.into());
        }
        if !self.spend_otp(otp, sealer)? {
            self.count_failure(guard);
            return Err(Abort::SaveAndRefuse(Error::InvalidToken));
        }
        if let Some(authenticator) = &mut self.authenticator {
            authenticator.verified = true;
        }
        self.touch();
        Ok(())
    }

    fn remove_authenticator(&mut self) -> Result<Authenticator, Error> {
        let removed = self.authenticator.take().ok_or(Error::AuthenticatorNotFound)?;
        self.sessions.iter_mut().for_each(|session| session.factors.remove(Factor::Totp));
        self.drop_challenges_of(SecondFactor::Totp);
        self.note(EventKind::AuthenticatorDeleted, None);
        Ok(removed)
    }

    /// Checks a code of the authenticator app and uses it up: neither it nor an earlier one is
    /// accepted again (RFC 6238 §5.2).
    pub(super) fn spend_otp(&mut self, otp: &str, sealer: &Sealer) -> Result<bool, Error> {
        let (id, now) = (self.id, self.now);
        let Some(authenticator) = &mut self.authenticator else { return Ok(false) };
        let seed = sealer.open(&seed_context(id.as_str()), &authenticator.seed);
        let secret = TotpSecret::from_bytes(seed.ok_or(StoreError::Corrupt)?);
        let step = secret.check(otp, now, authenticator.last_step);
        authenticator.last_step = step.or(authenticator.last_step);
        Ok(step.is_some())
    }
}

impl Account {
    /// The name of the account in the authenticator app.
    fn label(&self) -> &str {
        let name = Some(self.name.as_str()).filter(|name| !name.is_empty());
        let phone = || self.phone().map(|phone| phone.as_str());
        let email = self.email().map(|email| email.as_str());
        email.or(name).or_else(phone).unwrap_or(self.id.as_str())
    }
}

fn seed_context(user: &str) -> [&[u8]; 2] {
    [user.as_bytes(), b"totp"]
}
