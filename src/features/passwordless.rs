//! Sign-in without a password: by a link or code that was mailed, a code that was texted, or a token of the host's server
//! (NIST SP 800-63B-4 §3.1.3, ASVS 6.6).

use std::sync::Arc;

use crate::{
    crypto::below,
    error::Error,
    messages::{Notice, TextNotice, phrase},
    model::{
        Account, CheckedUrl, ClientInfo, CustomId, Email, EventKind, Factor, Key, Passcode, Phone,
        SessionProvider, TargetId, Token, TokenPurpose, UserId,
    },
    operation::{AuthMethod, Operation},
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{
        Abort, AccountService, Address, AddressOwner, Context, Draft, NewSession, NewToken, Settled,
        SignInMethod, SignedIn, StartedSession,
    },
};

/// A request for a link or code by email.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EmailSignIn {
    /// The id of the account to be created, if there is none of this address.
    pub user_id: CustomId<UserId>,
    /// The address.
    pub email: Email,
    /// Whether to show a phrase on the page that asks and in the message, so that people recognise their own request.
    pub with_phrase: bool,
}

impl EmailSignIn {
    /// A request without phrase, for an account with a generated id.
    #[must_use]
    pub fn new(email: Email) -> Self {
        Self { user_id: CustomId::Generate, email, with_phrase: false }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Mails a code for signing in, to be redeemed by [`sign_in_with_token`](AccountService::sign_in_with_token). An address without account
    /// gets one.
    ///
    /// # Errors
    /// [`Error::NoMailer`]; [`Error::MethodDisabled`]; [`Error::UserExists`] if the id is taken or the address is only known as that of
    /// somebody's identity; [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Security
    /// A new code ends the earlier one. Nothing is sent to a blocked account, and the answer does not tell.
    #[doc(alias = "createEmailToken")]
    pub async fn send_email_code(&self, request: EmailSignIn, client: &ClientInfo) -> Result<Token, Error> {
        self.perform(Operation::SendEmailCode, client, |cx| async move {
            let purpose = TokenPurpose::EmailCode;
            self.send_by_email(request, cx, purpose, |_, new, phrase| {
                let device = self.device(client.user_agent());
                Notice::EmailCode { code: new.secret().clone(), device, phrase }
            })
            .await
        })
        .await
    }

    /// Mails a link for signing in: `url` with `userId`, `secret`, `expire` and `project` added. The page behind it redeems the token by
    /// [`sign_in_with_token`](AccountService::sign_in_with_token). An address without account gets one.
    ///
    /// # Errors
    /// As [`send_email_code`](AccountService::send_email_code).
    ///
    /// # Security
    /// Several links are good side by side. Opening one changes nothing.
    #[doc(alias = "createMagicURLToken")]
    pub async fn send_magic_url(
        &self,
        request: EmailSignIn,
        url: &CheckedUrl,
        client: &ClientInfo,
    ) -> Result<Token, Error> {
        self.perform(Operation::SendMagicUrl, client, |cx| async move {
            let purpose = TokenPurpose::MagicUrl;
            self.send_by_email(request, cx, purpose, |account, new, phrase| {
                let expire = new.expires_at().to_string();
                let project = ("project", self.inner.config.project.as_str());
                let link = new.link(url, account, &[("expire", &expire), project]);
                Notice::MagicUrl { link, device: self.device(client.user_agent()), phrase }
            })
            .await
        })
        .await
    }

    /// Texts a code for signing in, to be redeemed by [`sign_in_with_token`](AccountService::sign_in_with_token). A number without account
    /// gets one.
    ///
    /// # Errors
    /// [`Error::NoSms`]; [`Error::MethodDisabled`]; [`Error::UserExists`] if the id is taken; [`Error::Busy`]; [`Error::Store`].
    #[doc(alias = "createPhoneToken")]
    pub async fn send_phone_code(
        &self,
        user_id: CustomId<UserId>,
        phone: Phone,
        client: &ClientInfo,
    ) -> Result<Token, Error> {
        self.perform(Operation::SendPhoneCode, client, |cx| async move {
            if !self.inner.sms.is_there() {
                return Err(Error::NoSms);
            }
            let new = self.new_token(TokenPurpose::PhoneCode, cx.now)?;
            let address = Address::Phone(phone.clone());
            let account = self.issue_at(address, user_id, cx, &new).await?;
            if account.is_blocked() {
                let _ = self.inner.sms.withhold().await;
            } else {
                self.send_sms(phone, client, TextNotice::SignInCode { code: new.secret().clone() }).await;
            }
            Ok(new.view(&account, None))
        })
        .await
    }

    /// Starts a session by what was mailed, texted or handed out, once.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if the account is unknown or the secret is wrong, expired, used or meant for something else;
    /// [`Error::Blocked`] for a blocked account after the right secret; [`Error::MethodDisabled`] if the token's method has been switched
    /// off; [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Security
    /// Of many who redeem one token at once, one succeeds. A code is good for five guesses, counted before the answer. The first proof of an
    /// address that had not been proved drops all that a stranger could have prepared in the account: password, sessions, factors and the rest;
    /// if the account has another proven owner, the prover gets an account of its own instead.
    #[doc(alias = "createSession")]
    #[doc(alias = "updateMagicURLSession")]
    #[doc(alias = "updatePhoneSession")]
    pub async fn sign_in_with_token(
        &self,
        user: &UserId,
        secret: &Passcode,
        client: &ClientInfo,
    ) -> Result<SignedIn, Error> {
        self.perform(Operation::SignInWithToken, client, |cx| async move {
            let new = self.new_session(client, cx.now)?;
            let guard = self.guard(client);
            let decide = |draft: &mut Draft| {
                let token = draft.redeem(secret.expose(), &TokenPurpose::SIGN_IN, guard)?;
                if !self.is_switched_on(token.purpose) {
                    return Err(Error::MethodDisabled.into());
                }
                draft.admit_sign_in()?;
                let method = method(token.purpose);
                Ok(match draft.verify_address(token.purpose.channel()) {
                    AddressOwner::ThisAccount => Redeemed::Here(draft.start_session(&new, method, guard)),
                    AddressOwner::NewAccount(address) => Redeemed::Apart(address, method),
                })
            };
            match self.change(&Key::Id(*user), Parts::Body, cx, decide).await? {
                Settled::Done(Redeemed::Here(started), account) => {
                    Ok(self.signed_in(&account, new, started, cx).await)
                }
                Settled::Done(Redeemed::Apart(address, method), _) => {
                    self.sign_in_to_new_account(address, new, method, cx).await
                }
                Settled::PrepareAgain => Err(Error::InvalidToken),
                Settled::Absent => {
                    self.refuse_nobody(user, secret, cx).await?;
                    Err(Error::InvalidToken)
                }
            }
        })
        .await
    }

    fn draw_phrase(&self) -> Result<Box<str>, Error> {
        let phrase = phrase(|words| below(&*self.inner.entropy, words));
        phrase.map(String::into_boxed_str).map_err(|_| Error::Internal)
    }

    /// Puts a token into the account of an address, or a new one, and mails it.
    async fn send_by_email(
        &self,
        request: EmailSignIn,
        cx: Context<'_>,
        purpose: TokenPurpose,
        notice: impl FnOnce(&Account, &NewToken, Option<Box<str>>) -> Notice + Send,
    ) -> Result<Token, Error> {
        if !self.inner.mailer.is_there() {
            return Err(Error::NoMailer);
        }
        let EmailSignIn { user_id, email, with_phrase } = request;
        let new = self.new_token(purpose, cx.now)?;
        let phrase = match with_phrase {
            true => Some(self.draw_phrase()?),
            false => None,
        };
        let account = self.issue_at(Address::Email(email), user_id, cx, &new).await?;
        if account.is_blocked() {
            let _ = self.inner.mailer.withhold().await;
        } else {
            let notice = notice(&account, &new, phrase.clone());
            self.send_email(account.contact(), cx.client, cx.now, notice).await;
        }
        Ok(new.view(&account, phrase))
    }

    /// Puts a token into the account of an address; without one it is created.
    async fn issue_at(
        &self,
        address: Address,
        user_id: CustomId<UserId>,
        cx: Context<'_>,
        new: &NewToken,
    ) -> Result<Arc<Account>, Error> {
        let (guard, key) = (self.guard(cx.client), address.key());
        let (id, target) = (UserId::generate(cx.now, *self.draw()?), *self.draw()?);
        let blank = Account::with_verified_address(
            user_id.given_or(|| id),
            address.clone(),
            TargetId::generate(cx.now, target),
            cx.now,
        );
        let issue = |draft: &mut Draft| {
            if !address.belongs_to(draft) {
                return Err(Abort::from(Error::UserExists));
            }
            draft.issue(new, guard);
            draft.note(EventKind::SessionCreated, None);
            Ok(())
        };
        // Somebody else may create or remove the account between two looks.
        for _ in 0..3 {
            if let Settled::Done((), account) = self.change(&key, Parts::Body, cx, issue).await? {
                return Ok(account);
            }
            let mut draft = Draft::new(blank.clone(), cx.now);
            draft.note(EventKind::UserCreated, None);
            draft.issue(new, guard);
            draft.note(EventKind::SessionCreated, None);
            match self.create(draft, cx).await {
                Err(Error::UserExists) => {}
                outcome => return outcome,
            }
        }
        Err(Error::UserExists)
    }

    /// Signs in to a new account of whoever has proved an address that was on somebody else's.
    async fn sign_in_to_new_account(
        &self,
        address: Address,
        new: NewSession,
        method: SignInMethod<'_>,
        cx: Context<'_>,
    ) -> Result<SignedIn, Error> {
        let mut draft = self.account_for_address(address, cx.now)?;
        let started = draft.start_session(&new, method, self.guard(cx.client));
        let account = self.create_for_address(draft, cx).await?;
        Ok(self.signed_in(&account, new, started, cx).await)
    }

    fn is_switched_on(&self, purpose: TokenPurpose) -> bool {
        let method = match purpose {
            TokenPurpose::MagicUrl => AuthMethod::MagicUrl,
            TokenPurpose::EmailCode => AuthMethod::EmailOtp,
            TokenPurpose::PhoneCode => AuthMethod::Phone,
            _ => return true,
        };
        self.inner.config.methods.is_on(method)
    }
}

/// Where a redeemed token leads.
enum Redeemed {
    Here(StartedSession),
    Apart(Address, SignInMethod<'static>),
}

/// How redeeming such a token signs in.
fn method(purpose: TokenPurpose) -> SignInMethod<'static> {
    let (provider, factors): (_, &[Factor]) = match purpose {
        TokenPurpose::MagicUrl => (SessionProvider::MagicUrl, &[Factor::Email]),
        TokenPurpose::EmailCode => (SessionProvider::Token, &[Factor::Email]),
        TokenPurpose::PhoneCode => (SessionProvider::Phone, &[Factor::Phone]),
        TokenPurpose::OAuth2 => (SessionProvider::OAuth2, &[Factor::Email]),
        _ => (SessionProvider::Token, &[Factor::Token]),
    };
    SignInMethod { provider, uid: "", factors }
}
