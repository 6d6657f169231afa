//! Challenges: the second half of a sign-in, and the proof that whoever acts is still the one who signed in.
//!
//! A challenge belongs to the session that asked for it, takes five guesses and lives for minutes (ASVS 6.6.2, 6.6.3).

use std::sync::Arc;

use super::recovery_codes::Nonces;
use crate::{
    crypto::{CodeKeys, Sealer, six_digits},
    error::Error,
    messages::{Notice, TextNotice},
    model::{
        Account, ChallengeId, ChallengeRecord, DeviceSecret, Email, EventKind, Name, Phone, SecondFactor,
        Session, SessionRecord, SessionSecret, Timestamp, UserId,
    },
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    secret::Secret,
    service::{Abort, AccountService, Context, Draft, Guard, SessionHolder, TRIES},
};

/// How long a challenge waits for its answer.
const LIFETIME: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// A challenge that waits for its answer, without what answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// Its id.
    pub id: ChallengeId,
    /// Whose it is.
    pub user: UserId,
    /// When it was started.
    pub created_at: Timestamp,
    /// From this instant on no answer is accepted.
    pub expires_at: Timestamp,
}

/// A challenge that was answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct PassedChallenge {
    /// The session, with the factor that it has proved.
    pub session: Session,
    /// The session's new secret, which the client must keep instead of the old one; the [`SessionHolder`] is spent. `None` for a holder by JWT or
    /// one that is [`keeping_secret`](SessionHolder::keeping_secret).
    pub secret: Option<SessionSecret>,
    /// What the client should keep beyond the session and [send along](crate::model::ClientInfo::with_device) at its next sign-in, if the account
    /// does not know it yet and nothing is owed any more.
    pub device: Option<DeviceSecret>,
}

/// A challenge in the making: everything random about it.
struct NewChallenge {
    id: ChallengeId,
    factor: SecondFactor,
    code: Option<Arc<Secret>>,
    expires_at: Timestamp,
}

/// Where the code of a challenge goes.
enum Recipient {
    Mailbox(Email, Name),
    Phone(Phone),
    /// The app or the paper that it is read from has it already.
    Nobody,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Starts a challenge and, for [`Email`](SecondFactor::Email) and [`Phone`](SecondFactor::Phone), sends its code to the verified address. An
    /// earlier one of the same session and factor is dead from then on. It lives for 15 minutes.
    ///
    /// # Errors
    /// For a phone [`Error::NoSms`], [`Error::PhoneNotFound`], [`Error::PhoneNotVerified`]; for an email address [`Error::NoMailer`],
    /// [`Error::EmailNotFound`], [`Error::EmailNotVerified`]; the gates, but for the one of second factors; [`Error::Store`].
    #[doc(alias = "createMfaChallenge")]
    pub async fn start_challenge(
        &self,
        holder: &SessionHolder,
        factor: SecondFactor,
    ) -> Result<Challenge, Error> {
        self.perform(Operation::StartChallenge, holder.client(), |cx| async move {
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
        })
        .await
    }

    /// Answers a challenge of the holder's session. The session has then proved the factor, counts as freshly challenged for 30 minutes, and has
    /// a new secret. If nothing is owed any more, earlier wrong guesses are forgotten and the device is known from now on.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if the session has no such challenge, it has expired or was answered, the code is wrong or spent, or guesses are
    /// locked; the gates, but for the one of second factors; [`Error::Store`].
    ///
    /// # Security
    /// A wrong code costs one of the challenge's five tries and counts among the account's wrong guesses, both saved before the answer. No code
    /// is accepted twice, whoever asks at the same moment (RFC 6238 §5.2).
    #[doc(alias = "updateMfaChallenge")]
    pub async fn finish_challenge(
        &self,
        holder: &SessionHolder,
        id: &ChallengeId,
        otp: &str,
    ) -> Result<PassedChallenge, Error> {
        self.perform(Operation::FinishChallenge, holder.client(), |cx| async move {
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
        })
        .await
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
        let Context { client, now, .. } = cx;
        match recipient {
            Recipient::Mailbox(email, name) => {
                let notice = Notice::MfaCode { code, device: self.device(client.user_agent()) };
                self.send_email(Some((email, name)), client, now, notice).await;
            }
            Recipient::Phone(to) => self.send_sms(to, client, TextNotice::MfaCode { code }).await,
            Recipient::Nobody => {}
        }
    }
}

/// What a passed challenge has changed.
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

    /// Decides on an answer. The right one is used up with its challenge; a wrong one costs a try of it and an attempt of the account.
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
                digest.is_some_and(|digest| guard.codes.matches(&context, otp, digest))
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
        self.challenges.retain(|challenge| challenge.tries < TRIES);
        self.count_failure(guard);
        Err(Abort::Costly(Error::InvalidToken))
    }

    /// Lets the session have what it has proved.
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
        let is_device_new = !self.owes_factor(&session) && self.remember_device(guard.client, device);
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
            SecondFactor::Totp | SecondFactor::RecoveryCode => Ok(Recipient::Nobody),
        }
    }

    /// What a code's digest is bound to: the account, the challenge, its factor and the address that the code is sent to.
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
