//! Setting a new password by mail (OWASP Forgot Password; ASVS 6.4.3; H02, H05, H22, H31).

use std::time::Duration;

use crate::{
    error::Error,
    messages::Notice,
    model::{
        Account, Channel, CheckedUrl, ClientInfo, Email, EventKind, Key, Passcode, Password, PasswordHash,
        Token, TokenPurpose, UserId,
    },
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store, Stored},
    service::{
        Abort, AccountService, Address, AddressOwner, Context, Draft, NewToken, PREPARATIONS, SessionHolder,
        Settled,
    },
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Mails a link for setting a new password: `url` with `userId`, `secret` and `expire` added. The page behind it calls
    /// [`finish_recovery`](AccountService::finish_recovery).
    ///
    /// # Errors
    /// [`Error::NoMailer`]; [`Error::Busy`]; [`Error::Store`]. If the policy [tells](crate::Config::reveals_unknown_accounts):
    /// [`Error::UserNotFound`] for an unknown address, [`Error::Blocked`] for a blocked account.
    ///
    /// # Security
    /// The answer, and the work for it, are the same whether the address is known: [`Token::user`] is a stand-in of the address either way, and
    /// to an address that is not known, and to a blocked account, nothing is sent.
    #[doc(alias = "createRecovery")]
    pub async fn start_recovery(
        &self,
        email: Email,
        url: &CheckedUrl,
        client: &ClientInfo,
    ) -> Result<Token, Error> {
        self.perform(Operation::StartRecovery, client, |cx| async move {
            if !self.inner.mailer.is_there() {
                return Err(Error::NoMailer);
            }
            let new = self.new_token(TokenPurpose::Recovery, cx.now)?;
            let (guard, tells) = (self.guard(client), self.inner.config.reveals_unknown_accounts);
            let address = Address::Email(email.clone());
            let decide = |draft: &mut Draft| {
                if !address.belongs_to(draft) {
                    return Err(Abort::Stale);
                }
                if draft.blocked && tells {
                    return Err(Error::Blocked.into());
                }
                draft.issue(&new, guard);
                draft.note(EventKind::RecoveryCreated, None);
                Ok(())
            };
            match self.change(&address.key(), Parts::Body, cx, decide).await? {
                Settled::Done((), account) => {
                    if account.is_blocked() {
                        let _ = self.inner.mailer.withhold().await;
                    } else {
                        let expire = new.expires_at().to_string();
                        let link = new.link(url, &account, &[("expire", &expire)]);
                        self.send_email(account.contact(), client, cx.now, Notice::Recovery { link }).await;
                    }
                    // An id of the client's own making would tell that the account is there.
                    let user = if tells { account.id } else { self.pseudo_id(email.as_str()) };
                    Ok(Token { user, ..new.view(&account, None) })
                }
                Settled::PrepareAgain | Settled::Absent if tells => Err(Error::UserNotFound),
                Settled::PrepareAgain | Settled::Absent => self.recover_nobody(&email, &new, cx).await,
            }
        })
        .await
    }

    /// Sets a new password by the secret of such a link, once, and ends all sessions. It signs nobody in and takes no second factor off.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if the account is unknown or the secret is wrong, expired or used ([`Error::UserNotFound`] for an unknown
    /// account if the policy [tells](crate::Config::reveals_unknown_accounts)); [`Error::Blocked`] for a blocked account after the right secret;
    /// [`Error::Invalid`], [`Error::PasswordPersonalData`], [`Error::PasswordRecentlyUsed`] if the password breaks a rule, and the link stays
    /// good; [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Security
    /// Where sign-in asks for two factors, the new password and a code sent by email are one proof: whoever reads the mailbox has both. With an
    /// authenticator app or a verified phone one of these is asked for, or a recovery code, until the password is changed in a session.
    ///
    /// It proves the mailbox: see [`sign_in_with_token`](AccountService::sign_in_with_token) for what becomes of an account whose address
    /// nobody had proved. If it is the account of a `caller` who is signed in to it, nothing but the sessions goes.
    #[doc(alias = "updateRecovery")]
    pub async fn finish_recovery(
        &self,
        user: &UserId,
        secret: &Passcode,
        password: Password,
        caller: Option<&SessionHolder>,
        client: &ClientInfo,
    ) -> Result<Token, Error> {
        self.perform(Operation::FinishRecovery, client, |cx| async move {
            let (guard, history) = (self.guard(client), self.inner.config.passwords.history);
            let key = Key::Id(*user);
            for _ in 0..PREPARATIONS {
                let hash = match self.inner.store.load(&key, Parts::Body).await? {
                    Some(before) => self.prepare_recovery(&before, secret, &password, caller, cx).await?,
                    // The change finds nobody either, at the cost of finding somebody.
                    None => None,
                };
                let decide = |draft: &mut Draft| {
                    let token = draft.redeem(secret.expose(), &[TokenPurpose::Recovery], guard)?;
                    draft.admit_sign_in()?;
                    let hash = hash.clone().ok_or(Abort::Stale)?;
                    draft.note(EventKind::RecoveryUpdated, None);
                    match draft.verify_address_as(Channel::Mailbox, caller) {
                        AddressOwner::ThisAccount => {
                            draft.recover();
                            draft.set_password(hash, history);
                            let by_mailbox = draft.is_mfa_active();
                            if let Some(password) = &mut draft.password {
                                password.by_mailbox = by_mailbox;
                            }
                            Ok((token, None))
                        }
                        AddressOwner::NewAccount(address) => Ok((token, Some((address, hash)))),
                    }
                };
                match self.change(&key, Parts::Body, cx, decide).await? {
                    Settled::Done((token, None), account) => {
                        self.send_email(account.contact(), client, cx.now, Notice::PasswordChanged).await;
                        return Ok(token.view(user));
                    }
                    Settled::Done((token, Some((address, hash))), _) => {
                        let mut draft = self.account_for_address(address, cx.now)?;
                        draft.set_password(hash, history);
                        let account = self.create_for_address(draft, cx).await?;
                        return Ok(token.view(account.id()));
                    }
                    Settled::PrepareAgain => {}
                    Settled::Absent => return Err(self.refuse_nobody(user, secret, cx).await?),
                }
            }
            Err(Error::Busy(Duration::from_secs(1)))
        })
        .await
    }

    /// Checks the new password against the rules, on the account that will have it, and hashes it. `None` without a good secret, which gets no
    /// work.
    async fn prepare_recovery(
        &self,
        before: &Stored,
        secret: &Passcode,
        password: &Password,
        caller: Option<&SessionHolder>,
        cx: Context<'_>,
    ) -> Result<Option<PasswordHash>, Error> {
        let (mut after, guard) = (Draft::of(before, cx.now), self.guard(cx.client));
        if after.redeem(secret.expose(), &[TokenPurpose::Recovery], guard).is_err() || after.blocked {
            return Ok(None);
        }
        if let AddressOwner::NewAccount(address) = after.verify_address_as(Channel::Mailbox, caller) {
            after = self.account_for_address(address, cx.now)?;
        }
        self.check_password_history(password, &after).await?;
        self.check_new_password(password, &after).await?;
        self.hash_password(password).await.map(Some)
    }

    /// The answer for an address without account, at the cost of one with an account.
    async fn recover_nobody(&self, email: &Email, new: &NewToken, cx: Context<'_>) -> Result<Token, Error> {
        let nobody = Account::new(self.pseudo_id(email.as_str()), cx.now);
        self.append(&nobody, cx, EventKind::RecoveryCreated, None).await?;
        let _ = self.inner.mailer.withhold().await;
        Ok(Token { secret: None, ..new.view(&nobody, None) })
    }
}

impl Draft {
    /// Ends what must not outlive a recovery.
    fn recover(&mut self) {
        let now = self.now;
        self.retain_sessions(|_| false);
        self.devices.keep_only(None);
        self.revoke_sign_in_tokens();
        self.revoke_jwts();
        self.reset_required = false;
        // With the mailbox alone nobody gets new guesses at the second factor.
        if !self.is_mfa_active() {
            self.clear_failures();
        }
        self.updated_at = now;
    }
}
