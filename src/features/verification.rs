//! Verifying an email address or phone number (ASVS 6.6; H17, H46).

use crate::{
    error::Error,
    messages::{Notice, TextNotice},
    model::{Channel, CheckedUrl, ClientInfo, EventKind, Key, Passcode, Token, TokenPurpose, UserId},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{AccountService, Caller, Context, Draft, Settled},
};

/// # Verification of addresses
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Sends an email with a link that verifies the caller's address: `url` with `userId`, `secret`
    /// and `expire` added. The page behind it calls
    /// [`finish_email_verification`](AccountService::finish_email_verification).
    ///
    /// # Errors
    /// [`Error::NoMailer`]; [`Error::EmailNotFound`], [`Error::EmailVerified`]; the [errors of
    /// every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// use account::model::AllowedRedirects;
    ///
    /// let allowed = AllowedRedirects::new(["app.example.com"], [])?;
    /// let page = allowed.check("https://app.example.com/verified")?;
    /// accounts.start_email_verification(&caller, &page).await?;
    /// let link = test.outbox.link_for("ada@example.com").unwrap();
    /// assert!(link.starts_with("https://app.example.com/verified?userId="));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createVerification")]
    #[doc(alias = "confirm email")]
    pub async fn start_email_verification(&self, caller: &Caller, url: &CheckedUrl) -> Result<Token, Error> {
        self.perform(Operation::StartEmailVerification, caller.client(), |cx| {
            self.start_email_verification_in(cx, caller, url)
        })
        .await
    }

    async fn start_email_verification_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        url: &CheckedUrl,
    ) -> Result<Token, Error> {
        if !self.inner.mailer.is_there() {
            return Err(Error::NoMailer);
        }
        let new = self.new_token(TokenPurpose::EmailVerification, cx.now)?;
        let guard = self.guard(cx.client);
        let decide = |draft: &mut Draft| {
            match &draft.email {
                None => return Err(Error::EmailNotFound.into()),
                Some(contact) if contact.verified => return Err(Error::EmailVerified.into()),
                Some(_) => {}
            }
            draft.issue(&new, guard);
            draft.note(EventKind::VerificationCreated, None);
            Ok(())
        };
        let ((), account) = self.change_as(caller, cx, Parts::Body, decide).await?;
        let expire = new.expires_at().to_string();
        let link = new.link(url, &account, &[("expire", &expire)]);
        self.send_email(cx, account.contact(), Notice::Verification { link }).await;
        Ok(new.view(&account, None))
    }

    /// Verifies an email address with the secret of such a link, once. It needs no session and does
    /// not sign in.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if the account is unknown, the secret is wrong, expired or used, or
    /// the address has changed since ([`Error::UserNotFound`] for an unknown account if the policy
    /// [reveals unknown accounts](crate::Config::reveals_unknown_accounts)); [`Error::Blocked`] for
    /// a blocked account after the right secret; [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # let allowed = account::model::AllowedRedirects::new(["app.example.com"], [])?;
    /// # let page = allowed.check("https://app.example.com/verified")?;
    /// let token = accounts.start_email_verification(&caller, &page).await?;
    ///
    /// // The page behind the link reads `userId` and `secret` in its URL. It needs no session.
    /// let (user, secret) = (token.user, test.link_secret("ada@example.com"));
    /// accounts.finish_email_verification(&user, &secret, &client).await?;
    /// assert!(accounts.user(&caller).await?.is_email_verified());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updateVerification")]
    pub async fn finish_email_verification(
        &self,
        user: &UserId,
        secret: &Passcode,
        client: &ClientInfo,
    ) -> Result<Token, Error> {
        self.perform(Operation::FinishEmailVerification, client, |cx| {
            self.finish_email_verification_in(cx, user, secret)
        })
        .await
    }

    async fn finish_email_verification_in(
        &self,
        cx: Context<'_>,
        user: &UserId,
        secret: &Passcode,
    ) -> Result<Token, Error> {
        let guard = self.guard(cx.client);
        let decide = |draft: &mut Draft| {
            let token = draft.redeem(secret.expose(), &[TokenPurpose::EmailVerification], guard)?;
            draft.admit_sign_in()?;
            draft.verify(Channel::Mailbox);
            Ok(token)
        };
        match self.change(&Key::Id(*user), Parts::Body, cx, decide).await? {
            Settled::Done(token, _) => Ok(token.view(user)),
            Settled::PrepareAgain => Err(Error::InvalidToken),
            Settled::Absent => Err(self.refuse_unknown(user, secret, cx).await?),
        }
    }

    /// Sends a text message with a code that verifies the caller's phone number.
    ///
    /// # Errors
    /// [`Error::NoSms`]; [`Error::MethodDisabled`]; [`Error::PhoneNotFound`],
    /// [`Error::PhoneVerified`]; the [errors of every caller](crate::Caller#errors);
    /// [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// let (phone, password) = ("+64211234567".parse()?, "tr4verse-Cobalt-heron".parse()?);
    /// accounts.change_phone(&caller, phone, password).await?;
    /// accounts.start_phone_verification(&caller).await?;
    /// assert_eq!(test.outbox.texts()[0].to.as_str(), "+64211234567");
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createPhoneVerification")]
    pub async fn start_phone_verification(&self, caller: &Caller) -> Result<Token, Error> {
        self.perform(Operation::StartPhoneVerification, caller.client(), |cx| {
            self.start_phone_verification_in(cx, caller)
        })
        .await
    }

    async fn start_phone_verification_in(&self, cx: Context<'_>, caller: &Caller) -> Result<Token, Error> {
        if !self.inner.sms.is_there() {
            return Err(Error::NoSms);
        }
        let new = self.new_token(TokenPurpose::PhoneVerification, cx.now)?;
        let guard = self.guard(cx.client);
        let decide = |draft: &mut Draft| {
            let phone = match &draft.phone {
                None => return Err(Error::PhoneNotFound.into()),
                Some(contact) if contact.verified => return Err(Error::PhoneVerified.into()),
                Some(contact) => contact.address.clone(),
            };
            draft.issue(&new, guard);
            draft.note(EventKind::VerificationCreated, None);
            Ok(phone)
        };
        let (phone, account) = self.change_as(caller, cx, Parts::Body, decide).await?;
        let code = new.secret().clone();
        self.send_sms(cx, phone, TextNotice::VerificationCode { code }).await;
        Ok(new.view(&account, None))
    }

    /// Verifies the caller's phone number with such a code, once. `user` must be the caller.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if `user` is not the caller ([`Error::UserNotFound`] if there is no
    /// such account and the policy [reveals unknown
    /// accounts](crate::Config::reveals_unknown_accounts)), the code is wrong, expired or used, the
    /// number has changed since, or guesses are locked; the [errors of every
    /// caller](crate::Caller#errors); [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Security
    /// Five wrong guesses invalidate a code. They are counted before the answer.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # let (phone, password) = ("+64211234567".parse()?, "tr4verse-Cobalt-heron".parse()?);
    /// # accounts.change_phone(&caller, phone, password).await?;
    /// accounts.start_phone_verification(&caller).await?;
    /// let code = test.code_for("+64211234567"); // the user reads it in the text message
    /// accounts.finish_phone_verification(&caller, caller.user_id(), &code).await?;
    /// assert!(accounts.user(&caller).await?.is_phone_verified());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updatePhoneVerification")]
    pub async fn finish_phone_verification(
        &self,
        caller: &Caller,
        user: &UserId,
        secret: &Passcode,
    ) -> Result<Token, Error> {
        self.perform(Operation::FinishPhoneVerification, caller.client(), |cx| {
            self.finish_phone_verification_in(cx, caller, user, secret)
        })
        .await
    }

    async fn finish_phone_verification_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        user: &UserId,
        secret: &Passcode,
    ) -> Result<Token, Error> {
        if caller.user_id() != user {
            let reveals = self.inner.config.reveals_unknown_accounts;
            let is_known = !reveals || self.inner.store.load(&Key::Id(*user), Parts::Body).await?.is_some();
            return Err(if is_known { Error::InvalidToken } else { Error::UserNotFound });
        }
        let guard = self.guard(cx.client);
        let decide = |draft: &mut Draft| {
            let token = draft.redeem(secret.expose(), &[TokenPurpose::PhoneVerification], guard)?;
            draft.verify(Channel::Phone);
            Ok(token)
        };
        let (token, _) = self.change_as(caller, cx, Parts::Body, decide).await?;
        Ok(token.view(user))
    }
}

impl Draft {
    fn verify(&mut self, channel: Channel) {
        let now = self.now;
        self.mark_verified(channel, now);
        self.updated_at = now;
        self.note(EventKind::VerificationUpdated, None);
    }
}
