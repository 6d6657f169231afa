//! Challenges: the second step of a sign-in, and the step-up before sensitive operations.
//!
//! A challenge belongs to the session that started it, allows five guesses and expires after 15
//! minutes (ASVS 6.6.2, 6.6.3).

use std::sync::Arc;

use super::recovery_codes::Nonces;
use crate::{
    crypto::{CodeKeys, Sealer, six_digits, typed_code},
    error::Error,
    messages::{Notice, TextNotice},
    model::{
        Account, ChallengeId, ChallengeRecord, DeviceSecret, Email, EventKind, Name, Phone, SecondFactor,
        Session, SessionRecord, SessionSecret, Timestamp, UserId,
    },
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    secret::Secret,
    service::{Abort, AccountService, Context, Draft, Guard, MAX_TRIES, SessionHolder},
};

/// The lifetime of a challenge.
const LIFETIME: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// A challenge that has been started, without its code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The id.
    pub id: ChallengeId,
    /// The id of the account.
    pub user: UserId,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A challenge that has been passed.
#[derive(Debug)]
#[non_exhaustive]
pub struct PassedChallenge {
    /// The session, with its new factor.
    pub session: Session,
    /// The session's new secret. The client must replace the old one, and the [`SessionHolder`] is
    /// no longer valid. `None` for a holder with a JWT or one that is
    /// [`keeping_secret`](SessionHolder::keeping_secret).
    pub secret: Option<SessionSecret>,
    /// A secret that the client should keep beyond the session and
    /// [send](crate::model::ClientInfo::with_device) at its next sign-in. `None` if the account
    /// knows the device already, or a factor is still missing.
    pub device: Option<DeviceSecret>,
}

/// A challenge to be started, with its random values.
struct NewChallenge {
    id: ChallengeId,
    factor: SecondFactor,
    code: Option<Arc<Secret>>,
    expires_at: Timestamp,
}

/// The recipient of a challenge's code.
enum Recipient {
    Mailbox(Email, Name),
    Phone(Phone),
    /// No message: the code comes from the app or the list of recovery codes.
    None,
}

/// # Challenges of the second factor
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Starts a challenge and, for [`Email`](SecondFactor::Email) and
    /// [`Phone`](SecondFactor::Phone), sends its code to the verified address. It replaces an
    /// earlier challenge of the same session and factor, and expires after 15 minutes.
    ///
    /// # Errors
    /// For a phone [`Error::NoSms`], [`Error::PhoneNotFound`], [`Error::PhoneNotVerified`]; for an
    /// email address [`Error::NoMailer`], [`Error::EmailNotFound`], [`Error::EmailNotVerified`];
    /// the [errors of every caller](crate::Caller#errors) except for the missing factor;
    /// [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # let allowed = account::model::AllowedRedirects::new(["localhost"], [])?;
    /// # let page = allowed.check("http://localhost")?;
    /// # accounts.start_email_verification(&caller, &page).await?;
    /// # let secret = test.link_secret("ada@example.com");
    /// # accounts.finish_email_verification(caller.user_id(), &secret, &client).await?;
    /// # accounts.set_mfa(&caller, true).await?;
    /// # let signed_in = test.signed_in("ada@example.com").await;
    /// use account::model::SecondFactor;
    ///
    /// let holder = accounts.session_holder(&signed_in.secret).await?;
    /// let challenge = accounts.start_challenge(&holder, SecondFactor::Email).await?;
    ///
    /// let code = test.code_for("ada@example.com"); // the user reads it in the mail
    /// let passed = accounts.finish_challenge(&holder, &challenge.id, code.expose()).await?;
    /// assert!(accounts.caller(&passed.secret.unwrap()).await.is_ok());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createMfaChallenge")]
    pub async fn start_challenge(
        &self,
        holder: &SessionHolder,
        factor: SecondFactor,
    ) -> Result<Challenge, Error> {
        self.perform(Operation::StartChallenge, holder.client(), |cx| {
            self.start_challenge_in(cx, holder, factor)
        })
        .await
    }

    async fn start_challenge_in(
        &self,
        cx: Context<'_>,
        holder: &SessionHolder,
        factor: SecondFactor,
    ) -> Result<Challenge, Error> {
        let new = self.new_challenge(factor, cx.now)?;
        let codes = &self.inner.codes;
        let decide = |draft: &mut Draft| {
            self.require_channel(factor)?;
            let recipient = draft.recipient(factor)?;
            draft.put_challenge(&new, holder, codes);
            Ok(recipient)
        };
        let (recipient, account) = self.change_as(holder, cx, Parts::Body, decide).await?;
        let challenge =
            Challenge { id: new.id, user: account.id, created_at: cx.now, expires_at: new.expires_at };
        if let Some(code) = new.code {
            self.send_code(recipient, code, cx).await;
        }
        Ok(challenge)
    }

    /// Answers a challenge of the holder's session. The session then has the factor, counts as
    /// freshly challenged for 30 minutes, and has a new secret (session fixation). If no factor is
    /// missing, earlier wrong guesses are forgotten and the device becomes a known one.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if the session has no such challenge, it has expired or was
    /// answered, the code is wrong or used, or guesses are locked; the [errors of every
    /// caller](crate::Caller#errors) except for the missing factor; [`Error::Store`].
    ///
    /// # Security
    /// A wrong code counts at the challenge, which allows five, and at the account; both are saved
    /// before the answer. Prevents replay: no code is accepted twice, not even by concurrent
    /// requests (RFC 6238 §5.2).
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
    /// # accounts.set_mfa(&caller, true).await?;
    /// # test.clock.advance(std::time::Duration::from_secs(30));
    /// # let signed_in = test.signed_in("ada@example.com").await;
    /// use account::model::SecondFactor;
    ///
    /// let holder = accounts.session_holder(&signed_in.secret).await?;
    /// let challenge = accounts.start_challenge(&holder, SecondFactor::Totp).await?;
    ///
    /// let code = totp(new.secret.expose(), test.clock.now()); // the user reads it in the app
    /// let passed = accounts.finish_challenge(&holder, &challenge.id, &code).await?;
    /// let secret = passed.secret.unwrap(); // replaces `signed_in.secret`
    /// assert!(accounts.caller(&secret).await.is_ok());
    /// assert!(accounts.caller(&signed_in.secret).await.is_err());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updateMfaChallenge")]
    pub async fn finish_challenge(
        &self,
        holder: &SessionHolder,
        id: &ChallengeId,
        otp: &str,
    ) -> Result<PassedChallenge, Error> {
        self.perform(Operation::FinishChallenge, holder.client(), |cx| {
            self.finish_challenge_in(cx, holder, id, otp)
        })
        .await
    }

    async fn finish_challenge_in(
        &self,
        cx: Context<'_>,
        holder: &SessionHolder,
        id: &ChallengeId,
        otp: &str,
    ) -> Result<PassedChallenge, Error> {
        let fresh = SessionSecret::new(*holder.user_id(), self.draw()?);
        let device = DeviceSecret::new(self.draw()?);
        let mut nonces = Nonces::new(self.draw()?);
        let (guard, sealer) = (self.guard(cx.client), &self.inner.sealer);
        let decide = |draft: &mut Draft| {
            let factor = draft.answer(holder, id, otp, guard, sealer, nonces.next())?;
            Ok(draft.pass(holder, factor, guard, &fresh, &device)?)
        };
        let (passed, account) = self.change_as(holder, cx, Parts::Body, decide).await?;
        Ok(PassedChallenge {
            session: self.session_view(&account, &passed.session, Some(holder)),
            secret: holder.takes_new_secret().then_some(fresh),
            device: passed.is_device_new.then_some(device),
        })
    }

    fn new_challenge(&self, factor: SecondFactor, now: Timestamp) -> Result<NewChallenge, Error> {
        let code = match factor {
            SecondFactor::Email | SecondFactor::Phone => {
                let code = six_digits(&*self.inner.entropy).map_err(|_| Error::Internal)?;
                Some(Arc::new(Secret::new(code.as_str().to_owned())))
            }
            SecondFactor::Totp | SecondFactor::RecoveryCode => None,
        };
        let id = ChallengeId::generate(now, *self.draw()?);
        Ok(NewChallenge { id, factor, code, expires_at: now.after(LIFETIME) })
    }

    fn require_channel(&self, factor: SecondFactor) -> Result<(), Error> {
        match factor {
            SecondFactor::Email if !self.inner.mailer.is_there() => Err(Error::NoMailer),
            SecondFactor::Phone if !self.inner.sms.is_there() => Err(Error::NoSms),
            _ => Ok(()),
        }
    }

    async fn send_code(&self, recipient: Recipient, code: Arc<Secret>, cx: Context<'_>) {
        match recipient {
            Recipient::Mailbox(email, name) => {
                let notice = Notice::MfaCode { code, device: self.device(cx.client.user_agent()) };
                self.send_email(cx, Some((email, name)), notice).await;
            }
            Recipient::Phone(to) => self.send_sms(cx, to, TextNotice::MfaCode { code }).await,
            Recipient::None => {}
        }
    }
}

/// What passing a challenge has changed.
struct Passed {
    session: SessionRecord,
    is_device_new: bool,
}

impl Draft {
    fn put_challenge(&mut self, new: &NewChallenge, holder: &SessionHolder, codes: &CodeKeys) {
        let (session, factor, now) = (*holder.session_id(), new.factor, self.now);
        let digest = new
            .code
            .as_ref()
            .map(|code| codes.digest(&self.challenge_context(&new.id, factor), code.expose()));
        self.challenges.retain(|other| other.session != session || other.factor != factor);
        self.challenges.push(ChallengeRecord {
            id: new.id,
            session,
            factor,
            digest,
            created_at: now,
            expires_at: new.expires_at,
            tries: 0,
        });
        self.note(EventKind::ChallengeCreated, Some(session));
    }

    /// Decides on an answer. The right one uses up the challenge; a wrong one is counted at it and
    /// at the account.
    fn answer(
        &mut self,
        holder: &SessionHolder,
        id: &ChallengeId,
        otp: &str,
        guard: Guard<'_>,
        sealer: &Sealer,
        nonce: [u8; 24],
    ) -> Result<SecondFactor, Abort> {
        let own = |challenge: &ChallengeRecord| challenge.session == *holder.session_id();
        let challenge = self.challenges.iter().find(|challenge| challenge.id == *id && own(challenge));
        let factor = challenge.ok_or(Error::InvalidToken)?.factor;
        if self.are_guesses_locked(guard.client) {
            return Err(Error::InvalidToken.into());
        }
        let is_right = match factor {
            SecondFactor::Email | SecondFactor::Phone => {
                let digest = challenge.and_then(|challenge| challenge.digest.as_ref());
                let context = self.challenge_context(id, factor);
                digest.is_some_and(|digest| guard.codes.matches(&context, &typed_code(otp), digest))
            }
            SecondFactor::Totp => self.has_authenticator() && self.spend_otp(otp, sealer)?,
            SecondFactor::RecoveryCode => self.spend_recovery_code(otp, sealer, nonce)?,
        };
        if is_right {
            self.challenges.retain(|challenge| challenge.id != *id);
            return Ok(factor);
        }
        for challenge in self.challenges.iter_mut().filter(|challenge| challenge.id == *id) {
            challenge.tries = challenge.tries.saturating_add(1);
        }
        self.challenges.retain(|challenge| challenge.tries < MAX_TRIES);
        self.count_failure(guard);
        Err(Abort::SaveAndRefuse(Error::InvalidToken))
    }

    /// Adds the factor to the session, and renews its secret.
    fn pass(
        &mut self,
        holder: &SessionHolder,
        factor: SecondFactor,
        guard: Guard<'_>,
        fresh: &SessionSecret,
        device: &DeviceSecret,
    ) -> Result<Passed, Error> {
        let now = self.now;
        let session = self.session_mut(holder.session_id(), now).ok_or(Error::NotSignedIn)?;
        session.factors.add(factor.proves());
        session.challenged_at = Some(now);
        session.updated_at = now;
        if holder.takes_new_secret() {
            session.digest = fresh.digest();
        }
        let session = session.clone();
        self.note(EventKind::ChallengePassed, Some(session.id));
        let is_device_new = !self.lacks_factor(&session) && self.remember_device(guard.client, device);
        Ok(Passed { session, is_device_new })
    }
}

impl Account {
    fn recipient(&self, factor: SecondFactor) -> Result<Recipient, Error> {
        match factor {
            SecondFactor::Email => match &self.email {
                None => Err(Error::EmailNotFound),
                Some(email) if !email.verified => Err(Error::EmailNotVerified),
                Some(email) => Ok(Recipient::Mailbox(email.address.clone(), self.name.clone())),
            },
            SecondFactor::Phone => match &self.phone {
                None => Err(Error::PhoneNotFound),
                Some(phone) if !phone.verified => Err(Error::PhoneNotVerified),
                Some(phone) => Ok(Recipient::Phone(phone.address.clone())),
            },
            SecondFactor::Totp | SecondFactor::RecoveryCode => Ok(Recipient::None),
        }
    }

    /// What a code's digest is bound to: the account, the challenge, its factor and the address.
    fn challenge_context<'a>(&'a self, id: &'a ChallengeId, factor: SecondFactor) -> [&'a [u8]; 5] {
        let address = match factor {
            SecondFactor::Email => self.email().map_or("", |email| email.as_str()),
            SecondFactor::Phone => self.phone().map_or("", |phone| phone.as_str()),
            SecondFactor::Totp | SecondFactor::RecoveryCode => "",
        };
        [
            self.id.as_str().as_bytes(),
            b"challenge",
            id.as_str().as_bytes(),
            factor.name().as_bytes(),
            address.as_bytes(),
        ]
    }
}
