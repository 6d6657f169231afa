//! Multi-factor authentication: turning it on, the authenticator app, challenges and recovery
//! codes.

use std::str::FromStr;

use crate::{
    error::Error,
    http::{
        call::Call,
        outcome::{Answer, CookieChange, Outcome},
    },
    model::{Invalid, Passcode, SecondFactor},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn set_mfa(&self) -> Answer {
        let on = self.required_bool("mfa")?;
        Ok(Outcome::User(self.service.set_mfa(self.caller()?, on).await?).done())
    }

    pub(super) async fn factors(&self) -> Answer {
        Ok(Outcome::Factors(self.service.factors(self.holder()?).await?).done())
    }

    pub(super) async fn add_authenticator(&self) -> Answer {
        self.in_path::<AuthenticatorKind>("type")?;
        let authenticator = self.service.add_authenticator(self.caller()?).await?;
        Ok(Outcome::Authenticator(Box::new(authenticator)).done())
    }

    pub(super) async fn confirm_authenticator(&self) -> Answer {
        self.in_path::<AuthenticatorKind>("type")?;
        let otp = self.required::<Passcode>("otp")?;
        Ok(Outcome::User(self.service.confirm_authenticator(self.caller()?, otp.expose()).await?).done())
    }

    pub(super) async fn remove_authenticator(&self) -> Answer {
        self.in_path::<AuthenticatorKind>("type")?;
        self.service.remove_authenticator(self.caller()?).await?;
        Ok(Outcome::Nothing.done())
    }

    pub(super) async fn start_challenge(&self) -> Answer {
        let factor = self.required::<SecondFactor>("factor")?;
        let challenge = self.service.start_challenge(self.holder()?, factor).await?;
        Ok(Outcome::ChallengeStarted(Box::new(challenge)).done())
    }

    pub(super) async fn finish_challenge(&self) -> Answer {
        let (id, otp) = (self.required::<Passcode>("challengeId")?, self.required::<Passcode>("otp")?);
        // A text that is not an id is the id of no challenge.
        let id = id.expose().parse().map_err(|_: Invalid| Error::InvalidToken)?;
        let passed = self.service.finish_challenge(self.holder()?, &id, otp.expose()).await?;
        let expires_at = passed.session.expires_at;
        let done = Outcome::Session(Box::new(passed.session)).done().with_device(passed.device);
        Ok(match passed.secret {
            Some(secret) => done.with_cookie(CookieChange::Set(secret, expires_at)),
            None => done,
        })
    }

    pub(super) async fn recovery_codes(&self) -> Answer {
        let codes = self.service.recovery_codes(self.caller()?).await?;
        Ok(Outcome::RecoveryCodes(codes).done())
    }

    pub(super) async fn create_recovery_codes(&self) -> Answer {
        let codes = self.service.create_recovery_codes(self.caller()?).await?;
        Ok(Outcome::RecoveryCodesCreated(codes).done())
    }

    pub(super) async fn replace_recovery_codes(&self) -> Answer {
        let codes = self.service.replace_recovery_codes(self.caller()?).await?;
        Ok(Outcome::RecoveryCodes(codes).done())
    }
}

/// The only kind of authenticator, in any case.
struct AuthenticatorKind;

impl FromStr for AuthenticatorKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.eq_ignore_ascii_case("totp").then_some(Self).ok_or(Invalid::OneOf(&["totp"]))
    }
}
