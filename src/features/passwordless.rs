//! Sign-in without a password: by a mailed link or code, a texted code, or a token of the
//! application's server (NIST SP 800-63B-4 §3.1.3, ASVS 6.6).

mod email_sign_in;

use std::sync::Arc;

pub use email_sign_in::EmailSignIn;

use crate::{
    crypto::below,
    error::Error,
    messages::{Notice, TextNotice, phrase},
    model::{
        Account, CheckedUrl, ClientInfo, CustomId, EventKind, Factor, Key, Passcode, Phone, SessionProvider,
        TargetId, Token, TokenPurpose, UserId,
    },
    operation::{AuthMethod, Operation},
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{
        Abort, AccountService, Address, AddressOwner, Context, Draft, NewSession, NewToken, Settled,
        SignInMethod, SignedIn, StartedSession,
    },
};

/// How often the look-up is repeated if other requests change the account meanwhile.
const MAX_ROUNDS: u32 = 3;

/// # Sign in by email, text message or token
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Sends an email with a sign-in code, which
    /// [`sign_in_with_token`](AccountService::sign_in_with_token) redeems. Creates an account if
    /// none has the address.
    ///
    /// # Errors
    /// [`Error::NoMailer`]; [`Error::MethodDisabled`]; [`Error::UserExists`] if the id is taken, or
    /// the address is known only from an OAuth2 identity; [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Security
    /// A new code replaces the earlier one. A blocked account is sent nothing, with the same
    /// answer.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// use account::EmailSignIn;
    ///
    /// let request = EmailSignIn::new("ada@example.com".parse()?);
    /// let token = accounts.send_email_code(request, &client).await?;
    /// let code = test.code_for("ada@example.com"); // the user reads it in the mail
    /// let signed_in = accounts.sign_in_with_token(&token.user, &code, &client).await?;
    /// assert!(accounts.caller(&signed_in.secret).await?.account().is_email_verified());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createEmailToken")]
    pub async fn send_email_code(&self, request: EmailSignIn, client: &ClientInfo) -> Result<Token, Error> {
        self.perform(Operation::SendEmailCode, client, |cx| self.send_email_code_in(cx, request)).await
    }

    async fn send_email_code_in(&self, cx: Context<'_>, request: EmailSignIn) -> Result<Token, Error> {
        let purpose = TokenPurpose::EmailCode;
        self.send_by_email(request, cx, purpose, |_, new, phrase| {
            let device = self.device(cx.client.user_agent());
            Notice::EmailCode { code: new.secret().clone(), device, phrase }
        })
        .await
    }

    /// Sends an email with a sign-in link: `url` with `userId`, `secret`, `expire` and `project`
    /// added. The page behind it calls [`sign_in_with_token`](AccountService::sign_in_with_token).
    /// Creates an account if none has the address.
    ///
    /// # Errors
    /// As [`send_email_code`](AccountService::send_email_code).
    ///
    /// # Security
    /// The five newest links are valid at the same time. Opening a link does not redeem it.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// use account::{EmailSignIn, model::AllowedRedirects};
    ///
    /// let allowed = AllowedRedirects::new(["app.example.com"], [])?;
    /// let page = allowed.check("https://app.example.com/welcome")?;
    /// let request = EmailSignIn::new("ada@example.com".parse()?);
    /// let token = accounts.send_magic_url(request, &page, &client).await?;
    /// assert!(test.outbox.link_for("ada@example.com").unwrap().starts_with(page.as_str()));
    ///
    /// let secret = test.link_secret("ada@example.com"); // the page reads it in its URL
    /// assert!(accounts.sign_in_with_token(&token.user, &secret, &client).await.is_ok());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createMagicURLToken")]
    pub async fn send_magic_url(
        &self,
        request: EmailSignIn,
        url: &CheckedUrl,
        client: &ClientInfo,
    ) -> Result<Token, Error> {
        self.perform(Operation::SendMagicUrl, client, |cx| self.send_magic_url_in(cx, request, url)).await
    }

    async fn send_magic_url_in(
        &self,
        cx: Context<'_>,
        request: EmailSignIn,
        url: &CheckedUrl,
    ) -> Result<Token, Error> {
        let purpose = TokenPurpose::MagicUrl;
        self.send_by_email(request, cx, purpose, |account, new, phrase| {
            let expire = new.expires_at().to_string();
            let project = ("project", self.inner.config.project.as_str());
            let link = new.link(url, account, &[("expire", &expire), project]);
            Notice::MagicUrl { link, device: self.device(cx.client.user_agent()), phrase }
        })
        .await
    }

    /// Sends a text message with a sign-in code, which
    /// [`sign_in_with_token`](AccountService::sign_in_with_token) redeems. Creates an account if
    /// none has the number.
    ///
    /// # Errors
    /// [`Error::NoSms`]; [`Error::MethodDisabled`]; [`Error::UserExists`] if the id is taken;
    /// [`Error::Busy`]; [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// use account::model::CustomId;
    ///
    /// let phone = "+64211234567".parse()?;
    /// let token = accounts.send_phone_code(CustomId::Generate, phone, &client).await?;
    /// let code = test.code_for("+64211234567"); // the user reads it in the text message
    /// let signed_in = accounts.sign_in_with_token(&token.user, &code, &client).await?;
    /// assert!(accounts.caller(&signed_in.secret).await?.account().is_phone_verified());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createPhoneToken")]
    pub async fn send_phone_code(
        &self,
        user_id: CustomId<UserId>,
        phone: Phone,
        client: &ClientInfo,
    ) -> Result<Token, Error> {
        self.perform(Operation::SendPhoneCode, client, |cx| self.send_phone_code_in(cx, user_id, phone)).await
    }

    async fn send_phone_code_in(
        &self,
        cx: Context<'_>,
        user_id: CustomId<UserId>,
        phone: Phone,
    ) -> Result<Token, Error> {
        if !self.inner.sms.is_there() {
            return Err(Error::NoSms);
        }
        let new = self.new_token(TokenPurpose::PhoneCode, cx.now)?;
        let address = Address::Phone(phone.clone());
        let account = self.issue_at(address, user_id, cx, &new).await?;
        if account.is_blocked() {
            let _ = self.inner.sms.withhold().await;
        } else {
            self.send_sms(cx, phone, TextNotice::SignInCode { code: new.secret().clone() }).await;
        }
        Ok(new.view(&account, None))
    }

    /// Starts a session with a mailed, texted or issued token, once.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if the account is unknown, or the secret is wrong, expired, used or
    /// of another purpose; [`Error::Blocked`] for a blocked account after the right secret;
    /// [`Error::MethodDisabled`] if the token's method has been disabled; [`Error::Busy`];
    /// [`Error::Store`].
    ///
    /// # Security
    /// Prevents replay: of many concurrent redemptions of a token, one succeeds. Five wrong guesses
    /// invalidate a code; they are counted before the answer.
    ///
    /// Prevents pre-hijacking: when an address is verified for the first time, everything an
    /// earlier registrant set up (password, sessions, factors, identities) is removed. If the
    /// account has another verified owner, the address moves to a new account instead.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let request = account::EmailSignIn::new("ada@example.com".parse()?);
    /// # let token = accounts.send_email_code(request, &client).await?;
    /// use account::{Error, model::Passcode};
    ///
    /// let code: Passcode = test.code_for("ada@example.com"); // entered by the user
    /// let signed_in = accounts.sign_in_with_token(&token.user, &code, &client).await?;
    /// assert_eq!(signed_in.user_id(), &token.user);
    ///
    /// let again = accounts.sign_in_with_token(&token.user, &code, &client).await;
    /// assert!(matches!(again, Err(Error::InvalidToken))); // a code works once
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createSession")]
    #[doc(alias = "login")]
    #[doc(alias = "updateMagicURLSession")]
    #[doc(alias = "updatePhoneSession")]
    pub async fn sign_in_with_token(
        &self,
        user: &UserId,
        secret: &Passcode,
        client: &ClientInfo,
    ) -> Result<SignedIn, Error> {
        self.perform(Operation::SignInWithToken, client, |cx| self.sign_in_with_token_in(cx, user, secret))
            .await
    }

    async fn sign_in_with_token_in(
        &self,
        cx: Context<'_>,
        user: &UserId,
        secret: &Passcode,
    ) -> Result<SignedIn, Error> {
        let new = self.new_session(cx.client, cx.now)?;
        let guard = self.guard(cx.client);
        let decide = |draft: &mut Draft| {
            let token = draft.redeem(secret.expose(), &TokenPurpose::SIGN_IN, guard)?;
            if !self.is_switched_on(token.purpose) {
                return Err(Error::MethodDisabled.into());
            }
            draft.admit_sign_in()?;
            let method = method(token.purpose);
            Ok(match draft.verify_address(token.purpose.channel()) {
                AddressOwner::ThisAccount => Redeemed::ThisAccount(draft.start_session(&new, method, guard)),
                AddressOwner::NewAccount(address) => Redeemed::NewAccount(address, method),
            })
        };
        match self.change(&Key::Id(*user), Parts::Body, cx, decide).await? {
            Settled::Done(Redeemed::ThisAccount(started), account) => {
                Ok(self.signed_in(&account, new, started, cx).await)
            }
            Settled::Done(Redeemed::NewAccount(address, method), _) => {
                self.sign_in_to_new_account(address, new, method, cx).await
            }
            Settled::PrepareAgain => Err(Error::InvalidToken),
            Settled::Absent => {
                self.refuse_unknown(user, secret, cx).await?;
                Err(Error::InvalidToken)
            }
        }
    }

    fn draw_phrase(&self) -> Result<Box<str>, Error> {
        let phrase = phrase(|words| below(&*self.inner.entropy, words));
        phrase.map(String::into_boxed_str).map_err(|_| Error::Internal)
    }

    /// Issues a token to the account of an address, or to a new one, and sends it by email.
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
            self.send_email(cx, account.contact(), notice).await;
        }
        Ok(new.view(&account, phrase))
    }

    /// Issues a token to the account of an address, which is created if needed.
    async fn issue_at(
        &self,
        address: Address,
        user_id: CustomId<UserId>,
        cx: Context<'_>,
        new: &NewToken,
    ) -> Result<Arc<Account>, Error> {
        let (guard, key) = (self.guard(cx.client), address.key());
        let (id, target) = (UserId::generate(cx.now, *self.draw()?), *self.draw()?);
        let blank = Account::with_address(
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
        // Another request may create or remove the account between two steps.
        for _ in 0..MAX_ROUNDS {
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

    /// Signs in to a new account, for an address that was removed from another one.
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

/// The account that a redeemed token signs in to.
enum Redeemed {
    ThisAccount(StartedSession),
    NewAccount(Address, SignInMethod<'static>),
}

/// How a token of this purpose signs in.
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
