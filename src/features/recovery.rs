//! Setting a new password by email (OWASP Forgot Password; ASVS 6.4.3; H02, H05, H22, H31).

use std::time::Duration;

use crate::{
    error::Error,
    messages::Notice,
    model::{
        Account, Channel, CheckedUrl, ClientInfo, Email, EventKind, Key, Passcode, Password, PasswordHash,
        Token, TokenPurpose, TokenRecord, UserId,
    },
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{
        Abort, AccountService, Address, AddressOwner, Context, Draft, Guard, MAX_PREPARATIONS, NewToken,
        SessionHolder, Settled,
    },
};

/// How a recovery ended.
enum Recovered {
    /// The account has the new password.
    ThisAccount(TokenRecord),
    /// The account has lost the address: the new password goes to a new account of this address.
    NewAccount(TokenRecord, Address, PasswordHash),
}

/// # Forgotten passwords
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Sends an email with a link for setting a new password: `url` with `userId`, `secret` and
    /// `expire` added. The page behind it calls
    /// [`finish_recovery`](AccountService::finish_recovery).
    ///
    /// # Errors
    /// [`Error::NoMailer`]; [`Error::Busy`]; [`Error::Store`]. If the policy [reveals unknown
    /// accounts](crate::Config::reveals_unknown_accounts): [`Error::UserNotFound`] for an unknown
    /// address, [`Error::Blocked`] for a blocked account.
    ///
    /// # Security
    /// Prevents user enumeration: the answer and the work for it are the same for known and unknown
    /// addresses. [`Token::user`] is derived from the address in both cases. Unknown addresses and
    /// blocked accounts are sent nothing.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # test.signed_up("ada@example.com").await;
    /// use account::model::AllowedRedirects;
    ///
    /// let allowed = AllowedRedirects::new(["app.example.com"], [])?;
    /// let page = allowed.check("https://app.example.com/new-password")?;
    /// accounts.start_recovery("ada@example.com".parse()?, &page, &client).await?;
    /// let link = test.outbox.link_for("ada@example.com").unwrap();
    /// assert!(link.starts_with("https://app.example.com/new-password?userId="));
    ///
    /// // The answer for an unknown address looks the same, but nothing is sent.
    /// accounts.start_recovery("bob@example.com".parse()?, &page, &client).await?;
    /// assert_eq!(test.outbox.mails().len(), 1);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createRecovery")]
    #[doc(alias = "forgot password")]
    #[doc(alias = "reset password")]
    pub async fn start_recovery(
        &self,
        email: Email,
        url: &CheckedUrl,
        client: &ClientInfo,
    ) -> Result<Token, Error> {
        self.perform(Operation::StartRecovery, client, |cx| self.start_recovery_in(cx, email, url)).await
    }

    async fn start_recovery_in(
        &self,
        cx: Context<'_>,
        email: Email,
        url: &CheckedUrl,
    ) -> Result<Token, Error> {
        if !self.inner.mailer.is_there() {
            return Err(Error::NoMailer);
        }
        let new = self.new_token(TokenPurpose::Recovery, cx.now)?;
        let (guard, reveals) = (self.guard(cx.client), self.inner.config.reveals_unknown_accounts);
        let address = Address::Email(email.clone());
        let decide = |draft: &mut Draft| draft.issue_recovery(&address, &new, guard);
        match self.change(&address.key(), Parts::Body, cx, decide).await? {
            Settled::Done((), account) => Ok(self.send_recovery_link(cx, &account, &email, url, &new).await),
            Settled::PrepareAgain | Settled::Absent if reveals => Err(Error::UserNotFound),
            Settled::PrepareAgain | Settled::Absent => self.recover_unknown(cx, &email, &new).await,
        }
    }

    /// Sends the link, unless the account is blocked.
    async fn send_recovery_link(
        &self,
        cx: Context<'_>,
        account: &Account,
        email: &Email,
        url: &CheckedUrl,
        new: &NewToken,
    ) -> Token {
        if account.is_blocked() {
            let _ = self.inner.mailer.withhold().await;
        } else {
            let link = new.link(url, account, &[("expire", &new.expires_at().to_string())]);
            self.send_email(cx, account.contact(), Notice::Recovery { link }).await;
        }
        // An id that a client chose would reveal that the account exists.
        let reveals = self.inner.config.reveals_unknown_accounts;
        let user = if reveals { account.id } else { self.pseudo_id(email.as_str()) };
        Token { user, ..new.view(account, None) }
    }

    /// Answers for an address without account, with the same work as for one with an account.
    async fn recover_unknown(&self, cx: Context<'_>, email: &Email, new: &NewToken) -> Result<Token, Error> {
        let unknown = Account::new(self.pseudo_id(email.as_str()), cx.now);
        self.append_event(&unknown, cx, EventKind::RecoveryCreated, None).await?;
        let _ = self.inner.mailer.withhold().await;
        Ok(Token { secret: None, ..new.view(&unknown, None) })
    }

    /// Sets a new password with the secret of such a link, once, and ends all sessions. It does not
    /// sign in, and it removes no second factor.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if the account is unknown or the secret is wrong, expired or used
    /// ([`Error::UserNotFound`] for an unknown account if the policy [reveals unknown
    /// accounts](crate::Config::reveals_unknown_accounts)); [`Error::Blocked`] for a blocked
    /// account after the right secret; [`Error::Invalid`], [`Error::PasswordPersonalData`],
    /// [`Error::PasswordRecentlyUsed`] if the password breaks a rule, and the link stays valid;
    /// [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Security
    /// Prevents MFA bypass by email: where sign-in requires two factors, the new password and a
    /// code sent by email count as one factor, because both come from the mailbox. An account with
    /// an authenticator app or a verified phone needs one of them or a recovery code, until the
    /// password is changed in a session.
    ///
    /// The link verifies the address. See
    /// [`sign_in_with_token`](AccountService::sign_in_with_token) for what happens to an account
    /// whose address was not verified before. If a `caller` is signed in to the account, only the
    /// sessions end.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let old = test.signed_up("ada@example.com").await;
    /// # let allowed = account::model::AllowedRedirects::new(["app.example.com"], [])?;
    /// # let page = allowed.check("https://app.example.com/new-password")?;
    /// let token = accounts.start_recovery("ada@example.com".parse()?, &page, &client).await?;
    ///
    /// // The page behind the link reads `userId` and `secret` in its URL and asks for a password.
    /// // Against user enumeration, `token.user` is not the id of the account.
    /// let (user, secret) = (*token.owner(), test.link_secret("ada@example.com"));
    /// let password = "violet-Marmot-5even".parse()?;
    /// accounts.finish_recovery(&user, &secret, password, None, &client).await?;
    ///
    /// assert!(accounts.caller(&old.secret).await.is_err()); // all sessions have ended
    /// let (email, password) = ("ada@example.com".parse()?, "violet-Marmot-5even".parse()?);
    /// assert!(accounts.sign_in_with_password(email, password, &client).await.is_ok());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updateRecovery")]
    #[doc(alias = "reset password")]
    pub async fn finish_recovery(
        &self,
        user: &UserId,
        secret: &Passcode,
        password: Password,
        caller: Option<&SessionHolder>,
        client: &ClientInfo,
    ) -> Result<Token, Error> {
        self.perform(Operation::FinishRecovery, client, |cx| {
            self.finish_recovery_in(cx, user, secret, password, caller)
        })
        .await
    }

    async fn finish_recovery_in(
        &self,
        cx: Context<'_>,
        user: &UserId,
        secret: &Passcode,
        password: Password,
        caller: Option<&SessionHolder>,
    ) -> Result<Token, Error> {
        let (guard, key) = (self.guard(cx.client), Key::Id(*user));
        for _ in 0..MAX_PREPARATIONS {
            let hash = self.prepare_recovery(cx, &key, secret, &password, caller).await?;
            let decide = |draft: &mut Draft| draft.recover(secret, hash.as_ref(), caller, guard);
            match self.change(&key, Parts::Body, cx, decide).await? {
                Settled::Done(Recovered::ThisAccount(token), account) => {
                    self.send_email(cx, account.contact(), Notice::PasswordChanged).await;
                    return Ok(token.view(user));
                }
                Settled::Done(Recovered::NewAccount(token, address, hash), _) => {
                    return self.recover_to_new_account(cx, &token, address, hash).await;
                }
                Settled::PrepareAgain => {}
                Settled::Absent => return Err(self.refuse_unknown(user, secret, cx).await?),
            }
        }
        Err(Error::Busy(Duration::from_secs(1)))
    }

    /// Checks the new password against the rules, on the account that will have it, and hashes it.
    /// `None` without a valid secret, which gets no work.
    async fn prepare_recovery(
        &self,
        cx: Context<'_>,
        key: &Key,
        secret: &Passcode,
        password: &Password,
        caller: Option<&SessionHolder>,
    ) -> Result<Option<PasswordHash>, Error> {
        let Some(before) = self.inner.store.load(key, Parts::Body).await? else { return Ok(None) };
        let mut after = Draft::of(&before, cx.now);
        let token = after.redeem(secret.expose(), &[TokenPurpose::Recovery], self.guard(cx.client));
        if token.is_err() || after.blocked {
            return Ok(None);
        }
        if let AddressOwner::NewAccount(address) = after.verify_address_as(Channel::Mailbox, caller) {
            after = self.account_for_address(address, cx.now)?;
        }
        self.check_password_history(password, &after).await?;
        self.check_new_password(password, &after).await?;
        self.hash_password(password).await.map(Some)
    }

    async fn recover_to_new_account(
        &self,
        cx: Context<'_>,
        token: &TokenRecord,
        address: Address,
        hash: PasswordHash,
    ) -> Result<Token, Error> {
        let mut draft = self.account_for_address(address, cx.now)?;
        draft.set_password(hash, self.inner.config.passwords.history);
        let account = self.create_for_address(draft, cx).await?;
        Ok(token.view(account.id()))
    }
}

impl Draft {
    fn issue_recovery(&mut self, address: &Address, new: &NewToken, guard: Guard<'_>) -> Result<(), Abort> {
        if !address.belongs_to(self) {
            return Err(Abort::Absent);
        }
        if self.blocked && guard.config.reveals_unknown_accounts {
            return Err(Error::Blocked.into());
        }
        self.issue(new, guard);
        self.note(EventKind::RecoveryCreated, None);
        Ok(())
    }

    fn recover(
        &mut self,
        secret: &Passcode,
        hash: Option<&PasswordHash>,
        caller: Option<&SessionHolder>,
        guard: Guard<'_>,
    ) -> Result<Recovered, Abort> {
        let token = self.redeem(secret.expose(), &[TokenPurpose::Recovery], guard)?;
        self.admit_sign_in()?;
        let hash = hash.ok_or(Abort::PrepareAgain)?.clone();
        self.note(EventKind::RecoveryUpdated, None);
        if let AddressOwner::NewAccount(address) = self.verify_address_as(Channel::Mailbox, caller) {
            return Ok(Recovered::NewAccount(token, address, hash));
        }
        self.revoke_for_recovery();
        self.set_password(hash, guard.config.passwords.history);
        let by_mailbox = self.is_mfa_active();
        if let Some(password) = &mut self.password {
            password.by_mailbox = by_mailbox;
        }
        Ok(Recovered::ThisAccount(token))
    }

    /// Ends what must not outlive a recovery.
    fn revoke_for_recovery(&mut self) {
        self.retain_sessions(|_| false);
        self.devices.keep_only(None);
        self.revoke_sign_in_tokens();
        self.revoke_jwts();
        self.reset_required = false;
        // Access to the mailbox alone must not give new guesses at the second factor.
        if !self.is_mfa_active() {
            self.clear_failures();
        }
        self.updated_at = self.now;
    }
}
